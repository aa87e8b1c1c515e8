"""Contractions on WebAssembly: calls of the product that all kernels of a module share.

for each share of the batch, of m or of n, for each block of rows:
    bring operands that do not lie in memory as they are into scratch memory
    call the product
    the epilogue, row by row, unless the sums are just stored: then they go there at once
"""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import Load, Product, walk
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract import gemm
from thalweg.compiler.render.llvm.contract.estimate import typical
from thalweg.compiler.render.llvm.contract.flatten import Flat
from thalweg.compiler.render.llvm.contract.gemm import Matrix, Size
from thalweg.compiler.render.llvm.contract.operands import Operand, describe
from thalweg.compiler.render.llvm.contract.products import flops
from thalweg.compiler.render.llvm.contract.shares import Range, shares
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters
from thalweg.compiler.target import Target

__all__ = ["render"]

# Bytes of the sums of a block, which the epilogue finds in the cache, and of its packed operand.
_SUMS, _PACKED = 128 * 1024, 256 * 1024
# Operations, for a typical batch, that take less time than it takes workers to meet.
_TYPICAL, _ALONE = 64, 1e6
# So many batches are enough to share.
_BATCHES = 8


def render(flat: Flat, target: Target) -> KernelText:
    """The kernel of a contraction.

    Raises:
        NotAffineError: if its scratch memory would not be affine in the batch size.
    """
    flat = min((flat, flat.swapped()), key=_awkward)
    values = [flat.left, flat.right, *uses.roots(flat.epilogue)]
    buffers = tuple(uses.buffers(list(walk(*values)), flat.epilogue))
    b = Builder(target)
    with b.function(NAME, parameters(b, buffers)) as arguments:
        *pointers, n, worker, workers, scratch = arguments
        em = Emitter(b, target, n, dict(zip(buffers, pointers, strict=True)))
        writer = _Writer(em, flat, scratch)
        turns = shares(em, flat, writer.shared, writer.size, worker, workers, writer.part)
    return KernelText(
        b.text,
        b.declarations,
        buffers,
        tuple(uses.stored(flat.epilogue)),
        writer.end,
        turns,
        flops(flat.batch, flat.m, flat.n, flat.k),
    )


def _awkward(flat: Flat) -> tuple[int, bool, int]:
    """How badly the roles of m and n fit: rows of what is stored or read should be along n."""
    indices = [s.index for s in flat.epilogue]
    indices += [e.index for e in walk(*(s.value for s in flat.epilogue)) if isinstance(e, Load)]
    apart = sum(_step(index.stride(flat.n), flat.n) not in (ZERO, ONE) for index in indices)
    right = describe(flat.right, flat.n, flat.k, flat.dtype)
    return apart, right.place is None or right.step != ONE, -typical(flat.n.extent)


def _step(step: Dim | None, variable: Var) -> Dim | None:
    return ZERO if variable.extent == ONE else step


