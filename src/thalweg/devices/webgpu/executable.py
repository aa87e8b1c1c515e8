"""Executable: a Program on the GPU, with the memory that it works in.

States stay in that memory from run to run; what is read back is what was asked for.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from thalweg.compiler.ir.program import HostCall, Program
from thalweg.compiler.render.rows import gathered_outputs
from thalweg.compiler.render.wgsl.layout import words
from thalweg.compiler.render.wgsl.program import ShaderProgram
from thalweg.devices import watch
from thalweg.devices.checks import as_input, check_batch, check_epochs, check_rows, check_state
from thalweg.devices.limit import Limit
from thalweg.devices.webgpu.clock import Clock
from thalweg.devices.webgpu.dataset import Dataset, Gatherer
from thalweg.devices.webgpu.gpu import Gpu
from thalweg.devices.webgpu.leaves import Leaf, around, leaves
from thalweg.devices.webgpu.limit import limit
from thalweg.devices.webgpu.memory import Memory
from thalweg.devices.webgpu.recorder import Recorder
from thalweg.devices.webgpu.results import Results
from thalweg.devices.webgpu.schedule import Schedule
from thalweg.devices.webgpu.shaders import text
from thalweg.devices.webgpu.slots import Slots
from thalweg.devices.webgpu.words import from_words, to_words
from thalweg.tensor.storage import STATE_LOCK, Storage

__all__ = ["Executable"]

_Array = np.ndarray[Any, Any]
_State = _Array | Storage

# What is sent at a time of rows that the GPU has no room for, in bytes.
_PART = 1 << 26
# What a GPU gets done in a second, roughly, until the first runs are timed, and the least that a
# dispatch takes; on a processor that does its work, so much less.
_FLOPS, _BYTES, _DISPATCH = 5e11, 5e10, 1e-5
_SOFTWARE = 0.02


class Executable:
    """A Program on the GPU. Several threads may call it; they take turns.

    Args:
        program: what runs.
        shaders: its shaders.
        gpu: where it runs.
        title, names, note: as for the cpu's.

    Attributes:
        image: the Program.
        title: what the Program was made from.
        names: those of its states, as far as they have any.
        note: what was kept with it.

    Raises:
        ValueError: if the GPU cannot bind the memory that the Program needs.
    """

    def __init__(
        self,
        program: Program,
        shaders: ShaderProgram,
        gpu: Gpu,
        title: str,
        names: Sequence[str],
        note: str,
    ) -> None:
        self.image = self.program = program
        self.title, self.names, self.note = title, tuple(names), note
        self._gpu, self._shaders = gpu, shaders
        places = shaders.layout.places
        self._slots = Slots(gpu)
        self._recorder = Recorder(gpu, [self._slots])
        self._memory = Memory(gpu, self._recorder, program, places, shaders.layout.words, title)
        buffer = self._memory.buffer
        self._schedule = Schedule(gpu, shaders, buffer, self._recorder, self._slots)
        self._gathered = [k for k, _ in gathered_outputs(program.outputs, program.output_shapes)]
        self._took: dict[int, float] = {}
        self._running = False

    @property
    def holder(self) -> Memory:
        """What keeps the values of variables between runs.

        Raises:
            RuntimeError: in a process that was forked from the one that has the GPU.
        """
        self._gpu.check_process()
        return self._memory

    # --- running

    def run(self, states: Sequence[_State], inputs: Sequence[_Array], n: int = 1) -> list[_Array]:
        """Run once.

        Args:
            states: updated. Storages of variables stay on the GPU, and whoever gave them says
                `Variable.written(holder)`; arrays are updated in place.
            inputs: read.
            n: the batch size, at most the Program's capacity.

        Returns:
            New arrays with the outputs. If a host call raises, its exception is raised here, and
            states keep what was written until then.

        Raises:
            ValueError: if an array is not what the Program was compiled for.
        """
        with self._taking(states, inputs, n):
            held = [
                as_input(array, buffer, buffer.size.at(n), k)
                for k, (array, buffer) in enumerate(zip(inputs, self.image.inputs, strict=True))
            ]
            for array, buffer in zip(held, self.image.inputs, strict=True):
                self._memory.write(buffer, array)
            self._schedule.record(n)
            shapes = [tuple([d.at(n) for d in shape]) for shape in self.image.output_shapes]
            outputs = self._memory.read(list(zip(self.image.outputs, shapes, strict=True)))
            if watch.watchers:
                watch.note(self, tuple(states), inputs, n, 1)
        return outputs

    def run_many(
        self,
        states: Sequence[_State],
        wholes: Sequence[_Array],
        order: _Array | None,
        batch: int,
        first_step: int,
        steps: int,
    ) -> list[_Array]:
        """Run for one batch after the other; rows that are on the GPU are gathered there.

        Args:
            states: as in `run`.
            wholes: for inputs with a row for each sample, all rows; the other inputs as in `run`.
                Arrays that were passed before must not have been changed since.
            order: int64 numbers of the rows in the order in which they are wanted; None: as they
                come.
            batch: rows in a batch; the last one may be smaller.
            first_step: number of the first batch.
            steps: how many batches.

        Returns:
            New arrays. Outputs with a row for each sample: those of all batches, one after the
            other; others: those of the last batch.

        Raises:
            ValueError: if an array is not what the Program was compiled for, a row does not exist,
                or there are not so many batches.
        """
        with self._taking(states, wholes, batch):
            rows = check_rows(wholes, self.image.inputs, order, batch, first_step, steps)
            begin, end = first_step * batch, min(rows, (first_step + steps) * batch)
            started = time.perf_counter()
            image = self.image
            outputs = list(zip(image.outputs, image.output_shapes, strict=True))
            results = Results(
                self._memory, self._recorder, outputs, self._gathered, end - begin, batch
            )
            n = batch
            for n in self._batches(wholes, order, batch, begin, end):
                self._schedule.record(n)
                results.take(n)
            found = results.finish(n)
            self._took[batch] = (time.perf_counter() - started) / steps
            if watch.watchers:
                watch.note(self, tuple(states), wholes, min(batch, rows), steps)
        return found

    def run_epochs(
        self,
        states: Sequence[_State],
        wholes: Sequence[_Array],
        orders: _Array | None,
        batch: int,
        epochs: int,
        resets: Sequence[tuple[int, _Array]],
    ) -> list[_Array]:
        """Run for every batch of several epochs, and read back at the end.

        Args:
            states, wholes, batch: as in `run_many`.
            orders: int64, the orders of the rows of all epochs, one after the other; None: as they
                come, in each epoch.
            epochs: how many.
            resets: numbers of states, and the value that each epoch begins with.

        Returns:
            New arrays with the outputs of each epoch's last batch along their first axis; there
            must be no output with a row for each sample.

        Raises:
            ValueError: as `run_many`.
        """
        image = self.image
        with self._taking(states, wholes, batch):
            rows = check_epochs(wholes, image.inputs, image.output_shapes, orders, batch, epochs)
            runs = epochs * -(-rows // batch)
            started = time.perf_counter()
            begin = [(image.states[k], to_words(value, value.dtype)) for k, value in resets]
            sizes = [b.size.offset for b in image.outputs]
            room = self._recorder.room("results", epochs * sum(sizes))
            to = 0
            for epoch in range(epochs):
                for state, value in begin:
                    self._recorder.write(self._memory.buffer, self._memory.places[state], value)
                order = None if orders is None else orders[epoch * rows : (epoch + 1) * rows]
                for n in self._batches(wholes, order, batch, 0, rows):
                    self._schedule.record(n)
                for buffer, size in zip(image.outputs, sizes, strict=True):
                    place = self._memory.places[buffer]
                    self._recorder.copy(self._memory.buffer, place, room, to, size)
                    to += size
            table = self._recorder.read("results", to).reshape(epochs, -1)
            self._took[batch] = (time.perf_counter() - started) / runs
            if watch.watchers:
                watch.note(self, tuple(states), wholes, min(batch, rows), runs)
        columns = np.split(table, np.cumsum(sizes)[:-1], axis=1)
        return [
            from_words(column.ravel(), b.dtype).reshape(epochs, *(d.offset for d in shape))
            for column, b, shape in zip(columns, image.outputs, image.output_shapes, strict=True)
        ]

    # --- what surrounds a run

    @contextlib.contextmanager
    def _taking(self, states: Sequence[_State], inputs: Sequence[_Array], n: int) -> Iterator[None]:
        """Have the states on the GPU; arrays get their new values at the end."""
        with STATE_LOCK:
            if self._running:
                raise RuntimeError(
                    "run: a host call of this Program must not run the Program itself."
                )
            # Before anything can fail: then the values are here, whatever whoever runs it says.
            storages, arrays = self._storages(states)
            self._memory.take(storages)
            self._running = True
            try:
                check_batch(n, self.image.capacity, len(inputs), len(self.image.inputs))
                yield
                self._recorder.submit()
            except BaseException:
                self._recorder.abandon()
                raise
            finally:
                self._running = False
                if arrays:
                    self._memory.fetch_all(storages)

    def _storages(self, states: Sequence[_State]) -> tuple[Sequence[Storage], bool]:
        """The states as storages, and whether they were arrays."""
        if len(states) != len(self.image.states):
            raise ValueError(f"run: expected {len(self.image.states)} states, got {len(states)}.")
        if states and isinstance(states[0], Storage):
            return cast("Sequence[Storage]", states), False
        found = []
        for k, (array, buffer) in enumerate(zip(states, self.image.states, strict=True)):
            assert isinstance(array, np.ndarray)
            check_state(array, buffer, k)
            found.append(Storage(array))
        return found, True

    def _batches(
        self,
        wholes: Sequence[_Array],
        order: _Array | None,
        batch: int,
        begin: int,
        end: int,
    ) -> Iterator[int]:
        """Record what gathers the rows of each batch; gives how many they are."""
        rowwise = []
        for k, (whole, buffer) in enumerate(zip(wholes, self.image.inputs, strict=True)):
            if buffer.size.scale:
                rowwise.append(whole)
            else:
                self._memory.write(buffer, as_input(whole, buffer, buffer.size.offset, k))
        dataset = self._gatherer.dataset(rowwise)
        if dataset is not None:
            if order is not None:
                order = order[begin:end]
                begin, end = 0, end - begin
            yield from self._gatherer.steps(dataset, order, batch, begin, end)
            return
        rows = max(_PART // Dataset.size([w[:1] for w in rowwise]), 1)
        part = -(-rows // batch) * batch
        for first in range(begin, end, part):
            last = min(first + part, end)
            chosen: Any = slice(first, last) if order is None else order[first:last]
            dataset = Dataset(self._gpu, [whole[chosen] for whole in rowwise])
            yield from self._gatherer.steps(dataset, None, batch, 0, last - first)

    @functools.cached_property
    def _gatherer(self) -> Gatherer:
        rows = [b for b in self.image.inputs if b.size.scale]
        return Gatherer(self._gpu, self._recorder, self._memory.buffer, rows, self._memory.places)

    # --- looking inside

    @functools.cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """Its launches that do work, in order; `profile` gives the seconds of each."""
        return leaves(self._shaders, self.image.capacity)

    @property
    def wgsl(self) -> str:
        """The shaders, as text."""
        return text(self._shaders)

    def around(self, n: int = 1) -> list[tuple[str, ...]]:
        """The loops and branches around each of `leaves`, in words."""
        return list(around(self._shaders.steps, n))

    @functools.cached_property
    def arena(self) -> int:
        """Bytes of the memory for temporaries, scratch memory of shaders included."""
        image = self.image
        held = [*image.states, *image.inputs, *image.outputs, *(b for b, _ in image.constants)]
        return 4 * (self._shaders.layout.words - sum(words(b, image.capacity) for b in held))

    def limit(self) -> Limit:
        """What the GPU can reach at most."""
        return limit(self._gpu)

    def workers(self, n: int = 1) -> int:
        """Threads of this machine that a run uses: one, which tells the GPU what to do."""
        return 1

    def dispatches(self, n: int = 1) -> int:
        """How many dispatches a run for a batch of n is, as far as is known."""
        return sum(x.times for x in self.leaves if not isinstance(x.launch, HostCall))

    def seconds(self, n: int = 1) -> float:
        """About how long a run for a batch of n takes: as long as the last ones did."""
        found = self._took.get(n)
        if found is None:
            speed = _SOFTWARE if self._gpu.software else 1.0
            work = (
                (leaf.times, leaf.flops().at(n) / _FLOPS, leaf.bytes().at(n) / _BYTES)
                for leaf in self.leaves
            )
            found = sum(t * max(a / speed, b / speed, _DISPATCH) for t, a, b in work)
        return found

    def profile(
        self, states: Sequence[_State], inputs: Sequence[_Array], n: int = 1, repeats: int = 20
    ) -> list[float]:
        """Seconds that each of `leaves` takes in a run (median), with no state changed."""
        with STATE_LOCK:
            values = [s.here() if isinstance(s, Storage) else s for s in states]
            clock = Clock(self._gpu, [self._slots], len(self.leaves))
            schedule, times = self._schedule, []
            try:
                self._schedule = Schedule(
                    self._gpu, self._shaders, self._memory.buffer, clock, self._slots
                )
                for _ in range(repeats + 1):
                    self.run([value.copy() for value in values], inputs, n)
                    times.append(clock.take())
            finally:
                self._schedule = schedule
        # The first run warms up.
        return [float(t) for t in np.median(times[1:], axis=0)]

    @property
    def llvm(self) -> str:
        """Not there.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self.title} runs on the device 'webgpu', which has `wgsl` and no LLVM.")

    asm = llvm
