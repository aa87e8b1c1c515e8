"""The verifier of Programs: what must hold of the kernels and of the memory plan."""

from __future__ import annotations

from collections.abc import Iterable

from thalweg.compiler.dims import ZERO, Dim
from thalweg.compiler.ir.access import accesses
from thalweg.compiler.ir.expression import (
    Accumulator,
    Buffer,
    Choose,
    Expression,
    Load,
    Product,
    Total,
    operands,
)
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.program import (
    Cond,
    Contract,
    Copy,
    Launch,
    Loops,
    Program,
    Scan,
    While,
)
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store
from thalweg.compiler.plan import ALIGNMENT, bytes_of, lifetimes
from thalweg.compiler.verify import VerificationError

__all__ = ["verify_program"]


def verify_program(program: Program) -> None:
    """Check kernels, the order in which buffers are filled, and the memory plan.

    Raises:
        VerificationError: saying what is wrong where.
    """
    known = {*program.states, *program.inputs, *(b for b, _ in program.constants)}
    filled = _Order(set(known)).block(program.launches)
    _check_kernels(program.launches, program.capacity)
    for buffer in program.outputs:
        if buffer not in filled and buffer.size != ZERO:
            raise VerificationError(f"{buffer} is never written.")
    _check_plan(program)


class _Order:
    """What has been written before each launch."""

    def __init__(self, filled: set[Buffer]) -> None:
        self.filled = filled
        self.wholes: dict[Buffer, Buffer] = {}

    def block(self, launches: Iterable[Launch]) -> set[Buffer]:
        for launch in launches:
            self._launch(launch)
        return self.filled

    def _launch(self, launch: Launch) -> None:
        if isinstance(launch, While):
            self.block(launch.test)
            self._read(launch, {launch.flag})
            self.block(launch.block)
            return
        reads, writes = accesses(launch)
        # A kernel may read what an earlier part of it wrote.
        self._read(launch, reads - writes)
        self.filled |= {self.wholes.get(b, b) for b in writes}
        if isinstance(launch, Cond):
            before = set(self.filled)
            then = set(self.block(launch.then))
            self.filled = before
            self.filled = then & self.block(launch.otherwise)
        elif isinstance(launch, Scan):
            for piece in launch.pieces:
                self.wholes[piece.inside] = self.wholes.get(piece.whole, piece.whole)
            self.block(launch.block)

    def _read(self, launch: Launch, reads: Iterable[Buffer]) -> None:
        for buffer in reads:
            empty = buffer.size == ZERO
            if not empty and self.wholes.get(buffer, buffer) not in self.filled:
                raise VerificationError(f"'{launch.title}' reads {buffer} before it is written.")


# --- kernels ----------------------------------------------------------------------------------


def _check_kernels(launches: Iterable[Launch], capacity: int) -> None:
    for launch in launches:
        if isinstance(launch, Loops):
            _Kernel(launch.title, capacity).body(launch.body, (), outermost=True)
        elif isinstance(launch, Contract):
            kernel = _Kernel(launch.title, capacity)
            outer = (*launch.batch, *launch.m, *launch.n)
            kernel.value(launch.left, (*launch.batch, *launch.m, *launch.k))
            kernel.value(launch.right, (*launch.batch, *launch.k, *launch.n))
            kernel.product = True
            kernel.body(launch.epilogue, outer, outermost=False)
        elif isinstance(launch, Copy):
            kernel = _Kernel(launch.title, capacity)
            if launch.source.dtype != launch.target.dtype:
                raise VerificationError(f"'{launch.title}' copies between two dtypes.")
            last = launch.length.minus(1)
            kernel.place(launch.source, launch.source_offset.plus(last))
            kernel.place(launch.target, launch.target_offset.plus(last))
        elif isinstance(launch, Scan):
            _check_kernels(launch.block, capacity)
        elif isinstance(launch, While):
            _check_kernels((*launch.test, *launch.block), capacity)
        elif isinstance(launch, Cond):
            _check_kernels((*launch.then, *launch.otherwise), capacity)


