"""Attention: block after block of scores, with running maxima and sums (arXiv:2205.14135)."""

from __future__ import annotations

from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.attention import rows as row
from thalweg.compiler.render.llvm.attention.blocks import Blocks
from thalweg.compiler.render.llvm.attention.helpers import Helpers
from thalweg.compiler.render.llvm.attention.setting import Room, Setting, groups, stride
from thalweg.compiler.render.llvm.attention.tiles import Visible, mix, products
from thalweg.compiler.render.llvm.builder import I64, Builder, Index, Type, Value
from thalweg.compiler.render.llvm.kernel import NAME, KernelText, length, parameters, share
from thalweg.compiler.target import Target
from thalweg.primitives.attention_formula import lowest
from thalweg.tensor.dtypes import float32, float64

__all__ = ["render"]


def render(kernel: Special, target: Target) -> KernelText:
    """The kernel of `attention`; its workers share heads, and parts of long sequences."""
    return _Forward(kernel, target).render()


class _Forward:
    def __init__(self, kernel: Special, target: Target) -> None:
        self.s = s = Setting.of(kernel, target)
        self.blocks = Blocks(s)
        self.helpers = Helpers(target)
        read = [x for x, _ in kernel.inputs]
        self.written = tuple(x for x, _ in kernel.outputs)
        self.buffers = tuple(dict.fromkeys([*read, *self.written]))
        self.read = read
        self.wide = float64 if s.element == "double" else float32
        self.keys, self.values = s.keys, s.values
        self.room = room = Room()
        times = s.chunk * s.block
        room.take("keys", s.depth * stride(self.keys), s.itemsize)
        room.take("values", s.depth * stride(self.values), s.itemsize)
        room.take("queries", times * s.size, s.itemsize)
        room.take("scores", s.depth * s.block, s.itemsize)
        room.take("result", times * stride(self.values), s.itemsize)
        for name in ("top", "total"):
            room.take(name, times, s.itemsize)
        for name in ("seen", "factor"):
            room.take(name, s.block, s.itemsize)
        if s.mask is not None:
            room.take("mask", (s.depth + s.lanes) * s.block, 1)

    def render(self) -> KernelText:
        s, b = self.s, Builder(self.s.target)
        parts = -(-s.blocks // s.chunk)
        turns = s.batch.times(s.heads * parts)
        with b.function(NAME, parameters(self.buffers)) as values:
            pointers = dict(zip(self.buffers, values, strict=False))
            n, worker, workers, scratch = values[len(self.buffers) :]
            begin, end = share(b, length(b, turns, n), worker, workers)
            with b.loop(begin, end) as loop:
                whole = b.div(loop.index, parts)
                part = b.rem(loop.index, parts)
                batch, head = b.div(whole, s.heads), b.rem(whole, s.heads)
                self.turn([pointers[x] for x in self.read], [pointers[x] for x in self.written],
                          scratch, b, batch, head, part)  # fmt: skip
        text = "\n".join([*self.helpers.texts.values(), b.text])
        flops = turns.times(0)
        products = 2 * s.times * s.sources * (s.size + s.value_size)
        flops = s.batch.times(s.heads * products // (2 if s.causal else 1))
        declarations = {**self.helpers.declarations, **b.declarations}
        scratch_bytes = length_of(self.room)
        return KernelText(
            text, declarations, self.buffers, self.written, scratch_bytes, turns, flops
        )
