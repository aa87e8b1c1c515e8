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

# How many k's are transposed at a time.
_AT_ONCE = 4


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
        b = self.b
        full = [c for c in columns if c.full and c.lanes == self.lanes and active is None]
        if full:
            with b.loop(0, len(full) * self.lanes, self.lanes) as loop:
                self._column(to, stride, (first, loop.index), self.lanes, self.lanes, depth)
        for c in columns[len(full) :]:
            count = c.active if active is None else active
            self._column(to, stride, (first, c.offset), c.lanes, count, depth)

    def _column(
        self,
        to: Value,
        stride: int,
        place: tuple[Index, Index],
        lanes: int,
        count: Index,
        depth: tuple[Index, Index],
    ) -> None:
        """One vector of a panel: `place` is the panel's first element and the vector's offset."""
        b, (begin, extent) = self.b, depth
        at, row = b.at(to, place[1], self.element), b.add(*place)
        at_once = min(_AT_ONCE, lanes)
        whole = b.mul(b.div(extent, at_once), at_once)
        with b.loop(0, whole, at_once) as loop, self.em.scope():
            k = b.add(begin, loop.index)
            for i, vector in enumerate(self._block(row, count, k, lanes, at_once)):
                b.store(vector, b.at(at, b.mul(b.add(loop.index, i), stride), self.element))
        if isinstance(extent, int) and extent == whole:
            return
        with b.loop(whole, extent) as loop, b.loop(0, count) as inner, self.em.scope():
            k = b.add(begin, loop.index)
            value = self._along_k(b.add(row, inner.index), k, 1, None)
            where = b.add(b.mul(loop.index, stride), inner.index)
            b.store(value, b.at(at, where, self.element))

    def _block(self, first: Index, count: Index, k: Index, lanes: int, at_once: int) -> list[Value]:
        """The vectors of a few k's, each with one element of every row."""
        b = self.b
        pieces: list[Value] = []
        for i in range(lanes):
            if isinstance(count, int) and i >= count:
                pieces.append(b.zero(Type(self.element, at_once)))
                continue
            # At run time, lanes without an element repeat the last one: they are never stored.
            row = b.add(first, i if isinstance(count, int) else b.min(i, b.sub(count, 1)))
            pieces.append(self._along_k(row, k, at_once, None))
        # Rows j, j + 4, j + 8, ... side by side, so that squares are transposed all at a time.
        wide = [_joined(b, pieces[j::at_once]) for j in range(at_once)]
        return transpose(b, wide)

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


def _joined(b: Builder, pieces: Sequence[Value]) -> Value:
    """Vectors one after the other as one."""
    found = list(pieces)
    while len(found) > 1:
        found = [
            b.shuffle(low, high, range(2 * low.type.lanes))
            for low, high in zip(found[::2], found[1::2], strict=True)
        ]
    return found[0]


def transpose(b: Builder, rows: Sequence[Value]) -> list[Value]:
    """Each square of vectors with its rows and columns exchanged.

    Vectors may hold several squares side by side. Each round exchanges halves of pairs of rows.
    """
    found, count, lanes = list(rows), len(rows), rows[0].type.lanes
    distance = count // 2
    while distance:
        for i in range(count):
            if i & distance:
                continue
            one, other = found[i], found[i + distance]
            low = [j if not j & distance else lanes + j - distance for j in range(lanes)]
            high = [j + distance if not j & distance else lanes + j for j in range(lanes)]
            found[i] = b.shuffle(one, other, low)
            found[i + distance] = b.shuffle(one, other, high)
        distance //= 2
    return found
