"""What the rooms above see of a Program that is ready to run, on whichever device that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Program
from thalweg.devices.limit import Limit
from thalweg.tensor.storage import Holder

__all__ = ["Executable", "Face", "Leaf"]

Array = np.ndarray[Any, Any]


class Face(Protocol):
    """What there is to know of a Program without looking inside: these are its attributes."""

    capacity: int
    states: list[Buffer]
    inputs: list[Buffer]
    outputs: list[Buffer]
    output_shapes: list[tuple[Dim, ...]]


class Leaf(Protocol):
    """A part of a Program that is measured: a kernel, a dispatch, or what NumPy computes.

    Attributes:
        number: its place in the Program.
        launch: what it was made from.
        times: how often it runs in a run, as far as is known.
    """

    number: int
    launch: Any
    times: int

    @property
    def reads_and_writes(self) -> tuple[tuple[Buffer, ...], tuple[Buffer, ...]]:
        """All buffers that it touches, and those that it writes."""
        ...

    def flops(self) -> Dim:
        """Floating-point operations, once."""
        ...

    def bytes(self) -> Dim:
        """Bytes that it touches, each once."""
        ...


class Executable(Protocol):
    """A Program that can be run. Several threads may call it; they take turns.

    Attributes:
        title: what the Program was made from.
        names: those of its states, as far as they have any.
        note: what was kept with it.
    """

    title: str
    names: tuple[str, ...]
    note: str

    @property
    def image(self) -> Face:
        """Sizes and shapes."""
        ...

    @property
    def holder(self) -> Holder | None:
        """The memory that states stay in from run to run; None: arrays of this machine.

        With a holder, states are given as `Variable.storage()`, without one as
        `Variable.resident()`; who gave them says `Variable.written(holder)` after the run.
        """
        ...

    def run(self, states: Sequence[Any], inputs: Sequence[Array], n: int = 1) -> list[Array]:
        """Run once; see `cpu.executable`."""
        ...

    def run_many(
        self,
        states: Sequence[Any],
        wholes: Sequence[Array],
        order: Array | None,
        batch: int,
        first_step: int,
        steps: int,
    ) -> list[Array]:
        """Run for one batch after the other; see `cpu.executable`."""
        ...

    def run_epochs(
        self,
        states: Sequence[Any],
        wholes: Sequence[Array],
        orders: Array | None,
        batch: int,
        epochs: int,
        resets: Sequence[tuple[int, Array]],
    ) -> list[Array]:
        """Run for every batch of several epochs; see `cpu.executable`."""
        ...

    @property
    def program(self) -> Program:
        """What it runs."""
        ...

    @property
    def leaves(self) -> Sequence[Leaf]:
        """Its parts that do work, in order; `profile` gives the seconds of each."""
        ...

    def around(self, n: int = 1) -> Sequence[tuple[str, ...]]:
        """The loops and branches around each of `leaves`, in words."""
        ...

    @property
    def arena(self) -> int:
        """Bytes of the memory for temporaries."""
        ...

    def limit(self) -> Limit:
        """What the device can reach at most."""
        ...

    def workers(self, n: int = 1) -> int:
        """How many threads of this machine a run for a batch of n uses."""
        ...

    def seconds(self, n: int = 1) -> float:
        """About how long a run for a batch of n takes."""
        ...

    def profile(
        self, states: Sequence[Any], inputs: Sequence[Array], n: int = 1, repeats: int = 20
    ) -> list[float]:
        """Seconds that each of `leaves` takes in a run (median), with no state changed."""
        ...

    @property
    def llvm(self) -> str:
        """The LLVM module, as text."""
        ...

    @property
    def asm(self) -> str:
        """The assembly, as text."""
        ...

    @property
    def wgsl(self) -> str:
        """The shaders for WebGPU, as text."""
        ...
