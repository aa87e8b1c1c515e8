"""The choice of a plan: the cheapest of the possible ones by an estimate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from thalweg.compiler.dims import ONE, ZERO
from thalweg.compiler.ir.expression import Apply, Choose, Expression, Load, walk
from thalweg.compiler.render.wgsl.contract.plan import Machine, Plan
from thalweg.compiler.render.wgsl.contract.problem import Axis, Problem, runs
from thalweg.tensor.dtypes import bool_

__all__ = ["choose"]

# Registers for the sums of one invocation; words of workgroup memory for the slices of a workgroup:
# WebGPU clears it before, and little of it lets more workgroups run at the same time.
_SUMS, _WORDS = 64, 2048
_SIZE, _LARGEST = 64, 256
# Staged tiles: rows and columns of an invocation, invocations along m and n. Each fetches whole
# quads, the same number of them: 16 places along k of tiles of 16 to 128 rows and columns.
_STAGED = [
    (4, 4, 16, 16), (8, 4, 8, 16), (8, 8, 8, 8), (8, 8, 16, 8), (8, 8, 8, 16), (4, 4, 8, 8),
    (4, 4, 16, 8), (4, 4, 8, 16), (8, 4, 8, 8), (8, 4, 16, 8), (4, 4, 16, 4), (4, 4, 4, 16),
    (8, 4, 16, 4), (8, 8, 16, 4),
]  # fmt: skip
# Cycles that an invocation takes to read a vector from workgroup memory.
_VECTOR = 2.5


def choose(problem: Problem, machine: Machine, typical: int) -> Plan:
    """The plan that is cheapest by an estimate, for a batch of typical size."""
    sides = _Facts.of(problem, typical), _Facts.of(problem.swapped(), typical)
    return _cheapest(*sides, machine)


@lru_cache(maxsize=1024)
def _cheapest(straight: _Facts, swapped: _Facts, machine: Machine) -> Plan:
    plans = [(straight.cost(p, machine), p) for p in straight.plans(machine)]
    plans += [(swapped.cost(p, machine), replace(p, swapped=True)) for p in swapped.direct(machine)]
    return min(plans, key=lambda costed: costed[0])[1]


@dataclass(frozen=True, slots=True)
class _Facts:
    """A problem in numbers.

    Attributes:
        batch, m, n, k: lengths.
        longest: the length of the longest variable of k, which is the one that is shared.
        left, right: the operands.
        stores: whether neighbouring columns are stored next to each other.
        stageable: whether its sums can be of vectors in workgroup memory.
    """

    batch: int
    m: int
    n: int
    k: int
    longest: int
    left: _Operand
    right: _Operand
    stores: bool
    stageable: bool

    @staticmethod
    def of(problem: Problem, typical: int) -> _Facts:
        """The facts for a batch of typical size."""

        def length(axis: Axis) -> int:
            return max(axis.extent.at(typical), 1)

        v = problem.n.fastest
        return _Facts(
            length(problem.batch),
            length(problem.m),
            length(problem.n),
            length(problem.k),
            max((v.extent.at(typical) for v in problem.k.variables), default=1),
            _Operand.of(problem.left, problem.m, problem.k),
            _Operand.of(problem.right, problem.n, problem.k),
            v is not None and any(s.index.stride(v) == ONE for s in problem.epilogue),
            problem.dtype != bool_ and problem.k.extent != ZERO,
        )

    def plans(self, machine: Machine) -> Iterator[Plan]:
        """All that are worth an estimate."""
        yield from self.direct(machine)
        if machine.meeting and self.stageable:
            yield from self._staged()

    def _staged(self) -> Iterator[Plan]:
        for rows, columns, tall, wide in _STAGED:
            depth = 16
            if rows * tall > 2 * max(self.m, 16) or columns * wide > 2 * max(self.n, 16):
                continue
            for parts in _powers(min(self.k // (4 * depth), 64)):
                yield Plan(rows, columns, tall, wide, 1, parts, depth, staged=True)

    def direct(self, machine: Machine) -> Iterator[Plan]:
        """Those that read operands straight from memory."""
        meeting = machine.meeting
        shared = _powers(-(-self.longest // 4))
        along_k = self.left.along_k or self.right.along_k
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
                    depth = 4 if rows * columns <= 4 else 2
                    for first in (False, True)[: 2 if slices > 1 and along_k else 1]:
                        yield Plan(rows, columns, tall, wide, slices, parts, depth, first)

    def cost(self, plan: Plan, machine: Machine) -> float:
        """Cycles until all is done."""
        along_k, along_n, along_m = _neighbours(plan)
        if plan.staged:
            # Neighbours fetch along k where the operand lies so, else along the other axis.
            turn = self.left.fetch(plan.depth, machine) * plan.height / plan.size
            turn += self.right.fetch(plan.depth, machine) * plan.width / plan.size
            turn += _VECTOR * (plan.rows + plan.columns) / 4 + 2 * machine.barrier / plan.depth
        else:
            turn = self.left.cost(along_m, along_k, machine) * plan.rows
            turn += self.right.cost(along_n, along_k, machine) * plan.columns
        turn += machine.product * plan.rows * plan.columns
        turns = -(-self.k // (plan.slices * plan.parts))
        lines = along_m if self.stores else along_m * along_n
        place = machine.place + machine.line * (lines - 1)
        places = plan.rows * plan.columns
        if plan.slices > 1:
            words = plan.height * plan.width
            end = -(-words // plan.size) * place
            end += machine.barrier + places * machine.load + words * plan.slices / plan.size * 5
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


@dataclass(frozen=True, slots=True)
class _Operand:
    """What decides on the cost of reading an element.

    Attributes:
        loads, others: how much is read and computed for it.
        along_free, along_k: whether neighbours along the axes lie next to each other.
    """

    loads: int
    others: int
    along_free: bool
    along_k: bool

    @staticmethod
    def of(value: Expression, free: Axis, k: Axis) -> _Operand:
        """An operand by its expression."""
        nodes = list(walk(value))
        loads = sum(isinstance(x, Load) for x in nodes)
        others = sum(isinstance(x, (Apply, Choose)) for x in nodes)
        return _Operand(loads, others, runs(value, free), runs(value, k))

    def cost(self, free: int, k: int, machine: Machine) -> float:
        """Of one element, where neighbours read so many different ones along each axis."""
        lines = 1
        if not self.along_free:
            lines *= free
        if not self.along_k:
            lines *= k
        each = machine.load + machine.line * (lines - 1)
        return self.loads * each + self.others * machine.operation

    def fetch(self, depth: int, machine: Machine) -> float:
        """Of one element that is brought to workgroup memory."""
        near = min(_NEAR, depth) if self.along_k and not self.along_free else 1
        return 1.5 * self.cost(_NEAR // near, near, machine)


def _lengths(extent: int) -> list[int]:
    """Sides of tiles to consider: 8, 4, 2, 1, and what a short extent divides into."""
    found = {x for x in (1, 2, 4, 8) if x <= extent}
    if extent <= 64:
        found |= {x for x in (3, 5, 6, 7) if extent % x == 0}
    if extent >= 64:
        found -= {1, 2}
    return sorted(found)


def _power(number: int) -> int:
    """The least power of two that is not below."""
    return 1 << (number - 1).bit_length()


def _powers(most: int) -> list[int]:
    """Powers of two up to the first that is not below."""
    return [1 << i for i in range(_power(max(1, min(most, _LARGEST))).bit_length())]
