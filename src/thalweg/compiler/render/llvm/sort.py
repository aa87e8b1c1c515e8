"""Sorting numbers in a worker's scratch memory: networks for eights, then merging.

A key is one unsigned number: an element's place in the order of its dtype above, its index below.
"""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.dims import Dim
from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.elementwise import computing
from thalweg.tensor.dtypes import DType

__all__ = ["Keys", "select", "sort", "sort_scratch"]

# Exchanges that sort eight numbers.
_NETWORK = (
    *((0, 2), (1, 3), (4, 6), (5, 7), (0, 4), (1, 5), (2, 6), (3, 7), (0, 1), (2, 3)),
    *((4, 5), (6, 7), (2, 4), (3, 5), (1, 4), (3, 6), (1, 2), (3, 4), (5, 6)),
)
_EIGHT = 8


class Keys:
    """Keys for elements of a dtype.

    Args:
        b: where to write.
        dtype: of the elements.
        falling: whether the largest element has the smallest key. NaN counts as larger than all
            numbers; equal elements are told apart by their index, rising in either case.
    """

    def __init__(self, b: Builder, dtype: DType, falling: bool) -> None:
        self.b, self.dtype, self.falling = b, dtype, falling
        wide = computing(dtype).bits > 32
        self.part = Type("i64" if wide else "i32")
        self.type = Type("i128" if wide else "i64")

    @property
    def itemsize(self) -> int:
        """Bytes of a key."""
        return self.type.bits // 8

    def key(self, value: Value, index: Index) -> Value:
        """The key of an element in computing form."""
        b = self.b
        order = self._order(value)
        if self.falling:
            order = b.binary("xor", order, b.number(self.part, -1))
        high = b.convert("zext", order, self.type.element)
        high = b.binary("shl", high, b.number(self.type, self.part.bits))
        return b.binary("or", high, b.integer(b.index(index), self.type.element, signed=False))

    def _order(self, value: Value) -> Value:
        """An unsigned number that grows with the element."""
        b, part = self.b, self.part
        least = b.number(part, -(1 << (part.bits - 1)))
        if value.type.floating:
            # Adding 0 makes one zero of the two.
            whole = b.binary("fadd", value, b.zero(value.type))
            bits = b.convert("bitcast", whole, part.element)
            sign = b.binary("ashr", bits, b.number(part, part.bits - 1))
            found = b.binary("xor", bits, b.binary("or", sign, least))
            return b.select(b.fcmp("uno", value, value), b.number(part, -1), found)
        signed = self.dtype.kind == "i"
        if value.type != part:
            value = b.convert("sext" if signed else "zext", value, part.element)
        return b.binary("xor", value, least) if signed else value

    def index(self, key: Value) -> Value:
        """The index in a key, as an i32."""
        return self.b.convert("trunc", key, "i32")

    def at(self, pointer: Value, place: Index) -> Value:
        """The address of a key."""
        return self.b.at(pointer, place, self.type.element)

    def load(self, pointer: Value, place: Index) -> Value:
        return self.b.load(self.at(pointer, place), self.type, 8)

    def store(self, key: Value, pointer: Value, place: Index) -> None:
        self.b.store(key, self.at(pointer, place), 8)

    def smaller(self, x: Value, y: Value) -> Value:
        return self.b.call("llvm.umin", self.type, [x, y])

    def larger(self, x: Value, y: Value) -> Value:
        return self.b.call("llvm.umax", self.type, [x, y])

    @property
    def last(self) -> Value:
        """What no key is larger than, and none equal to."""
        return self.b.number(self.type, -1)


def sort_scratch(count: Dim, itemsize: int) -> Dim:
    """Bytes that `sort` needs for so many keys."""
    return count.plus(2 * _EIGHT).times(2 * itemsize)


