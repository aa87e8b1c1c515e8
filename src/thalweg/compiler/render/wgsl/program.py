"""ShaderProgram: a Program as shaders, and the steps that run them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir import program as ir
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.render.wgsl import contract, copy, loops, special
from thalweg.compiler.render.wgsl.dtypes import check
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader
from thalweg.compiler.render.wgsl.layout import Layout, Place, Room
from thalweg.compiler.render.wgsl.merging import merged

__all__ = ["Cond", "Dispatch", "Host", "ShaderProgram", "Step", "Turns", "While", "render"]


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One run of a kernel.

    Attributes:
        kernel: its number.
        groups: the number of workgroups is the product of these.
        title: what it does.
        fused: the primitives in it.
        launch: what it was made from, for people who look inside.
    """

    kernel: int
    groups: tuple[Count, ...]
    title: str
    fused: tuple[str, ...]
    launch: ir.Loops | ir.Contract | ir.Special | ir.Copy


@dataclass(frozen=True, slots=True)
class Turns:
    """`length` turns of a block; `u` holds the turn, counted down where `reverse`."""

    block: tuple[Step, ...]
    length: Dim
    reverse: bool


@dataclass(frozen=True, slots=True)
class While:
    """Turns of `block` as long as `test`, run before each, leaves a word that is not 0."""

    test: tuple[Step, ...]
    flag_place: Place
    block: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Cond:
    """One block or the other, by a word that is or is not 0."""

    flag_place: Place
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """What has no kernel: computed with NumPy between a read and a write of the memory.

    Attributes:
        call: what is computed.
        places: where the call's inputs lie, then its outputs.
    """

    call: ir.HostCall
    places: tuple[Place, ...]


Step = Dispatch | Turns | While | Cond | Host


@dataclass(slots=True)
class ShaderProgram:
    """What runs on WebGPU.

    Attributes:
        kernels: each once.
        steps: in order.
        layout: where everything lies; its words include the scratch memory of the kernels.
    """

    kernels: list[KernelShader]
    steps: tuple[Step, ...]
    layout: Layout


def render(
    program: ir.Program, layout: Layout, subgroups: bool = False, profile: str = "gpu"
) -> ShaderProgram:
    """Render all launches of a Program.

    Args:
        program: what to run.
        layout: where its buffers lie.
        subgroups: whether kernels may use subgroup operations.
        profile: what contractions are cut up for: `gpu`, or `software`, adapters that run on the
            processor (SwiftShader, lavapipe).

    Raises:
        TypeError: if a kernel computes with a dtype that WebGPU does not have.
    """
    places = {buffer: Place(base) for buffer, base in layout.places.items()}
    writing = _Writing(places, max(program.capacity, 1), layout.words, subgroups, profile)
    steps = writing.block(merged(program).launches, 0)
    return ShaderProgram(writing.kernels, steps, Layout(layout.places, writing.end))


@dataclass(slots=True)
class _Writing:
    places: dict[Buffer, Place]
    capacity: int
    begin: int  # of the scratch memory, which belongs to one launch at a time
    subgroups: bool
    profile: str
    end: int = 0
    kernels: list[KernelShader] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.end = self.begin

    def block(self, launches: Iterable[ir.Launch], depth: int) -> tuple[Step, ...]:
        return tuple(step for launch in launches for step in self.launch(launch, depth))

    def launch(self, launch: ir.Launch, depth: int) -> Sequence[Step]:
        check(launch)
        if isinstance(launch, ir.Scan):
            for piece in launch.pieces:
                whole = self.places[piece.whole]
                turns = (*whole.turns, (depth, piece.inside.size))
                self.places[piece.inside] = Place(whole.base, turns)
            block = self.block(launch.block, depth + 1)
            return (Turns(block, launch.length, launch.reverse),)
        if isinstance(launch, ir.While):
            test, block = self.block(launch.test, depth), self.block(launch.block, depth)
            return (While(test, self.places[launch.flag], block),)
        if isinstance(launch, ir.Cond):
            then, otherwise = self.block(launch.then, depth), self.block(launch.otherwise, depth)
            return (Cond(self.places[launch.flag], then, otherwise),)
        if isinstance(launch, ir.HostCall):
            buffers = [buffer for buffer, _ in (*launch.inputs, *launch.outputs)]
            return (Host(launch, tuple(self.places[b] for b in buffers)),)
        room = Room(dict(self.places), self.capacity, self.begin, self.subgroups, self.profile)
        shaders = _shaders(launch, room)
        self.end = max(self.end, room.end)
        return [
            Dispatch(self.number(shader), shader.groups, launch.title, launch.fused, launch)
            for shader in shaders
        ]

    def number(self, shader: KernelShader) -> int:
        """The place of a kernel among those with different texts."""
        if shader.code not in self._numbers:
            self._numbers[shader.code] = len(self.kernels)
            self.kernels.append(shader)
        return self._numbers[shader.code]


def _shaders(
    launch: ir.Loops | ir.Contract | ir.Special | ir.Copy, room: Room
) -> list[KernelShader]:
    if isinstance(launch, ir.Loops):
        return loops.render(launch, room)
    if isinstance(launch, ir.Contract):
        return contract.render(launch, room)
    if isinstance(launch, ir.Copy):
        return copy.render(launch, room)
    return special.RENDERERS[launch.family](launch, room)