class _Writer:
    """Writes the parts of a contraction.

    Attributes:
        end: bytes of scratch memory.
        shared, size: what the workers share, and in which pieces.
    """

    def __init__(self, em: Emitter, flat: Flat, scratch: Value) -> None:
        self.em, self.b, self.flat, self.scratch = em, em.b, flat, scratch
        self.element = elementwise.computing(flat.dtype).element
        self.itemsize = 8 if self.element == "double" else 4
        self.lanes = em.target.lanes(self.itemsize)
        self.left = describe(flat.left, flat.m, flat.k, flat.dtype)
        self.right = describe(flat.right, flat.n, flat.k, flat.dtype)
        self.direct = _direct(flat, gemm.width(em.target, self.element))
        self.block = self._block()
        self.end = ZERO
        height = flat.m.extent if flat.m.extent.static else Dim(0, self.block)
        height = Dim(0, min(self.block, height.offset))
        width, depth = flat.n.extent, flat.k.extent
        # As `gemm.scratch`.
        self.width = gemm.width(em.target, self.element)
        height = height.plus(gemm.ROWS)
        self.room = self._reserve(height.plus(self.width).times(depth))
        behind = Dim(0, self.lanes)  # where a last vector ends
        self.rows = self.columns = self.sums = ZERO
        if self.left.place is None:
            self.rows = self._reserve(height.times(depth).plus(behind))
        if self.right.place is None:
            self.columns = self._reserve(width.times(depth).plus(behind))
        if not self.direct:
            self.sums = self._reserve(height.times(width.plus(self.width)))
        self.shared, self.size = self._shared()

    def _block(self) -> int:
        """Rows that are done at a time."""
        flat = self.flat
        count = _PACKED // (max(1, typical(flat.k.extent)) * self.itemsize)
        if not self.direct:
            count = min(count, _SUMS // (max(1, typical(flat.n.extent)) * self.itemsize))
        return max(4 * gemm.ROWS, count // gemm.ROWS * gemm.ROWS)

    def _shared(self) -> tuple[str, int]:
        flat = self.flat
        if flops(flat.batch, flat.m, flat.n, flat.k).at(_TYPICAL) < _ALONE:
            return "", 1
        if not flat.batch.extent.static or flat.batch.extent.offset >= _BATCHES:
            return "batch", 1
        # What is not shared each worker packs for itself.
        if typical(flat.m.extent) >= typical(flat.n.extent):
            return "m", gemm.ROWS
        return "n", self.width

    def _reserve(self, elements: Dim) -> Dim:
        place, size = self.end, elements.times(self.itemsize)
        self.end = place.plus(Dim(-(-size.scale // 64) * 64, -(-size.offset // 64) * 64))
        return place

    def _length(self, dim: Dim) -> Index:
        return length(self.b, dim, self.em.n)

    def _scratch(self, place: Dim) -> Value:
        return self.b.at(self.scratch, self._length(place), "i8")

    def part(self, batch: Index, rows: Range, columns: Range) -> None:
        """Write the work on some rows and columns of a batch."""
        b, flat = self.b, self.flat
        depth = self._length(flat.k.extent)
        width = b.sub(columns[1], columns[0])
        right = self._operand(self.right, self.columns, batch, columns)

        def block(first: Index, end: Index) -> None:
            size = Size(b.sub(end, first), width, depth)
            left = self._operand(self.left, self.rows, batch, (first, end))
            room = self._scratch(self.room)
            if self.direct is not None:
                sums = self._stored(self.direct, batch, first, columns[0])
            else:
                pitch = b.mul(b.div(b.add(width, self.width - 1), self.width), self.width)
                sums = Matrix(self._scratch(self.sums), pitch, 1)
            # The right operand's rows are those of k.
            gemm.call(
                b, self.element, left, Matrix(right.at, right.column, right.row), size, sums, room
            )
            if self.direct is None:
                self._epilogue(sums, batch, (first, end), columns)

        if isinstance(rows[1], int) and rows[1] <= self.block:
            block(*rows)
            return
        with b.loop(*rows, self.block) as loop, self.em.scope():
            block(loop.index, b.min(b.add(loop.index, self.block), rows[1]))

    def _operand(self, operand: Operand, place: Dim, batch: Index, free: Range) -> Matrix:
        """An operand, its rows along the free variable, its columns along k."""
        b, first = self.b, free[0]
        if operand.place is not None:
            offset = self.em.index(operand.start(), {self.flat.batch: batch})
            offset = b.add(offset, b.mul(self._length(operand.step), first))
            pointer = b.at(self.em.pointers[operand.place.buffer], offset, self.element)
            return Matrix(pointer, self._length(operand.step), self._length(operand.depth))
        to, count, depth = (
            self._scratch(place),
            b.sub(free[1], first),
            self._length(operand.k.extent),
        )
        env = {self.flat.batch: batch}
        if operand.along_k and not operand.along_free:
            self._dense(operand, env, (operand.free, free), (operand.k, (0, depth)), to)
            return Matrix(to, depth, 1)
        self._dense(operand, env, (operand.k, (0, depth)), (operand.free, free), to)
        return Matrix(to, 1, count)

    def _dense(
        self,
        operand: Operand,
        env: dict[Var, Index],
        slow: tuple[Var, Range],
        fast: tuple[Var, Range],
        to: Value,
    ) -> None:
        """Write an operand's values, neighbours along the fast variable."""
        b, em = self.b, self.em
        (variable, (begin, end)), first = fast, slow[1][0]
        row = b.sub(end, begin)
        with b.loop(*slow[1]) as loop:
            line = b.at(to, b.mul(b.sub(loop.index, first), row), self.element)

            def some(j: Index, mask: Value | None) -> None:
                here = {**env, slow[0]: loop.index, variable: j}
                lanes = Lanes(variable, self.lanes, mask)
                # What is too much is written over by the next row, or stands behind the last one.
                b.store(
                    em.value(operand.value, here, lanes), b.at(line, b.sub(j, begin), self.element)
                )

            self._across(begin, end, some)

    def _stored(self, store: Store, batch: Index, row: Index, column: Index) -> Matrix:
        """Where sums go that are just stored."""
        env = {self.flat.batch: batch, self.flat.m: row, self.flat.n: column}
        offset = self.em.index(store.index, env)
        step = _step(store.index.stride(self.flat.m), self.flat.m)
        assert step is not None
        pointer = self.b.at(self.em.pointers[store.buffer], offset, self.element)
        return Matrix(pointer, self._length(step), 1)

    def _epilogue(self, sums: Matrix, batch: Index, rows: Range, columns: Range) -> None:
        b, em, flat = self.b, self.em, self.flat
        with b.loop(*rows) as loop, em.scope():
            line = b.at(sums.at, b.mul(b.sub(loop.index, rows[0]), sums.row), self.element)

            def some(j: Index, mask: Value | None) -> None:
                env = {flat.batch: batch, flat.m: loop.index, flat.n: j}
                place = b.at(line, b.sub(j, columns[0]), self.element)
                em.product = b.load(place, Type(self.element, self.lanes))
                for s in flat.epilogue:
                    em.store(s, env, Lanes(flat.n, self.lanes, mask))

            self._across(*columns, some)

    def _across(
        self, begin: Index, end: Index, body: Callable[[Index, Value | None], None]
    ) -> None:
        """Vectors of neighbours; of the last one a mask leaves out what is too much."""
        b = self.b
        whole = isinstance(begin, int) and isinstance(end, int) and (end - begin) % self.lanes == 0
        with b.loop(begin, end, self.lanes) as loop, self.em.scope():
            mask = None if whole else b.mask(b.sub(end, loop.index), self.lanes)
            body(loop.index, mask)


def _direct(flat: Flat, width: int) -> Store | None:
    """The store, where all that is done with the sums is to store them in rows, whole tiles."""
    (store, *others) = flat.epilogue
    if others or not isinstance(store.value, Product):
        return None
    tiles = ((flat.m, gemm.ROWS), (flat.n, width))
    if any(not v.extent.static or v.extent.offset % size for v, size in tiles):
        return None
    dtype = store.buffer.dtype
    plain = dtype == flat.dtype and elementwise.memory(dtype) == elementwise.computing(dtype)
    row, column = (_step(store.index.stride(v), v) for v in (flat.m, flat.n))
    return store if plain and row is not None and column in (ZERO, ONE) else None
