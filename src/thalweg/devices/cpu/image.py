"""Image: what is needed to run a Program whose code is there, and nothing of how it was made.

It can be written to a file: JSON, then the bytes of the constants.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import HostCall, Program
from thalweg.compiler.plain import NotPlainError, decode, encode
from thalweg.compiler.reference import Reference
from thalweg.compiler.render.llvm.leaves import Work
from thalweg.compiler.render.llvm.program import ModuleText
from thalweg.compiler.render.llvm.table import Table
from thalweg.primitives.primitive import PRIMITIVES
from thalweg.tensor.dtypes import as_dtype

__all__ = ["Image"]

Array = np.ndarray[Any, Any]


@dataclass(slots=True, eq=False)
class Image:
    """A Program without its kernels.

    Attributes:
        capacity, states, inputs, outputs, output_shapes, constants, arena: those of the Program.
        table: where the code looks for pointers.
        scratch: bytes of scratch for each worker.
        works: what there is to do, for choosing the number of workers.
        barriers: about how many barriers a run passes.
        calls: the host calls, by number.
    """

    capacity: int
    states: list[Buffer]
    inputs: list[Buffer]
    outputs: list[Buffer]
    output_shapes: list[tuple[Dim, ...]]
    constants: list[tuple[Buffer, Any]]
    arena: int
    table: Table
    scratch: int
    works: tuple[Work, ...]
    barriers: int
    calls: tuple[HostCall, ...]

    @staticmethod
    def of(program: Program, module: ModuleText) -> Image:
        """That of a rendered Program."""
        return Image(
            program.capacity,
            program.states,
            program.inputs,
            program.outputs,
            program.output_shapes,
            program.constants,
            program.arena,
            module.table,
            module.scratch,
            tuple(leaf.work for leaf in module.leaves),
            module.barriers,
            module.calls,
        )

    def packed(self) -> bytes:
        """As the contents of a file.

        Raises:
            NotPlainError: if a host call holds something that is not data.
        """
        arrays = [np.ascontiguousarray(values, b.dtype) for b, values in self.constants]
        plain = {
            "capacity": self.capacity,
            "states": [_buffer(b) for b in self.states],
            "inputs": [_buffer(b) for b in self.inputs],
            "outputs": [_buffer(b) for b in self.outputs],
            "output_shapes": self.output_shapes,
            "constants": [
                (_buffer(b), a.shape) for (b, _), a in zip(self.constants, arrays, strict=True)
            ],
            "arena": self.arena,
            "table": [getattr(self.table, name) for name in Table.__slots__],
            "scratch": self.scratch,
            "works": self.works,
            "barriers": self.barriers,
            "calls": [_call(c) for c in self.calls],
        }
        text = json.dumps(plain).encode()
        parts = [len(text).to_bytes(8, "little"), text, *(a.tobytes() for a in arrays)]
        return b"".join(parts)

    @staticmethod
    def unpacked(content: bytes) -> Image:
        """From the contents of a file."""
        begin = 8 + int.from_bytes(content[:8], "little")
        plain = json.loads(content[8:begin])
        constants = list(_arrays(plain["constants"], content, begin))
        return Image(
            plain["capacity"],
            [_buffer_of(b) for b in plain["states"]],
            [_buffer_of(b) for b in plain["inputs"]],
            [_buffer_of(b) for b in plain["outputs"]],
            [_shape_of(s) for s in plain["output_shapes"]],
            constants,
            plain["arena"],
            Table(*plain["table"]),
            plain["scratch"],
            tuple(Work(Dim(*w[0]), Dim(*w[1]), *w[2:]) for w in plain["works"]),
            plain["barriers"],
            tuple(_call_of(c) for c in plain["calls"]),
        )


def _buffer(b: Buffer) -> list[Any]:
    return [b.kind, b.dtype.name, b.size, b.number]


def _buffer_of(plain: Sequence[Any]) -> Buffer:
    kind, dtype, size, number = plain
    return Buffer(kind, as_dtype(dtype), Dim(*size), number)


def _shape_of(plain: Sequence[Any]) -> tuple[Dim, ...]:
    return tuple(Dim(*d) for d in plain)


def _arrays(plain: Sequence[Any], content: bytes, begin: int) -> Iterator[tuple[Buffer, Array]]:
    for packed, shape in plain:
        buffer, count = _buffer_of(packed), math.prod(shape)
        yield buffer, np.frombuffer(content, buffer.dtype, count, begin).reshape(shape)
        begin += count * buffer.dtype.itemsize


def _call(call: HostCall) -> dict[str, Any]:
    known = call.evaluate
    if not isinstance(known, Reference) or PRIMITIVES.get(known.primitive.name) != known.primitive:
        raise NotPlainError("a function")
    return {
        "primitive": known.primitive.name,
        "params": encode(known.params),
        "inputs": [(_buffer(b), shape) for b, shape in call.inputs],
        "outputs": [(_buffer(b), shape) for b, shape in call.outputs],
    }


def _call_of(plain: dict[str, Any]) -> HostCall:
    name = plain["primitive"]
    return HostCall(
        Reference(PRIMITIVES[name], decode(plain["params"])),
        tuple((_buffer_of(b), _shape_of(shape)) for b, shape in plain["inputs"]),
        tuple((_buffer_of(b), _shape_of(shape)) for b, shape in plain["outputs"]),
    )
