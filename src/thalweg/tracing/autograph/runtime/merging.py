"""What a condition on a tensor leaves behind: one value from the values of both branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thalweg.ops.arguments import splat
from thalweg.primitives.graph import Builder
from thalweg.tensor.dtypes import DType
from thalweg.tensor.tensor import Tensor
from thalweg.tracing.autograph.runtime.session import bear
from thalweg.tracing.autograph.runtime.state import UNDEFINED, Maybe, Undefined
from thalweg.tracing.autograph.runtime.values import (
    as_tensor,
    children,
    described,
    dtype_of,
    is_container,
    is_tensor_like,
    meeting,
    rebuilt,
    same_form,
    same_value,
    shape_of,
)

__all__ = ["FILL", "ConflictError", "Merging", "filled"]


class Fill:
    """Stands for a value that does not matter: zeros where a tensor is needed."""


FILL = Fill()


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an output of the graph in a value."""

    index: int


class ConflictError(Exception):
    """Two values that no graph can give in one place."""

    def __init__(self, first: Any, second: Any) -> None:
        super().__init__()
        self.first = first
        self.second = second

    def __str__(self) -> str:
        return f"{described(self.first)} and {described(self.second)}"


class Merging:
    """Collects what both branches must give as outputs.

    Args:
        first: the builder of the first branch's graph.
        second: that of the second.
    """

    def __init__(self, first: Builder, second: Builder) -> None:
        self.builders = first, second
        self.pairs: list[tuple[Any, Any, DType, tuple[int, ...]]] = []

    def merge(self, a: Any, b: Any, fragile: bool = False) -> Any:
        """The value after the condition, with slots for tensors that the graph computes."""
        if isinstance(a, (Maybe, Undefined)) or isinstance(b, (Maybe, Undefined)):
            return self._partial(a, b, fragile)
        if isinstance(a, Fill) or isinstance(b, Fill):
            return self._one(a, b)
        if same_value(a, b):
            return a
        if is_container(a) and same_form(a, b):
            merged = [self.merge(x, y) for x, y in zip(children(a), children(b), strict=True)]
            return bear(rebuilt(a, merged))
        if is_tensor_like(a) and is_tensor_like(b):
            if shape_of(a) != shape_of(b):
                raise ConflictError(a, b)
            return self._slot(a, b, meeting(a, b), shape_of(a))
        raise ConflictError(a, b)

    def _slot(self, a: Any, b: Any, dtype: DType, shape: tuple[int, ...]) -> Slot:
        self.pairs.append((a, b, dtype, shape))
        return Slot(len(self.pairs) - 1)

    def _one(self, a: Any, b: Any) -> Any:
        """One side does not matter."""
        value = b if isinstance(a, Fill) else a
        if isinstance(value, Fill):
            return UNDEFINED
        if is_container(value):
            sides = [(FILL, x) if isinstance(a, Fill) else (x, FILL) for x in children(value)]
            return rebuilt(value, [self._one(*side) for side in sides])
        # Numbers, constants and tensors from outside of the branch hold on both sides.
        if isinstance(value, Tensor) and any(id(value) in b.own for b in self.builders):
            return self._slot(a, b, dtype_of(value), shape_of(value))
        return value

    def _partial(self, a: Any, b: Any, fragile: bool) -> Any:
        """A variable that has a value on some paths only."""
        (value_a, defined_a), (value_b, defined_b) = _taken_apart(a), _taken_apart(b)
        value = self.merge(value_a, value_b)
        if not fragile or value is UNDEFINED:
            return value
        defined = self.merge(defined_a, defined_b)
        if isinstance(defined, bool):
            return value if defined else UNDEFINED
        return Maybe(value, defined)

    def outputs(self, side: int) -> list[Tensor]:
        """What one branch returns; called while its graph is open."""
        found = []
        for pair in self.pairs:
            value, (dtype, shape) = pair[side], pair[2:]
            unknown = isinstance(value, Fill)
            found.append(splat(0, shape, dtype) if unknown else as_tensor(value, dtype))
        return found


def _taken_apart(x: Any) -> tuple[Any, Any]:
    """A value, and whether there is one."""
    if isinstance(x, Maybe):
        return x.value, x.defined
    if isinstance(x, Undefined):
        return FILL, False
    return x, FILL if isinstance(x, Fill) else True


def filled(template: Any, outputs: Any) -> Any:
    """A merged value with the graph's outputs in its slots."""
    if isinstance(template, Slot):
        return outputs[template.index]
    if isinstance(template, Maybe):
        return Maybe(filled(template.value, outputs), filled(template.defined, outputs))
    if is_container(template) and _has_slots(template):
        return bear(rebuilt(template, [filled(x, outputs) for x in children(template)]))
    return template


def _has_slots(template: Any) -> bool:
    if is_container(template):
        return any(map(_has_slots, children(template)))
    return isinstance(template, Slot)
