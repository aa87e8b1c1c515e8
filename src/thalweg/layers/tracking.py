"""Finding what belongs to a layer: variables, layers and the like among its attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from thalweg.tensor.variable import Variable

__all__ = ["members", "unique"]

# Attributes that refer to others without owning them.
_FOREIGN = frozenset({"_inbound_nodes", "_auto_config", "_graph", "_losses", "_input_tensors"})


def members(owner: Any, kind: type | tuple[type, ...]) -> Iterator[Any]:
    """Attributes of the wanted kind, in the order in which they were set; lists and dicts too."""
    for name, value in vars(owner).items():
        if name not in _FOREIGN:
            yield from _inside(value, kind)


def _inside(value: Any, kind: type | tuple[type, ...]) -> Iterator[Any]:
    if isinstance(value, kind):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _inside(item, kind)
    elif isinstance(value, (list, tuple)) and value and not isinstance(value[0], (int, float, str)):
        for item in value:
            yield from _inside(item, kind)


def unique(variables: Iterable[Variable]) -> list[Variable]:
    """Each variable once, at its first place."""
    found: dict[int, Variable] = {}
    for variable in variables:
        found.setdefault(id(variable), variable)
    return list(found.values())
