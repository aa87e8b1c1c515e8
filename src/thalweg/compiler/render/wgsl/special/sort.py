"""Rows of keys brought into order: counted, or sorted block by block and merged.

A key is an element's place in the order of its dtype and, behind it, its index in the row: no two
keys are equal, so sorting them is stable. Short rows: each invocation counts the keys that come
before its own. A few of long rows: a group selects one after the other. Others: each group sorts a
block in its own memory, then pairs of blocks are merged, where each key finds its place by
bisection.
"""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.compiler.render.wgsl.special.around import SIZE, each, largest, write
from thalweg.tensor.dtypes import DType, uint32

__all__ = ["Finish", "Order", "Sort", "order_of"]

# The order of an element: `order(e, row, place)`, a u32.
Order = Callable[[Emitter, str, str], str]
# What is done with a key in its place: `finish(e, row, place, order, index)`, index a u32.
Finish = Callable[[Emitter, str, str, str, str], None]

# Rows up to this length are counted.
_SHORT = 64
# Up to so many keys are selected.
_FEW = 8
# Keys of a block: 8 KiB.
_BLOCK = 1024
_GROUP = 256

_ORDER_OF_FLOAT = """\
// A number that grows with a float: the two zeros are one, NaN is above all.
fn order_of_float(bits: u32) -> u32 {
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) { return 0xffffffffu; }
  if (size == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, bits != size);
}
"""
_BEFORE = """\
// Whether a key comes before another.
fn before(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.x < b.x || (a.x == b.x && a.y < b.y);
}
"""


def order_of(e: Emitter, value: str, dtype: DType) -> str:
    """A u32 that grows with a value in computing form."""
    if dtype.kind in "fV":
        e.helper("order_of_float", _ORDER_OF_FLOAT)
        return f"order_of_float(bitcast<u32>({value}))"
    if dtype.kind == "i":
        return f"(bitcast<u32>({value}) ^ 0x80000000u)"
    return f"u32({value})" if dtype.kind == "b" else f"({value})"


