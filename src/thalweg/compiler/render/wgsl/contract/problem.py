"""Problem: a contraction as the generators see it, with one flat axis for each group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import ONE, Dim, product
from thalweg.compiler.ir.expression import Expression, Load, walk
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.tensor.dtypes import DType, float32

__all__ = ["Axis", "Problem", "runs"]


@dataclass(frozen=True, slots=True)
class Axis:
    """A group of variables as one that runs over all of them.

    Attributes:
        variables: in logical order, the last one running fastest.
        extent: the product of theirs.
    """

    variables: tuple[Var, ...]
    extent: Dim

    @staticmethod
    def of(variables: Sequence[Var]) -> Axis:
        """An axis.

        Raises:
            NotAffineError: if its length grows with the square of the batch size.
        """
        return Axis(tuple(variables), product(tuple(v.extent for v in variables)))

    @property
    def fastest(self) -> Var | None:
        """The variable that changes from one place to the next."""
        return next((v for v in reversed(self.variables) if v.extent != ONE), None)

    def environment(self, e: Emitter, place: str) -> dict[Var, str]:
        """The variables at a place of the flat axis."""
        env = dict.fromkeys(self.variables, "0")
        rest = [v for v in self.variables if v.extent != ONE]
        for v in reversed(rest[1:]):
            extent = e.length(v.extent)
            env[v] = e.pure(f"{place} % {extent}")
            place = e.pure(f"{place} / {extent}")
        if rest:
            env[rest[0]] = place
        return env


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Attributes are those of `Contract`."""

    batch: Axis
    m: Axis
    n: Axis
    k: Axis
    left: Expression
    right: Expression
    epilogue: tuple[Store, ...]
    dtype: DType

    @staticmethod
    def of(launch: Contract) -> Problem:
        """What a contraction is to the generators.

        Raises:
            NotAffineError: if the length of an axis grows with the square of the batch size.
            TypeError: if the epilogue holds anything but stores.
        """
        stores: list[Store] = []
        for s in launch.epilogue:
            if not isinstance(s, Store):
                raise TypeError(f"The epilogue of {launch.title!r} must be stores, got {s!r}.")
            stores.append(s)
        return Problem(
            Axis.of(launch.batch),
            Axis.of(launch.m),
            Axis.of(launch.n),
            Axis.of(launch.k),
            launch.left,
            launch.right,
            tuple(stores),
            launch.dtype,
        )

    def swapped(self) -> Problem:
        """The same sums with the roles of m and n, and of left and right, exchanged."""
        return Problem(
            self.batch, self.n, self.m, self.k, self.right, self.left, self.epilogue, self.dtype
        )

    def element(self) -> str:
        """The type to see memory as: f32 where there is nothing else, which saves conversions."""
        values = [self.left, self.right, *uses.roots(self.epilogue)]
        buffers = uses.buffers(list(walk(*values)), self.epilogue)
        return "f32" if all(b.dtype == float32 for b in buffers) else "u32"


def runs(value: Expression, axis: Axis) -> bool:
    """Whether most that an expression reads lies one after the other along an axis."""
    loads = [x for x in walk(value) if isinstance(x, Load)]
    v = axis.fastest
    return v is not None and any(x.index.stride(v) == ONE for x in loads)
