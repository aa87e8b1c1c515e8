"""Programs as WebAssembly, run in Node: from arrays to arrays, without the exporter's manifest.

One Node process serves all tests, since starting one takes longer than most of them.
"""

from __future__ import annotations

import atexit
import functools
import json
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from thalweg.compiler.compile import compile_graph
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Program
from thalweg.compiler.render.llvm.synchronize import SYNC_BYTES
from thalweg.compiler.render.llvm.table import Job, Table
from thalweg.compiler.render.llvm.together import Part, Together, render_together
from thalweg.compiler.target import SIMD128, Target
from thalweg.primitives.graph import Graph
from thalweg.web.wasm.assemble import compiled_object
from thalweg.web.wasm.link import Module, link

Array = np.ndarray[Any, Any]

_STACK, _PAGE = 65536, 65536
_SERVER = Path(__file__).with_name("wasm_server.mjs")


class Result(NamedTuple):
    """What came of a request: the bytes that were read, and how long each call took on average."""

    parts: list[bytes]
    seconds: list[float]


@functools.cache
def _server() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        ["node", "--experimental-wasm-relaxed-simd", str(_SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    atexit.register(process.kill)
    return process


def request(
    module: bytes,
    pages: int,
    writes: Mapping[int, bytes],
    calls: Sequence[Sequence[Any]],
    reads: Sequence[tuple[int, int]],
) -> Result:
    """Instantiate a module, write to its memory, call functions, read from its memory.

    Args:
        module: its bytes.
        pages: of memory.
        writes: contents by address.
        calls: each a name, how often, and arguments.
        reads: addresses and sizes.

    Raises:
        RuntimeError: with what the engine says of an error.
    """
    process = _server()
    assert process.stdin is not None
    assert process.stdout is not None
    head = {
        "module": len(module),
        "pages": pages,
        "writes": [(place, len(content)) for place, content in writes.items()],
        "calls": list(calls),
        "reads": list(reads),
    }
    text = json.dumps(head).encode()
    process.stdin.write(b"".join([struct.pack("<I", len(text)), text, module, *writes.values()]))
    process.stdin.flush()
    size, rest = struct.unpack("<II", process.stdout.read(8))
    answer = json.loads(process.stdout.read(size))
    content = process.stdout.read(rest)
    if "error" in answer:
        raise RuntimeError(answer["error"])
    parts, begin = [], 0
    for _, length in reads:
        parts.append(content[begin : begin + length])
        begin += length
    return Result(parts, answer["seconds"])


def compiled(target: Target, graph: Graph, arrays: Sequence[Array], states: int = 0) -> list[Array]:
    """As `tests.compiler.agreement.compiled`, on WebAssembly."""
    placed = Placed(compile_graph(graph, states).program(), target)
    held, found, _ = placed.run(arrays[:states], arrays[states:])
    shapes = [y.shape for y in graph.outputs]
    return [a.reshape(s) for a, s in zip([*held, *found], shapes, strict=True)]


class Placed:
    """A Program as a module, and where its buffers lie."""

    def __init__(self, program: Program, target: Target = SIMD128, name: str = "run") -> None:
        self.program, self.name = program, name
        self.layout = Table.of(program)
        self.end = _STACK
        self.job = self._take(8 * Job.SIZE)
        sync, table = self._take(SYNC_BYTES), self._take(target.pointer * self.layout.size)
        self.table = table
        self.text: Together = render_together([Part(name, program, table, sync)], target)
        self.states, self.inputs, self.outputs, self.constants = (
            [self._take(self._bytes(b)) for b in buffers]
            for buffers in (
                program.states,
                program.inputs,
                program.outputs,
                [b for b, _ in program.constants],
            )
        )
        addresses = [*self.states, *self.inputs, *self.outputs, *self.constants]
        addresses += [self._take(program.arena), self._take(self.text.scratch)]
        contents = {table: np.array(addresses, np.uint32).tobytes()}
        for place, (buffer, values) in zip(self.constants, program.constants, strict=True):
            contents[place] = np.ascontiguousarray(values, buffer.dtype).tobytes()
        code = compiled_object(self.text.text, target)
        linked: Module = link(code, self.text.exports, self.end, contents)
        self.module, self.end = linked.content, -(-linked.end // 64) * 64

    def _take(self, size: int) -> int:
        place = self.end
        self.end = -(-(place + max(1, size)) // 64) * 64
        return place

    def _bytes(self, buffer: Buffer) -> int:
        n = max(1, self.program.capacity)
        return max(buffer.size.at(1), buffer.size.at(n), 0) * buffer.dtype.itemsize

    def run(
        self,
        states: Sequence[Array],
        inputs: Sequence[Array],
        n: int = 1,
        rounds: Sequence[int] = (1,),
    ) -> tuple[list[Array], list[Array], float]:
        """The states and outputs after all runs, and the seconds of one in the fastest round.

        Args:
            rounds: how often to run in each.
        """
        writes = {
            place: np.ascontiguousarray(array).tobytes()
            for place, array in zip([*self.states, *self.inputs], [*states, *inputs], strict=True)
            if array.size
        }
        outputs = [
            np.empty(tuple(d.at(n) for d in shape), buffer.dtype)
            for buffer, shape in zip(self.program.outputs, self.program.output_shapes, strict=True)
        ]
        arrays, places = [*states, *outputs], [*self.states, *self.outputs]
        reads = [(place, a.nbytes) for place, a in zip(places, arrays, strict=True)]
        pages = -(-self.end // _PAGE) + 1
        found = request(self.module, pages, writes, [(self.name, r, n) for r in rounds], reads)
        got = [
            np.frombuffer(part, a.dtype).reshape(a.shape)
            for part, a in zip(found.parts, arrays, strict=True)
        ]
        return got[: len(states)], got[len(states) :], min(found.seconds)
