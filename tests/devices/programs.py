"""Small Programs, built by hand, for the tests of the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.expression import Apply, Buffer, Constant, Expression, Load
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.program import HostCall, Launch, Loops, Program
from thalweg.compiler.ir.statement import Loop, Store
from thalweg.tensor.dtypes import bool_, float32

N = Dim(1, 0)


def buffer(kind: str, size: Dim | int, dtype: Any = float32, offset: int = -1) -> Buffer:
    return Buffer(kind, np.dtype(dtype), Dim.of(size), offset=offset)


def temporary(size: int, place: int) -> Buffer:
    """Floats in the arena, `place` bytes from its beginning."""
    return buffer("temporary", size, offset=place)


def each(target: Buffer, value: Callable[[Index], Expression], size: Dim | None = None) -> Loops:
    """`target[i] = value(i)` for each i, shared among the workers."""
    variable = Var("i", size or target.size)
    index = Index.of(variable)
    store = Store(target, index, value(index))
    return Loops((Loop(variable, "parallel", (store,)),), title="each")


def add(target: Buffer, a: Buffer, b: Buffer | float) -> Loops:
    """`target = a + b`, element by element."""

    def value(index: Index) -> Expression:
        return Apply("add", (Load(a, index), _operand(b, index)), a.dtype)

    return each(target, value)


def multiply(target: Buffer, a: Buffer, b: Buffer | float) -> Loops:
    """`target = a * b`, element by element."""

    def value(index: Index) -> Expression:
        return Apply("mul", (Load(a, index), _operand(b, index)), a.dtype)

    return each(target, value)


def less(flag: Buffer, a: Buffer, bound: float) -> Loops:
    """`flag = a[0] < bound`."""
    first = Load(a, Index())
    value = Apply("lt", (first, Constant(bound, a.dtype)), bool_)
    return each(flag, lambda _: value)


def host(
    evaluate: Callable[..., Any], inputs: Sequence[Buffer], outputs: Sequence[Buffer]
) -> HostCall:
    return HostCall(
        lambda n, *arrays: evaluate(*arrays),
        tuple((b, (b.size,)) for b in inputs),
        tuple((b, (b.size,)) for b in outputs),
    )


def program(
    launches: Sequence[Launch],
    states: Sequence[Buffer] = (),
    inputs: Sequence[Buffer] = (),
    outputs: Sequence[Buffer] = (),
    constants: Sequence[tuple[Buffer, Any]] = (),
    capacity: int = 0,
    arena: int = 1 << 16,
) -> Program:
    """A Program over vectors."""
    return Program(
        capacity,
        list(states),
        list(inputs),
        list(outputs),
        list(constants),
        [],
        list(launches),
        arena,
        [(b.size,) if b.size != ONE else () for b in outputs],
    )


def _operand(b: Buffer | float, index: Index) -> Expression:
    if isinstance(b, Buffer):
        return Load(b, index if b.size != ONE else Index())
    return Constant(b, float32)
