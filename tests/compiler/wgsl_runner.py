"""Shaders run through `wgpu`: what the tests of the WGSL renderer share.

run(program, {buffer: array, ...}, n)  gives what all states and outputs hold after
run_launch(kernel, {buffer: array, ...}, n)  gives what all these buffers hold after
run_shaders(shaders, places, words, {buffer: array, ...}, n)  runs shaders made by hand
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import wgpu

from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Contract, Copy, HostCall, Loops, Program, Special
from thalweg.compiler.plan import plan
from thalweg.compiler.render.wgsl import program as shaders
from thalweg.compiler.render.wgsl.kernel import KernelShader, module
from thalweg.compiler.render.wgsl.layout import Layout, Place
from thalweg.tensor.dtypes import bfloat16, bool_, float16

Array = np.ndarray[Any, Any]
_USAGE = wgpu.BufferUsage


def to_words(array: Array) -> Array:
    """Elements as the words of memory."""
    array = np.ascontiguousarray(array).reshape(-1)
    if array.dtype in (float16, bfloat16):
        array = array.astype(np.float32)
    if array.dtype.kind == "f":
        return array.view(np.uint32)
    return array.astype(np.int32 if array.dtype.kind == "i" else np.uint32).view(np.uint32)


def from_words(words: Array, dtype: np.dtype[Any]) -> Array:
    """Words of memory as elements of a dtype."""
    if dtype == bool_:
        return words != 0
    if dtype.kind == "f" or dtype == bfloat16:
        return words.view(np.float32).astype(dtype)
    return words.view(np.int32 if dtype.kind == "i" else np.uint32).astype(dtype)


@functools.cache
def device() -> Any:
    """The first adapter's device, with subgroups where it has them."""
    adapter = wgpu.gpu.request_adapter_sync()
    wanted = sorted({"subgroup", "subgroups"} & set(adapter.features))
    limits = ("max-buffer-size", "max-storage-buffer-binding-size")
    return adapter.request_device_sync(
        required_features=wanted, required_limits={k: adapter.limits[k] for k in limits}
    )


@functools.cache
def _layouts() -> tuple[Any, Any]:
    types = {0: {"type": "storage"}, 1: {"type": "uniform", "has_dynamic_offset": False}}
    bindings = device().create_bind_group_layout(
        entries=[
            {"binding": k, "visibility": wgpu.ShaderStage.COMPUTE, "buffer": of}
            for k, of in types.items()
        ]
    )
    return bindings, device().create_pipeline_layout(bind_group_layouts=[bindings])


@functools.cache
def _pipeline(text: str) -> Any:
    # naga knows the operations but not the line that enables them.
    code = text.replace("enable subgroups;\n", "")
    shader = device().create_shader_module(code=code)
    return device().create_compute_pipeline(
        layout=_layouts()[1], compute={"module": shader, "entry_point": "main"}
    )


