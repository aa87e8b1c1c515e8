"""The renderer of loop kernels: what the workers share, and one function around it.

The outermost loops of a kernel are shared if their turns are independent: nested `parallel` loops
are one sequence of turns; an outermost `vector` loop is shared in blocks of whole cache lines. A
kernel with anything else at its top is done by worker 0 alone.
"""

from __future__ import annotations

from thalweg.compiler.dims import ONE, ZERO, Dim, NotAffineError
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import Loops
from thalweg.compiler.ir.statement import Loop, Statement
from thalweg.compiler.render import uses
from thalweg.compiler.render.cost import flops
from thalweg.compiler.render.llvm import transpose
from thalweg.compiler.render.llvm.builder import Builder, Index, Value
from thalweg.compiler.render.llvm.expressions import Emitter
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters, share
from thalweg.compiler.render.llvm.lanes import deep
from thalweg.compiler.render.llvm.nest import Nest, Strand
from thalweg.compiler.target import Target

__all__ = ["render"]

_LINE = 64
# Fewer turns than this do not feed several workers evenly.
_FEW_TURNS = 16
# Elements of a vector loop that are one turn where the parallel loops around it have few.
_BLOCK = 2048


def render(kernel: Loops, target: Target) -> KernelText:
    """A loop kernel as LLVM text."""
    found = uses.buffers(uses.expressions(kernel.body), kernel.body)
    written = frozenset(uses.stored(kernel.body))
    passed = tuple(b for b in found if b.kind != "scratch")
    b = Builder(target)
    with b.function(NAME, parameters(b, passed)) as values:
        n, worker, workers, scratch = values[len(passed) :]
        pointers = dict(zip(passed, values, strict=False))
        memory = _Scratch(b, n, scratch)
        for buffer in found:
            if buffer.kind == "scratch":
                size = buffer.size.times(buffer.dtype.itemsize)
                pointers[buffer] = memory.place(size)
        emitter = Emitter(b, target, n, pointers)
        emitter.kept = frozenset(
            x for x in written if x.kind == "scratch" and uses.writes(kernel.body, x) == 1
        )
        nest = Nest(b, target, emitter, written)
        nest.narrow = not uses.resets(kernel.body)
        work = _Work(nest, worker, workers, memory)
        with emitter.scope():
            turns = work.shared(kernel.body)
    return KernelText(
        b.text,
        b.declarations,
        passed,
        tuple(x for x in passed if x in written),
        memory.end,
        turns,
        flops(kernel.body),
    )


