"""Contractions through workgroup memory: tiles of the operands are brought there by all together.

Each invocation keeps a tile of sums in registers and reads what it multiplies as vectors of four
neighbouring rows, or columns, from workgroup memory. So each element is read from the memory of
buffers once for a whole workgroup, whatever its strides, and computed once where it is not a load.
"""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.compiler.ir.expression import Expression
from thalweg.compiler.ir.index import Var
from thalweg.compiler.render.wgsl.contract.epilogue import store_tile
from thalweg.compiler.render.wgsl.contract.parts import Parts, part
from thalweg.compiler.render.wgsl.contract.places import Place, added, environment, exact, place
from thalweg.compiler.render.wgsl.contract.plan import Plan
from thalweg.compiler.render.wgsl.contract.problem import Axis, Problem, runs
from thalweg.compiler.render.wgsl.contract.sums import Sums
from thalweg.compiler.render.wgsl.expressions import Emitter

__all__ = ["write"]


def write(e: Emitter, problem: Problem, plan: Plan) -> None:
    """The lines of a kernel.

    Args:
        e: takes them.
        problem: the contraction.
        plan: how it is cut up.
    """
    at = place(e, problem, plan)
    sums = Sums(e, problem.dtype, plan.rows, plan.columns)
    tiles = [
        _Tile.of(e, "left", problem.left, problem.m, at.first_row, plan.height, problem, plan, at),
        _Tile.of(
            e, "right", problem.right, problem.n, at.first_column, plan.width, problem, plan, at
        ),
    ]
    for tile in tiles:
        words = plan.depth * tile.quads
        e.declare(f"var<workgroup> {tile.name}: array<vec4<{sums.kind}>, {words}>;")
    length = e.length(problem.k.extent)
    start, end = "0", length
    if plan.parts > 1:
        per = e.pure(f"({length} + {plan.parts * plan.depth - 1}) / {plan.parts * plan.depth}")
        start = e.pure(f"{at.part} * {per} * {plan.depth}")
        end = e.pure(f"min({start} + {per} * {plan.depth}, {length})")
    k = e.fresh("k")
    # The bounds are the same for the whole workgroup, as barriers demand.
    with e.block(f"for (var {k} = {start}; {k} < {end}; {k} += {plan.depth})"):
        fetched = [tile.fetch(e, problem, plan, at, k, end, sums.kind) for tile in tiles]
        e.line("workgroupBarrier();")
        for tile, found in zip(tiles, fetched, strict=True):
            for where, vector in found:
                e.line(f"{tile.name}[{where}] = {vector};")
        e.line("workgroupBarrier();")
        _multiply(e, plan, sums, tiles)
    store_tile(e, problem, plan, at, sums)


def _multiply(e: Emitter, plan: Plan, sums: Sums, tiles: list[_Tile]) -> None:
    """Add the products of a tile's places along k."""
    left, right = tiles
    with e.block(f"for (var j = 0; j < {plan.depth}; j++)"):
        rows: list[str] = []
        for r in range(plan.rows // 4):
            quad = added(e, e.pure(f"j * {left.quads}"), left.own, r * plan.tall)
            vector = e.let(f"left[{quad}]", "a")
            rows += [f"{vector}.{x}" for x in "xyzw"]
        columns: list[str] = []
        for c in range(plan.columns // 4):
            quad = added(e, e.pure(f"j * {right.quads}"), right.own, c * plan.wide)
            columns.append(e.let(f"right[{quad}]", "b"))
        sums.add(rows, columns)


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """One operand's tile in workgroup memory, `[k][quad of neighbouring rows or columns]`.

    Attributes:
        name: of the workgroup variable.
        parts: the operand, its indices taken apart.
        quads: how many there are side by side.
        own: which is the first that this invocation multiplies.
        fetches: what this invocation brings: the quad, the place along k, and the environments of
            the quad's four.
    """

    name: str
    parts: Parts
    quads: int
    own: str
    fetches: list[tuple[str, str, list[dict[Var, str]]]]

    @staticmethod
    def of(
        e: Emitter,
        name: str,
        value: Expression,
        axis: Axis,
        first: str,
        length: int,
        problem: Problem,
        plan: Plan,
        at: Place,
    ) -> _Tile:
        """The tile, with what is known before the loop over k computed here."""
        parts = part(value, frozenset(problem.k.variables))
        quads = length // 4
        along_k = runs(value, problem.k) and not runs(value, axis)
        fetches = []
        environments: dict[str, list[dict[Var, str]]] = {}
        for t in range(quads * plan.depth // plan.size):
            number = added(e, "thread", t * plan.size)
            if along_k:
                # The size is a multiple of the depth, so this is the same for all t.
                deep = e.pure(f"thread % {plan.depth}")
                quad = added(e, e.pure(f"thread / {plan.depth}"), t * plan.size // plan.depth)
            else:
                deep = e.pure(f"{number} / {quads}")
                quad = e.pure(f"{number if plan.size % quads else 'thread'} % {quads}")
            if quad not in environments:
                begin = added(e, first, e.pure(f"{quad} * 4"))
                environments[quad] = [
                    parts.outside(
                        e,
                        at.batch | environment(e, axis, added(e, begin, x), exact(axis, length)),
                    )
                    for x in range(4)
                ]
            fetches.append((quad, deep, environments[quad]))
        return _Tile(name, parts, quads, at.row if name == "left" else at.column, fetches)

    def fetch(
        self, e: Emitter, problem: Problem, plan: Plan, at: Place, k: str, end: str, kind: str
    ) -> list[tuple[str, str]]:
        """Read what this invocation brings; gives where to put it, and the vectors."""
        found = []
        for quad, deep, four in self.fetches:
            place_ = e.pure(f"{k} + {deep}")
            env = problem.k.environment(e, place_)
            env |= self.parts.inside(e, env)
            values = [e.value(self.parts.value, outer | env) for outer in four]
            vector = f"vec4<{kind}>({', '.join(values)})"
            if not exact(problem.k, plan.depth * plan.parts):
                # Beyond the end there may be anything: it is taken as zero on both sides.
                vector = f"select(vec4<{kind}>(), {vector}, {place_} < {end})"
            where = added(e, e.pure(f"{deep} * {self.quads}"), quad)
            found.append((where, e.let(vector, "f")))
        return found
