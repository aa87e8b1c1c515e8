"""What a value of a scan's body is outside: the stack of all its steps, or their sum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.passes.scans import Pair, Scan
from thalweg.primitives.contract import contract
from thalweg.primitives.elementwise import add, neg
from thalweg.primitives.movement import concat, reshape, transpose
from thalweg.primitives.primitive import Primitive
from thalweg.primitives.reduce import reduce_sum

__all__ = ["Stacking", "batched_contract"]

# A sum over steps is taken outside, from a stack made for it, if that has at most so many elements.
SMALL = 1 << 18


class Stacking:
    """Gives values outside for values in the body of a scan.

    Args:
        parts: the scan; results may be added to it.
        inputs_only: only what is known before the scan, without results of the scan.

    Attributes:
        operations: what must be done outside, in order: after the scan, or before it.
    """

    def __init__(self, parts: Scan, inputs_only: bool = False) -> None:
        self.parts = parts
        self.inputs_only = inputs_only
        self.operations: list[Operation] = []
        self.fixed = parts.invariant()
        self._captured = {p.inner: p.outer for p in parts.captures}
        self._known = {p.inner: p.outer for p in parts.sequences}
        if not inputs_only:
            for p in parts.results:
                self._known.setdefault(p.inner, p.outer)
        self._makers = {y: o for o in parts.operations for y in o.outputs}

    def stack(self, x: Value, new: bool) -> Value | None:
        """The stack of x over all steps, with the step as first axis.

        Args:
            x: a value in the body that changes from step to step.
            new: whether the scan may get a new result for it.
        """
        if x in self._known:
            return self._known[x]
        maker = self._makers.get(x)
        if x in self.fixed:
            return None
        found = None
        if maker is not None and maker.name in ("reshape", "transpose"):
            inner = self.stack(maker.inputs[0], new)
            found = None if inner is None else self._moved(maker, inner)
        elif new and not self.inputs_only:
            found = self.parts.stacked(x)
            self.parts.results.append(Pair(found, x))
        if found is not None:
            self._known[x] = found
        return found

    def _moved(self, maker: Operation, stack: Value) -> Value:
        (y,) = maker.outputs
        shape = (self.parts.length, *y.shape)
        if maker.name == "reshape":
            return self.emit(reshape, (stack,), shape, shape=shape)
        axes = (0, *(a + 1 for a in maker.params["axes"]))
        return self.emit(transpose, (stack,), shape, axes=axes)

    def emit(
        self, kind: Primitive, inputs: tuple[Value, ...], shape: Sequence[Dim], /, **params: Any
    ) -> Value:
        """One more operation outside; its output."""
        y = Value(tuple(shape), inputs[0].dtype)
        self.operations.append(Operation(kind, inputs, (y,), params))
        return y

    def outside(self, x: Value) -> Value | None:
        """An invariant value outside, if the scan captures it (or a view of it)."""
        if x in self._captured:
            return self._captured[x]
        maker = self._makers.get(x)
        if maker is None or x not in self.fixed or maker.name not in ("reshape", "transpose"):
            return None
        inner = self.outside(maker.inputs[0])
        if inner is None:
            return None
        found = self._again(maker, inner)
        self._captured[x] = found
        return found

    def _again(self, maker: Operation, inner: Value) -> Value:
        """A reshape or transpose of the body, outside."""
        (y,) = maker.outputs
        kind = reshape if maker.name == "reshape" else transpose
        return self.emit(kind, (inner,), y.shape, **maker.params)

    def total(self, x: Value) -> Value | None:
        """The sum of x over all steps, computed outside; None if that is not worth it."""
        maker = self._makers.get(x)
        if maker is None or x in self.fixed:
            return None
        if maker.name == "contract":
            return self._total_of_products(maker)
        if maker.name in ("reshape", "transpose"):
            inner = self.total(maker.inputs[0])
            if inner is None:
                return None
            return self._again(maker, inner)
        if maker.name == "neg":
            inner = self.total(maker.inputs[0])
            return None if inner is None else self.emit(neg, (inner,), x.shape)
        if maker.name == "add":
            a = self.total(maker.inputs[0])
            b = None if a is None else self.total(maker.inputs[1])
            return None if a is None or b is None else self.emit(add, (a, b), x.shape)
        if maker.name == "concat":
            totals = [self.total(piece) for piece in maker.inputs]
            pieces = tuple(t for t in totals if t is not None)
            if len(pieces) < len(totals):
                return None
            return self.emit(concat, pieces, x.shape, **maker.params)
        if maker.name == "reduce_sum":
            stack = self.stack(maker.inputs[0], new=False)
            if stack is not None:
                axes = (0, *(a + 1 for a in maker.params["axes"]))
                return self.emit(reduce_sum, (stack,), x.shape, axes=axes)
        return self._sum_of_stack(x)

    def _sum_of_stack(self, x: Value) -> Value | None:
        lengths = (self.parts.length, *x.shape)
        small = all(d.static for d in lengths) and math.prod(d.offset for d in lengths) <= SMALL
        stack = self.stack(x, new=small)
        return None if stack is None else self.emit(reduce_sum, (stack,), x.shape, axes=(0,))

    def _total_of_products(self, maker: Operation) -> Value | None:
        """Sum over steps of a_t b_t: one contraction that sums over the step as well."""
        (a, b), (y,) = maker.inputs, maker.outputs
        axes, batch = maker.params["axes"], maker.params["batch"]
        if a in self.fixed or b in self.fixed:
            fixed = self.outside(a if a in self.fixed else b)
            stack = self.stack(b if a in self.fixed else a, new=True)
            if fixed is None or stack is None:
                return None
            total = self.emit(reduce_sum, (stack,), stack.shape[1:], axes=(0,))
            inputs = (fixed, total) if a in self.fixed else (total, fixed)
            return self.emit(contract, inputs, y.shape, axes=axes, batch=batch)
        stacks = self.stack(a, new=True), self.stack(b, new=True)
        if stacks[0] is None or stacks[1] is None:
            return None
        shifted = tuple(tuple(i + 1 for i in side) for side in axes)
        return self.emit(
            contract,
            (stacks[0], stacks[1]),
            y.shape,
            axes=((0, *shifted[0]), (0, *shifted[1])),
            batch=tuple(tuple(i + 1 for i in side) for side in batch),
        )


def batched_contract(
    stacking: Stacking, maker: Operation, left: Value, right: Value, stack_is_left: bool
) -> Value:
    """A contraction of the body for all steps at once; one operand is a stack."""
    (y,) = maker.outputs
    axes, batch = list(maker.params["axes"]), list(maker.params["batch"])
    side = 0 if stack_is_left else 1
    axes[side] = tuple(i + 1 for i in axes[side])
    batch[side] = tuple(i + 1 for i in batch[side])
    # The step is the first free axis of the stack; in the result other axes may stand before it.
    place = len(batch[0])
    if not stack_is_left:
        place += len(left.shape) - len(axes[0]) - len(batch[0])
    length = stacking.parts.length
    shape = (*y.shape[:place], length, *y.shape[place:])
    params = {"axes": tuple(axes), "batch": tuple(batch)}
    found = stacking.emit(contract, (left, right), shape, **params)
    if place == 0:
        return found
    order = (place, *(i for i in range(len(shape)) if i != place))
    return stacking.emit(transpose, (found,), (length, *y.shape), axes=order)
