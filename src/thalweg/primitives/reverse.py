"""The reverse pass: from recorded applications to gradients.

Tapes use it on what they recorded, and the gradients of `cond` and `scan` on the nodes of their
bodies. It is generic in what an entry is: anything with inputs, outputs and a way backward.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.dtypes import differentiable
from thalweg.tensor.operators import OPERATIONS
from thalweg.tensor.tensor import Tensor

__all__ = ["Applied", "Entry", "accumulate", "backpropagate"]


class Entry(Protocol):
    """One recorded step."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def backward(
        self, gradients: tuple[Tensor | None, ...], wanted: tuple[bool, ...]
    ) -> Sequence[Tensor | None]: ...


class Applied:
    """An entry for one application of a primitive."""

    __slots__ = ("inputs", "outputs", "params", "primitive")

    def __init__(
        self,
        primitive: Primitive,
        inputs: tuple[Tensor, ...],
        params: dict[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None:
        self.primitive = primitive
        self.inputs = inputs
        self.params = params
        self.outputs = outputs

    def backward(
        self, gradients: tuple[Tensor | None, ...], wanted: tuple[bool, ...]
    ) -> Sequence[Tensor | None]:
        if self.primitive.gradient is None:
            return (None,) * len(self.inputs)
        call = Call(self.inputs, self.params, self.outputs, wanted)
        return self.primitive.gradient(call, gradients)


def accumulate(into: dict[int, Tensor], tensor: Tensor, gradient: Tensor) -> None:
    """Add `gradient` to what is known for `tensor`."""
    known = into.get(id(tensor))
    into[id(tensor)] = gradient if known is None else OPERATIONS["add"](known, gradient)


def backpropagate(
    entries: Sequence[Entry],
    seeds: Iterable[tuple[Tensor, Tensor]],
    sources: Iterable[Tensor],
) -> dict[int, Tensor]:
    """Gradients by `id` of tensor, for all tensors between the sources and the seeds.

    Args:
        entries: what was recorded, in order of execution.
        seeds: pairs of a target and its gradient.
        sources: the tensors whose gradients are wanted; only what depends on them is visited.
    """
    dependent = {id(x) for x in sources}
    needed: list[bool] = []
    for entry in entries:
        reaches = any(id(x) in dependent for x in entry.inputs)
        needed.append(reaches)
        if reaches:
            dependent.update(id(y) for y in entry.outputs if differentiable(y.dtype))
    gradients: dict[int, Tensor] = {}
    for target, gradient in seeds:
        accumulate(gradients, target, gradient)
    for entry, reaches in zip(reversed(entries), reversed(needed), strict=True):
        if not reaches:
            continue
        outward = tuple(gradients.get(id(y)) for y in entry.outputs)
        if all(g is None for g in outward):
            continue
        wanted = tuple(id(x) in dependent and differentiable(x.dtype) for x in entry.inputs)
        inward = entry.backward(outward, wanted)
        for x, found, want in zip(entry.inputs, inward, wanted, strict=True):
            if want and found is not None:
                accumulate(gradients, x, found)
    return gradients
