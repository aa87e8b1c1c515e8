"""Writer: what the ways to do a convolution on WebAssembly share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.llvm.builder import Index, Type, Value
from thalweg.compiler.render.llvm.contract import gemm
from thalweg.compiler.render.llvm.contract.gemm import Matrix
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes

__all__ = ["Env", "Writer"]

Env = dict[Var, Index]


class Writer(ABC):
    """What both kinds share.

    Attributes:
        end: bytes of scratch memory.
    """

    def __init__(self, em: Emitter, kernel: Contract, scratch: Value) -> None:
        self.em, self.b, self.kernel, self.scratch = em, em.b, kernel, scratch
        assert kernel.window is not None
        image = kernel.window.kind == "image"
        self.samples, *places = kernel.m if image else kernel.k
        *offsets, self.channel = kernel.k if image else kernel.m
        self.places, self.offsets = tuple(places), tuple(offsets)
        (self.filters,) = kernel.n
        self.element = "double" if kernel.dtype.itemsize == 8 else "float"
        self.itemsize = 8 if self.element == "double" else 4
        self.lanes = em.target.lanes(self.itemsize)
        self.width = gemm.width(em.target, self.element)
        self.count = self.filters.extent.offset
        self.end = 0

    @abstractmethod
    def write(self, worker: Value, workers: Value) -> Dim:
        """Write the body; gives the number of turns that are shared."""

    def reserve(self, elements: int) -> Value:
        """Scratch memory for some elements."""
        place = self.b.at(self.scratch, self.end, "i8")
        self.end += -(-elements * self.itemsize // 64) * 64
        return place

    def stepwise(
        self, variables: Sequence[Var], env: Env, body: Callable[[Env, Index], None]
    ) -> None:
        """Loops over variables; `body` gets their values and the number of the turn."""

        def nest(rest: Sequence[Var], env: Env, turn: Index) -> None:
            if not rest:
                body(env, turn)
                return
            variable, *others = rest
            extent = variable.extent.offset
            with self.loop(0, extent) as index:
                turn = self.b.add(self.b.mul(turn, extent), index)
                nest(others, {**env, variable: index}, turn)

        nest(variables, env, 0)

    @contextmanager
    def loop(self, begin: Index, end: Index, step: int = 1) -> Iterator[Index]:
        """A loop that is a scope, or just its turn where there is one."""
        if begin == 0 and isinstance(end, int) and end <= step:
            with self.em.scope():
                yield 0
            return
        with self.b.loop(begin, end, step) as loop, self.em.scope():
            yield loop.index

    def finish(self, sums: Matrix, row: Index, env: Env, begin: Index, columns: Index) -> None:
        """The epilogue of a row of sums."""
        b = self.b
        line = b.at(sums.at, b.mul(row, sums.row), self.element)
        with self.loop(0, columns, self.lanes) as j:
            product = b.load(b.at(line, j, self.element), Type(self.element, self.lanes))
            self.give(product, {**env, self.filters: b.add(j, begin)}, b.sub(columns, j))

    def give(self, product: Value, env: Env, count: Index) -> None:
        """The epilogue of a vector of filters, of which so many are there."""
        mask = None
        if self.count % self.lanes:
            mask = self.b.mask(count, self.lanes)
        with self.em.scope():
            self.em.product = product
            for s in self.kernel.epilogue:
                assert isinstance(s, Store)
                self.em.store(s, env, Lanes(self.filters, self.lanes, mask))
