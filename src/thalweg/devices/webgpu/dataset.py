"""Datasets on the GPU: rows are sent once, as they are, and gathered there for each step."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from thalweg.compiler.ir.expression import Buffer
from thalweg.devices.webgpu.gpu import Gpu, grid
from thalweg.devices.webgpu.recorder import Command, Recorder
from thalweg.devices.webgpu.slots import Slots
from thalweg.devices.webgpu.words import to_words
from thalweg.tensor.dtypes import int64

__all__ = ["Dataset", "Gatherer"]

_Array = np.ndarray[Any, Any]

# Words: where the rows of each input begin, so that what is copied is aligned.
_ALIGNED = 64
_THREADS = 64
# More sets of numbers than this are forgotten: each set of data has its own.
_SLOTS = 1 << 14

_HEAD = """\
@group(0) @binding(0) var<storage, read_write> m: array<u32>;
// The rows of the step, the place of the first one, the rows there are, whether they have an order.
@group(0) @binding(1) var<uniform> u: array<vec4<u32>, 2>;
@group(0) @binding(2) var<storage, read> data: array<u32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;

@compute @workgroup_size({threads})
fn main(@builtin(workgroup_id) wg: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>,
        @builtin(local_invocation_index) lane: u32) {{
  let thread = (wg.x + wg.y * grid.x) * {threads}u + lane;
  let sample = thread / {total}u;
  if (sample >= u[0].x) {{ return; }}
  var row = u[0].y + sample;
  if (u[0].w != 0u) {{ row = order[row]; }}
  var at = thread % {total}u;
  var base = 0u;
"""
_PART = """\
  if (at < {row}u) {{
    let i = row * {row}u + at;
    {load}
    m[{place}u + sample * {row}u + at] = value;
    return;
  }}
  at -= {row}u;
  base += (u[0].z * {row}u + {block}u - 1u) / {block}u * {aligned}u;
"""


class Dataset:
    """Rows of several arrays in one buffer, as many elements in a word as it holds.

    Args:
        gpu: where they go.
        wholes: arrays with as many rows each.

    Attributes:
        buffer: where they are.
        rows: how many.
    """

    def __init__(self, gpu: Gpu, wholes: Sequence[_Array]) -> None:
        self.rows = len(wholes[0])
        self.buffer = gpu.storage(self.size(wholes))
        place = 0
        for whole in wholes:
            content = np.ascontiguousarray(whole).reshape(-1)
            if content.dtype == int64:
                content = to_words(content, int64)
            if content.nbytes % 4:
                content = np.pad(content.view(np.uint8), (0, -content.nbytes % 4))
            if content.size:
                gpu.queue.write_buffer(self.buffer, place, content.view(np.uint8))
            place += _room(whole)

    @staticmethod
    def size(wholes: Sequence[_Array]) -> int:
        """Bytes that these arrays take."""
        return sum(map(_room, wholes))


def _room(whole: _Array) -> int:
    size = whole.size * min(whole.dtype.itemsize, 4)
    return max(-(-size // (4 * _ALIGNED)), 1) * 4 * _ALIGNED


class Gatherer:
    """Puts the rows of a step where a Program reads its inputs, in one dispatch.

    Args:
        gpu: where that is.
        recorder: what records it.
        memory: the buffer of the Program.
        inputs: those that have a row for each sample; all of them hold n rows.
        places: the first word of each.
    """

    def __init__(
        self,
        gpu: Gpu,
        recorder: Recorder,
        memory: Any,
        inputs: Sequence[Buffer],
        places: Mapping[Buffer, int],
    ) -> None:
        self._gpu, self._recorder, self._memory = gpu, recorder, memory
        self._inputs = list(inputs)
        self._total = sum(b.size.scale for b in inputs)
        self._places = places
        self._slots = Slots(gpu)
        recorder.slots.append(self._slots)
        self._pipeline = gpu.pipeline(self._code(), reads=2)
        self._known: tuple[tuple[weakref.ref[_Array], ...], Dataset] | None = None
        self._order = gpu.storage(4 * _ALIGNED)
        self._group: tuple[tuple[Any, ...], Any] = ((), None)

    def dataset(self, wholes: Sequence[_Array]) -> Dataset | None:
        """The rows on the GPU, sent now if these arrays are not there yet; None: they do not fit.

        What was sent is forgotten with the arrays; whoever changes them passes new ones.
        """
        known = self._known
        if known is not None:
            references, dataset = known
            if all(r() is whole for r, whole in zip(references, wholes, strict=True)):
                return dataset
            self._known = None
        if Dataset.size(wholes) > self._gpu.binding:
            return None
        dataset = Dataset(self._gpu, wholes)
        this = weakref.ref(self)

        def forget(_: Any) -> None:
            gatherer = this()
            if gatherer is not None:
                gatherer._known = None

        self._known = tuple(weakref.ref(whole, forget) for whole in wholes), dataset
        return dataset

    def steps(
        self, dataset: Dataset, order: _Array | None, batch: int, begin: int, end: int
    ) -> Iterator[int]:
        """Record what gathers the rows of each step; gives how many they are, to go on there.

        Args:
            dataset: the rows.
            order: their numbers, in the order in which they are wanted; None: as they come.
            batch: rows of a step; the last one may have fewer.
            begin, end: places in the order, or rows, where the steps begin and end.
        """
        if len(self._slots) > _SLOTS:
            self._recorder.submit()
            self._slots.clear()
        if order is not None:
            if self._order.size < 4 * order.size:
                self._order = self._gpu.storage(-(-4 * order.size // 256) * 256)
            self._recorder.write(self._order, 0, order.astype(np.uint32))
        for first in range(begin, end, batch):
            n = min(batch, end - first)
            numbers = (n, first, dataset.rows, int(order is not None))
            self._recorder.dispatch([self._command(dataset, numbers)])
            yield n

    def _command(self, dataset: Dataset, numbers: tuple[int, ...]) -> Command:
        offset = self._slots.offset(numbers)
        buffers = (self._memory, self._slots.buffer, dataset.buffer, self._order)
        if self._group[0] != buffers:
            self._group = buffers, self._gpu.group(*buffers)
        x, y = grid(-(-numbers[0] * self._total // _THREADS))
        return Command(self._pipeline, self._group[1], offset, x, y, -1)

    def _code(self) -> str:
        parts = [_HEAD.format(threads=_THREADS, total=self._total)]
        for buffer in self._inputs:
            load, per_word = _load(buffer.dtype)
            parts.append(
                _PART.format(
                    row=buffer.size.scale,
                    load=load,
                    place=self._places[buffer],
                    block=per_word * _ALIGNED,
                    aligned=_ALIGNED,
                )
            )
        return "".join(parts) + "}\n"


def _load(dtype: np.dtype[Any]) -> tuple[str, int]:
    """How an element is read as a word, and how many of them are in a word."""
    per_word = 4 // min(dtype.itemsize, 4)
    if per_word == 1:
        return "let value = data[base + i];", 1
    bits = 8 * dtype.itemsize
    lines = f"let shift = (i % {per_word}u) * {bits}u; let held = data[base + i / {per_word}u];"
    if dtype.name == "float16":
        value = "bitcast<u32>(unpack2x16float(held >> shift).x)"
    elif dtype.name == "bfloat16":
        value = "(held >> shift) << 16u"
    elif dtype.kind == "i":
        value = f"bitcast<u32>(extractBits(bitcast<i32>(held), shift, {bits}u))"
    else:
        value = f"extractBits(held, shift, {bits}u)"
    return f"{lines} let value = {value};", per_word
