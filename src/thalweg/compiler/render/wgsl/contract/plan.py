"""How a contraction is cut up: the tiles of invocations and workgroups, and who shares k."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from thalweg.compiler.ir.expression import Apply, Choose, Expression, Load, walk
from thalweg.compiler.render.wgsl.contract.problem import Axis, Problem, runs

__all__ = ["GPU", "SOFTWARE", "Machine", "Plan", "choose"]


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
GPU = Machine(6, 1.5, 1, 2, 40, 100, 6000, 32, 256, False, True)
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


# Registers for the sums of one invocation, and words of workgroup memory (16 KiB).
_SUMS, _WORDS = 64, 4096
_SIZE, _LARGEST = 64, 256


def choose(problem: Problem, machine: Machine, typical: int) -> Plan:
    """The plan that is cheapest by an estimate, for a batch of typical size."""
    best: tuple[float, Plan] | None = None
    for swapped in (False, True):
        facts = _Facts(problem.swapped() if swapped else problem, machine, typical)
        for plan in facts.plans(swapped):
            cost = facts.cost(plan)
            if best is None or cost < best[0]:
                best = cost, plan
    assert best is not None
    return best[1]


class _Facts:
    """A problem in numbers."""

    def __init__(self, problem: Problem, machine: Machine, typical: int) -> None:
        self.machine = machine
        axes = (problem.batch, problem.m, problem.n, problem.k)
        self.batch, self.m, self.n, self.k = (max(a.extent.at(typical), 1) for a in axes)
        self.longest = max((v.extent.at(typical) for v in problem.k.variables), default=1)
        self.left = _Operand(problem.left, problem.m, problem.k, machine)
        self.right = _Operand(problem.right, problem.n, problem.k, machine)
        self.stores = _runs_along(problem)

    def plans(self, swapped: bool) -> Iterator[Plan]:
        """All that are worth an estimate."""
        meeting = self.machine.meeting
        shared = _powers(self.longest)
        for rows, columns in product(_lengths(self.m), _lengths(self.n)):
            if rows * columns > _SUMS:
                continue
            across, down = -(-self.n // columns), -(-self.m // rows)
            for wide in _powers(min(across, _SIZE)):
                for slices, parts in product(shared if meeting else (1,), shared):
                    if slices * wide > (_LARGEST if slices > 1 else _SIZE):
                        continue
                    # Workgroups share sums only where a workgroup alone cannot do more.
                    if parts > 1 and meeting and slices * wide * 2 <= _LARGEST:
                        continue
                    most = (_LARGEST if slices > 1 else _SIZE) // (wide * slices)
                    if slices > 1:
                        most = min(most, _WORDS // (wide * slices * rows * columns))
                    if not most:
                        continue
                    tall = min(_power(down), 1 << (most.bit_length() - 1))
                    depth = 4 if rows * columns <= 16 else 2
                    for first in (False, True)[: min(slices, 2)]:
                        yield Plan(rows, columns, tall, wide, slices, parts, depth, first, swapped)

    def cost(self, plan: Plan) -> float:
        """Cycles until all is done."""
        machine = self.machine
        along_k, along_n, along_m = _neighbours(plan)
        turn = self.left.cost(along_m, along_k) * plan.rows
        turn += self.right.cost(along_n, along_k) * plan.columns
        turn += machine.product * plan.rows * plan.columns
        turns = -(-self.k // (plan.slices * plan.parts))
        lines = along_m if self.stores else along_m * along_n
        place = machine.place + machine.line * (lines - 1)
        places = plan.rows * plan.columns
        if plan.slices > 1:
            words = plan.height * plan.width
            end = -(-words // plan.size) * place
            end += machine.barrier + places * machine.load + words * plan.slices / plan.size * 2
        else:
            end = places * place
        groups = self.batch * plan.parts * -(-self.m // plan.height) * -(-self.n // plan.width)
        each = -(-plan.size // machine.lanes)
        if machine.serial:
            busy: float = -(-groups // machine.width) * each
        else:
            busy = max(groups * each / machine.width, 1)
        cost = busy * (turns * turn + end)
        if plan.parts > 1:
            sums = self.batch * self.m * self.n
            cost += machine.dispatch + sums / (machine.lanes * machine.width) * (
                plan.parts * machine.load + machine.place
            )
        return cost


# Neighbours whose reads are joined, and elements in a line of memory.
_NEAR = 16


def _neighbours(plan: Plan) -> tuple[int, int, int]:
    """How many of some neighbouring invocations lie along k, n and m."""
    left, found = _NEAR, {"k": 1, "n": 1, "m": 1}
    order = [("n", plan.wide), ("m", plan.tall)]
    order.insert(0 if plan.slices_first else 2, ("k", plan.slices))
    for name, count in order:
        found[name] = min(left, count)
        left //= found[name]
    return found["k"], found["n"], found["m"]


class _Operand:
    """What it costs to read an element."""

    def __init__(self, value: Expression, free: Axis, k: Axis, machine: Machine) -> None:
        nodes = list(walk(value))
        self.loads = sum(isinstance(x, Load) for x in nodes)
        self.others = machine.operation * sum(isinstance(x, (Apply, Choose)) for x in nodes)
        self.along_free, self.along_k = runs(value, free), runs(value, k)
        self.machine = machine

    def cost(self, free: int, k: int) -> float:
        """Of one element, where neighbours read so many different ones along each axis."""
        lines = 1
        if not self.along_free:
            lines *= free
        if not self.along_k:
            lines *= k
        each = self.machine.load + self.machine.line * (lines - 1)
        return self.loads * each + self.others


def _runs_along(problem: Problem) -> bool:
    """Whether neighbouring columns are stored next to each other."""
    v = problem.n.fastest
    return v is not None and any(s.index.stride(v) == (0, 1) for s in problem.epilogue)


def _lengths(extent: int) -> list[int]:
    """Sides of tiles to consider: 8, 4, 2, 1, and what a short extent divides into."""
    found = {x for x in (1, 2, 4, 8) if x <= extent}
    if extent <= 64:
        found |= {x for x in (3, 5, 6, 7) if extent % x == 0}
    if extent >= 256:
        found -= {1, 2}
    return sorted(found)


def _power(number: int) -> int:
    """The least power of two that is not below."""
    return 1 << (number - 1).bit_length()


def _powers(most: int) -> list[int]:
    """Powers of two up to the first that is not below."""
    return [1 << i for i in range(_power(max(1, min(most, _LARGEST))).bit_length())]
