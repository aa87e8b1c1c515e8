"""What makes two kernels the same: their structure, with buffers and variables by number.

A network repeats its blocks, so most kernels of a large one differ only in the buffers that they
are given; they are rendered once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from thalweg.compiler.ir.access import expressions
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Bits,
    Buffer,
    Choose,
    Constant,
    Expression,
    Load,
    Ordinal,
    Total,
    operands,
    walk,
)
from thalweg.compiler.ir.index import Datum, Index, Var
from thalweg.compiler.ir.program import Contract, Copy, Loops, Special
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store
from thalweg.compiler.plain import NotPlainError, encode
from thalweg.tensor.dtypes import int64

__all__ = ["Signature", "signature"]

# Equal for kernels that are the same, and hashable.
Signature = tuple[Any, ...]


def signature(kernel: Loops | Contract | Special | Copy) -> tuple[Signature | None, list[Buffer]]:
    """What a kernel computes, without names, and its buffers in the order in which they are met.

    Kernels with the same signature do the same to buffers at the same places of these lists. None
    where a parameter has no plain form, so that nobody can tell.
    """
    writing = _Writing()
    try:
        writing.kernel(kernel)
    except NotPlainError:
        return None, []
    return tuple(writing.parts), writing.buffers


class _Writing:
    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.buffers: list[Buffer] = []
        # By identity: buffers, variables, accumulators and expressions.
        self.numbers: dict[int, int] = {}

    def kernel(self, kernel: Loops | Contract | Special | Copy) -> None:
        self.parts.append(type(kernel).__name__)
        if isinstance(kernel, Loops):
            self.body(kernel.body)
        elif isinstance(kernel, Contract):
            for group in (kernel.batch, kernel.m, kernel.n, kernel.k):
                self.parts.append(len(group))
                for variable in group:
                    self.variable(variable)
            self.parts += [kernel.dtype, kernel.window]
            roots = [kernel.left, kernel.right]
            self.expressions(roots)
            self.parts += [self.numbers[id(root)] for root in roots]
            self.body(kernel.epilogue)
        elif isinstance(kernel, Copy):
            for buffer, offset in (
                (kernel.source, kernel.source_offset),
                (kernel.target, kernel.target_offset),
            ):
                self.buffer(buffer)
                self.with_data(offset)
            self.parts.append(kernel.length)
        else:
            self.parts += [kernel.family, _plain(kernel.params)]
            for tensors in (kernel.inputs, kernel.outputs):
                self.parts.append(len(tensors))
                for buffer, shape in tensors:
                    self.buffer(buffer)
                    self.parts.append(shape)

    # --- names

    def buffer(self, buffer: Buffer) -> None:
        number = self.numbers.get(id(buffer))
        if number is None:
            number = self.numbers[id(buffer)] = len(self.numbers)
            self.buffers.append(buffer)
            self.parts += [buffer.kind, buffer.dtype, buffer.size]
        self.parts.append(number)

    def variable(self, variable: Var) -> None:
        number = self.numbers.get(id(variable))
        if number is None:
            number = self.numbers[id(variable)] = len(self.numbers)
            self.parts.append(variable.extent)
        self.parts.append(number)

    def accumulator(self, accumulator: Accumulator) -> None:
        number = self.numbers.get(id(accumulator))
        if number is None:
            number = self.numbers[id(accumulator)] = len(self.numbers)
            start = _number(accumulator.start)
            self.parts += [accumulator.operation, accumulator.dtype, start]
        self.parts.append(number)

    # --- indices

    def index(self, index: Index) -> None:
        self.parts += [len(index.terms), index.offset]
        for atom, coefficient in index.terms:
            self.parts.append(coefficient)
            if isinstance(atom, Var):
                self.variable(atom)
            elif isinstance(atom, Datum):
                self.parts += ["datum", atom.extent, self.numbers[id(atom.expression)]]
            else:
                self.parts += [type(atom).__name__, atom.divisor]
                self.index(atom.index)

    def with_data(self, index: Index) -> None:
        """An index, and before it what it reads."""
        self.expressions(operands(Ordinal(index, int64)))
        self.index(index)

    # --- expressions

    def expressions(self, roots: Iterable[Expression]) -> None:
        for e in walk(*roots):
            if id(e) not in self.numbers:
                self.expression(e)
                self.numbers[id(e)] = len(self.numbers)

    def expression(self, e: Expression) -> None:
        parts, numbers = self.parts, self.numbers
        parts += [type(e).__name__, e.dtype]
        if isinstance(e, Load):
            self.buffer(e.buffer)
            self.index(e.index)
        elif isinstance(e, Apply):
            parts += [e.name, len(e.inputs), *[numbers[id(x)] for x in e.inputs]]
            if e.params:
                parts.append(_plain(e.params))
        elif isinstance(e, Constant):
            parts.append(_number(e.value))
        elif isinstance(e, Choose):
            parts.append(len(e.guards))
            for guard in e.guards:
                self.index(guard.index)
                parts += [guard.low, guard.high]
            parts += [numbers[id(e.then)], numbers[id(e.otherwise)]]
        elif isinstance(e, Ordinal):
            self.index(e.index)
        elif isinstance(e, Bits):
            parts += [numbers[id(key)] for key in e.key]
            self.index(e.counter)
        elif isinstance(e, Total):
            self.accumulator(e.accumulator)

    # --- statements

    def body(self, body: tuple[Statement, ...]) -> None:
        self.expressions(expressions(body))
        self.statements(body)

    def statements(self, body: tuple[Statement, ...]) -> None:
        self.parts.append(len(body))
        for statement in body:
            self.parts.append(type(statement).__name__)
            if isinstance(statement, Loop):
                self.parts.append(statement.kind)
                self.variable(statement.variable)
                self.statements(statement.body)
            elif isinstance(statement, Store):
                self.buffer(statement.buffer)
                self.index(statement.index)
                self.parts.append(self.numbers[id(statement.value)])
            elif isinstance(statement, Reset):
                self.accumulator(statement.accumulator)
            elif isinstance(statement, Accumulate):
                self.accumulator(statement.accumulator)
                self.parts.append(self.numbers[id(statement.value)])
                if statement.place is None:
                    self.parts.append(None)
                else:
                    self.index(statement.place)


def _number(value: Any) -> tuple[str, str]:
    # By its digits: 0.0 equals -0.0 and 1 equals True, though they are not the same.
    return type(value).__name__, repr(value)


def _plain(params: dict[str, Any]) -> str:
    return json.dumps(encode(params))