class _Kernel:
    """The statements of one kernel."""

    def __init__(self, title: str, capacity: int) -> None:
        self.title = title
        self.sizes = sorted({1, 2, 3, 7, max(capacity, 1)})
        self.product = False
        self.running: set[Accumulator] = set()

    def wrong(self, what: str) -> VerificationError:
        return VerificationError(f"'{self.title}': {what}.")

    def body(self, body: Iterable[Statement], variables: tuple[Var, ...], outermost: bool) -> None:
        begun: set[Accumulator] = set()
        for s in body:
            if isinstance(s, Loop):
                if s.kind == "parallel" and not outermost:
                    raise self.wrong(f"the parallel loop over {s.variable} is not an outer one")
                if s.variable in variables:
                    raise self.wrong(f"two loops run over {s.variable}")
                self.body(s.body, (*variables, s.variable), outermost and s.kind == "parallel")
            elif isinstance(s, Store):
                if s.value.dtype != s.buffer.dtype:
                    raise self.wrong(f"stores {s.value.dtype.name} in {s.buffer}")
                self.value(s.value, variables)
                self.index(s.index, variables)
                self.place(s.buffer, s.index)
            elif isinstance(s, Reset):
                self.running.add(s.accumulator)
                begun.add(s.accumulator)
            elif isinstance(s, Accumulate):
                if s.accumulator not in self.running:
                    raise self.wrong(f"adds to a {s.accumulator.operation} that was not begun")
                self.value(s.value, variables)
        # An accumulator lives to the end of the block in which it was begun.
        self.running -= begun

    def index(self, index: Index, variables: tuple[Var, ...]) -> None:
        missing = index.variables() - set(variables)
        if missing:
            raise self.wrong(f"the index {index} needs {sorted(v.name for v in missing)}")

    def value(self, root: Expression, variables: tuple[Var, ...]) -> None:
        """Check what an expression reads; under guards indices may be anything elsewhere."""
        seen: set[tuple[Expression, bool]] = set()
        stack = [(root, False)]
        while stack:
            e, guarded = stack.pop()
            if (e, guarded) in seen:
                continue
            seen.add((e, guarded))
            if isinstance(e, Load):
                self.index(e.index, variables)
                if not guarded:
                    self.place(e.buffer, e.index)
            elif isinstance(e, Total) and e.accumulator not in self.running:
                raise self.wrong(f"reads a {e.accumulator.operation} that is not there")
            elif isinstance(e, Product) and not self.product:
                raise self.wrong("has a product outside of an epilogue")
            stack.extend((x, guarded or isinstance(e, Choose)) for x in operands(e))

    def place(self, buffer: Buffer, index: Index) -> None:
        """Check that an index lies inside a buffer, where that can be told."""
        if any(e < Dim(0, 0) for _, e in index.terms):
            return
        most = index.most()
        if most is None:
            return
        for n in self.sizes:
            if 0 < buffer.size.at(n) <= most.at(n) and _runs(index, n):
                raise self.wrong(f"{buffer} has no element {index} for a batch of {n}")


def _runs(index: Index, n: int) -> bool:
    """Whether all loops that the index depends on run at least once."""
    return all(v.extent.at(n) > 0 for v in index.variables())


# --- the plan ---------------------------------------------------------------------------------


def _check_plan(program: Program) -> None:
    alive = sorted(lifetimes(program).items(), key=lambda item: item[0].offset)
    ranges: list[tuple[int, int, int, int, Buffer]] = []
    for buffer, (first, last) in alive:
        begin = buffer.offset
        end = begin + bytes_of(buffer, program.capacity)
        if begin < 0 or begin % ALIGNMENT or end > program.arena:
            raise VerificationError(f"{buffer} lies at {begin} to {end} of {program.arena} bytes.")
        for other in ranges:
            if begin < other[3] and other[2] < end and first <= other[1] and other[0] <= last:
                raise VerificationError(f"{buffer} and {other[4]} share bytes while both live.")
        ranges.append((first, last, begin, end, buffer))
