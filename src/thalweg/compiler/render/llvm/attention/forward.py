"""Attention: block after block of scores, with running maxima and sums (arXiv:2205.14135)."""

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
from thalweg.primitives.attention_formula import lowest

__all__ = ["render"]


def render(kernel: Special, target: Target) -> KernelText:
    """The kernel of `attention`; its workers share heads, and parts of long sequences."""
    return _Forward(kernel, target).render()


class _Forward(AttentionKernel):
    def __init__(self, kernel: Special, target: Target) -> None:
        super().__init__(kernel, target, "query key value out logarithm")
        s, room = self.s, self.room
        times = s.chunk * s.block
        room.take("keys", s.depth * stride(self.keys), s.itemsize)
        room.take("values", s.depth * stride(self.values), s.itemsize)
        room.take("queries", times * s.size, s.itemsize)
        room.take("weights", s.depth * s.block, s.itemsize)
        room.take("result", times * stride(self.values), s.itemsize)
        room.take("top", times, s.itemsize)
        room.take("total", times, s.itemsize)
        room.take("seen", s.block, s.itemsize)
        room.take("factor", s.block, s.itemsize)
        if s.mask is not None:
            room.take("mask", (s.depth + s.block) * s.block, 1)
        self.parts = -(-s.blocks // s.chunk)

    def render(self) -> KernelText:
        s = self.s
        return self.text(
            s.heads * self.parts, 2 * s.heads * s.times * s.sources * (s.size + s.value_size)
        )

    def turn(self, batch: Index, place: Index) -> None:
        b, s = self.b, self.s
        head, part = b.div(place, self.parts), b.rem(place, self.parts)
        group = b.div(head, s.repeats)
        first = b.mul(part, s.chunk)
        last = b.min(b.add(first, s.chunk), s.blocks)
        self.begin(batch, head, first, last)
        limit: Index = s.sources
        if s.causal:
            limit = b.min(limit, b.mul(last, s.block))
        with b.loop(0, limit, s.depth) as outer:
            source = outer.index
            live = b.min(b.sub(limit, source), s.depth)
            for name, columns in (("key", self.keys), ("value", self.values)):
                at = self.rows(name, batch, source, group)
                to = self.part(name + "s")
                rows.copy(self.helpers, b, s, at, self.step(name), live, to, columns)
            # Blocks of times before the sources see none of them.
            seeing = b.max(first, b.div(source, s.block)) if s.causal else first
            with b.loop(seeing, last) as loop:
                self.block(batch, head, loop.index, b.sub(loop.index, first), source, live)
        with b.loop(first, last) as loop:
            self.finish(batch, head, loop.index, b.sub(loop.index, first))

    def begin(self, batch: Index, head: Index, first: Index, last: Index) -> None:
        """Queries transposed and scaled; no score seen yet."""
        b, s = self.b, self.s
        count = b.mul(b.sub(last, first), s.block)
        for name, length in (("total", 1), ("result", stride(self.values))):
            rows.clear(b, self.part(name), b.mul(count, length * s.itemsize))
        low = b.number(s.vector, lowest(self.wide))
        with b.loop(0, count, s.block) as loop:
            b.store(low, self.part("top", loop.index))
        with b.loop(first, last) as loop:
            time = b.mul(loop.index, s.block)
            live = b.min(b.sub(s.times, time), s.block)
            to = self.part("queries", b.mul(b.sub(loop.index, first), s.block * s.size))
            at = self.rows("query", batch, time, head)
            rows.turn(self.helpers, b, s, at, self.step("query"), live, to, s.size, s.scale)

    def block(
        self, batch: Index, head: Index, number: Index, own: Index, source: Index, live: Index
    ) -> None:
        """One block of times and of sources."""
        b, s = self.b, self.s
        time = b.mul(number, s.block)
        there = b.min(b.sub(s.times, time), s.block)
        place = b.mul(own, s.block)
        top, total = self.part("top", place), self.part("total", place)
        result = self.part("result", b.mul(place, stride(self.values)))
        seen, weights, factor = self.part("seen"), self.part("weights"), self.part("factor")
        every, some = self.spans(time, source, live)
        b.store(b.load(top, s.vector), seen)
        queries = self.part("queries", b.mul(place, s.size))
        given = [self.part("keys"), queries, weights, seen]
        if s.mask is None:
            self.helpers.call(b, "scores", [*given, 0, every], self.scores)
        if s.mask is not None or s.causal or s.sources % s.rows:
            visible = self.visible(batch, head, time, there, source, live)
            more = [visible.behind, visible.live]
            if visible.mask is not None:
                more.append(visible.mask)
            self.helpers.call(b, "masked_scores", [*given, every, some, *more], self.scores)
        self.helpers.call(b, "powers", [weights, some, seen, top, total, factor], self.powers)
        if s.depth < s.sources:
            with b.when(b.less(0, source)):
                self.helpers.call(b, "rescale", [result, factor], self.rescale)
        self.mix_times(
            weights, self.part("values"), self.values, result, (there, some), time, source
        )

    # --- functions

    def scores(self, b: Builder, given: list[Value]) -> None:
        """Scores of whole tiles of sources, and their maxima; -inf for what does not count."""
        s = self.s
        keys, queries, weights, seen, begin, end, *rest = given
        visible = Visible(rest[0], rest[1], rest[2] if len(rest) > 2 else None) if rest else None
        nothing = b.number(s.vector, float("-inf"))
        with b.loop(begin, end, s.rows, carried=[b.load(seen, s.vector)]) as loop:
            tile = products(b, s, keys, loop.index, self.keys, s.size, queries)
            (top,) = loop.carried
            for i, score in enumerate(tile):
                row = b.add(loop.index, i)
                if visible is not None:
                    score = b.select(visible.lanes(b, s, row), score, nothing)
                b.store(score, b.at(weights, b.mul(row, s.block), s.element))
                top = b.select(b.fcmp("ogt", top, score), top, score)
            loop.next([top])
        b.store(loop.results[0], seen)

    def powers(self, b: Builder, given: list[Value]) -> None:
        """Scores become powers; their sum; and by what earlier ones must be multiplied."""
        s = self.s
        weights, count, seen, top, total, factor = given

        def exp(x: Value) -> Value:
            return elementwise.emit(b, "exp", [x], self.wide, {})

        new = b.load(seen, s.vector)
        scale = exp(b.fsub(b.load(top, s.vector), new))
        b.store(new, top)
        b.store(scale, factor)
        sums = [b.fmul(b.load(total, s.vector), scale), b.zero(s.vector)]
        # Rows up to a whole tile are there: -inf, if they do not count.
        with b.loop(0, count, len(sums), carried=sums) as loop:
            sums = []
            for i, sum_ in enumerate(loop.carried):
                at = b.at(weights, b.mul(b.add(loop.index, i), s.block), s.element)
                power = exp(b.fsub(b.load(at, s.vector), new))
                b.store(power, at)
                sums.append(b.fadd(sum_, power))
            loop.next(sums)
        b.store(b.fadd(*loop.results), total)

    def rescale(self, b: Builder, given: list[Value]) -> None:
        """Results so far, times a factor for each time."""
        s, (result, factor) = self.s, given
        with b.loop(0, s.block) as loop:
            number = b.load(b.at(factor, loop.index, s.element), s.scalar)
            row = b.at(result, b.mul(loop.index, stride(self.values)), s.element)
            for c in self.values:
                at = b.at(row, c.offset, s.element)
                value = b.load(at, Type(s.element, c.lanes))
                b.store(b.fmul(value, b.splat(number, c.lanes)), at)

    def finish(self, batch: Index, head: Index, number: Index, own: Index) -> None:
        """Divide by the sums; write the results and logarithms of a block."""
        b, s = self.b, self.s
        time = b.mul(number, s.block)
        there = b.min(b.sub(s.times, time), s.block)
        place = b.mul(own, s.block)
        given = [
            self.part("result", b.mul(place, stride(self.values))),
            self.part("total", place),
            self.part("top", place),
            self.part("factor"),
            self.rows("out", batch, time, head),
            self.logarithm(batch, head, time),
            there,
        ]
        self.helpers.call(b, "finish", given, self.divide)
        if s.mask is not None:
            group = b.div(head, s.repeats)
            with b.loop(0, there) as loop:
                total = b.load(self.part("total", b.add(place, loop.index)), s.scalar)
                with b.when(b.fcmp("oeq", total, b.zero(s.scalar))):
                    to = self.rows("out", batch, b.add(time, loop.index), head)
                    source = self.rows("value", batch, 0, group)
                    self.helpers.call(b, "mean", [source, to], self.mean)

    def divide(self, b: Builder, given: list[Value]) -> None:
        s = self.s
        result, total, top, factor, out, logarithm, count = given
        sum_ = b.load(total, s.vector)
        b.store(b.fdiv(b.number(s.vector, 1.0), sum_), factor)
        log = elementwise.emit(b, "log", [sum_], self.wide, {})
        found = b.fadd(b.load(top, s.vector), log)
        if s.mask is not None:
            nothing = b.fcmp("oeq", sum_, b.zero(s.vector))
            found = b.select(nothing, b.number(s.vector, float("-inf")), found)
        b.store(found, top)
        with b.loop(0, count) as loop:
            number = b.load(b.at(factor, loop.index, s.element), s.scalar)
            row = b.at(result, b.mul(loop.index, stride(self.values)), s.element)
            to = b.at(out, b.mul(loop.index, self.step("out")), s.held)
            for c in self.values:
                value = b.load(b.at(row, c.offset, s.element), Type(s.element, c.lanes))
                value = b.fmul(value, b.splat(number, c.lanes))
                elementwise.store(b, value, b.at(to, c.offset, s.held), s.dtype, c.mask(b))
            value = b.load(b.at(top, loop.index, s.element), s.scalar)
            b.store(value, b.at(logarithm, loop.index, s.element))

    def mean(self, b: Builder, given: list[Value]) -> None:
        """The mean of all values: what a time gets that may attend to nothing."""
        s, (source, to) = self.s, given
        zeros = [b.zero(Type(s.element, c.lanes)) for c in self.values]
        with b.loop(0, s.sources, carried=zeros) as loop:
            row = b.at(source, b.mul(loop.index, self.step("value")), s.held)
            found = [rows.row_of(b, row, s.dtype, c) for c in self.values]
            loop.next([b.fadd(x, y) for x, y in zip(loop.carried, found, strict=True)])
        for c, value in zip(self.values, loop.results, strict=True):
            value = b.fmul(value, b.number(value.type, 1 / s.sources))
            elementwise.store(b, value, b.at(to, c.offset, s.held), s.dtype, c.mask(b))
