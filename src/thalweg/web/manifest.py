"""program.json: what the page must know of an export. Its fields are documented in docs/export.md.

A length that depends on the batch size n is `[scale, offset]`, for `scale * n + offset`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.render.llvm.table import Table
from thalweg.tensor.dtypes import DType
from thalweg.web.choice import preferred
from thalweg.web.gather import Collection, Entry, Spec
from thalweg.web.shaders import Shaders
from thalweg.web.wasm.assemble import Assembled
from thalweg.web.wasm.layout import STACK_BYTES, Layout, Placed

__all__ = ["VERSION", "dim", "manifest"]

VERSION = 1

Json = dict[str, Any]


def manifest(
    collection: Collection,
    names: Sequence[str],
    layout: Layout,
    modules: Assembled,
    weights: Json,
    shaders: Shaders | str,
    files: Mapping[str, bytes],
) -> Json:
    """The contents of program.json.

    Args:
        collection: the Programs.
        names: of the variables.
        layout: the wasm memory.
        modules: the wasm modules.
        weights: the files, and the dtype that they hold.
        shaders: for WebGPU, or why there are none.
        files: the contents of the files that the page loads, by name.
    """
    programs = {}
    for name, entry in collection.entries.items():
        programs[name] = _program(name, entry, layout.programs[name], modules, shaders)
    return {
        "format": "thalweg-web",
        "version": VERSION,
        "name": collection.name,
        "batch": collection.batch,
        "inputs": [_spec(s) for s in collection.inputs],
        "targets": [_spec(s) for s in collection.targets],
        "outputs": [_spec(s) for s in collection.outputs],
        "weighted": collection.weighted,
        "training": collection.training,
        "states": [
            _state(collection, k, name, layout.states[k], shaders) for k, name in enumerate(names)
        ],
        "globalSeed": collection.global_seed,
        "programs": programs,
        "choice": preferred(
            modules.costs,
            shaders.dispatches if isinstance(shaders, Shaders) else None,
            collection.batch,
            None if isinstance(shaders, Shaders) else shaders,
        ),
        "wasm": {
            "simd": modules.file("simd128"),
            "relaxed": modules.file("relaxed"),
            "pages": modules.pages,
            "heap": modules.heap,
            "job": layout.job,
            "stack": {"top": layout.stack, "bytes": STACK_BYTES},
            "scratch": modules.scratch,
        },
        "webgpu": [v.described for v in shaders.variants] if isinstance(shaders, Shaders) else None,
        "webgpuWhy": None if isinstance(shaders, Shaders) else shaders,
        "constants": shaders.constants_described if isinstance(shaders, Shaders) else [],
        "weights": weights,
        "checksums": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "bytes": {name: len(content) for name, content in files.items()},
    }


def dim(length: Dim) -> list[int]:
    """A length."""
    return [length.scale, length.offset]


def _spec(spec: Spec) -> Json:
    return {"name": spec.name, "shape": list(spec.shape), "dtype": _dtype(spec.dtype)}


def _dtype(dtype: DType) -> str:
    return dtype.name


def _state(
    collection: Collection, number: int, name: str, address: int, shaders: Shaders | str
) -> Json:
    variable, role = collection.variables[number], collection.roles[number]
    found: Json = {
        "name": name,
        "shape": list(variable.shape),
        "dtype": _dtype(variable.dtype),
        "role": role,
        "trainable": bool(variable.trainable and role == "weight"),
        "address": address,
    }
    if number in collection.initial:
        values = collection.initial[number].ravel().tolist()
        found["initial"] = values[0] if len(set(values)) == 1 else values
    if isinstance(shaders, Shaders):
        found["place"] = shaders.states[number]
    return found


def _program(
    name: str, entry: Entry, placed: Placed, modules: Assembled, shaders: Shaders | str
) -> Json:
    program, table = entry.program, Table.of(entry.program)
    found: Json = {
        "capacity": program.capacity,
        "flexible": entry.flexible,
        "changes": entry.changes,
        "inputs": [
            _port(port, b, shape, address)
            for port, b, shape, address in zip(
                entry.inputs, program.inputs, entry.input_shapes, placed.inputs, strict=True
            )
        ],
        "outputs": [
            _port(port, b, shape, address)
            for port, b, shape, address in zip(
                entry.outputs, program.outputs, program.output_shapes, placed.outputs, strict=True
            )
        ],
        "cost": {key: dim(x) for key, x in modules.costs[name]._asdict().items()},
        "wasm": {
            "run": name,
            "steps": f"{name}_steps",
            "table": placed.table,
            "tableScratch": table.scratch,
        },
    }
    if isinstance(shaders, Shaders):
        found["webgpu"] = [variant.steps[name] for variant in shaders.variants]
        if all(name in variant.single for variant in shaders.variants):
            found["single"] = [variant.single[name] for variant in shaders.variants]
        found["cost"]["dispatches"] = dim(shaders.dispatches[name])
        for key, buffers in (("inputs", program.inputs), ("outputs", program.outputs)):
            for port, buffer in zip(found[key], buffers, strict=True):
                port["place"] = shaders.places[name][buffer]
    return found


def _port(name: str, buffer: Buffer, shape: Sequence[Dim], address: int) -> Json:
    return {
        "name": name,
        "shape": [dim(d) for d in shape],
        "dtype": _dtype(buffer.dtype),
        "address": address,
    }
