"""What a value of a scan's body is outside: the stack of all its steps, or their sum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Number, Operation, Value
from thalweg.compiler.passes.scans import Pair, Scan
from thalweg.primitives.contract import contract
from thalweg.primitives.movement import reshape, transpose
from thalweg.primitives.primitive import Primitive
from thalweg.primitives.reduce import reduce_sum

__all__ = ["VIEWS", "Stacking", "batched_contract"]

# Movement that costs nothing: the operand is read at other places.
VIEWS = frozenset({"reshape", "transpose", "broadcast_to", "slice", "reverse"})
# What can be done after a sum as well as before it.
_LINEAR = VIEWS | {"add", "sub", "neg", "concat"}

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
        """An invariant value outside, if it is a capture, a constant, or a view of them."""
        if x in self._captured:
            return self._captured[x]
        maker = self._makers.get(x)
        if maker is None or x not in self.fixed:
            return None
        if maker.family != "constant" and maker.name not in VIEWS:
            return None
        inputs = tuple(self.outside(y) for y in maker.inputs)
        found = None if None in inputs else self._again(maker, inputs)
        if found is not None:
            self._captured[x] = found
        return found

    def _again(self, maker: Operation, inputs: tuple[Value | None, ...]) -> Value:
        """An operation of the body, on values outside."""
        (y,) = maker.outputs
        found = Value(y.shape, y.dtype)
        there = tuple(x for x in inputs if x is not None)
        self.operations.append(Operation(maker.kind, there, (found,), maker.params))
        return found

    def total(self, x: Value) -> Value | None:
        """The sum of x over all steps, computed outside; None if that is not worth it."""
        maker = self._makers.get(x)
        if maker is None or x in self.fixed:
            return None
        single = len(maker.outputs) == 1  # a cond has one for each variable that it assigns
        return (self._total_of(maker) if single else None) or self._sum_of_stack(x)

    def _total_of(self, maker: Operation) -> Value | None:
        """The total by what gave the value: where that is linear, it can follow the sum."""
        (x,) = maker.outputs
        if maker.name == "contract":
            return self._total_of_products(maker)
        if maker.name == "reduce_sum":
            stack = self.stack(maker.inputs[0], new=False)
            axes = (0, *(a + 1 for a in maker.params["axes"]))
            return None if stack is None else self.emit(reduce_sum, (stack,), x.shape, axes=axes)
        if maker.name == "mul":
            a, b = maker.inputs
            a, b = (b, a) if a in self.fixed else (a, b)
            factor = self.outside(b) if b in self.fixed else None
            total = None if factor is None else self.total(a)
            return None if factor is None or total is None else self._again(maker, (total, factor))
        if maker.name == "pad":
            around = self.outside(maker.inputs[1])
            value = self._makers.get(maker.inputs[1])
            zero = value is not None and isinstance(value.kind, Number) and value.kind.value == 0
            total = self.total(maker.inputs[0]) if zero and around is not None else None
            return None if total is None else self._again(maker, (total, around))
        if maker.name not in _LINEAR:
            return None
        totals = tuple(self.total(piece) for piece in maker.inputs)
        return None if None in totals else self._again(maker, totals)

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