class _Scratch:
    """A worker's own memory: each piece begins with a cache line."""

    def __init__(self, b: Builder, n: Value, pointer: Value) -> None:
        self.b, self.n, self.pointer = b, n, pointer
        self.end = ZERO

    def place(self, size: Dim) -> Value:
        """Where a piece of so many bytes is."""
        found = self.b.at(self.pointer, length(self.b, self.end, self.n), "i8")
        lines = Dim(-(-size.scale // _LINE), -(-size.offset // _LINE))
        self.end = self.end.plus(lines.times(_LINE))
        return found


class _Work:
    """Writes the shared loops of a kernel."""

    def __init__(self, nest: Nest, worker: Value, workers: Value, memory: _Scratch) -> None:
        self.nest = nest
        self.memory = memory
        self.b = nest.b
        self.n = nest.emitter.n
        self.worker = worker
        self.workers = workers

    def shared(self, body: tuple[Statement, ...]) -> Dim:
        """Write the statements of a kernel; gives the number of turns that are shared."""
        loops = [s for s in body if isinstance(s, Loop) and _independent(s)]
        if len(loops) < len(body):
            only = self.b.icmp("eq", self.worker, Value("0", self.worker.type))
            with self.b.when(only), self.nest.emitter.scope():
                self.nest.block(body, [Strand({})])
            return ONE
        turns = [self._one(loop) for loop in loops]
        return max(turns, key=lambda dim: dim.at(_FEW_TURNS), default=ONE)

    def _one(self, loop: Loop) -> Dim:
        if loop.variable.extent == ZERO:
            return ONE
        if loop.kind == "vector":
            return self._vector(loop)
        nested = [loop]
        while len(loop.body) == 1 and isinstance(loop.body[0], Loop):
            if loop.body[0].kind != "parallel":
                break
            loop = loop.body[0]
            nested.append(loop)
        return self._parallel(nested)

    def _vector(self, loop: Loop) -> Dim:
        """Share a vector loop in blocks of whole vectors and cache lines."""
        b, nest = self.b, self.nest
        plan = nest.plan(loop)
        extent = length(b, loop.variable.extent, self.n)
        block = max(plan.lanes * (plan.copies if deep(loop) else 1), _LINE // _smallest(loop))
        strand = Strand({})
        nest.prepare(loop, [strand])
        if isinstance(extent, int) and extent <= block:
            only = b.icmp("eq", self.worker, Value("0", self.worker.type))
            with b.when(only), nest.emitter.scope():
                nest.block((loop,), [strand])
            return ONE
        begin, end = share(b, b.div(b.add(extent, block - 1), block), self.worker, self.workers)
        begin, end = b.mul(begin, block), b.min(b.mul(end, block), extent)
        if plan.lanes > 1:
            nest.vectors(loop, [strand], begin, end)
        else:
            nest.turns(loop, [strand], begin, end)
        return _blocks(loop.variable.extent, block)

    def _parallel(self, nested: list[Loop]) -> Dim:
        """Share the turns of nested parallel loops."""
        b, nest = self.b, self.nest
        variables = [loop.variable for loop in nested]
        body = nested[-1].body
        nest.prepare(nested[0], [Strand({})])
        tiles = transpose.find(nest, variables, body)
        if tiles is not None:
            return self._tiles(tiles, variables)
        split = self._split(variables, body)
        extents = [length(b, v.extent, self.n) for v in variables]
        counts = [*extents, *([split[1]] if split else [])]
        begin, end = share(b, self._product(counts), self.worker, self.workers)
        with b.loop(begin, end) as turning, nest.emitter.scope():
            places = self._recovered(turning.index, counts)
            env: dict[Var, Index] = dict(zip(variables, places, strict=False))
            strand = Strand(env)
            if split:
                loop, _, block = split
                low = b.mul(places[-1], block)
                extent = length(b, loop.variable.extent, self.n)
                nest.prepare(loop, [strand])
                nest.vectors(loop, [strand], low, b.min(b.add(low, block), extent))
            else:
                nest.block(body, [strand])
        lengths = [v.extent for v in variables]
        return _turns([*lengths, Dim(0, split[1])] if split else lengths)

    def _tiles(self, tiles: transpose.Tiles, variables: list[Var]) -> Dim:
        """Share bands of tiles."""
        b, size = self.b, tiles.size
        across = variables[tiles.across]
        others = [v for v in variables if v is not across]
        scratch = self.memory.place(Dim(0, transpose.LARGEST * size * size * len(tiles.loads)))
        extent = length(b, across.extent, self.n)
        bands = b.div(b.add(extent, size - 1), size)
        counts = [length(b, v.extent, self.n) for v in others] + [bands]
        begin, end = share(b, self._product(counts), self.worker, self.workers)
        with b.loop(begin, end) as turning, self.nest.emitter.scope():
            *places, band = self._recovered(turning.index, counts)
            env: dict[Var, Index] = dict(zip(others, places, strict=True))
            transpose.write(self.nest, tiles, env, across, b.mul(band, size), scratch)
        return _turns([_blocks(across.extent, size), *(v.extent for v in others)])

    def _product(self, counts: list[Index]) -> Index:
        turns: Index = 1
        for count in counts:
            turns = self.b.mul(turns, count)
        return turns

    def _split(
        self, variables: list[Var], body: tuple[Statement, ...]
    ) -> tuple[Loop, int, int] | None:
        """The vector loop inside, its number of blocks and their length, if it is to be split."""
        if len(body) != 1 or not isinstance(body[0], Loop) or body[0].kind != "vector":
            return None
        loop = body[0]
        count = 1
        for variable in variables:
            if not variable.extent.static:
                return None
            count *= variable.extent.offset
        extent = loop.variable.extent
        if count >= _FEW_TURNS or not extent.static or extent.offset < 2 * _BLOCK:
            return None
        if self.nest.plan(loop).lanes == 1:
            return None
        return loop, -(-extent.offset // _BLOCK), _BLOCK

    def _recovered(self, turn: Index, counts: list[Index]) -> list[Index]:
        """The variables' values in a turn."""
        b = self.b
        places: list[Index] = []
        for count in reversed(counts[1:]):
            places.append(b.rem(turn, count))
            turn = b.div(turn, count)
        return [turn, *reversed(places)]


def _independent(loop: Loop) -> bool:
    """Whether the workers may share the turns of an outermost loop."""
    if loop.kind == "parallel":
        return True
    begun = uses.resets(loop.body)
    return loop.kind == "vector" and all(a in begun for a in uses.accumulated(loop.body))


def _smallest(loop: Loop) -> int:
    """Bytes of the smallest element that a loop writes."""
    return min((x.dtype.itemsize for x in uses.stored(loop.body)), default=4)


def _blocks(extent: Dim, block: int) -> Dim:
    """About how many blocks an extent has."""
    scale = extent.scale // block
    if extent.scale and not scale:
        return Dim(1, 0)
    return Dim(scale, -(-extent.offset // block))


def _turns(lengths: list[Dim]) -> Dim:
    total = ONE
    for extent in lengths:
        try:
            total = total.times(extent)
        except NotAffineError:
            # For the cost model only: the square of the batch counts as a batch.
            total = total.times(max(1, extent.at(1)))
    return total