class Sort:
    """The kernels that sort rows.

    Args:
        room: where buffers lie, and where scratch memory comes from.
        rows, length: how many rows, and how long they are.
        order: of an element.
        finish: what is done with each key.
        wanted: how many keys of a row matter, from the front; all if it is not given.
    """

    def __init__(
        self,
        room: Room,
        rows: Dim,
        length: Dim,
        order: Order,
        finish: Finish,
        wanted: Dim | None = None,
    ) -> None:
        self.room, self.rows, self.length = room, rows, length
        self.order, self.finish = order, finish
        self.most = largest(length, room.capacity)
        self.total = rows.times(length)
        self.wanted = length if wanted is None else wanted

    def shaders(self) -> list[KernelShader]:
        """The kernels in order."""
        if self.most <= _SHORT:
            return [self.counted()]
        if largest(self.wanted, self.room.capacity) <= _FEW:
            return [self.selected()]
        block = min(_BLOCK, 1 << (self.most - 1).bit_length())
        widths: list[int] = []
        while block * 2 ** len(widths) < self.most:
            widths.append(block * 2 ** len(widths))
        # Two places for keys, read and written in turn.
        held = [self.room.words(self.total.times(2), uint32) for _ in range(min(2, len(widths)))]
        found = [self.sorted(block, held[0] if widths else None)]
        for i, width in enumerate(widths):
            to = held[(i + 1) % 2] if i + 1 < len(widths) else None
            found.append(self.merged(width, held[i % 2], to))
        return found

    def emitter(self) -> Emitter:
        e = Emitter(self.room.places)
        e.helper("before", _BEFORE)
        return e

    def shader(self, e: Emitter, groups: tuple[Count, ...], size: int) -> KernelShader:
        return e.shader(groups, size, self.total, self.total.times(16))

    def counted(self) -> KernelShader:
        """One invocation for each key."""
        e = self.emitter()
        each(e, self.total)
        length = e.length(self.length)
        write(
            e,
            f"""
            let row = turn / {length};
            let index = turn % {length};
            """,
        )
        own = e.let(f"vec2({self.order(e, 'row', 'index')}, u32(index))")
        e.line("var place = 0;")
        with e.block(f"for (var other = 0; other < {length}; other++)"):
            key = f"vec2({self.order(e, 'row', 'other')}, u32(other))"
            e.line(f"place += select(0, 1, before({key}, {own}));")
        self.finish(e, "row", "place", f"{own}.x", f"{own}.y")
        return self.shader(e, (Count(self.total, SIZE),), SIZE)

    def selected(self) -> KernelShader:
        """Each group goes through a row for each of the few first keys."""
        e = self.emitter()
        e.declare(f"var<workgroup> keys: array<vec2<u32>, {SIZE}>;")
        length = e.length(self.length)
        e.line("var last = vec2(0u);")
        with e.block(f"for (var place = 0; place < {e.length(self.wanted)}; place++)"):
            e.line("var first = vec2(0xffffffffu);")
            with e.block(f"for (var i = thread; i < {length}; i += {SIZE})"):
                e.line(f"let key = vec2({self.order(e, 'group', 'i')}, u32(i));")
                later = "(place == 0 || before(last, key))"
                e.line(f"if ({later} && before(key, first)) {{ first = key; }}")
            write(
                e,
                f"""
                keys[thread] = first;
                workgroupBarrier();
                for (var apart = {SIZE // 2}; apart > 0; apart /= 2) {{
                  if (thread < apart && before(keys[thread + apart], keys[thread])) {{
                    keys[thread] = keys[thread + apart];
                  }}
                  workgroupBarrier();
                }}
                last = keys[0];
                workgroupBarrier();
                """,
            )
            with e.block("if (thread == 0)"):
                self.finish(e, "group", "place", "last.x", "last.y")
        return self.shader(e, (Count(self.rows),), SIZE)

    def sorted(self, block: int, to: Buffer | None) -> KernelShader:
        """Each group sorts a block: a network of exchanges (Batcher's bitonic one)."""
        e = self.emitter()
        size = min(_GROUP, block // 2)
        e.declare(f"var<workgroup> keys: array<vec2<u32>, {block}>;")
        length = e.length(self.length)
        write(
            e,
            f"""
            let blocks = ({length} + {block - 1}) / {block};
            let row = group / blocks;
            let first = group % blocks * {block};
            """,
        )
        with e.block(f"for (var i = thread; i < {block}; i += {size})"):
            e.line("var key = vec2(0xffffffffu);")
            with e.block(f"if (first + i < {length})"):
                place = e.let("first + i")
                e.line(f"key = vec2({self.order(e, 'row', place)}, u32({place}));")
            e.line("keys[i] = key;")
        write(
            e,
            f"""
            workgroupBarrier();
            for (var run = 2; run <= {block}; run *= 2) {{
              for (var apart = run / 2; apart > 0; apart /= 2) {{
                for (var pair = thread; pair < {block // 2}; pair += {size}) {{
                  let i = pair / apart * 2 * apart + pair % apart;
                  let j = i + apart;
                  let a = keys[i];
                  let b = keys[j];
                  let rising = (i & run) == 0;
                  if (before(b, a) == rising) {{
                    keys[i] = b;
                    keys[j] = a;
                  }}
                }}
                workgroupBarrier();
              }}
            }}
            """,
        )
        with e.block(f"for (var i = thread; i < min({block}, {length} - first); i += {size})"):
            e.line("let key = keys[i];")
            self.give(e, to, "row", e.let("first + i"), "key")
        return self.shader(e, (Count(self.rows), Count(self.length, block)), size)

    def merged(self, width: int, source: Buffer, to: Buffer | None) -> KernelShader:
        """Each key goes to its place in the pair of blocks that it belongs to."""
        e = self.emitter()
        each(e, self.total)
        length = e.length(self.length)

        def key(place: str) -> str:
            at = e.let(f"(row * {length} + {place}) * 2")
            return f"vec2({e.load(source, at)}, {e.load(source, f'{at} + 1')})"

        write(
            e,
            f"""
            let row = turn / {length};
            let index = turn % {length};
            let block = index / {width};
            let begin = min((block ^ 1) * {width}, {length});
            """,
        )
        own = e.let(key("index"))
        # How many keys of the other block come before.
        write(
            e,
            f"""
            var low = begin;
            var high = min(begin + {width}, {length});
            """,
        )
        with e.block("while (low < high)"):
            e.line("let middle = (low + high) / 2;")
            with e.block(f"if (before({key('middle')}, {own}))"):
                e.line("low = middle + 1;")
            with e.block("else"):
                e.line("high = middle;")
        e.line(f"let place = index - (block & 1) * {width} + low - begin;")
        self.give(e, to, "row", "place", own)
        return self.shader(e, (Count(self.total, SIZE),), SIZE)

    def give(self, e: Emitter, to: Buffer | None, row: str, place: str, key: str) -> None:
        """Keep a key for the next kernel, or be done with it."""
        if to is None:
            self.finish(e, row, place, f"{key}.x", f"{key}.y")
            return
        at = e.let(f"({row} * {e.length(self.length)} + {place}) * 2")
        e.put(to, at, f"{key}.x")
        e.put(to, f"{at} + 1", f"{key}.y")
