"""Shaders: the Programs of an export as WGSL, and how a page runs them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.compiler.dims import ZERO, Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.render.wgsl.kernel import KernelShader
from thalweg.compiler.render.wgsl.layout import Layout, words
from thalweg.compiler.render.wgsl.program import Cond, Dispatch, Step, Turns, While, render
from thalweg.web.gather import Collection

__all__ = ["Shaders"]

Array = np.ndarray[Any, Any]
Json = dict[str, Any]


@dataclass(slots=True)
class Shaders:
    """What an export holds for WebGPU.

    Attributes:
        kernels: the contents of shaders.json: helper functions by name, and for each kernel its
            code and the helpers and features that it needs.
        states: the place of each variable, in words.
        places: those of each Program's buffers, by the Program's name.
        steps: the launches of each Program, by its name.
        dispatches: how many runs of kernels one run of each Program is (one turn of a `while`).
        constants: the arrays that Programs refer to, by the name that the weights' files use.
        described: what program.json says of the buffer.
        constants_described: what it says of the constants.
    """

    kernels: Json = field(default_factory=lambda: {"helpers": {}, "kernels": []})
    states: list[int] = field(default_factory=list)
    places: dict[str, dict[Buffer, int]] = field(default_factory=dict)
    steps: dict[str, list[Any]] = field(default_factory=dict)
    dispatches: dict[str, Dim] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    described: Json = field(default_factory=dict)
    constants_described: list[Json] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(collection: Collection) -> Shaders:
        """Render the Programs of a collection.

        Raises:
            ValueError: if one of them computes in a dtype that WebGPU does not have.
        """
        found = Shaders()
        entries = collection.entries
        end = 0
        if entries:
            states = next(iter(entries.values())).program.states
            for buffer in states:
                found.states.append(end)
                end += words(buffer, 1)
        features: set[str] = set()
        least = end
        for name, entry in entries.items():
            program = entry.program
            known = dict(zip(program.states, found.states, strict=True))
            # Constants stay where they are while other Programs run; all else is shared room.
            for buffer, values in program.constants:
                known[buffer], end = end, end + words(buffer, 1)
                found._constant(buffer, values, known[buffer])
            found.places[name] = known
        for name, entry in entries.items():
            layout = Layout.of(entry.program, found.places[name], end)
            shaders = render(entry.program, layout)
            found.places[name] = dict(layout.places)
            numbers = [found._number(kernel) for kernel in shaders.kernels]
            for kernel in shaders.kernels:
                features |= kernel.features
            found.steps[name] = [_plain(step, numbers) for step in shaders.steps]
            found.dispatches[name] = _dispatches(shaders.steps)
            least = max(least, shaders.layout.words)
        found.described = {
            "words": least,
            "shaders": "shaders.json",
            "features": sorted(features),
        }
        return found

    def _constant(self, buffer: Buffer, values: Any, place: int) -> None:
        name = f"constant.{len(self.constants)}"
        self.constants[name] = np.ascontiguousarray(values, buffer.dtype).reshape(-1)
        self.constants_described.append({"name": name, "place": place, "dtype": buffer.dtype.name})

    def _number(self, kernel: KernelShader) -> int:
        if kernel.code not in self._numbers:
            self._numbers[kernel.code] = len(self._numbers)
            self.kernels["helpers"] |= {k: _short(code) for k, code in kernel.helpers.items()}
            self.kernels["kernels"].append(
                {
                    "code": _short(kernel.code),
                    "helpers": list(kernel.helpers),
                    "features": sorted(kernel.features),
                }
            )
        return self._numbers[kernel.code]


def _dispatches(steps: Iterable[Step]) -> Dim:
    total = ZERO
    for step in steps:
        if isinstance(step, Dispatch):
            total = total.plus(1)
        elif isinstance(step, Turns):
            inner = _dispatches(step.block)
            total = total.plus(step.length.times(inner.offset))
        elif isinstance(step, While):
            total = total.plus(_dispatches((*step.test, *step.block)))
        elif isinstance(step, Cond):
            total = total.plus(_dispatches(step.then))
    return total


def _short(code: str) -> str:
    """Code without its indentation."""
    return "\n".join(line.strip() for line in code.splitlines() if line.strip())


def _plain(step: Step, numbers: list[int]) -> Any:
    def block(steps: Iterable[Step]) -> list[Any]:
        return [_plain(inner, numbers) for inner in steps]

    if isinstance(step, Dispatch):
        groups = [[c.dim.scale, c.dim.offset, c.per] for c in step.groups]
        return [numbers[step.kernel], groups]
    if isinstance(step, Turns):
        length = [step.length.scale, step.length.offset]
        return {"turns": length, "reverse": step.reverse, "block": block(step.block)}
    if isinstance(step, While):
        return {"while": block(step.test), "flag": step.flag_place.base, "block": block(step.block)}
    assert isinstance(step, Cond)  # host calls were refused before
    return {
        "cond": step.flag_place.base,
        "then": block(step.then),
        "otherwise": block(step.otherwise),
    }