def sort(keys: Keys, scratch: Value, count: Index, key: Callable[[Index], Value]) -> Value:
    """Sort `key(0)`, `key(1)`, ...; gives the address of the sorted keys in scratch."""
    b = keys.b
    padded = b.mul(b.div(b.add(count, _EIGHT - 1), _EIGHT), _EIGHT)
    with b.loop(0, count) as loop:
        keys.store(key(loop.index), scratch, loop.index)
    with b.loop(count, padded) as loop:
        keys.store(keys.last, scratch, loop.index)
    with b.loop(0, padded, _EIGHT) as loop:
        group = [keys.load(scratch, b.add(loop.index, i)) for i in range(_EIGHT)]
        for i, j in _NETWORK:
            group[i], group[j] = (
                keys.smaller(group[i], group[j]),
                keys.larger(group[i], group[j]),
            )
        for i, value in enumerate(group):
            keys.store(value, scratch, b.add(loop.index, i))
    if isinstance(padded, int) and padded <= _EIGHT:
        return scratch
    other = keys.at(scratch, b.add(padded, _EIGHT))

    def merged(carried: list[Value]) -> tuple[Value, list[Value]]:
        width, source, to = carried
        with b.loop(0, padded, b.index(b.mul(width, 2))) as loop:
            middle = b.index(b.min(b.add(loop.index, width), padded))
            end = b.index(b.min(b.add(middle, width), padded))
            _merge(keys, source, to, loop.index, middle, end)
        width = b.index(b.mul(width, 2))
        return b.less(width, padded), [width, to, source]

    # With no more than eight keys the one turn that there is copies them.
    return b.repeat([b.index(_EIGHT), scratch, other], merged)[1]


def _merge(keys: Keys, source: Value, to: Value, begin: Value, middle: Value, end: Value) -> None:
    """Merge [begin, middle) and [middle, end), from both ends at once: neither waits."""
    b = keys.b
    first, last = b.number(keys.type, 0), keys.last
    half = b.index(b.div(b.sub(end, begin), 2))
    one = b.index(1)
    start = [begin, middle, b.binary("sub", middle, one), b.binary("sub", end, one)]
    with b.loop(0, half, carried=start) as loop:
        i, j, p, q = loop.carried
        x = b.select(b.icmp("slt", i, middle), keys.load(source, i), last)
        y = b.select(b.icmp("slt", j, end), keys.load(source, j), last)
        left = b.icmp("ult", x, y)
        keys.store(b.select(left, x, y), to, b.add(begin, loop.index))
        step = b.convert("zext", left, b.target.index)
        # Below the first key of all there is none to look at.
        safe = b.index(b.max(p, 0))
        x = b.select(b.icmp("sge", p, begin), keys.load(source, safe), first)
        y = b.select(b.icmp("sge", q, middle), keys.load(source, q), first)
        right = b.icmp("ult", x, y)
        keys.store(b.select(right, y, x), to, b.sub(b.sub(end, 1), loop.index))
        back = b.convert("zext", right, b.target.index)
        loop.next(
            [
                b.binary("add", i, step),
                b.binary("add", j, b.binary("xor", step, one)),
                b.binary("sub", p, b.binary("xor", back, one)),
                b.binary("sub", q, back),
            ]
        )


def select(
    keys: Keys, scratch: Value, count: Index, key: Callable[[Index], Value], few: int
) -> Value:
    """The smallest few of `key(0)`, `key(1)`, ... in order, at the address that it gives."""
    b = keys.b
    with b.loop(0, few) as loop:
        keys.store(keys.last, scratch, loop.index)
    with b.loop(0, count, carried=[keys.last]) as loop:
        (worst,) = loop.carried
        found = key(loop.index)

        def insert() -> list[Value]:
            with b.loop(0, few - 1) as inner:
                place = b.sub(few - 1, inner.index)
                before = keys.load(scratch, b.sub(place, 1))
                present = keys.smaller(keys.load(scratch, place), found)
                keys.store(keys.larger(before, present), scratch, place)
            keys.store(keys.smaller(keys.load(scratch, 0), found), scratch, 0)
            return [keys.load(scratch, few - 1)]

        loop.next(b.rarely(b.icmp("ult", found, worst), insert, [worst]))
    return scratch
