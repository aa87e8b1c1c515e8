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
        return _by_lane(b, x, y) if b.target.wasm else b.binary("frem", x, y)
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


# For doubles where there is no C library: what is left after taking away the largest multiple by a
# power of two, again and again, each time exactly. A divisor below the normal numbers is scaled.
_FMOD = """
define internal double @thalweg_fmod(double %x, double %y) nounwind noinline optsize {
entry:
  %ax = call double @llvm.fabs.f64(double %x)
  %ay = call double @llvm.fabs.f64(double %y)
  %finite = fcmp olt double %ax, 0x7FF0000000000000
  %some = fcmp ogt double %ay, 0.0
  %good = and i1 %finite, %some
  br i1 %good, label %start, label %bad
bad:
  ret double 0x7FF8000000000000
start:
  %tiny = fcmp olt double %ay, 0x0010000000000000
  %scaled = fmul double %ay, 0x4350000000000000
  %first = select i1 %tiny, double %scaled, double %ay
  br label %round
round:
  %from = phi double [%ax, %start], [%again, %next]
  %twice = phi i1 [%tiny, %start], [false, %next]
  br label %test
test:
  %r = phi double [%from, %round], [%less, %step]
  %more = fcmp oge double %r, %first
  br i1 %more, label %step, label %done
step:
  %rbits = bitcast double %r to i64
  %ybits = bitcast double %first to i64
  %rexp = lshr i64 %rbits, 52
  %yexp = lshr i64 %ybits, 52
  %apart = sub i64 %rexp, %yexp
  %up = shl i64 %apart, 52
  %tbits = add i64 %ybits, %up
  %multiple = bitcast i64 %tbits to double
  %over = fcmp ogt double %multiple, %r
  %half = fmul double %multiple, 0.5
  %part = select i1 %over, double %half, double %multiple
  %less = fsub double %r, %part
  br label %test
done:
  br i1 %twice, label %next, label %give
next:
  %again = fmul double %r, 0x4350000000000000
  br label %round
give:
  %small = fmul double %r, 0x3C90000000000000
  %value = select i1 %tiny, double %small, double %r
  %signed = call double @llvm.copysign.f64(double %value, double %x)
  ret double %signed
}
"""


def _by_lane(b: Builder, x: Value, y: Value) -> Value:
    one = "declare double @llvm.{0}.f64({1})".format
    b.declarations["llvm.fabs.f64"] = one("fabs", "double")
    b.declarations["llvm.copysign.f64"] = one("copysign", "double, double")
    b.declarations["thalweg_fmod"] = _FMOD
    found = Value("poison", x.type)
    for lane in range(x.type.lanes):
        given = f"{b.extract(x, lane)}, {b.extract(y, lane)}"
        rest = b.result(x.type.with_lanes(1), f"call double @thalweg_fmod({given})")
        found = rest if x.type.lanes == 1 else b.insert(found, rest, lane)
    return found


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
