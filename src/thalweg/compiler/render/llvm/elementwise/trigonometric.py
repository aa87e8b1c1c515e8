"""sin, cos and tan of any argument, by reduction to |r| <= pi / 4 (see `quadrants`)."""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.render.llvm.builder import Builder, Value
from thalweg.compiler.render.llvm.elementwise.far import circular
from thalweg.compiler.render.llvm.elementwise.lanes import Lanes, fma, polynomial, rarely, where
from thalweg.compiler.render.llvm.elementwise.quadrants import LIMIT, reduce_double, reduce_float
from thalweg.compiler.render.polynomials import COS, SIN

__all__ = ["cos", "moderate_sin", "sin", "tan"]

# `SIN` and `COS`, and the same for float64: 2**-57.9 and 2**-63.9.
_SIN = {
    "float": SIN,
    "double": (
        1.589543343671891e-10,
        -2.5050734391409946e-08,
        2.755731353852453e-06,
        -0.00019841269829358544,
        0.00833333333332184,
        -0.1666666666666663,
    ),
}
_COS = {
    "float": COS,
    "double": (
        -1.1358683177617964e-11,
        2.0875704268701993e-09,
        -2.755731421006372e-07,
        2.480158728898366e-05,
        -0.0013888888888873325,
        0.041666666666666595,
    ),
}


def _sin_near_zero(r: Lanes, low: Lanes | None) -> Lanes:
    z = r * r
    cubic = polynomial(z, _SIN[r.value.type.element])
    if low is None:
        return fma(cubic * z, r, r)
    # sin(r + low) = sin(r) + low cos(r)
    return r + fma(cubic * z, r, low * fma(z, -0.5, 1.0))


def _cos_near_zero(r: Lanes, low: Lanes | None) -> Lanes:
    z = r * r
    quartic = polynomial(z, _COS[r.value.type.element]) * z
    half = z * 0.5
    head = 1.0 - half
    rest = (1.0 - head) - half
    if low is not None:
        rest = rest - r * low
    return head + fma(quartic, z, rest)


def _signed(value: Lanes, quadrant: Lanes) -> Lanes:
    """Negated where bit 1 of the quadrant is set."""
    top = value.value.type.bits - 2
    return (value.bits ^ ((quadrant & 2) << top)).from_bits


def _circular(x: Lanes, turn: int) -> Lanes:
    """sin(x + turn * pi / 2)."""
    if x.value.type.element == "float":
        wide, quadrant = reduce_float(x)
        r, low = wide.to("fptrunc", "float"), None
        quadrant = quadrant.to("trunc", "i32") + turn
    else:
        r, low, quadrant = reduce_double(x)
        quadrant = quadrant + turn
    return _of_quadrant(r, low, quadrant)


def _of_quadrant(r: Lanes, low: Lanes | None, quadrant: Lanes) -> Lanes:
    even = (quadrant & 1).equals(0)
    return _signed(where(even, _sin_near_zero(r, low), _cos_near_zero(r, low)), quadrant)


def moderate_sin(x: Lanes) -> Lanes:
    """sin(x) for doubles below LIMIT in size."""
    return _circular(x, 0)


def _with_library(name: str, formula: Callable[[Lanes], Lanes]) -> Callable[[Lanes], Lanes]:
    """A formula that for doubles beyond the reduction's limit asks the C library, lane by lane.

    WebAssembly has none: `far` takes its place there.
    """

    def complete(x: Lanes) -> Lanes:
        result = formula(x)
        if x.value.type.element == "float":
            return result
        far = ~(abs(x) < LIMIT)

        def asked() -> list[Lanes]:
            b, t = x.b, x.value.type
            whole = result.value
            for lane in range(t.lanes):
                found = _asked(b, name, b.extract(x.value, lane))
                whole = found if t.lanes == 1 else b.insert(whole, found, lane)
            return [where(far, Lanes(b, whole), result)]

        return rarely(far, asked, [result])[0]

    return complete


def _asked(b: Builder, name: str, x: Value) -> Value:
    """sin, cos or tan of one double."""
    if not b.target.wasm:
        b.declarations[name] = f"declare double @{name}(double)"
        return b.result(x.type, f"call double @{name}({x})")
    found = circular(b, x, int(name == "cos"), _of_quadrant)
    return found if name != "tan" else b.fdiv(found, circular(b, x, 1, _of_quadrant))


def _sin(x: Lanes) -> Lanes:
    return where(x.equals(0.0), x, _circular(x, 0))  # -0 stays -0


def _cos(x: Lanes) -> Lanes:
    return _circular(x, 1)


def _tan(x: Lanes) -> Lanes:
    single = x.value.type.element == "float"
    if single:
        r, quadrant = reduce_float(x)
        low = None
    else:
        r, low, quadrant = reduce_double(x)
    sine, cosine = _sin_near_zero(r, low), _cos_near_zero(r, low)
    even = (quadrant & 1).equals(0)
    result = where(even, sine, -cosine) / where(even, cosine, sine)
    if single:
        result = result.to("fptrunc", "float")
    return where(x.equals(0.0), x, result)


sin = _with_library("sin", _sin)
cos = _with_library("cos", _cos)
tan = _with_library("tan", _tan)