class Memory:
    """The one buffer, and what runs on it."""

    def __init__(self, words: int, n: int) -> None:
        self.n = n
        usage = _USAGE.STORAGE | _USAGE.COPY_SRC | _USAGE.COPY_DST
        # What is never written shows.
        start = np.full(max(words, 64), 0x7FC12345, np.uint32)
        self.buffer = device().create_buffer_with_data(data=start, usage=usage)

    def write(self, place: int, array: Array) -> None:
        if array.size:
            device().queue.write_buffer(self.buffer, 4 * place, to_words(array))

    def read(self, place: int, count: int, dtype: np.dtype[Any]) -> Array:
        if not count:
            return np.zeros(0, dtype)
        data = device().queue.read_buffer(self.buffer, 4 * place, 4 * count)
        return from_words(np.frombuffer(data, np.uint32), dtype)

    def dispatch(self, shader: KernelShader, turns: Sequence[int] = ()) -> None:
        count = shader.count(self.n)
        if not count:
            return
        numbers = np.zeros(8, np.uint32)
        numbers[: 1 + len(turns)] = [self.n, *turns]
        uniform = device().create_buffer_with_data(data=numbers, usage=_USAGE.UNIFORM)
        resources = [
            {"binding": k, "resource": {"buffer": b, "offset": 0, "size": b.size}}
            for k, b in enumerate((self.buffer, uniform))
        ]
        group = device().create_bind_group(layout=_layouts()[0], entries=resources)
        encoder = device().create_command_encoder()
        run = encoder.begin_compute_pass()
        run.set_pipeline(_pipeline(module(shader)))
        run.set_bind_group(0, group)
        run.dispatch_workgroups(min(count, 65535), -(-count // 65535))
        run.end()
        device().queue.submit([encoder.finish()])


def run_shaders(
    shaders: Sequence[KernelShader],
    places: Mapping[Buffer, int | Place],
    words: int,
    arrays: Mapping[Buffer, Array],
    n: int = 1,
) -> dict[Buffer, Array]:
    """Run shaders one after the other; gives what the buffers of `arrays` hold after."""
    memory = Memory(words, n)
    known = {b: p.base if isinstance(p, Place) else p for b, p in places.items()}
    for buffer, array in arrays.items():
        memory.write(known[buffer], array)
    for shader in shaders:
        memory.dispatch(shader)
    return {b: memory.read(known[b], b.size.at(n), b.dtype) for b in arrays}


def run_launch(
    launch: Loops | Contract | Special | Copy | HostCall,
    arrays: Mapping[Buffer, Array],
    n: int = 1,
    subgroups: bool = False,
) -> dict[Buffer, Array]:
    """Run one kernel; gives what the buffers of `arrays` hold after."""
    program = Program(n, list(arrays), [], [], [], [], [launch])
    return run(program, arrays, n, subgroups)


def run(
    program: Program, arrays: Mapping[Buffer, Array], n: int = 1, subgroups: bool = False
) -> dict[Buffer, Array]:
    """Run a Program on arrays for its states and inputs; gives its states and outputs after."""
    if not program.arena:
        plan(program)
    rendered = shaders.render(program, Layout.of(program), subgroups)
    memory = Memory(rendered.layout.words, n)
    places = rendered.layout.places
    for buffer, array in program.constants:
        memory.write(places[buffer], np.asarray(array))
    for buffer, array in arrays.items():
        memory.write(places[buffer], np.asarray(array))
    _Run(memory, rendered).block(rendered.steps, ())
    return {
        b: memory.read(places[b], b.size.at(n), b.dtype)
        for b in (*program.states, *program.outputs)
    }


class _Run:
    def __init__(self, memory: Memory, rendered: shaders.ShaderProgram) -> None:
        self.memory, self.rendered = memory, rendered

    def block(self, steps: Sequence[shaders.Step], turns: tuple[int, ...]) -> None:
        for step in steps:
            if isinstance(step, shaders.Dispatch):
                self.memory.dispatch(self.rendered.kernels[step.kernel], turns)
            elif isinstance(step, shaders.Turns):
                self.turns(step, turns)
            elif isinstance(step, shaders.While):
                self.repeat(step, turns)
            elif isinstance(step, shaders.Cond):
                held = self.flag(step.flag_place, turns)
                self.block(step.then if held else step.otherwise, turns)
            else:
                self.host(step, turns)

    def place(self, place: Place, turns: tuple[int, ...]) -> int:
        return place.base + sum(turns[d] * size.at(self.memory.n) for d, size in place.turns)

    def flag(self, place: Place, turns: tuple[int, ...]) -> bool:
        return bool(self.memory.read(self.place(place, turns), 1, np.dtype(np.uint32))[0])

    def turns(self, step: shaders.Turns, turns: tuple[int, ...]) -> None:
        count = step.length.at(self.memory.n)
        for turn in range(count):
            here = count - 1 - turn if step.reverse else turn
            self.block(step.block, (*turns, here))

    def repeat(self, step: shaders.While, turns: tuple[int, ...]) -> None:
        self.block(step.test, turns)
        while self.flag(step.flag_place, turns):
            self.block(step.block, turns)
            self.block(step.test, turns)

    def host(self, step: shaders.Host, turns: tuple[int, ...]) -> None:
        n, call = self.memory.n, step.call
        places = [self.place(p, turns) for p in step.places]
        pairs = [*call.inputs, *call.outputs]
        shapes = [tuple(d.at(n) for d in shape) for _, shape in pairs]
        read = [
            self.memory.read(p, b.size.at(n), b.dtype).reshape(s)
            for (b, _), p, s in zip(call.inputs, places, shapes, strict=False)
        ]
        found = call.evaluate(n, *read)
        results = found if isinstance(found, tuple) else (found,)
        for (b, _), p, array in zip(call.outputs, places[len(call.inputs) :], results, strict=True):
            self.memory.write(p, np.asarray(array, b.dtype))
