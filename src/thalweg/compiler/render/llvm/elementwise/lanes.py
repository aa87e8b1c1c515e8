"""Lanes: values with Python's operators, so that formulas read like formulas.

The operators round after each step (nothing is contracted), which the exact steps of argument
reductions rely on; `fma` is written where it is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thalweg.compiler.render.llvm.builder import Builder, Value

__all__ = ["Lanes", "fma", "function", "polynomial", "rarely", "two_product", "two_sum", "where"]


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """A value and the builder that writes what is done with it.

    Numbers among the operands become constants of the value's type. Comparisons give i1 lanes.
    """

    b: Builder
    value: Value

    def like(self, number: float | int) -> Lanes:
        """A constant of this type."""
        return Lanes(self.b, self.b.number(self.value.type, number))

    def _with(self, other: Lanes | float) -> Value:
        return other.value if isinstance(other, Lanes) else self.like(other).value

    def _binary(self, floating: str, integer: str, other: Lanes | float) -> Lanes:
        name = floating if self.value.type.floating else integer
        return Lanes(self.b, self.b.binary(name, self.value, self._with(other)))

    def __add__(self, other: Lanes | float) -> Lanes:
        return self._binary("fadd", "add", other)

    def __sub__(self, other: Lanes | float) -> Lanes:
        return self._binary("fsub", "sub", other)

    def __rsub__(self, other: float) -> Lanes:
        return self.like(other) - self

    def __mul__(self, other: Lanes | float) -> Lanes:
        return self._binary("fmul", "mul", other)

    def __truediv__(self, other: Lanes | float) -> Lanes:
        return self._binary("fdiv", "", other)

    def __rtruediv__(self, other: float) -> Lanes:
        return self.like(other) / self

    def __neg__(self) -> Lanes:
        if self.value.type.floating:
            return Lanes(self.b, self.b.fneg(self.value))
        return self.like(0) - self

    def __and__(self, other: Lanes | int) -> Lanes:
        return self._binary("", "and", other)

    def __or__(self, other: Lanes | int) -> Lanes:
        return self._binary("", "or", other)

    def __xor__(self, other: Lanes | int) -> Lanes:
        return self._binary("", "xor", other)

    def __invert__(self) -> Lanes:
        return self ^ (1 if self.value.type.element == "i1" else -1)

    def __lshift__(self, other: Lanes | int) -> Lanes:
        return self._binary("", "shl", other)

    def __rshift__(self, other: Lanes | int) -> Lanes:
        """The arithmetic shift, which keeps the sign."""
        return self._binary("", "ashr", other)

    def shift_unsigned(self, other: Lanes | int) -> Lanes:
        """The logical shift to the right."""
        return self._binary("", "lshr", other)

    def _compare(self, floating: str, integer: str, other: Lanes | float) -> Lanes:
        right = self._with(other)
        if self.value.type.floating:
            return Lanes(self.b, self.b.fcmp(floating, self.value, right))
        return Lanes(self.b, self.b.icmp(integer, self.value, right))

    def __lt__(self, other: Lanes | float) -> Lanes:
        return self._compare("olt", "slt", other)

    def __le__(self, other: Lanes | float) -> Lanes:
        return self._compare("ole", "sle", other)

    def __gt__(self, other: Lanes | float) -> Lanes:
        return self._compare("ogt", "sgt", other)

    def __ge__(self, other: Lanes | float) -> Lanes:
        return self._compare("oge", "sge", other)

    def equals(self, other: Lanes | float) -> Lanes:
        """Whether they are equal; NaN is not."""
        return self._compare("oeq", "eq", other)

    def differs(self, other: Lanes | float) -> Lanes:
        """Whether they differ; NaN does."""
        return self._compare("une", "ne", other)

    @property
    def nan(self) -> Lanes:
        """Whether it is NaN."""
        return Lanes(self.b, self.b.fcmp("uno", self.value, self.value))

    def _call(self, intrinsic: str, *others: Lanes) -> Lanes:
        arguments = [self.value, *[o.value for o in others]]
        return Lanes(self.b, self.b.call(intrinsic, self.value.type, arguments))

    def __abs__(self) -> Lanes:
        return self._call("llvm.fabs")

    def sqrt(self) -> Lanes:
        return self._call("llvm.sqrt")

    def floor(self) -> Lanes:
        return self._call("llvm.floor")

    def with_sign_of(self, other: Lanes) -> Lanes:
        return self._call("llvm.copysign", other)

    def at_most(self, limit: Lanes | float) -> Lanes:
        """The smaller one of this and a limit; NaN stays NaN (x86's `min` in one step)."""
        bound = limit if isinstance(limit, Lanes) else self.like(limit)
        return where(bound < self, bound, self)

    def at_least(self, limit: Lanes | float) -> Lanes:
        """The larger one of this and a limit; NaN stays NaN."""
        bound = limit if isinstance(limit, Lanes) else self.like(limit)
        return where(bound > self, bound, self)

    def to(self, instruction: str, element: str) -> Lanes:
        """A conversion, as `Builder.convert` names it."""
        return Lanes(self.b, self.b.convert(instruction, self.value, element))

    @property
    def bits(self) -> Lanes:
        """The bits of floats as integers."""
        return self.to("bitcast", f"i{self.value.type.bits}")

    @property
    def from_bits(self) -> Lanes:
        """Integers as the floats with these bits."""
        return self.to("bitcast", "double" if self.value.type.bits == 64 else "float")


def function(formula: Callable[..., Lanes]) -> Callable[..., Value]:
    """A formula on Lanes as a function of a builder and values."""

    def emitted(b: Builder, *arguments: Value) -> Value:
        return formula(*[Lanes(b, a) for a in arguments]).value

    return emitted


def where(condition: Lanes, a: Lanes | float, b: Lanes | float) -> Lanes:
    """a where the condition holds, else b; one of them may be a number."""
    builder = condition.b
    left = a if isinstance(a, Lanes) else b.like(a) if isinstance(b, Lanes) else None
    if left is None:
        raise TypeError("where needs at least one value among its two choices.")
    right = b if isinstance(b, Lanes) else left.like(b)
    return Lanes(builder, builder.select(condition.value, left.value, right.value))


def fma(a: Lanes, b: Lanes | float, c: Lanes | float) -> Lanes:
    """a * b + c, rounded once where the processor can."""
    return Lanes(a.b, a.b.fma(a.value, a._with(b), a._with(c)))


def polynomial(x: Lanes, coefficients: Sequence[float]) -> Lanes:
    """Horner's rule; the coefficient of the highest power comes first."""
    first, second, *others = coefficients
    total = fma(x, first, second)
    for coefficient in others:
        total = fma(total, x, coefficient)
    return total


def two_sum(a: Lanes, b: Lanes) -> tuple[Lanes, Lanes]:
    """The rounded sum and its error (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Lanes, b: Lanes) -> tuple[Lanes, Lanes]:
    """The rounded product of doubles and its error (by fma, else Dekker's)."""
    product = a * b
    if a.b.target.fma:
        return product, fma(a, b, -product)

    def halves(x: Lanes) -> tuple[Lanes, Lanes]:
        high = (x.bits & -(1 << 27)).from_bits
        return high, x - high

    (ah, al), (bh, bl) = halves(a), halves(b)
    return product, ((ah * bh - product) + ah * bl + al * bh) + al * bl


def rarely(
    condition: Lanes, compute: Callable[[], Sequence[Lanes]], otherwise: Sequence[Lanes]
) -> list[Lanes]:
    """What `compute` gives if the condition holds in any lane (for all lanes), else values at hand.

    A branch: the usual case does not pay for the rare one.
    """
    b = condition.b
    found = b.rarely(
        b.reduce("or", condition.value),
        lambda: [v.value for v in compute()],
        [v.value for v in otherwise],
    )
    return [Lanes(b, v) for v in found]
