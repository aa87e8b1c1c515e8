"""Schedule: the steps of a Program as commands, for a batch size.

What has no condition in it is a list of dispatches, made once for each batch size. `While` and
`Cond` read their flags back, and host calls their inputs, so what comes before them is waited for.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from thalweg.compiler.render.wgsl.kernel import module
from thalweg.compiler.render.wgsl.layout import Place
from thalweg.compiler.render.wgsl.program import (
    Cond,
    Dispatch,
    Host,
    ShaderProgram,
    Step,
    Turns,
    While,
)
from thalweg.devices.webgpu.gpu import Gpu, grid
from thalweg.devices.webgpu.recorder import Command, Recorder
from thalweg.devices.webgpu.slots import Slots
from thalweg.devices.webgpu.words import from_words, to_words

__all__ = ["Schedule", "leaves"]

# The turns of the scans around, the outermost first.
Turn = tuple[int, ...]


class Schedule:
    """Records what a Program does.

    Args:
        gpu: where it runs.
        program: its shaders and steps.
        memory: the buffer that they work on.
        recorder: what records.
        slots: where the numbers of runs are kept.
    """

    def __init__(
        self, gpu: Gpu, program: ShaderProgram, memory: Any, recorder: Recorder, slots: Slots
    ) -> None:
        self._gpu, self._program, self._memory = gpu, program, memory
        self._recorder, self._slots = recorder, slots
        self._pipelines = gpu.pipelines([module(kernel) for kernel in program.kernels])
        self._leaves = {id(step): k for k, step in enumerate(leaves(program.steps))}
        self._parts: dict[int, list[Step | tuple[Step, ...]]] = {}
        self._known: dict[tuple[int, int, Turn], list[Command]] = {}
        self._bound: tuple[Any, Any] = (None, None)

    def record(self, n: int) -> None:
        """Record a run for a batch of n; waits where a flag decides, and for host calls.

        Raises:
            Exception: what a host call raises.
        """
        self._block(self._program.steps, n, ())

    def _block(self, steps: tuple[Step, ...], n: int, turns: Turn) -> None:
        parts = self._parts.get(id(steps))
        if parts is None:
            parts = self._parts[id(steps)] = _parts(steps)
        for part in parts:
            if isinstance(part, tuple):
                self._recorder.dispatch(self._commands(part, n, turns))
            elif isinstance(part, Turns):
                for turn in _turns(part, n):
                    self._block(part.block, n, (*turns, turn))
            elif isinstance(part, Cond):
                chosen = part.then if self._flag(part.flag_place, n, turns) else part.otherwise
                self._block(chosen, n, turns)
            elif isinstance(part, While):
                self._block(part.test, n, turns)
                while self._flag(part.flag_place, n, turns):
                    self._block(part.block, n, turns)
                    self._block(part.test, n, turns)
            elif isinstance(part, Host):
                self._call(part, n, turns)

    # --- dispatches

    def _commands(self, steps: tuple[Step, ...], n: int, turns: Turn) -> list[Command]:
        """The dispatches of steps in which nothing is decided."""
        group = self._group()
        key = (id(steps), n, turns)
        found = self._known.get(key)
        while found is None:
            made = list(self._made(steps, n, turns, group))
            if self._group() is group:
                found = self._known[key] = made
            group = self._group()  # another one where the slots had to grow
        return found

    def _group(self) -> Any:
        buffer, group = self._bound
        if buffer is not self._slots.buffer:
            buffer = self._slots.buffer
            group = self._gpu.group(self._memory, buffer)
            self._bound = buffer, group
            self._known.clear()
        return group

    def _made(self, steps: Iterable[Step], n: int, turns: Turn, group: Any) -> Iterator[Command]:
        offset = self._slots.offset((n, *turns))
        for step in steps:
            if isinstance(step, Turns):
                for turn in _turns(step, n):
                    yield from self._made(step.block, n, (*turns, turn), group)
            elif isinstance(step, Dispatch):
                groups = math.prod(count.at(n) for count in step.groups)
                if groups > 0:
                    pipeline = self._pipelines[step.kernel]
                    yield Command(pipeline, group, offset, *grid(groups), self._leaves[id(step)])

    # --- what this machine decides and computes

    def _flag(self, flag: Place, n: int, turns: Turn) -> bool:
        place = _word(flag, n, turns)
        (found,) = self._recorder.read_places(self._memory, [(place, 1)])
        return bool(found[0])

    def _call(self, host: Host, n: int, turns: Turn) -> None:
        """Compute with NumPy what shaders cannot."""
        call = host.call
        places = [_word(place, n, turns) for place in host.places]
        shapes = [tuple(d.at(n) for d in shape) for _, shape in call.inputs]
        parts = list(zip(places, map(math.prod, shapes), strict=False))
        found = self._recorder.read_places(self._memory, parts)
        begin = time.perf_counter()
        inputs = []
        for (buffer, _), shape, words in zip(call.inputs, shapes, found, strict=True):
            array = from_words(words, buffer.dtype).reshape(shape)
            array.flags.writeable = False
            inputs.append(array)
        with np.errstate(all="ignore"):
            given = call.evaluate(n, *inputs)
        results = given if isinstance(given, (tuple, list)) else (given,)
        rest = places[len(inputs) :]
        for (buffer, _), place, result in zip(call.outputs, rest, results, strict=True):
            self._recorder.write(self._memory, place, to_words(result, buffer.dtype))
        self._recorder.took(self._leaves[id(host)], time.perf_counter() - begin)


def leaves(steps: Iterable[Step]) -> Iterator[Dispatch | Host]:
    """The steps that do work, in order."""
    for step in steps:
        if isinstance(step, Turns):
            yield from leaves(step.block)
        elif isinstance(step, While):
            yield from leaves((*step.test, *step.block))
        elif isinstance(step, Cond):
            yield from leaves((*step.then, *step.otherwise))
        else:
            yield step


def _parts(steps: tuple[Step, ...]) -> list[Step | tuple[Step, ...]]:
    """The steps with those in which nothing is decided put together."""
    found: list[Step | tuple[Step, ...]] = []
    for plain, group in itertools.groupby(steps, _plain):
        together = tuple(group)
        found += [together] if plain else together
    return found


def _plain(step: Step) -> bool:
    """Whether nothing is decided or computed on this machine."""
    if isinstance(step, Turns):
        return all(map(_plain, step.block))
    return isinstance(step, Dispatch)


def _turns(step: Turns, n: int) -> range:
    """The numbers of the turns, in the order in which they are taken."""
    turns = range(step.length.at(n))
    return turns[::-1] if step.reverse else turns


def _word(place: Place, n: int, turns: Turn) -> int:
    return place.base + sum(turns[depth] * size.at(n) for depth, size in place.turns)
