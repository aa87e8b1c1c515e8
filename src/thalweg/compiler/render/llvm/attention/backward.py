"""The gradient of attention: weights are computed again, block by block (arXiv:2307.08691)."""

from __future__ import annotations

from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.attention import rows
from thalweg.compiler.render.llvm.attention.kernel import AttentionKernel
from thalweg.compiler.render.llvm.attention.setting import stride
from thalweg.compiler.render.llvm.attention.tiles import Visible, products
from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.kernel import KernelText
from thalweg.compiler.target import Target

__all__ = ["render"]

_NAMES = "query key value out logarithm gradient to_query to_key to_value"


def render(kernel: Special, target: Target) -> KernelText:
    """The kernel of `attention_gradient`; its workers share key heads."""
    return _Backward(kernel, target).render()


class _Backward(AttentionKernel):
    def __init__(self, kernel: Special, target: Target) -> None:
        super().__init__(kernel, target, _NAMES)
        s, room = self.s, self.room
        sources = s.rounded(s.sources)
        for name in ("keys", "to_keys"):
            room.take(name, sources * stride(self.keys), s.itemsize)
        for name in ("values", "to_values"):
            room.take(name, sources * stride(self.values), s.itemsize)
        # Of a block of times: rows, and the same transposed.
        for name in ("queries", "to_queries"):
            room.take(name, s.rounded(s.block) * stride(self.keys), s.itemsize)
        room.take("gradients", s.rounded(s.block) * stride(self.values), s.itemsize)
        room.take("queries_across", s.block * s.size, s.itemsize)
        room.take("gradients_across", s.block * s.value_size, s.itemsize)
        room.take("weights", s.depth * s.block, s.itemsize)
        room.take("of_scores", s.depth * s.block, s.itemsize)
        room.take("logarithms", s.block, s.itemsize)
        room.take("means", s.block, s.itemsize)
        if s.mask is not None:
            room.take("mask", (s.depth + s.block) * s.block, 1)

    def render(self) -> KernelText:
        s = self.s
        work = 2 * s.heads * s.times * s.sources * (3 * s.size + 2 * s.value_size)
        return self.text(s.groups, work)

    def turn(self, batch: Index, place: Index) -> None:
        b, s, group = self.b, self.s, place
        sources = s.rounded(s.sources)
        for name, columns in (("key", self.keys), ("value", self.values)):
            at, to = self.rows(name, batch, 0, group), self.part(f"{name}s")
            rows.copy(self.helpers, b, s, at, self.step(name), s.sources, to, columns)
            size = sources * stride(columns) * s.itemsize
            rows.clear(b, self.part(f"to_{name}s"), size)
        with b.loop(0, s.repeats) as heads, b.loop(0, s.blocks) as blocks:
            head = b.add(b.mul(group, s.repeats), heads.index)
            self.times(batch, head, b.mul(blocks.index, s.block))
        for name, columns, factor in (("key", self.keys, s.scale), ("value", self.values, 1.0)):
            at, to = self.part(f"to_{name}s"), self.rows(f"to_{name}", batch, 0, group)
            step = self.step(f"to_{name}")
            rows.write(self.helpers, b, s, at, s.sources, to, step, columns, factor)

    def times(self, batch: Index, head: Index, time: Index) -> None:
        """One block of times."""
        b, s = self.b, self.s
        there = b.min(b.sub(s.times, time), s.block)
        for name, part, columns in (
            ("query", "queries", self.keys),
            ("gradient", "gradients", self.values),
        ):
            at, step = self.rows(name, batch, time, head), self.step(name)
            rows.copy(self.helpers, b, s, at, step, there, self.part(part), columns)
            factor, size = (s.scale, s.size) if name == "query" else (1.0, s.value_size)
            across = self.part(f"{part}_across")
            rows.turn(self.helpers, b, s, at, step, there, across, size, factor)
        size = s.block * stride(self.keys) * s.itemsize
        rows.clear(b, self.part("to_queries"), size)
        given = [
            self.rows("out", batch, time, head),
            self.part("gradients"),
            self.logarithm(batch, head, time),
            there,
            self.part("means"),
            self.part("logarithms"),
        ]
        self.helpers.call(b, "prepare", given, self.prepare)
        limit = b.min(b.add(time, s.block), s.sources) if s.causal else s.sources
        with b.loop(0, limit, s.depth) as loop:
            live = b.min(b.sub(s.sources, loop.index), s.depth)
            self.block(batch, head, time, there, loop.index, live)
        at, to = self.part("to_queries"), self.rows("to_query", batch, time, head)
        step = self.step("to_query")
        rows.write(self.helpers, b, s, at, there, to, step, self.keys, s.scale)
        if s.mask is not None:
            self.unseen(batch, head, time, there)

    def block(
        self, batch: Index, head: Index, time: Index, there: Index, source: Index, live: Index
    ) -> None:
        """One block of times and of sources."""
        b, s = self.b, self.s

        def of_source(name: str) -> Value:
            columns = self.keys if name.endswith("keys") else self.values
            return self.part(name, b.mul(source, stride(columns)))

        weights, of_scores = self.part("weights"), self.part("of_scores")
        every, some = self.spans(time, source, live)
        given = [
            of_source("keys"),
            of_source("values"),
            self.part("queries_across"),
            self.part("gradients_across"),
            weights,
            of_scores,
            self.part("logarithms"),
            self.part("means"),
        ]
        if s.mask is None:
            self.helpers.call(b, "pairs", [*given, 0, every], self.pairs)
        if s.mask is not None or s.causal or s.sources % s.rows:
            visible = self.visible(batch, head, time, there, source, live)
            more = [visible.behind, visible.live]
            if visible.mask is not None:
                more.append(visible.mask)
            self.helpers.call(b, "masked_pairs", [*given, every, some, *more], self.pairs)
        span = there, some
        self.mix_sources(
            weights, self.part("gradients"), self.values, of_source("to_values"), span, time, source
        )
        self.mix_sources(
            of_scores, self.part("queries"), self.keys, of_source("to_keys"), span, time, source
        )
        self.mix_times(
            of_scores, of_source("keys"), self.keys, self.part("to_queries"), span, time, source
        )

    # --- functions

    def prepare(self, b: Builder, given: list[Value]) -> None:
        """The logarithms of a block, and the sums of outputs times their gradients."""
        s = self.s
        out, gradients, logarithm, count, means, logarithms = given
        with b.loop(0, count) as loop:
            row = b.at(out, b.mul(loop.index, self.step("out")), s.held)
            own = b.at(gradients, b.mul(loop.index, stride(self.values)), s.element)
            sums: dict[int, Value] = {}
            for c in self.values:
                g = b.load(b.at(own, c.offset, s.element), Type(s.element, c.lanes))
                product = b.fmul(rows.row_of(b, row, s.dtype, c), g)
                sums[c.lanes] = b.fadd(sums[c.lanes], product) if c.lanes in sums else product
            mean, *others = [b.reduce("fadd", x) for x in sums.values()]
            for other in others:
                mean = b.fadd(mean, other)
            b.store(mean, b.at(means, loop.index, s.element))
            value = b.load(b.at(logarithm, loop.index, s.element), s.scalar)
            if s.mask is not None:
                # Where nothing is seen all weights of scores are zero: any finite number will do.
                dead = b.fcmp("oeq", value, b.number(s.scalar, float("-inf")))
                value = b.select(dead, b.zero(s.scalar), value)
            b.store(value, b.at(logarithms, loop.index, s.element))

    def pairs(self, b: Builder, given: list[Value]) -> None:
        """Weights, and gradients of scores (but for the scale), of whole tiles of sources."""
        s = self.s
        keys, values, queries, gradients, weights, of_scores, logarithms, means = given[:8]
        begin, end, *rest = given[8:]
        visible = Visible(rest[0], rest[1], rest[2] if len(rest) > 2 else None) if rest else None

        def row(pointer: Value, place: Index) -> Value:
            return b.at(pointer, b.mul(place, s.block), s.element)

        logs, sums = b.load(logarithms, s.vector), b.load(means, s.vector)
        with b.loop(begin, end, s.rows) as loop:
            tile = products(b, s, keys, loop.index, self.keys, s.size, queries)
            for i, score in enumerate(tile):
                place = b.add(loop.index, i)
                p = elementwise.emit(b, "exp", [b.fsub(score, logs)], self.wide, {})
                if visible is not None:
                    p = b.select(visible.lanes(b, s, place), p, b.zero(s.vector))
                b.store(p, row(weights, place))
            tile = products(b, s, values, loop.index, self.values, s.value_size, gradients)
            for i, product in enumerate(tile):
                place = b.add(loop.index, i)
                p = b.load(row(weights, place), s.vector)
                b.store(b.fmul(p, b.fsub(product, sums)), row(of_scores, place))

    def unseen(self, batch: Index, head: Index, time: Index, there: Index) -> None:
        """Times that attend to nothing gave the mean of all values."""
        b, s = self.b, self.s
        start = self.logarithm(batch, head, time)
        with b.loop(0, there) as loop:
            value = b.load(b.at(start, loop.index, s.element), s.scalar)
            with b.when(b.fcmp("oeq", value, b.number(s.scalar, float("-inf")))):
                at = self.part("gradients", b.mul(loop.index, stride(self.values)))
                self.helpers.call(b, "spread", [at, self.part("to_values")], self.spread)

    def spread(self, b: Builder, given: list[Value]) -> None:
        """A row, divided among all sources."""
        s, (row, to) = self.s, given
        parts = []
        for c in self.values:
            value = b.load(b.at(row, c.offset, s.element), Type(s.element, c.lanes))
            parts.append(b.fmul(value, b.number(value.type, 1 / s.sources)))
        with b.loop(0, s.sources) as loop:
            line = b.at(to, b.mul(loop.index, stride(self.values)), s.element)
            for c, part in zip(self.values, parts, strict=True):
                at = b.at(line, c.offset, s.element)
                b.store(b.fadd(b.load(at, part.type), part), at)
