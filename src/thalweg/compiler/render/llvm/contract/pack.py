"""Packing: copies of operands in the order in which tiles read them, in the computing form.

A panel holds, for each k, the elements of a few vectors side by side. Operands that are contiguous
along k are transposed in registers on the way.
"""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.ir.index import Var
from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract.operands import Operand
from thalweg.compiler.render.llvm.contract.tile import Column
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes

__all__ = ["Packer", "transpose"]


class Packer:
    """Copies parts of an operand.

    Args:
        em: writes the operand's values.
        operand: what to copy.
        env: the values of the other variables (batch).
        lanes: of a full vector.
    """

    def __init__(
        self, em: Emitter, operand: Operand, env: dict[Var, Index], lanes: int, element: str
    ) -> None:
        self.em = em
        self.b: Builder = em.b
        self.operand = operand
        self.env = env
        self.lanes = lanes
        self.element = element

    def panel(
        self,
        to: Value,
        stride: int,
        columns: Sequence[Column],
        first: Index,
        depth: tuple[Index, Index],
        mask: Value | None = None,
    ) -> None:
        """One panel, read along the free variable.

        Args:
            to: where.
            stride: from one k to the next in the panel.
            columns: the vectors of the panel.
            first: the free variable at the panel's first element.
            depth: the first k, and how many.
            mask: the lanes in use, where that is known only at run time.
        """
        b = self.b
        with b.loop(0, depth[1]) as loop, self.em.scope():
            k = b.add(depth[0], loop.index)
            for column in columns:
                lanes = mask if mask is not None else column.mask(b)
                value = self._value(b.add(first, column.offset), k, column.lanes, lanes)
                where = b.add(b.mul(loop.index, stride), column.offset)
                b.store(value, b.at(to, where, self.element))

    def transposed(
        self,
        to: Value,
        stride: int,
        columns: Sequence[Column],
        first: Index,
        depth: tuple[Index, Index],
        active: Index | None = None,
    ) -> None:
        """One panel, read along k; there must be room for k rounded up to whole vectors.

        Args:
            active: lanes in use of the only column, where known only at run time.
        """
        b, (begin, extent) = self.b, depth
        for column in columns:
            lanes = column.lanes
            count = column.active if active is None else active
            at = b.at(to, column.offset, self.element)
            row = b.add(first, column.offset)
            whole = b.mul(b.div(extent, lanes), lanes)
            with b.loop(0, whole, lanes) as loop, self.em.scope():
                self._block(at, stride, lanes, (row, count), (begin, loop.index), None)
            if isinstance(extent, int) and extent == whole:
                continue
            if b.target.masks:
                with b.when(b.less(whole, extent)), self.em.scope():
                    mask = b.mask(b.sub(extent, whole), lanes)
                    self._block(at, stride, lanes, (row, count), (begin, whole), mask)
                continue
            with b.loop(whole, extent) as loop, b.loop(0, count) as inner, self.em.scope():
                k = b.add(begin, loop.index)
                value = self._along_k(b.add(row, inner.index), k, 1, None)
                where = b.add(b.mul(loop.index, stride), inner.index)
                b.store(value, b.at(at, where, self.element))

    def _block(
        self,
        to: Value,
        stride: int,
        lanes: int,
        rows: tuple[Index, Index],
        depth: tuple[Index, Index],
        mask: Value | None,
    ) -> None:
        """A square: `rows` are the first and how many, `depth` the first k and the offset."""
        b, (first, count), (begin, offset) = self.b, rows, depth
        vectors: list[Value] = []
        for i in range(lanes):
            if isinstance(count, int) and i >= count:
                vectors.append(b.zero(Type(self.element, lanes)))
                continue
            # At run time, lanes without an element repeat the last one: they are never stored.
            row = b.add(first, i if isinstance(count, int) else b.min(i, b.sub(count, 1)))
            vectors.append(self._along_k(row, b.add(begin, offset), lanes, mask))
        for i, vector in enumerate(transpose(b, vectors)):
            b.store(vector, b.at(to, b.mul(b.add(offset, i), stride), self.element))

    def rows(
        self,
        to: Value,
        stride: Index,
        rows: tuple[Index, Index],
        depth: tuple[Index, Index],
    ) -> None:
        """Rows `[first, end)` with k contiguous, `stride` apart (k rounded up to vectors)."""
        b, (first, end), (begin, extent) = self.b, rows, depth
        whole = b.mul(b.div(extent, self.lanes), self.lanes)
        parts = not isinstance(extent, int) or extent != whole
        with b.loop(first, end) as outer:
            base = b.at(to, b.mul(b.sub(outer.index, first), stride), self.element)
            with b.loop(0, whole, self.lanes) as loop, self.em.scope():
                value = self._along_k(outer.index, b.add(begin, loop.index), self.lanes, None)
                b.store(value, b.at(base, loop.index, self.element))
            if parts and b.target.masks:
                with b.when(b.less(whole, extent)), self.em.scope():
                    mask = b.mask(b.sub(extent, whole), self.lanes)
                    value = self._along_k(outer.index, b.add(begin, whole), self.lanes, mask)
                    b.store(value, b.at(base, whole, self.element))
            elif parts:
                with b.loop(whole, extent) as loop, self.em.scope():
                    value = self._along_k(outer.index, b.add(begin, loop.index), 1, None)
                    b.store(value, b.at(base, loop.index, self.element))

    def _value(self, free: Index, k: Index, lanes: int, mask: Value | None) -> Value:
        env = {**self.env, self.operand.free: free, self.operand.k: k}
        if lanes == 1:
            return self.em.value(self.operand.value, env)
        return self.em.value(self.operand.value, env, Lanes(self.operand.free, lanes, mask))

    def _along_k(self, free: Index, k: Index, lanes: int, mask: Value | None) -> Value:
        env = {**self.env, self.operand.free: free, self.operand.k: k}
        if lanes == 1:
            return self.em.value(self.operand.value, env)
        return self.em.value(self.operand.value, env, Lanes(self.operand.k, lanes, mask))


def transpose(b: Builder, rows: Sequence[Value]) -> list[Value]:
    """The columns of a square of vectors: element j of row i becomes element i of row j.

    Each round exchanges the halves of pairs of rows at one distance: log2 rounds of shuffles.
    """
    found, count = list(rows), len(rows)
    distance = count // 2
    while distance:
        for i in range(count):
            if i & distance:
                continue
            one, other = found[i], found[i + distance]
            low = [j if not j & distance else count + j - distance for j in range(count)]
            high = [j + distance if not j & distance else count + j for j in range(count)]
            found[i] = b.shuffle(one, other, low)
            found[i + distance] = b.shuffle(one, other, high)
        distance //= 2
    return found
