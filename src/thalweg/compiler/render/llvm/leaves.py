"""Leaves: the launches that do work, in the order of a program, rendered.

Structure (`Scan`, `While`, `Cond`) is what is around them. Kernels with the same text become one
function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from thalweg.compiler.dims import ZERO, Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Cond, HostCall, Launch, Scan, While
from thalweg.compiler.ir.signature import Signature, signature
from thalweg.compiler.render.llvm import kernels
from thalweg.compiler.render.llvm.kernel import NAME, KernelText
from thalweg.compiler.render.llvm.merge import merge
from thalweg.compiler.target import Target

__all__ = ["Functions", "Leaf", "Leaves", "Work", "flat", "seconds"]

# What one core gets done in a second, roughly: to tell small kernels from large ones.
_FLOPS, _BYTES = 6e10, 1.5e10
# Kernels below this are left to worker 0: to meet the others, and to bring their part of the data
# from their caches, would take longer than they can help.
_SMALL = 1.5e-6


class Work(NamedTuple):
    """What one launch has to do.

    Attributes:
        flops: floating-point operations, once.
        bytes: that it touches, once.
        times: how often it runs in a run.
        alone: whether worker 0 does it alone.
    """

    flops: Dim
    bytes: Dim
    times: int
    alone: bool


@dataclass(slots=True, eq=False)
class Leaf:
    """One launch that does work.

    Attributes:
        number: its place in the program.
        launch: what it was made from.
        kernel: the text of its function; None for a HostCall.
        function: the name of that function.
        alone: whether worker 0 does it alone.
        times: how often it runs in a run, as far as is known (turns of the scans around it).
    """

    number: int
    launch: kernels.Kernel | HostCall
    kernel: KernelText | None
    function: str
    alone: bool
    times: int

    @property
    def reads_and_writes(self) -> tuple[tuple[Buffer, ...], tuple[Buffer, ...]]:
        """All buffers that it touches (those that it writes may be read, too), those it writes."""
        if isinstance(self.launch, HostCall):
            written = tuple(buffer for buffer, _ in self.launch.outputs)
            return tuple(buffer for buffer, _ in self.launch.inputs) + written, written
        assert self.kernel is not None
        return self.kernel.buffers, self.kernel.writes

    def flops(self) -> Dim:
        """Floating-point operations, once."""
        return self.kernel.flops if self.kernel is not None else ZERO

    def bytes(self) -> Dim:
        """Bytes that it touches, each once (at most those of all its buffers)."""
        if self.kernel is not None and self.kernel.bytes is not None:
            return self.kernel.bytes
        total = ZERO
        for buffer in dict.fromkeys(self.reads_and_writes[0]):
            total = total.plus(buffer.size.times(buffer.dtype.itemsize))
        return total

    @property
    def work(self) -> Work:
        """What there is to do."""
        return Work(self.flops(), self.bytes(), self.times, self.alone)


def seconds(work: Work, n: int) -> float:
    """About how long one worker needs for it, once."""
    return max(work.flops.at(n) / _FLOPS, work.bytes.at(n) / _BYTES)


@dataclass(slots=True, eq=False)
class Functions:
    """The functions of a module's kernels; programs in one module share those that are alike.

    Attributes:
        target: the processor.
        declarations: what they call from outside, by name.
    """

    target: Target
    declarations: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    # The texts, and what to call for each of the functions there were.
    _merged: tuple[list[str], dict[str, tuple[str, tuple[int, ...]]]] = field(
        default_factory=lambda: ([], {})
    )
    _rendered: dict[Signature, tuple[KernelText, list[Buffer]]] = field(default_factory=dict)

    def kernel(self, launch: kernels.Kernel) -> KernelText:
        """The text of a kernel: that of one like it, for other buffers, where there is one."""
        key, buffers = signature(launch)
        if key is None:
            return kernels.render(launch, self.target)
        if key not in self._rendered:
            self._rendered[key] = kernels.render(launch, self.target), buffers
        kernel, others = self._rendered[key]
        here = dict(zip(others, buffers, strict=True))
        return replace(
            kernel,
            buffers=tuple(here[b] for b in kernel.buffers),
            writes=tuple(here[b] for b in kernel.writes),
        )

    def name(self, kernel: KernelText) -> str:
        """The name of a kernel's function."""
        name = self._names.get(kernel.text)
        if name is None:
            name = self._names[kernel.text] = f"kernel{len(self._names)}"
            self.declarations.update(kernel.declarations)
        return name

    @property
    def texts(self) -> list[str]:
        """Their definitions."""
        return self._merged[0] or [text.replace(NAME, name) for text, name in self._names.items()]

    def merge(self) -> None:
        """Make one function of those that differ in lengths only; there may be no more after."""
        texts, became = merge(list(self._names))
        names = [f"kernel{k}" for k in range(len(texts))]
        calls = {
            name: (names[m.number], m.lengths)
            for name, m in zip(self._names.values(), became, strict=True)
        }
        self._merged = [t.replace(NAME, n) for t, n in zip(texts, names, strict=True)], calls

    def call(self, name: str) -> tuple[str, tuple[int, ...]]:
        """What to call for a kernel's function: the name, and further arguments."""
        return self._merged[1].get(name, (name, ()))


@dataclass(slots=True, eq=False)
class Leaves:
    """The leaves of a program."""

    functions: Functions
    capacity: int
    all: list[Leaf] = field(default_factory=list)
    _by_launch: dict[int, Leaf] = field(default_factory=dict)

    @staticmethod
    def of(launches: Iterable[Launch], capacity: int, functions: Functions) -> Leaves:
        """Render all launches of a program."""
        leaves = Leaves(functions, capacity)
        for launch, times in flat(launches, 1, max(1, capacity)):
            leaves._add(launch, times)
        return leaves

    def __getitem__(self, launch: Launch) -> Leaf:
        return self._by_launch[id(launch)]

    def scratch(self) -> int:
        """Bytes of scratch that each worker needs, a multiple of 64."""
        n = max(1, self.capacity)
        need = max((x.kernel.scratch.at(n) for x in self.all if x.kernel is not None), default=0)
        return -(-need // 64) * 64

    def _add(self, launch: kernels.Kernel | HostCall, times: int) -> None:
        if isinstance(launch, HostCall):
            leaf = Leaf(len(self.all), launch, None, "", True, times)
        else:
            kernel = self.functions.kernel(launch)
            name = self.functions.name(kernel)
            leaf = Leaf(len(self.all), launch, kernel, name, False, times)
            once = kernel.turns.static and kernel.turns.offset <= 1
            leaf.alone = once or seconds(leaf.work, max(1, self.capacity)) < _SMALL
        self.all.append(leaf)
        self._by_launch[id(launch)] = leaf


def flat(
    launches: Iterable[Launch], times: int, n: int
) -> Iterator[tuple[kernels.Kernel | HostCall, int]]:
    """The launches that do work, and how often each runs, as far as is known.

    Args:
        launches: of a program, with loops and branches.
        times: how often all of them run.
        n: the batch size.
    """
    for launch in launches:
        if isinstance(launch, Scan):
            yield from flat(launch.block, times * launch.length.at(n), n)
        elif isinstance(launch, While):
            yield from flat((*launch.test, *launch.block), times, n)
        elif isinstance(launch, Cond):
            yield from flat((*launch.then, *launch.otherwise), times, n)
        else:
            yield launch, times
