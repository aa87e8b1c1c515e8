"""What the kernels of attention and of its gradient share: buffers, turns, and where rows lie."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm.attention import rows
from thalweg.compiler.render.llvm.attention.helpers import Helpers
from thalweg.compiler.render.llvm.attention.setting import Room, Setting, groups
from thalweg.compiler.render.llvm.attention.tiles import Visible, mix
from thalweg.compiler.render.llvm.builder import Builder, Index, Value
from thalweg.compiler.render.llvm.contract.tile import Column
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters, share
from thalweg.compiler.target import Target
from thalweg.tensor.dtypes import float32, float64

__all__ = ["AttentionKernel"]

# A buffer, and the lengths of its axes.
Dense = tuple[Buffer, tuple[Dim, ...]]


class AttentionKernel(ABC):
    """Writes one kernel; subclasses say what a turn does.

    Args:
        kernel: what is to be computed.
        target: for what.
        names: what its inputs before the mask are called, then its outputs.
    """

    def __init__(self, kernel: Special, target: Target, names: str) -> None:
        self.s = Setting.of(kernel, target)
        self.b = Builder(target)
        self.helpers = Helpers(target)
        self.room = Room()
        # The dtype of sums.
        self.wide = float64 if self.s.element == "double" else float32
        self.keys, self.values = self.s.keys, self.s.values
        plain = [x for x in kernel.inputs if x[0].dtype.kind != "b"]
        self.dense: dict[str, Dense] = dict(
            zip(names.split(), [*plain, *kernel.outputs], strict=True)
        )
        self.written = tuple(x for x, _ in kernel.outputs)
        read = [x for x, _ in kernel.inputs]
        self.buffers = tuple(dict.fromkeys([*read, *self.written]))
        self.pointers: dict[Buffer, Value] = {}
        self.scratch: Value

    @abstractmethod
    def turn(self, batch: Index, place: Index) -> None:
        """Write what is done for one member of the batch, in one of its `turns`."""

    def text(self, turns: int, flops: int) -> KernelText:
        """The kernel.

        Args:
            turns: for one member of the batch.
            flops: for one member of the batch.
        """
        b, s = self.b, self.s
        with b.function(NAME, parameters(b, self.buffers)) as values:
            self.pointers = dict(zip(self.buffers, values, strict=False))
            n, worker, workers, self.scratch = values[len(self.buffers) :]
            count = b.mul(length(b, s.batch, n), turns)
            begin, end = share(b, count, worker, workers)
            with b.loop(begin, end) as loop:
                self.turn(b.div(loop.index, turns), b.rem(loop.index, turns))
        return KernelText(
            "\n".join([b.text, *self.helpers.texts.values()]),
            {**self.helpers.declarations, **b.declarations},
            self.buffers,
            self.written,
            Dim(0, self.room.bytes),
            s.batch.times(turns),
            s.batch.times(flops // (2 if s.causal else 1)),
        )

    # --- where things lie

    def part(self, name: str, offset: Index = 0) -> Value:
        """An element of a part of scratch memory."""
        return self.b.at(self.room.at(self.b, self.scratch, name), offset, self.s.element)

    def rows(self, name: str, batch: Index, row: Index, head: Index) -> Value:
        """A row of a tensor (batch, rows, heads, size)."""
        b, (buffer, shape) = self.b, self.dense[name]
        place = b.add(b.mul(batch, shape[1].offset), row)
        place = b.add(b.mul(place, shape[2].offset), head)
        return b.at(self.pointers[buffer], b.mul(place, shape[3].offset), self.s.held)

    def step(self, name: str) -> int:
        """From one row of a head to the next."""
        shape = self.dense[name][1]
        return shape[2].offset * shape[3].offset

    def logarithm(self, batch: Index, head: Index, time: Index) -> Value:
        """The logarithm of the sum of powers at a time."""
        b, s = self.b, self.s
        place = b.add(b.mul(batch, s.heads), head)
        at = b.add(b.mul(place, s.times), time)
        return b.at(self.pointers[self.dense["logarithm"][0]], at, s.element)

    # --- steps that both take

    def visible(
        self,
        batch: Index,
        head: Index,
        time: Index,
        count: Index,
        source: Index,
        live: Index,
    ) -> Visible:
        """What may be seen in a block; its mask is brought to scratch memory.

        Args:
            batch, head: of the block.
            time, count: its first time, and how many.
            source, live: its first source, and how many.
        """
        b, s = self.b, self.s
        behind = b.index(b.sub(source, time))
        if s.mask is None:
            return Visible(behind, b.index(live), None)
        at = b.add(b.mul(batch, s.mask.batch()), b.mul(head, s.mask.step(1)))
        at = b.add(b.add(at, b.mul(time, s.mask.step(2))), source)
        mask = b.at(self.pointers[s.mask.buffer], at, "i8")
        if s.mask.step(2):
            to = self.room.at(b, self.scratch, "mask")
            rows.turn_mask(self.helpers, b, s, mask, s.mask.step(2), count, live, to)
            mask = to
        return Visible(behind, b.index(live), mask)

    def spans(self, time: Index, source: Index, live: Index) -> tuple[Index, Index]:
        """How many sources of a block every time sees, in whole tiles; and how many any sees."""
        b, s = self.b, self.s
        some = live
        every: Index = live
        if s.causal:
            some = b.min(live, b.sub(b.add(time, s.block), source))
            every = b.min(live, b.max(0, b.sub(b.add(time, 1), source)))
        if s.mask is not None:
            return 0, some
        return b.mul(b.div(every, s.rows), s.rows), some

    def mix_times(
        self,
        numbers: Value,
        rows_: Value,
        columns: Sequence[Column],
        to: Value,
        span: tuple[Index, Index],
        time: Index,
        source: Index,
    ) -> None:
        """For each time of a block: rows of its sources, times their numbers.

        Args:
            numbers: the block of weights.
            rows_: of the sources.
            columns: of a row.
            to: what is added to.
            span: how many times and how many sources there are.
            time, source: the first ones.
        """
        b, s = self.b, self.s
        length_ = columns[-1].offset + columns[-1].lanes
        for height, part in groups(columns, s.target, s.block):
            with b.loop(0, span[0], height) as loop:
                count = span[1]
                if s.causal:
                    end = b.add(b.add(time, loop.index), height)
                    count = b.min(count, b.max(0, b.sub(end, source)))
                at = b.at(to, b.mul(loop.index, length_), s.element)
                first = b.at(numbers, loop.index, s.element)
                mix(self.helpers, b, s, first, (1, s.block), rows_, length_, count, at,
                    (height, part))  # fmt: skip

    def mix_sources(
        self,
        numbers: Value,
        rows_: Value,
        columns: Sequence[Column],
        to: Value,
        span: tuple[Index, Index],
        time: Index,
        source: Index,
    ) -> None:
        """For each source of a block: rows of its times, times their numbers; see `mix_times`."""
        b, s = self.b, self.s
        length_ = columns[-1].offset + columns[-1].lanes
        for height, part in groups(columns, s.target, s.rows):
            with b.loop(0, span[1], height) as loop:
                first: Index = 0
                if s.causal:
                    # Earlier times do not see it.
                    first = b.min(span[0], b.max(0, b.sub(b.add(source, loop.index), time)))
                at = b.at(to, b.mul(loop.index, length_), s.element)
                number = b.at(numbers, b.add(b.mul(loop.index, s.block), first), s.element)
                start = b.at(rows_, b.mul(first, length_), s.element)
                mix(self.helpers, b, s, number, (s.block, 1), start, length_,
                    b.sub(span[0], first), at, (height, part))  # fmt: skip
