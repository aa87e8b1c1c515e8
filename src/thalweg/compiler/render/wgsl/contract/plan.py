"""How a contraction is cut up, and what is known of the machines that it is cut up for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GPU", "SOFTWARE", "Machine", "Plan"]


@dataclass(frozen=True, slots=True)
class Machine:
    """What the estimates know of a kind of adapter, in cycles of one invocation.

    Attributes:
        load: one element of an operand, read next to those of neighbouring invocations.
        line: what each further line of memory costs that neighbours read at the same time.
        product: one multiplication and addition.
        operation: anything else that is computed for an element.
        place: what is done once for each sum: its epilogue, its address.
        barrier: one meeting of a workgroup.
        lanes: how many invocations do the same at the same time.
        width: how many times as many run at the same time.
        serial: whether a workgroup runs in one thread.
        dispatch: one more kernel.
        meeting: whether the invocations of a workgroup may work together.
    """

    load: float
    line: float
    product: float
    operation: float
    place: float
    barrier: float
    dispatch: float
    lanes: int
    width: int
    serial: bool
    meeting: bool


# Graphics processors of all sizes: neighbours share what they read, and latency is long.
GPU = Machine(6, 1.5, 1, 2, 40, 100, 15000, 32, 256, False, True)
# Adapters that run on the processor (SwiftShader, lavapipe): four to eight invocations at a time in
# one thread. Each read is checked and gathered for itself; to meet at a barrier is slow, and so is
# workgroup memory, which every four invocations clear for themselves.
SOFTWARE = Machine(30, 0, 2.5, 6, 300, 0, 100000, 4, 4, True, False)


@dataclass(frozen=True, slots=True)
class Plan:
    """Decisions for one contraction.

    Attributes:
        rows, columns: the tile of an invocation.
        tall, wide: how many invocations of a workgroup lie along m and n.
        slices: how many invocations of a workgroup share the sums of one tile.
        parts: how many workgroups do; their sums meet in scratch memory.
        depth: how much of k is written out at a time.
        slices_first: whether neighbouring invocations lie along k, not along n.
        swapped: whether m and n have changed places.
        staged: whether operands go through workgroup memory.
    """

    rows: int
    columns: int
    tall: int
    wide: int
    slices: int = 1
    parts: int = 1
    depth: int = 1
    slices_first: bool = False
    swapped: bool = False
    staged: bool = False

    @property
    def size(self) -> int:
        """Invocations of a workgroup."""
        return self.tall * self.wide * self.slices

    @property
    def height(self) -> int:
        """Rows of a workgroup."""
        return self.rows * self.tall

    @property
    def width(self) -> int:
        """Columns of a workgroup."""
        return self.columns * self.wide
