"""Random graphs of primitives whose results are exact in any order of computing.

Numbers are quarters of small whole numbers; products and sums are brought back to such. So the
compiled result must equal the reference's, whatever was fused or reordered.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.primitives import PRIMITIVES
from thalweg.primitives import elementwise as e
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import DType, bool_, float32, int32

Shape = tuple[int, ...]

_LARGEST = 2000


def constant(value: Any, shape: Shape, dtype: DType) -> Any:
    return e.splat(value, shape, dtype)


def bounded(x: Any) -> Any:
    """Quarters between -8 and 8, whole numbers between -8 and 8."""
    low, high = constant(-8, x.shape, x.dtype), constant(8, x.shape, x.dtype)
    x = e.max_(e.min_(x, high), low)
    if x.dtype.kind != "f":
        return x
    return e.round_(x * constant(4, x.shape, x.dtype)) * constant(0.25, x.shape, x.dtype)


def number(x: Any) -> Any:
    """A tensor that can be computed with."""
    return e.cast(x, dtype=float32) if x.dtype == bool_ else x


class Graphs:
    """Grows a graph step by step.

    Args:
        seed: of all choices.
        inputs: the tensors to begin with.
    """

    def __init__(self, seed: int, inputs: Sequence[Any]) -> None:
        self.random = random.Random(seed)
        self.known: list[Any] = list(inputs)

    def grow(self, steps: int) -> None:
        kinds: list[Callable[[Any], Any]] = [
            self.unary,
            self.binary,
            self.binary,
            self.movement,
            self.movement,
            self.joined,
            self.reduction,
            self.reduction,
            self.repeated,
            self.chosen,
            self.product,
            self.indexed,
            self.ordered,
            self.written,
        ]
        for _ in range(steps):
            # What was made last is used most.
            place = int(len(self.known) * self.random.random() ** 0.5)
            found = self.random.choice(kinds)(self.known[place])
            if found is not None and math.prod(found.shape) <= _LARGEST and len(found.shape) < 6:
                self.known.append(found)

    # --- steps

    def some(self, most: int) -> int:
        return self.random.randint(0, most)

    def like(self, x: Any) -> Any:
        """A tensor with the same shape and dtype: a known one, reshaped or broadcast."""
        choices = []
        for y in self.known:
            if y.dtype != x.dtype:
                continue
            if math.prod(y.shape) == math.prod(x.shape):
                choices.append(y)
            offset = len(x.shape) - len(y.shape)
            if offset >= 0 and all(n in (1, x.shape[i + offset]) for i, n in enumerate(y.shape)):
                choices.append(y)
        y = self.random.choice(choices)
        if math.prod(y.shape) == math.prod(x.shape):
            return PRIMITIVES["reshape"](y, shape=x.shape)
        return PRIMITIVES["broadcast_to"](y, shape=x.shape)

    def unary(self, x: Any) -> Any:
        x = number(x)
        names = ["neg", "abs", "sign"] + (["floor", "ceil"] if x.dtype.kind == "f" else [])
        return PRIMITIVES[self.random.choice(names)](x)

    def binary(self, x: Any) -> Any:
        x = number(x)
        if all(x is not y for y in self.known):
            self.known.append(x)
        name = self.random.choice(["add", "sub", "mul", "max", "min", "lt", "eq"])
        found = PRIMITIVES[name](x, self.like(x))
        return found if found.dtype == bool_ else bounded(found)

    def chosen(self, x: Any) -> Any:
        masks = [y for y in self.known if y.dtype == bool_]
        if not masks or x.dtype == bool_:
            return e.cast(x, dtype=self.random.choice([float32, int32]))
        mask = e.gt(x, constant(0, x.shape, x.dtype))
        if any(math.prod(m.shape) == math.prod(x.shape) for m in masks):
            mask = self.like(mask)
        return e.select(mask, x, self.like(x))

    def movement(self, x: Any) -> Any:
        shape, rank = x.shape, len(x.shape)
        kind = self.some(6)
        if kind == 0:
            size = math.prod(shape)
            factor = self.random.choice([f for f in (1, 2, 3, 4, 5) if size % f == 0])
            return PRIMITIVES["reshape"](x, shape=(factor, size // factor))
        if kind == 1:
            return PRIMITIVES["reshape"](x, shape=(*shape[:1], 1, *shape[1:]))
        if not rank:
            return PRIMITIVES["broadcast_to"](x, shape=(2, 3))
        if kind == 2:
            axes = self.random.sample(range(rank), rank)
            return PRIMITIVES["transpose"](x, axes=tuple(axes))
        if kind == 3:
            axes = self.random.sample(range(rank), self.some(rank))
            return PRIMITIVES["reverse"](x, axes=tuple(sorted(axes)))
        if kind == 4:
            start = tuple(self.some(max(n - 1, 0)) for n in shape)
            step = tuple(self.random.choice([1, 1, 2]) for _ in shape)
            return PRIMITIVES["slice"](x, start=start, stop=shape, step=step)
        if kind == 5:
            low, high, inner = (tuple(self.some(k) for _ in shape) for k in (2, 2, 1))
            value = constant(3, (), x.dtype)
            return PRIMITIVES["pad"](x, value, low=low, high=high, inner=inner)
        wider = (2, *shape) if self.some(1) else tuple(3 if n == 1 else n for n in shape)
        return PRIMITIVES["broadcast_to"](x, shape=wider)

    def joined(self, x: Any) -> Any:
        rank = len(x.shape)
        if not rank:
            return None
        axis = self.some(rank - 1)
        fitting = [
            y
            for y in self.known
            if y.dtype == x.dtype
            and len(y.shape) == rank
            and all(x.shape[i] == y.shape[i] for i in range(rank) if i != axis)
        ]
        parts = [self.random.choice(fitting or [x]) for _ in range(1 + self.some(2))]
        return PRIMITIVES["concat"](x, *parts, axis=axis)

    def reduction(self, x: Any) -> Any:
        rank = len(x.shape)
        axes = tuple(sorted(self.random.sample(range(rank), self.some(rank))))
        if x.dtype == bool_:
            return PRIMITIVES[self.random.choice(["reduce_and", "reduce_or"])](x, axes=axes)
        if self.some(4) == 0 and rank and 0 not in x.shape:
            name = self.random.choice(["argmax", "argmin"])
            return PRIMITIVES[name](x, axis=self.some(rank - 1))
        if self.some(1) and 0 not in x.shape:
            name = self.random.choice(["reduce_max", "reduce_min"])
            return PRIMITIVES[name](x, axes=axes)
        return bounded(PRIMITIVES["reduce_sum"](x, axes=axes))

    def repeated(self, x: Any) -> Any:
        """A reduction given its axes back, and joined with what was reduced, as in softmax."""
        x = number(x)
        rank = len(x.shape)
        axes = tuple(sorted(self.random.sample(range(rank), self.some(rank))))
        total = bounded(PRIMITIVES["reduce_sum"](x, axes=axes))
        kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        spread = PRIMITIVES["reshape"](total, shape=kept)
        spread = PRIMITIVES["broadcast_to"](spread, shape=x.shape)
        return bounded(self.random.choice([e.sub, e.mul, e.max_])(x, spread))

    def product(self, x: Any) -> Any:
        if x.dtype.kind != "f" or not x.shape:
            return None
        i = self.some(len(x.shape) - 1)
        for y in self.random.sample(self.known, len(self.known)):
            if y.dtype != x.dtype or not y.shape or x.shape[i] not in y.shape:
                continue
            if math.prod(x.shape) * math.prod(y.shape) > 40 * _LARGEST:
                continue
            j = y.shape.index(x.shape[i])
            batch: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
            for a, n in enumerate(x.shape):
                for c, m in enumerate(y.shape):
                    if a != i and c != j and n == m and not batch[0] and self.some(1):
                        batch = (a,), (c,)
            found = PRIMITIVES["contract"](x, y, axes=((i,), (j,)), batch=batch)
            return bounded(found)
        return None

    def whole(self, count: int, length: int) -> Any:
        """Whole numbers below a length (some beyond it), from data where there are some."""
        values = np.array([self.random.randint(-1, length) for _ in range(count)], np.int32)
        numbers = [y for y in self.known if y.dtype == int32 and y.shape == (count,)]
        return self.random.choice(numbers) if numbers and self.some(1) else Tensor(values)

    def indexed(self, x: Any) -> Any:
        if not x.shape or 0 in x.shape:
            return None
        axis = self.some(len(x.shape) - 1)
        if self.some(1):
            return PRIMITIVES["gather"](x, self.whole(1 + self.some(4), x.shape[axis]), axis=axis)
        size = tuple(1 + self.some(n - 1) for n in x.shape)
        return PRIMITIVES["dynamic_slice"](x, self.whole(len(x.shape), max(x.shape)), size=size)

    def written(self, x: Any) -> Any:
        x = number(x)
        if not x.shape or 0 in x.shape:
            return None
        axis, shape = self.some(len(x.shape) - 1), x.shape
        if self.some(1):
            count = 1 + self.some(4)
            updates = constant(1, (*shape[:axis], count, *shape[axis + 1 :]), x.dtype)
            updates = (
                PRIMITIVES["reshape"](self.like(updates), shape=updates.shape)
                if any(
                    y.dtype == x.dtype and math.prod(y.shape) == math.prod(updates.shape)
                    for y in self.known
                )
                else updates
            )
            mode = self.random.choice(["add", "max", "set"])
            numbers = self.whole(count, shape[axis])
            return bounded(PRIMITIVES["scatter"](x, numbers, updates, axis=axis, mode=mode))
        size = tuple(1 + self.some(n - 1) for n in shape)
        update = PRIMITIVES["slice"](x, start=(0,) * len(size), stop=size, step=(1,) * len(size))
        start = self.whole(len(shape), max(shape))
        return PRIMITIVES["dynamic_update_slice"](x, update, start)

    def ordered(self, x: Any) -> Any:
        if not x.shape:
            return None
        axis = self.some(len(x.shape) - 1)
        if self.some(1):
            return PRIMITIVES["argsort"](x, axis=axis)
        if x.dtype == bool_:
            return None
        name = self.random.choice(["cumsum", "cummax"])
        return bounded(PRIMITIVES[name](x, axis=axis, reverse=bool(self.some(1))))


def random_function(seed: int, steps: int, states: int, outputs: int) -> Callable[..., list[Any]]:
    """A random function of tensors, whose first results are the new values of its states."""

    def function(*inputs: Any) -> list[Any]:
        graphs = Graphs(seed, inputs)
        graphs.grow(steps)
        found = []
        for state in inputs[:states]:
            same = [y for y in graphs.known if y.shape == state.shape and y.dtype == state.dtype]
            found.append(graphs.random.choice(same[-3:]))
        last = graphs.known[-outputs:]
        return [*found, *last, graphs.random.choice(graphs.known)]

    return function
