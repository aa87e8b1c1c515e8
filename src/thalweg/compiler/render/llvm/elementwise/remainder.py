"""The remainder of floats, and the division and modulo of Python and NumPy made from it."""

from __future__ import annotations

from thalweg.compiler.render.llvm.builder import Builder, Value

__all__ = ["float_floor_divide", "float_modulo"]

# A quotient up to here times 24 bits is exact in float64, and so is the rest.
_STEP = 28
# Float32 quotients stay below 2 ** 278.
_STEPS = 10


def _remainder(b: Builder, x: Value, y: Value) -> Value:
    """C's fmod, exact: the rest with the sign of x."""
    if x.type.element == "double":
        return b.binary("frem", x, y)
    top = b.call("llvm.fabs", x.type.with_element("double"), [b.convert("fpext", x, "double")])
    bottom = b.call("llvm.fabs", top.type, [b.convert("fpext", y, "double")])
    quotient = b.call("llvm.trunc", top.type, [b.fdiv(top, bottom)])
    rest = b.binary("fsub", top, b.binary("fmul", quotient, bottom))

    def in_steps() -> Value:
        left = top
        for k in range(_STEPS - 1, -1, -1):
            unit = b.binary("fmul", bottom, b.number(top.type, 2.0 ** (_STEP * k)))
            part = b.call("llvm.trunc", top.type, [b.fdiv(left, unit)])
            left = b.binary("fsub", left, b.binary("fmul", part, unit))
        return left

    large = b.fcmp("oge", quotient, b.number(top.type, 2.0**_STEP))
    (rest,) = b.rarely(b.reduce("or", large), lambda: [in_steps()], [rest])
    infinity = b.number(top.type, float("inf"))
    whole = b.binary(
        "and", b.fcmp("oeq", bottom, infinity), b.fcmp("olt", top, infinity)
    )  # 0 * infinity was NaN
    rest = b.convert("fptrunc", b.select(whole, top, rest), "float")
    return b.call("llvm.copysign", x.type, [rest, x])


def _divide(b: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """NumPy's divmod, step by step (npy_divmod in its npy_math_internal.h.src)."""
    t = x.type
    zero, one = b.zero(t), b.number(t, 1.0)
    rest = _remainder(b, x, y)
    ratio = b.fdiv(x, y)
    quotient = b.fdiv(b.binary("fsub", x, rest), y)
    some = b.fcmp("une", rest, zero)
    opposite = b.binary("xor", b.fcmp("olt", y, zero), b.fcmp("olt", rest, zero))
    down = b.binary("and", some, opposite)
    quotient = b.select(down, b.binary("fsub", quotient, one), quotient)
    nothing = b.call("llvm.copysign", t, [zero, y])
    modulo = b.select(some, b.select(down, b.binary("fadd", rest, y), rest), nothing)
    # The quotient is a whole number but for rounding.
    floor = b.call("llvm.floor", t, [quotient])
    high = b.fcmp("ogt", b.binary("fsub", quotient, floor), b.number(t, 0.5))
    floor = b.select(high, b.binary("fadd", floor, one), floor)
    floor = b.select(
        b.fcmp("une", quotient, zero), floor, b.call("llvm.copysign", t, [zero, ratio])
    )
    by_zero = b.fcmp("oeq", y, zero)
    nan = b.number(t, float("nan"))
    return b.select(by_zero, ratio, floor), b.select(by_zero, nan, modulo)


def float_floor_divide(b: Builder, x: Value, y: Value) -> Value:
    """The quotient rounded down; x / y where y is 0."""
    return _divide(b, x, y)[0]


def float_modulo(b: Builder, x: Value, y: Value) -> Value:
    """The rest with the sign of y; NaN where y is 0."""
    return _divide(b, x, y)[1]
