"""Shaders: the Programs of an export as WGSL, and how a page runs them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from thalweg.compiler.dims import ZERO, Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Program
from thalweg.compiler.render.wgsl.kernel import KernelShader
from thalweg.compiler.render.wgsl.layout import Layout, words
from thalweg.compiler.render.wgsl.program import (
    Cond,
    Dispatch,
    ShaderProgram,
    Step,
    Turns,
    While,
    render,
)
from thalweg.web.gather import Collection

__all__ = ["Shaders", "Variant"]

Array = np.ndarray[Any, Any]
Json = dict[str, Any]


@dataclass(slots=True)
class Variant:
    """The Programs rendered for one kind of adapter.

    Attributes:
        name: of the kind.
        software: whether it is an adapter that computes on the processor.
        subgroups: whether kernels use subgroup operations.
        kernels: the contents of the file: helper functions by name, and for each kernel its code
            and the helpers and features that it needs.
        words: the room that the Programs need.
        steps: the launches of each Program, by its name.
        single: those of a Program that is run for one sample, too: kernels whose tiles are made for
            one row.
        dispatches: how many runs of kernels one run of each Program is (one turn of a `while`).
    """

    name: str
    software: bool = False
    subgroups: bool = False
    kernels: Json = field(default_factory=lambda: {"helpers": {}, "kernels": []})
    words: int = 0
    steps: dict[str, list[Any]] = field(default_factory=dict)
    single: dict[str, list[Any]] = field(default_factory=dict)
    dispatches: dict[str, Dim] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """What its file is called."""
        return f"shaders.{self.name}.json"

    @property
    def described(self) -> Json:
        """What program.json says of it."""
        features = {name for kernel in self.kernels["kernels"] for name in kernel["features"]}
        return {
            "shaders": self.file,
            "software": self.software,
            "features": sorted(features),
            "words": self.words,
        }

    def add(self, name: str, program: Program, layout: Layout) -> None:
        """Render a Program; that of predictions for single samples, too."""
        shaders = self._rendered(program, layout)
        self.steps[name] = self._steps(shaders)
        self.dispatches[name] = _dispatches(shaders.steps)
        if name == "predict" and program.capacity > 1:
            self.single[name] = self._steps(self._rendered(replace(program, capacity=1), layout))

    def _rendered(self, program: Program, layout: Layout) -> ShaderProgram:
        profile = "software" if self.software else "gpu"
        shaders = render(program, layout, self.subgroups, profile)
        self.words = max(self.words, shaders.layout.words)
        return shaders

    def _steps(self, shaders: ShaderProgram) -> list[Any]:
        numbers = [self._number(kernel) for kernel in shaders.kernels]
        return [_plain(step, numbers) for step in shaders.steps]

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


@dataclass(slots=True)
class Shaders:
    """What an export holds for WebGPU.

    Attributes:
        variants: the page takes the first one that fits its adapter; the last but the software's
            fits every GPU.
        states: the place of each variable in the one buffer, in words.
        places: those of each Program's buffers, by the Program's name.
        constants: the arrays that Programs refer to, by the name that the weights' files use.
        constants_described: what program.json says of the constants.
    """

    variants: list[Variant] = field(default_factory=list)
    states: list[int] = field(default_factory=list)
    places: dict[str, dict[Buffer, int]] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    constants_described: list[Json] = field(default_factory=list)

    @staticmethod
    def of(collection: Collection) -> Shaders:
        """Render the Programs of a collection.

        Raises:
            TypeError: if one of them computes in a dtype that WebGPU does not have.
        """
        found = Shaders()
        end = found._place_kept(collection)
        layouts = {}
        for name, entry in collection.entries.items():
            layouts[name] = Layout.of(entry.program, found.places[name], end)
            found.places[name] = dict(layouts[name].places)
        plain, subgroups = Variant("gpu"), Variant("subgroups", subgroups=True)
        for variant in (subgroups, plain, Variant("software", software=True)):
            for name, entry in collection.entries.items():
                variant.add(name, entry.program, layouts[name])
            found.variants.append(variant)
        if subgroups.kernels == plain.kernels:
            found.variants.remove(subgroups)
        return found

    @property
    def dispatches(self) -> dict[str, Dim]:
        """How many runs of kernels one run of each Program is on any GPU."""
        return next(v for v in self.variants if v.name == "gpu").dispatches

    def _place_kept(self, collection: Collection) -> int:
        """Places for what stays while other Programs run; all else is shared room behind it."""
        end = 0
        entries = collection.entries
        for buffer in next(iter(entries.values())).program.states:
            self.states.append(end)
            end += words(buffer, 1)
        for name, entry in entries.items():
            known = dict(zip(entry.program.states, self.states, strict=True))
            for buffer, values in entry.program.constants:
                known[buffer], end = end, end + words(buffer, 1)
                self._constant(buffer, values, known[buffer])
            self.places[name] = known
        return end

    def _constant(self, buffer: Buffer, values: Any, place: int) -> None:
        name = f"constant.{len(self.constants)}"
        self.constants[name] = np.ascontiguousarray(values, buffer.dtype).reshape(-1)
        self.constants_described.append({"name": name, "place": place, "dtype": buffer.dtype.name})


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
