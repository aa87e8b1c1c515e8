"""Executable: a Program as native code, with the memory that it works in."""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

import numpy as np

from thalweg import config
from thalweg.compiler.ir.program import Program
from thalweg.compiler.render.llvm import entries
from thalweg.compiler.render.llvm.leaves import Leaf
from thalweg.compiler.render.llvm.program import ModuleText, render
from thalweg.compiler.render.llvm.synchronize import ERROR, SYNC_BYTES
from thalweg.compiler.render.llvm.table import Job
from thalweg.compiler.render.rows import gathered_outputs
from thalweg.devices import watch
from thalweg.devices.checks import as_input, check_batch, check_epochs, check_rows, check_state
from thalweg.devices.cpu import jit
from thalweg.devices.cpu.around import around
from thalweg.devices.cpu.callbacks import HostCalls, callback
from thalweg.devices.cpu.cost import estimate, workers
from thalweg.devices.cpu.host import Host
from thalweg.devices.cpu.image import Image
from thalweg.devices.cpu.limit import limit
from thalweg.devices.cpu.memory import address, room
from thalweg.devices.cpu.pool import launcher, pool
from thalweg.devices.limit import Limit

__all__ = ["Executable"]

_Array = np.ndarray[Any, Any]


class Executable:
    """A Program as native code. Several threads may call it; they take turns.

    Args:
        image, code: the Program, ready to run.
        inside: gives the Program and its text to who looks inside; called at most once.
        machine: the processor.
        title, names: for people, see below.
        note: what was kept with it.

    Attributes:
        image: sizes, shapes, and what else is known without looking inside.
        title: what the Program was made from.
        names: those of its states, as far as they have any.
        note: what was kept with it.
        holder: None, since states are arrays of this machine.
    """

    holder = None

    def __init__(
        self,
        image: Image,
        code: jit.Code,
        inside: Callable[[], tuple[Program, ModuleText]],
        machine: Host,
        title: str,
        names: Sequence[str],
        note: str,
    ) -> None:
        self.image = image
        self.title, self.names, self.note = title, tuple(names), note
        self._inside, self._machine, self._code = inside, machine, code
        self._launch = launcher()
        self._lock = threading.RLock()
        self._running = False
        _ALIVE.add(self)

        layout = self._layout = image.table
        self._table_array = np.zeros(layout.size, np.int64)
        self._table = self._table_array.data
        self._job_array = np.zeros(Job.SIZE, np.int64)
        self._job = self._job_array.data
        self._job_address = address(self._job_array)
        self._sync = room(SYNC_BYTES)
        self._sync[:] = 0
        self._job[Job.SYNC] = address(self._sync)
        self._job[Job.TABLE] = address(self._table_array)

        self._constants = [_aligned(values, buffer.dtype) for buffer, values in image.constants]
        for k, constant in enumerate(self._constants):
            self._table[layout.constants + k] = address(constant)
        self._arena = room(image.arena)
        self._table[layout.arena] = address(self._arena)
        self._scratch = room(0)
        self._calls = HostCalls(image.calls)
        if image.calls:
            self._calls.open()
            weakref.finalize(self, self._calls.close)
            self._table[layout.host], self._table[layout.context] = callback(), self._calls.number

        # What each run needs of each input: buffer, dtype, and scale and offset of its size.
        self._inputs = [(b, b.dtype, b.size.scale, b.size.offset) for b in image.inputs]
        self._outputs = [
            (shape, buffer.dtype, all(d.static for d in shape), tuple(d.offset for d in shape))
            for shape, buffer in zip(image.output_shapes, image.outputs, strict=True)
        ]
        self._states: tuple[_Array, ...] | None = None
        self._bound: object = None
        self._worker_counts: dict[tuple[int, int, int], int] = {}
        self._estimates: dict[int, float] = {}
        self._staging: tuple[int, list[_Array]] = (0, [])
        self._timed: jit.Code | None = None

    # --- running

    def run(self, states: Sequence[_Array], inputs: Sequence[_Array], n: int = 1) -> list[_Array]:
        """Run once.

        Args:
            states: updated in place. Faster where they are the same objects as last time, best
                where they come in the same tuple.
            inputs: read.
            n: the batch size, at most the Program's capacity.

        Returns:
            New arrays with the outputs. If a host call raises, its exception is raised here, and
            states keep what was written until then.

        Raises:
            ValueError: if an array is not what the Program was compiled for.
        """
        with self._lock:
            self._check_call(n, len(inputs))
            if states is not self._bound:
                self._bind(states)
            held = self._take_inputs(inputs, n)
            outputs = self._give_outputs(n)
            self._execute(entries.RUN, n, 1)
            if watch.watchers:
                self._note(inputs, n, 1)
            del held
        return outputs

    def run_many(
        self,
        states: Sequence[_Array],
        wholes: Sequence[_Array],
        order: _Array | None,
        batch: int,
        first_step: int,
        steps: int,
    ) -> list[_Array]:
        """Run for one batch after the other without coming back to Python.

        Args:
            states: updated in place, as in `run`.
            wholes: for inputs with a row for each sample, all rows; the other inputs as in `run`.
            order: int64 numbers of the rows in the order in which they are wanted; None: as they
                come, and then nothing is copied.
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
        with self._lock:
            self._check_call(batch, len(wholes))
            rows = check_rows(wholes, self.image.inputs, order, batch, first_step, steps)
            if states is not self._bound:
                self._bind(states)
            held, pointers = self._take_wholes(wholes)
            staging = self._stage(batch) if order is not None else pointers
            job = self._job
            job[Job.WHOLES], job[Job.STAGING] = address(pointers), address(staging)
            job[Job.ORDER] = address(order) if order is not None else 0
            job[Job.ROWS], job[Job.BATCH] = rows, batch
            job[Job.FIRST], job[Job.STEPS] = first_step, steps
            job[Job.EPOCHS], job[Job.RESETS] = 1, 0
            begin, end = first_step * batch, min(rows, (first_step + steps) * batch)
            last = end - (first_step + steps - 1) * batch
            outputs = self._give_all_outputs(min(batch, rows), end - begin)
            self._execute(entries.STEPS, batch, steps)
            if watch.watchers:
                self._note(wholes, min(batch, rows), steps)
            del held
        gathered = {k for k, _ in self._gathered()}
        return [
            output if k in gathered else _first(output, tuple(d.at(last) for d in shape))
            for k, (output, shape) in enumerate(zip(outputs, self.image.output_shapes, strict=True))
        ]

    def run_epochs(
        self,
        states: Sequence[_Array],
        wholes: Sequence[_Array],
        orders: _Array | None,
        batch: int,
        epochs: int,
        resets: Sequence[tuple[int, _Array]],
    ) -> list[_Array]:
        """Run for every batch of several epochs without coming back to Python.

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
        with self._lock:
            self._check_call(batch, len(wholes))
            image = self.image
            rows = check_epochs(wholes, image.inputs, image.output_shapes, orders, batch, epochs)
            steps = -(-rows // batch)
            if states is not self._bound:
                self._bind(states)
            held, pointers = self._take_wholes(wholes)
            staging = self._stage(batch) if orders is not None else pointers
            values = [_aligned(value, value.dtype) for _, value in resets]
            words = [
                (self._table[place], address(value), value.nbytes)
                for (place, _), value in zip(resets, values, strict=True)
            ]
            table = np.array(words, np.int64).reshape(-1)
            job = self._job
            job[Job.WHOLES], job[Job.STAGING] = address(pointers), address(staging)
            job[Job.ORDER] = address(orders) if orders is not None else 0
            job[Job.ROWS], job[Job.BATCH] = rows, batch
            job[Job.FIRST], job[Job.STEPS], job[Job.EPOCHS] = 0, steps, epochs
            job[Job.RESETS], job[Job.RESET_LIST] = len(words), address(table)
            outputs = []
            for k, (_, dtype, _, lengths) in enumerate(self._outputs):
                outputs.append(np.empty((epochs, *lengths), dtype))
                self._table[self._layout.outputs + k] = address(outputs[-1])
            self._execute(entries.STEPS, batch, steps * epochs)
            if watch.watchers:
                self._note(wholes, min(batch, rows), steps * epochs)
            del held, values
        return outputs

    def _check_call(self, n: int, inputs: int) -> None:
        if self._running:
            raise RuntimeError("run: a host call of this Program must not run the Program itself.")
        check_batch(n, self.image.capacity, inputs, len(self._inputs))

    def _bind(self, states: Sequence[_Array]) -> None:
        bound = self._states
        if bound is None or len(bound) != len(states) or not all(map(is_, states, bound)):
            if len(states) != len(self.image.states):
                raise ValueError(
                    f"run: expected {len(self.image.states)} states, got {len(states)}."
                )
            self._states = self._bound = None
            for k, (array, buffer) in enumerate(zip(states, self.image.states, strict=True)):
                check_state(array, buffer, k)
                self._table[k] = address(array)
            self._states = tuple(states)
        # A tuple cannot come to hold other arrays.
        self._bound = states if type(states) is tuple else None

    def _take_inputs(self, inputs: Sequence[_Array], n: int) -> list[_Array]:
        """Put the inputs' addresses into the table; what must be kept until the run is over."""
        held, table, slot = [], self._table, self._layout.inputs
        for array, (buffer, dtype, scale, offset) in zip(inputs, self._inputs, strict=True):
            flags = array.flags
            if not (
                type(array) is np.ndarray
                and array.dtype is dtype
                and array.size == scale * n + offset
                and flags.c_contiguous
                and flags.aligned
            ):
                place = slot - self._layout.inputs
                array = as_input(array, buffer, scale * n + offset, place)
                held.append(array)
            table[slot] = address(array)
            slot += 1
        return held

    def _give_outputs(self, n: int) -> list[_Array]:
        outputs, table, slot = [], self._table, self._layout.outputs
        for shape, dtype, static, lengths in self._outputs:
            array = np.empty(lengths if static else tuple([d.at(n) for d in shape]), dtype)
            table[slot] = address(array)
            slot += 1
            outputs.append(array)
        return outputs

    def _execute(self, entry: str, n: int, steps: int) -> None:
        job, threads = self._job, config.threads()
        key = (n, threads, steps)
        count = self._worker_counts.get(key)
        if count is None:
            count = self._worker_counts[key] = workers(self.image, n, threads, steps)
        hands = pool(count) if count > 1 else None
        if hands is not None:
            count = min(count, hands.workers)
        if self._scratch.size < count * self.image.scratch:
            self._scratch = room(count * self.image.scratch)
            self._table[self._layout.scratch] = address(self._scratch)
        job[Job.FUNCTION] = self._code.addresses[entry]
        job[Job.WORKERS], job[Job.N] = count, n
        self._running = True
        try:
            self._launch(0 if hands is None else hands.address, self._job_address)
        finally:  # Ctrl-C is noticed once native code is left
            self._running = False
        if self._calls.failure is not None:
            failure, self._calls.failure = self._calls.failure, None
            self._sync[ERROR : ERROR + 4] = 0
            raise failure

    def _note(self, inputs: Sequence[_Array], n: int, runs: int) -> None:
        assert self._states is not None
        watch.note(self, self._states, inputs, n, runs)

    # --- epochs

    def _take_wholes(self, wholes: Sequence[_Array]) -> tuple[list[_Array], _Array]:
        held = [
            as_input(array, buffer, array.size if scale else offset, k)
            for k, (array, (buffer, _, scale, offset)) in enumerate(
                zip(wholes, self._inputs, strict=True)
            )
        ]
        pointers = np.array([address(array) for array in held], np.int64)
        self._table_array[self._layout.inputs :][: len(held)] = pointers
        return held, pointers

    def _stage(self, batch: int) -> _Array:
        """Room for two batches of each input with rows, as pointers."""
        if self._staging[0] != batch:
            rooms = [
                room(2 * entries.staging_bytes(scale * dtype.itemsize, batch))
                for _, dtype, scale, _ in self._inputs
            ]
            self._staging = (batch, rooms)
        return np.array([address(array) for array in self._staging[1]], np.int64)

    def _give_all_outputs(self, n: int, rows: int) -> list[_Array]:
        """Outputs for a chunk of steps: all rows of what has rows."""
        outputs = self._give_outputs(n)
        for k, _ in self._gathered():
            shape, buffer = self.image.output_shapes[k], self.image.outputs[k]
            outputs[k] = np.empty(tuple(d.at(rows) for d in shape), buffer.dtype)
            self._table[self._layout.outputs + k] = address(outputs[k])
        return outputs

    def _gathered(self) -> list[tuple[int, int]]:
        return gathered_outputs(self.image.outputs, self.image.output_shapes)

    # --- looking inside

    @functools.cached_property
    def _made(self) -> tuple[Program, ModuleText]:
        return self._inside()

    @property
    def program(self) -> Program:
        """What it runs; one that was restored from disk is compiled for that."""
        return self._made[0]

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """Its launches that do work, in order; `profile` gives the seconds of each."""
        return self._made[1].leaves

    def around(self, n: int = 1) -> list[tuple[str, ...]]:
        """The loops and branches around each of `leaves`, in words."""
        return list(around(self.program.launches, n))

    @property
    def arena(self) -> int:
        """Bytes of the memory for temporaries."""
        return self.image.arena

    @property
    def scratch(self) -> int:
        """Bytes of memory that each worker has for itself."""
        return self.image.scratch

    def limit(self) -> Limit:
        """What the processor can reach at most."""
        return limit()

    def workers(self, n: int = 1) -> int:
        """How many threads a run for a batch of n uses now."""
        return workers(self.image, n, config.threads())

    def seconds(self, n: int = 1) -> float:
        """About how long a run for a batch of n takes."""
        found = self._estimates.get(n)
        if found is None:
            found = self._estimates[n] = estimate(self.image, n, self.workers(n))
        return found

    @property
    def llvm(self) -> str:
        """The LLVM module, as text."""
        return self._made[1].text

    @property
    def asm(self) -> str:
        """The assembly."""
        return jit.assembly(self.llvm, self._machine)

    @property
    def wgsl(self) -> str:
        """The shaders that a GPU would run, as text."""
        from thalweg.devices.webgpu.shaders import rendered, text

        return text(rendered(self.program))

    def profile(
        self, states: Sequence[_Array], inputs: Sequence[_Array], n: int = 1, repeats: int = 20
    ) -> list[float]:
        """Seconds that each of `leaves` takes in a run (median), with no state changed."""
        with self._lock:
            if self._timed is None:
                module = render(self.program, self._machine.target, timed=True)
                self._timed = jit.load(module.text, (entries.RUN,), self._machine)
            times = np.zeros((repeats + 1, len(self.leaves)), np.int64)
            code, slot = self._code, self._layout.times
            try:
                self._code = self._timed
                for row in times:
                    self._table[slot] = address(row)
                    self.run([_aligned(s, s.dtype) for s in states], inputs, n)
            finally:
                self._code = code
                self._states = self._bound = None
        # The first run warms up.
        return [float(t) for t in np.median(times[1:], axis=0) * 1e-9]


def _aligned(values: Any, dtype: np.dtype[Any]) -> _Array:
    """A copy that begins a cache line."""
    array = np.ascontiguousarray(values, dtype)
    copy = room(array.nbytes).view(dtype).reshape(array.shape)
    copy[...] = array
    return copy


def _first(output: _Array, shape: tuple[int, ...]) -> _Array:
    """The beginning of an array that was made for a larger batch."""
    if output.shape == shape:
        return output
    return output.reshape(-1)[: int(np.prod(shape))].reshape(shape).copy()


_ALIVE: weakref.WeakSet[Executable] = weakref.WeakSet()


def _free_locks() -> None:
    """In a child process: the thread that held a lock stayed with the parent."""
    for executable in _ALIVE:
        executable._lock = threading.RLock()
        executable._running = False
        executable._sync[:] = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_locks)
