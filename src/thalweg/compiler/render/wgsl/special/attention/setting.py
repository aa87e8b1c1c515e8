"""One attention: its lengths, where its rows lie, and which places of a tile count."""

from __future__ import annotations

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.wgsl.expressions import Emitter

__all__ = ["Rows", "Setting"]


class Rows:
    """A tensor (batch, rows, heads, size), of which one head of one member of the batch is seen.

    Attributes:
        count, size: of rows, and of the elements of one.
        step: from one row to the next.
    """

    def __init__(self, name: str, buffer: Buffer, shape: tuple[Dim, ...]) -> None:
        self.name, self.buffer = name, buffer
        self.count, self.heads, self.size = (d.offset for d in shape[1:])
        self.step = self.heads * self.size

    def begin(self, e: Emitter, batch: str, head: str) -> None:
        """Say which head is seen."""
        e.line(f"let {self.name} = ({batch} * {self.count * self.heads} + {head}) * {self.size};")

    def at(self, row: str, column: str) -> str:
        """The index of an element of the head."""
        return f"{self.name} + ({row}) * {self.step} + {column}"

    def load(self, e: Emitter, row: str, column: str) -> str:
        """An element of the head."""
        return e.load(self.buffer, self.at(row, column))


class Setting:
    """What the kernels of attention and of its gradient share.

    Args:
        kernel: what is to be computed; only its batch may be unknown.
        names: what its inputs before the mask are called, then its outputs.
    """

    def __init__(self, kernel: Special, names: str) -> None:
        (_, (self.batch, times, heads, size)), (_, key), (_, value) = kernel.inputs[:3]
        self.times, self.heads, self.size = times.offset, heads.offset, size.offset
        self.sources, self.groups, self.value_size = key[1].offset, key[2].offset, value[3].offset
        self.repeats = self.heads // self.groups
        self.scale: float = kernel.params["scale"]
        self.causal: bool = kernel.params["causal"]
        masks = [x for x in kernel.inputs if x[0].dtype.kind == "b"]
        self.mask = masks[0] if masks else None
        plain = [x for x in kernel.inputs if x[0].dtype.kind != "b"]
        named = zip(names.split(), [*plain, *kernel.outputs], strict=True)
        self.buffers: dict[str, Buffer] = {}
        self.rows: dict[str, Rows] = {}
        for name, (buffer, shape) in named:
            self.buffers[name] = buffer
            if len(shape) == 4:
                self.rows[name] = Rows(name, buffer, shape)

    def logarithm(self, row: str) -> str:
        """The index of the logarithm of a time of the head."""
        return f"(batch * {self.heads} + head) * {self.times} + {row}"

    def begin_mask(self, e: Emitter) -> None:
        """Say which member of the batch and which head is seen."""
        if self.mask is not None:
            steps = self._steps(self.mask[1])
            e.line(f"let mask = batch * {steps[0]} + head * {steps[1]};")

    def seen(self, e: Emitter, time: str, source: str) -> str:
        """What the mask says about a place."""
        assert self.mask is not None
        step = self._steps(self.mask[1])[2]
        return e.load(self.mask[0], f"mask + {time} * {step} + {source}")

    def _steps(self, shape: tuple[Dim, ...]) -> list[int]:
        """From one to the next along batch, heads and times; 0 where it has but one."""
        _, heads, times, sources = (d.offset for d in shape)
        found = [heads * times * sources, times * sources, sources]
        return [0 if d == Dim(0, 1) else step for d, step in zip(shape, found, strict=False)]
