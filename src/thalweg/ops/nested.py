"""Nested structures of tensors as a form and a list of leaves; None stands for no tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, map_structure, pack

__all__ = ["Form", "form_of", "leaves_of"]


class Form:
    """A structure whose tensors are left open: a star each."""

    def __init__(self, structure: Any) -> None:
        self._stars = map_structure(lambda x: None if x is None else "*", structure)

    def filled(self, leaves: Sequence[Tensor]) -> Any:
        """The structure with these tensors in it."""
        rest = iter(leaves)
        return pack(self._stars, [None if x is None else next(rest) for x in flatten(self._stars)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Form) and _same(self._stars, other._stars)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return str(self._stars).replace("'*'", "*")


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        kinds = isinstance(a, list) == isinstance(b, list)
        return kinds and len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


def form_of(structure: Any) -> Form:
    """The structure without its tensors."""
    return Form(structure)


def leaves_of(structure: Any) -> list[Tensor]:
    """The tensors of a structure, in order; numbers and arrays become tensors."""
    return [convert_to_tensor(x) for x in flatten(structure) if x is not None]
