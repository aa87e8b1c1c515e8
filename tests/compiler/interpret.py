"""Kernels of the intermediate representation run element by element: slow, and easy to trust."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Bits,
    Buffer,
    Choose,
    Constant,
    Load,
    Ordinal,
    Product,
    Total,
)
from thalweg.compiler.ir.index import Index, Quotient, Remainder, Var
from thalweg.compiler.ir.program import Contract, Loops
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store
from thalweg.primitives.primitive import PRIMITIVES
from thalweg.tensor.dtypes import bfloat16, float16

Memory = Mapping[Buffer, np.ndarray[Any, Any]]
_NAMES = {"sum": "add", "prod": "mul"}


def _combine(operation: str, old: Any, value: Any) -> Any:
    name = _NAMES.get(operation, operation)
    return PRIMITIVES[name].evaluate(np.asarray(old), np.asarray(value))


class Interpreter:
    """Runs kernels on flat arrays, one for each buffer, for a batch of n."""

    def __init__(self, memory: Memory, n: int) -> None:
        self.memory, self.n = memory, n
        self.env: dict[Var, int] = {}
        self.totals: dict[Accumulator, Any] = {}
        self.product: Any = None

    def run(self, kernel: Loops | Contract) -> None:
        with np.errstate(all="ignore"):
            if isinstance(kernel, Loops):
                self.block(kernel.body)
            else:
                self.contract(kernel)

    def contract(self, kernel: Contract) -> None:
        for _ in self.places((*kernel.batch, *kernel.m, *kernel.n)):
            total = np.float64(0)
            for _ in self.places(kernel.k):
                total += np.float64(self.value(kernel.left)) * np.float64(self.value(kernel.right))
            self.product = total
            self.block(kernel.epilogue)

    def places(self, variables: Sequence[Var]) -> Any:
        extents = [range(v.extent.at(self.n)) for v in variables]
        for place in itertools.product(*extents):
            self.env.update(zip(variables, place, strict=True))
            yield place

    def block(self, statements: Sequence[Statement]) -> None:
        for s in statements:
            if isinstance(s, Loop):
                for _ in self.places([s.variable]):
                    self.block(s.body)
            elif isinstance(s, Store):
                value = np.asarray(self.value(s.value)).astype(s.buffer.dtype)
                place = self.index(s.index)
                assert 0 <= place < s.buffer.size.at(self.n)
                self.memory[s.buffer][place] = value
            elif isinstance(s, Reset):
                self.totals[s.accumulator] = None
            else:
                self.accumulate(s)

    def accumulate(self, s: Accumulate) -> None:
        a, value = s.accumulator, self.value(s.value)
        old = self.totals[a]
        if a.operation in ("argmax", "argmin"):
            assert s.place is not None
            better = old is None or np.isnan(value) > np.isnan(old[0])
            if not better:
                better = value > old[0] if a.operation == "argmax" else value < old[0]
            if better:
                self.totals[a] = value, self.index(s.place)
            return
        if a.dtype in (float16, bfloat16):  # added up in float32
            value = np.float32(value)
        if old is None and a.start is not None:
            old = np.asarray(a.start).astype(value.dtype)
        self.totals[a] = value if old is None else _combine(a.operation, old, value)

    def index(self, index: Index) -> int:
        total = index.offset.at(self.n)
        for atom, coefficient in index.terms:
            if isinstance(atom, Var):
                value = self.env[atom]
            elif isinstance(atom, (Quotient, Remainder)):
                inner, by = self.index(atom.index), atom.divisor.at(self.n)
                assert inner >= 0
                value = inner // by if isinstance(atom, Quotient) else inner % by
            else:
                value = int(self.value(atom.expression))
            total += value * coefficient.at(self.n)
        return total

    def value(self, e: Any, known: dict[int, Any] | None = None) -> Any:
        # What is used twice is computed once; what is not chosen is not computed.
        known = {} if known is None else known
        if id(e) not in known:
            known[id(e)] = self.computed(e, known)
        return known[id(e)]

    def computed(self, e: Any, known: dict[int, Any]) -> Any:
        if isinstance(e, Constant):
            number = e.value.at(self.n) if isinstance(e.value, Dim) else e.value
            return np.asarray(number).astype(e.dtype)
        if isinstance(e, Load):
            place = self.index(e.index)
            assert 0 <= place < e.buffer.size.at(self.n)
            return self.memory[e.buffer][place]
        if isinstance(e, Apply):
            inputs = [np.asarray(self.value(x, known)) for x in e.inputs]
            return PRIMITIVES[e.name].evaluate(*inputs, **e.params)
        if isinstance(e, Ordinal):
            return np.asarray(self.index(e.index)).astype(e.dtype)
        if isinstance(e, Choose):
            inside = all(
                g.low.at(self.n) <= self.index(g.index) < g.high.at(self.n) for g in e.guards
            )
            return self.value(e.then if inside else e.otherwise, known)
        if isinstance(e, Bits):
            key = np.array([self.value(k) for k in e.key], np.uint32)
            i = self.index(e.counter)
            return PRIMITIVES["random_bits"].evaluate(key, shape=(i + 1,))[i]
        if isinstance(e, Product):
            return self.product
        assert isinstance(e, Total)
        found = self.totals[e.accumulator]
        return np.asarray(found[1] if e.accumulator.operation.startswith("arg") else found)
