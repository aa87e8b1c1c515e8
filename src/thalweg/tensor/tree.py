"""Nested structures: lists, tuples, named tuples and dicts with leaves of any other type.

Dicts are walked in the order of their sorted keys, as in TensorFlow and JAX, so two dicts with the
same keys always match. `None` is a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

__all__ = ["flatten", "is_nested", "map_structure", "pack"]


def is_nested(structure: Any) -> bool:
    """Whether it is a list, tuple or dict (an empty one too)."""
    return isinstance(structure, (list, tuple, dict))


def _keys(structure: dict[Any, Any]) -> list[Any]:
    try:
        return sorted(structure)
    except TypeError:  # keys of several types
        return list(structure)


def flatten(structure: Any) -> list[Any]:
    """The leaves, in order.

    >>> flatten({"b": 2, "a": [1, (3,)]})
    [1, 3, 2]
    """
    if isinstance(structure, dict):
        return [leaf for key in _keys(structure) for leaf in flatten(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in flatten(item)]
    return [structure]


def pack(structure: Any, leaves: Sequence[Any]) -> Any:
    """A structure like `structure` with other leaves.

    >>> pack({"b": 2, "a": [1, (3,)]}, "xyz")
    {'b': 'z', 'a': ['x', ('y',)]}
    """
    rest = iter(leaves)
    packed = _pack(structure, rest)
    for extra in rest:
        raise ValueError(f"pack: the structure has fewer leaves than given, left over: {extra!r}.")
    return packed


def _pack(structure: Any, rest: Iterator[Any]) -> Any:
    if isinstance(structure, dict):
        found = {key: _pack(structure[key], rest) for key in _keys(structure)}
        return {key: found[key] for key in structure}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*[_pack(item, rest) for item in structure])
    if isinstance(structure, (list, tuple)):
        kind = list if isinstance(structure, list) else tuple
        return kind(_pack(item, rest) for item in structure)
    return next(rest)


def map_structure(function: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """Apply a function to the leaves of structures of one shape.

    >>> map_structure(lambda a, b: a + b, [1, {"k": 2}], [10, {"k": 20}])
    [11, {'k': 22}]
    """
    columns = [flatten(s) for s in (structure, *others)]
    if len({len(c) for c in columns}) != 1:
        raise ValueError("map_structure: the structures do not have the same shape.")
    return pack(structure, [function(*leaves) for leaves in zip(*columns, strict=True)])
