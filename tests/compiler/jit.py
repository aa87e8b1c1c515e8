"""LLVM IR text run in this process: what the tests of the renderer share."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.builder import PTR, Builder
from thalweg.compiler.target import AVX2, AVX512, SSE, Target
from thalweg.tensor.dtypes import as_dtype


def _machine() -> Any:
    """This processor; a fresh one for each module, as the engine takes it over."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(llvm.get_host_cpu_name(), features, opt=2)


def _targets() -> list[Target]:
    """The targets whose code this processor can run, widest first."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    wide = all(features.get(f) for f in ("avx512f", "avx512vl", "avx512dq", "avx512bw"))
    # Text for AVX2 has nothing of x86 in it but that fma and float16 conversions are instructions.
    return [*([AVX512] if wide else []), AVX2, SSE]


TARGETS = _targets()


class Compiled:
    """A module in memory; `module[name]` is the address of a function."""

    def __init__(self, text: str, declarations: Mapping[str, str]) -> None:
        import llvmlite.binding as llvm

        module = llvm.parse_assembly("\n".join([*declarations.values(), text]))
        module.verify()
        machine = _machine()
        passes = llvm.create_pass_builder(machine, llvm.PipelineTuningOptions(speed_level=2))
        passes.getModulePassManager().run(module, passes)
        self.engine = llvm.create_mcjit_compiler(module, machine)
        self.engine.finalize_object()

    def __getitem__(self, name: str) -> int:
        return self.engine.get_function_address(name)


def compile_builder(b: Builder) -> Compiled:
    """What a builder wrote, in memory."""
    return Compiled(b.text, b.declarations)


def function(compiled: Compiled, name: str, *arguments: Any) -> Any:
    """A function of a module as a ctypes function that returns nothing."""
    call = ctypes.CFUNCTYPE(None, *arguments)(compiled[name])
    call.module = compiled  # keeps the code alive
    return call


def elementwise_builder(
    name: str,
    inputs: tuple[str, ...],
    output: str,
    lanes: int,
    target: Target = AVX2,
    parameter: str | None = None,
) -> Builder:
    """A function `loop(pointers to the inputs and the output, count)` of a primitive."""
    b = Builder(target)
    dtypes = [as_dtype(d) for d in inputs]
    out = as_dtype(output)
    params = {} if parameter is None else {"dtype": as_dtype(parameter)}
    pointers = [(PTR, f"p{i}") for i in range(len(inputs) + 1)]
    with b.function("loop", [*pointers, (b.index_type, "count")], linkage="") as values:
        *arrays, result, count = values
        with b.loop(0, count, lanes) as loop:
            args = [
                elementwise.load(b, b.at(p, loop.index, elementwise.memory(d).element), d, lanes)
                for p, d in zip(arrays, dtypes, strict=True)
            ]
            value = elementwise.emit(b, name, args, dtypes[0], params)
            place = b.at(result, loop.index, elementwise.memory(out).element)
            elementwise.store(b, value, place, out)
    return b


@functools.cache
def elementwise_loop(
    name: str,
    inputs: tuple[str, ...],
    output: str,
    lanes: int,
    target: Target = AVX2,
    parameter: str | None = None,
) -> Any:
    """A primitive over whole arrays: `loop(*arrays)` returns the array of outputs."""
    dtypes = [as_dtype(d) for d in inputs]
    out = as_dtype(output)
    b = elementwise_builder(name, inputs, output, lanes, target, parameter)
    types = [ctypes.c_void_p] * (len(inputs) + 1) + [ctypes.c_int64]
    call = function(compile_builder(b), "loop", *types)

    def run(*arrays: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        size = arrays[0].size
        padded = -(-size // lanes) * lanes
        held = []
        for array, dtype in zip(arrays, dtypes, strict=True):
            whole = np.ones(padded, dtype)
            whole[:size] = array.reshape(-1)
            held.append(whole)
        found = np.zeros(padded, out)
        call(*[a.ctypes.data for a in held], found.ctypes.data, padded)
        return found[:size].reshape(arrays[0].shape)

    return run
