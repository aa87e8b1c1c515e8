"""Operands of a contraction: which lie in memory so that tiles can read them where they are."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import Expression, Load, walk
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.render.llvm import elementwise
from thalweg.tensor.dtypes import DType

__all__ = ["Operand", "describe"]


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """One side of a contraction.

    Attributes:
        value: the expression.
        free: its variable that is not summed over (m of the left side, n of the right).
        k: the variable summed over.
        place: where it lies, if it is a plain load that is affine in both variables and needs no
            conversion; else None.
        step: from one to the next along the free variable; meaningless where `place` is None.
        depth: from one to the next along k.
        along_free: whether most of it is read with unit stride along the free variable.
        along_k: whether most of it is read with unit stride along k.
        bytes_: of an element in memory.
    """

    value: Expression
    free: Var
    k: Var
    place: Load | None
    step: Dim
    depth: Dim
    along_free: bool
    along_k: bool
    bytes_: int

    def start(self) -> Index:
        """The offset of its first element along both variables, in terms of the batch."""
        assert self.place is not None
        return self.place.index.replaced({self.free: Index(), self.k: Index()})


def describe(value: Expression, free: Var, k: Var, dtype: DType) -> Operand:
    """What the planner must know of an operand."""
    loads = [e for e in walk(value) if isinstance(e, Load)]
    steps = [_stride(e.index, free) for e in loads]
    depths = [_stride(e.index, k) for e in loads]
    place = None
    plain = elementwise.memory(dtype) == elementwise.computing(dtype)
    if isinstance(value, Load) and value.dtype == dtype and plain:
        place = value if steps[-1] is not None and depths[-1] is not None else None
    return Operand(
        value,
        free,
        k,
        place,
        (steps[-1] if place else None) or ZERO,
        (depths[-1] if place else None) or ZERO,
        ONE in steps,
        ONE in depths,
        max((e.dtype.itemsize for e in loads), default=4),
    )


def _stride(index: Index, variable: Var) -> Dim | None:
    """By how much an index grows with a variable, which counts for 0 where it does not occur."""
    return index.stride(variable) if variable.extent != ONE else ZERO
