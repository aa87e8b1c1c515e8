"""Random recurrences and their gradients, from one number: what passes over loops are tried on."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.primitives.control_flow import bind_scan

# Two sequences, a matrix, a vector, and a row for each sample.
SHAPES = (
    ((4, None, 3), "float32"),
    ((4, None, 3), "float32"),
    ((3, 3), "float32"),
    ((3,), "float32"),
    ((None, 3), "float32"),
)

Rows = list[Any]


def _tanh_of_sum(x: Any, y: Any, w: Any, v: Any, row: Any) -> Any:
    return ops.tanh(x + y)


def _halves(x: Any, y: Any, w: Any, v: Any, row: Any) -> Any:
    return ops.concatenate([x[:, :1], y[:, 1:]], axis=1)


def _transposed_product(x: Any, y: Any, w: Any, v: Any, row: Any) -> Any:
    return ops.transpose(ops.matmul(ops.transpose(w), ops.transpose(x)))


def _pulled_through(x: Any, y: Any, w: Any, v: Any, row: Any) -> Any:
    return ops.matmul(x, ops.tanh(ops.matmul(ops.transpose(x), y)))


_INSTRUCTIONS: Sequence[Callable[..., Any]] = (
    _tanh_of_sum,
    _halves,
    _transposed_product,
    _pulled_through,
    lambda x, y, w, v, row: x * y,
    lambda x, y, w, v, row: ops.matmul(x, w),
    lambda x, y, w, v, row: ops.matmul(x, ops.tanh(w * 2)),
    lambda x, y, w, v, row: ops.tanh(x + v),
    lambda x, y, w, v, row: ops.sigmoid(x) - y,
    lambda x, y, w, v, row: ops.where(x > 0, y, x),
    lambda x, y, w, v, row: row * x,
    lambda x, y, w, v, row: x * ops.tanh(ops.sum(y, axis=0)),
)


class _Body:
    """A random step: instructions on rows, what becomes of each carry, what is stacked."""

    def __init__(self, generator: random.Random) -> None:
        def numbers(count: int) -> list[int]:
            return [generator.randrange(100) for _ in range(count)]

        self.carries = generator.randrange(1, 4)
        self.instructions = [numbers(3) for _ in range(generator.randrange(2, 12))]
        self.new = [numbers(2) for _ in range(self.carries)]
        self.results = numbers(generator.randrange(3))

    def __call__(self, rows: Rows, w: Any, v: Any, row: Any) -> tuple[Rows, Rows]:
        rows = list(rows)
        for kind, a, b in self.instructions:
            x, y = rows[a % len(rows)], rows[b % len(rows)]
            rows.append(_INSTRUCTIONS[kind % len(_INSTRUCTIONS)](x, y, w, v, row))
        new = []
        for i, (place, mode) in enumerate(self.new):
            found = rows[place % len(rows)]
            choice = (found, found, rows[i] + ops.tanh(found), rows[i])
            new.append(choice[mode % 4])
        return new, [rows[place % len(rows)] for place in self.results]


def scan_of(seed: int) -> Callable[..., Any]:
    """A function of tensors as in `SHAPES`."""
    generator = random.Random(seed)
    body = _Body(generator)
    sequences = generator.randrange(1, 3)
    length = generator.choice([1, 4, 4, 4])
    reverse, zeros, sums, gradient = (generator.random() < 0.6 for _ in range(4))
    counted = [generator.random() < 0.7 for _ in range(8)]

    def outputs(a: Any, b: Any, w: Any, v: Any, row: Any) -> tuple[Any, ...]:
        start = [ops.zeros_like(row) if zeros else row] * body.carries
        totals = [w, v] if sums else []

        def step(*arguments: Any) -> tuple[Any, ...]:
            carry = list(arguments[: body.carries])
            known = list(arguments[body.carries : body.carries + len(totals)])
            elements = list(arguments[body.carries + len(totals) :])
            new, results = body([*carry, *elements], w, v, row)
            if sums:
                known[0] = known[0] + ops.matmul(ops.transpose(elements[0]), new[0])
                known[1] = known[1] - ops.sum(new[0] * elements[0], axis=0)
            return (*new, *known, *results)

        read = [a[:length], ops.tanh(b[:length])][:sequences]
        return bind_scan(step, [*start, *totals], read, length, reverse=reverse)

    def with_gradients(*inputs: Any) -> list[Any]:
        with GradientTape() as tape:
            for x in inputs:
                tape.watch(x)
            loss = ops.sum(inputs[-1]) * 0
            for y, counts in zip(outputs(*inputs), counted, strict=False):
                loss = loss + ops.sum(ops.sin(y)) if counts else loss
        return [loss, *(g for g in tape.gradient(loss, list(inputs)) if g is not None)]

    return with_gradients if gradient else outputs
