"""Every elementwise primitive: values, dtypes, half precision, gradients, errors.

A primitive without an entry in one of the tables fails `test_every_row_has_an_entry`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import TOLERANCE, exactly, shapes, silently, values
from tests.primitives.applied import apply
from thalweg.autodiff import GradientTape
from thalweg.primitives import PRIMITIVES, Primitive
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import DTYPES

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
Range = tuple[float, float]

FLOATS = ("float16", "bfloat16", "float32", "float64")
WIDE = ("float32", "float64")
SIGNED = ("int8", "int16", "int32", "int64")
INTEGERS = (*SIGNED, "uint8", "uint16", "uint32", "uint64")
COMPLEX = ("complex64", "complex128")
REAL = (*FLOATS, *INTEGERS)
NUMBERS = (*REAL, *COMPLEX)
ANY = (*NUMBERS, "bool")


@dataclass
class Row:
    """What a row must do.

    Attributes:
        reference: the same from NumPy or SciPy, for float64.
        dtypes: what it accepts; all else is an error.
        domain: where inputs lie, a pair for each.
        smooth: where gradients are compared, a pair for each input; None for no gradient.
        second: whether the second order is compared too.
    """

    reference: Function
    dtypes: tuple[str, ...]
    domain: list[Range]
    smooth: list[Range] | None = None
    second: bool = True


ALL: Range = (-3, 3)


def one(reference: Function, dtypes: tuple[str, ...], domain: Range = ALL, **more: Any) -> Row:
    return Row(reference, dtypes, [domain], more.pop("smooth", [domain]), **more)


def two(reference: Function, dtypes: tuple[str, ...], a: Range, b: Range, **more: Any) -> Row:
    return Row(reference, dtypes, [a, b], more.pop("smooth", [a, b]), **more)


def sigmoid(x: Array) -> Array:
    return np.asarray(scipy.special.expit(x))


def bessel_i(n: Array, x: Array) -> Array:
    return np.asarray(scipy.special.iv(np.rint(n), x))


def polygamma(n: Array, x: Array) -> Array:
    found = scipy.special.polygamma(np.rint(n).astype(int), x)
    return np.asarray(np.where(np.rint(n) == 0, scipy.special.psi(x), found))


INEXACT = (*FLOATS, *COMPLEX)
BITS = (*INTEGERS, "bool")
ORDERED = (*REAL, "bool")

ROWS: dict[str, Row] = {
    "neg": one(np.negative, NUMBERS),
    "abs": one(np.abs, NUMBERS, smooth=[(0.5, 3)]),
    "sign": one(np.sign, REAL, smooth=[(0.1, 0.9)]),
    "floor": one(np.floor, REAL, smooth=[(0.1, 0.9)]),
    "ceil": one(np.ceil, REAL, smooth=[(0.1, 0.9)]),
    "trunc": one(np.trunc, REAL, smooth=[(0.1, 0.9)]),
    "round": one(np.rint, REAL, smooth=[(0.1, 0.4)]),
    "exp": one(np.exp, INEXACT, (-2, 2)),
    "exp2": one(np.exp2, FLOATS, (-2, 2)),
    "expm1": one(np.expm1, INEXACT, (-2, 2)),
    "log": one(np.log, INEXACT, (0.5, 3)),
    "log2": one(np.log2, FLOATS, (0.5, 3)),
    "log10": one(np.log10, FLOATS, (0.5, 3)),
    "log1p": one(np.log1p, INEXACT, (-0.5, 3)),
    "sqrt": one(np.sqrt, INEXACT, (0.3, 3)),
    "rsqrt": one(lambda x: 1 / np.sqrt(x), FLOATS, (0.3, 3)),
    "cbrt": one(np.cbrt, FLOATS, (0.5, 3)),
    "sin": one(np.sin, INEXACT),
    "cos": one(np.cos, INEXACT),
    "tan": one(np.tan, INEXACT, (-1, 1)),
    "arcsin": one(np.arcsin, FLOATS, (-0.9, 0.9)),
    "arccos": one(np.arccos, FLOATS, (-0.9, 0.9)),
    "arctan": one(np.arctan, FLOATS),
    "sinh": one(np.sinh, INEXACT, (-2, 2)),
    "cosh": one(np.cosh, INEXACT, (-2, 2)),
    "tanh": one(np.tanh, INEXACT, (-2, 2)),
    "arcsinh": one(np.arcsinh, FLOATS),
    "arccosh": one(np.arccosh, FLOATS, (1.5, 3)),
    "arctanh": one(np.arctanh, FLOATS, (-0.8, 0.8)),
    "sigmoid": one(sigmoid, FLOATS),
    "erf": one(scipy.special.erf, FLOATS),
    "erfc": one(scipy.special.erfc, FLOATS),
    "erfinv": one(scipy.special.erfinv, FLOATS, (-0.8, 0.8)),
    "lgamma": one(scipy.special.gammaln, FLOATS, (0.5, 3)),
    "conjugate": one(np.conjugate, COMPLEX),
    "real": one(np.real, COMPLEX),
    "imag": one(np.imag, COMPLEX),
    "isfinite": one(np.isfinite, INEXACT, smooth=None),
    "not": one(np.invert, BITS, smooth=None),
    "add": two(np.add, ANY, ALL, ALL),
    "sub": two(np.subtract, NUMBERS, ALL, ALL),
    "mul": two(np.multiply, ANY, ALL, ALL),
    "div": two(np.divide, INEXACT, ALL, (1, 3)),
    "floor_div": two(np.floor_divide, REAL, ALL, (1, 3), smooth=[(2.1, 2.9), (1, 1.02)]),
    "mod": two(np.mod, REAL, ALL, (1, 3), smooth=[(2.1, 2.9), (1, 1.02)]),
    "pow": two(np.power, NUMBERS, (1, 3), (0, 3), smooth=[(0.5, 3), (-2, 2)]),
    "max": two(np.maximum, ORDERED, ALL, ALL),
    "min": two(np.minimum, ORDERED, ALL, ALL),
    "arctan2": two(np.arctan2, FLOATS, (-3, -0.5), (0.5, 3)),
    "nextafter": two(np.nextafter, FLOATS, ALL, ALL, second=False),
    "polygamma": two(polygamma, FLOATS, (0, 3), (0.5, 3)),
    "bessel_i": two(bessel_i, FLOATS, (0, 3), ALL),
    "complex": two(lambda a, b: a + 1j * b, WIDE, ALL, ALL),
    "and": two(np.bitwise_and, BITS, ALL, ALL, smooth=None),
    "or": two(np.bitwise_or, BITS, ALL, ALL, smooth=None),
    "xor": two(np.bitwise_xor, BITS, ALL, ALL, smooth=None),
    "shift_left": two(np.left_shift, INTEGERS, ALL, (0, 4), smooth=None),
    "shift_right": two(np.right_shift, INTEGERS, ALL, (0, 4), smooth=None),
    "eq": two(np.equal, ANY, ALL, ALL, smooth=None),
    "ne": two(np.not_equal, ANY, ALL, ALL, smooth=None),
    "lt": two(np.less, ORDERED, ALL, ALL, smooth=None),
    "le": two(np.less_equal, ORDERED, ALL, ALL, smooth=None),
    "gt": two(np.greater, ORDERED, ALL, ALL, smooth=None),
    "ge": two(np.greater_equal, ORDERED, ALL, ALL, smooth=None),
}
# Tested one by one below (iota in test_movement.py).
OTHERS = {"select", "cast", "bitcast", "stop_gradient", "tied", "iota"}
# Their first argument holds whole numbers.
WHOLE_FIRST = ("polygamma", "bessel_i")


def drawn(name: str, row: Row, dtype: str, shape: tuple[int, ...], seed: int) -> list[Array]:
    arrays = [values(dtype, shape, seed + i, *d) for i, d in enumerate(row.domain)]
    if name in WHOLE_FIRST:
        arrays[0] = np.rint(exactly(arrays[0])).astype(arrays[0].dtype)
    return arrays


def test_every_row_has_an_entry() -> None:
    rows = {name for name, p in PRIMITIVES.items() if p.family == "elementwise"}
    assert rows == set(ROWS) | OTHERS
    for name, row in ROWS.items():
        assert (PRIMITIVES[name].gradient is None) == (row.smooth is None), name


@pytest.mark.parametrize("name", ROWS)
@given(shape=shapes(2), seed=st.integers(0, 9))
@settings(max_examples=5)
def test_values(name: str, shape: tuple[int, ...], seed: int) -> None:
    row = ROWS[name]
    for dtype in row.dtypes:
        arrays = drawn(name, row, dtype, shape, seed)
        found = apply(PRIMITIVES[name], *arrays)
        if name == "nextafter" and dtype != "float64":
            expected = row.reference(*arrays)
        else:
            expected = silently(row.reference)(*map(exactly, arrays))
        tolerance = 4 * TOLERANCE.get(found.dtype.name, 0)
        if not tolerance:
            np.testing.assert_array_equal(found, expected)
            continue
        np.testing.assert_allclose(exactly(found), exactly(expected), tolerance, tolerance)


@pytest.mark.parametrize("name", ROWS)
def test_no_elements(name: str) -> None:
    row = ROWS[name]
    for dtype in row.dtypes:
        assert apply(PRIMITIVES[name], *drawn(name, row, dtype, (0, 3), 0)).shape == (0, 3)


@pytest.mark.parametrize("name", ROWS)
def test_half_precision_is_computed_in_float32(name: str) -> None:
    row = ROWS[name]
    for half in (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)):
        if half.name not in row.dtypes or name == "nextafter":
            continue
        arrays = drawn(name, row, half.name, (50,), 0)
        wide = apply(PRIMITIVES[name], *[a.astype(np.float32) for a in arrays])
        found = apply(PRIMITIVES[name], *arrays)
        expected = wide if wide.dtype == np.bool_ else wide.astype(half)
        np.testing.assert_array_equal(exactly(found), exactly(expected))


@pytest.mark.parametrize("name", [n for n, row in ROWS.items() if row.smooth is not None])
def test_gradients(name: str) -> None:
    row = ROWS[name]
    order = 2 if row.second else 1
    if "float64" in row.dtypes:
        arrays = [values("float64", (2, 3), i, *d) for i, d in enumerate(row.smooth or [])]
        if name in WHOLE_FIRST:
            # The order is no place to differentiate at: only the argument is.
            n = Tensor(np.rint(arrays[0]))
            check_gradients(lambda x: PRIMITIVES[name](n, x), arrays[1], order=order, atol=1e-4)
        else:
            check_gradients(PRIMITIVES[name], *arrays, order=order, atol=1e-5)
    if "complex128" in row.dtypes:
        arrays = [values("complex128", (3,), i, 0.4, 0.9) for i in range(len(row.domain))]
        check_gradients(PRIMITIVES[name], *arrays, order=order, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ROWS)
def test_errors(name: str) -> None:
    row, primitive = ROWS[name], PRIMITIVES[name]
    count = len(row.domain)
    for dtype in DTYPES:
        x = Tensor(np.zeros((2,), DTYPES[dtype]))
        if dtype not in row.dtypes:
            with pytest.raises(
                TypeError, match=rf"\w+: the input must be one of .*, got {dtype}\."
            ):
                primitive(*[x] * count)
    if count == 2:
        first, *rest = row.dtypes
        x = Tensor(np.zeros((2,), DTYPES[first]))
        others = [Tensor(np.zeros((3,), DTYPES[first])), Tensor(np.zeros((2,), DTYPES[rest[0]]))]
        for y in others:
            with pytest.raises(ValueError, match=r"\w+: the inputs must have one shape and dtype"):
                primitive(x, y)


# --- the others ----------------------------------------------------------------------------------


def test_select() -> None:
    select: Primitive = PRIMITIVES["select"]
    condition = values("bool", (3, 2), 0)
    for dtype in ANY:
        a, b = values(dtype, (3, 2), 1), values(dtype, (3, 2), 2)
        np.testing.assert_array_equal(apply(select, condition, a, b), np.where(condition, a, b))
    for dtype in ("float64", "complex128"):
        a, b = values(dtype, (3, 2), 1), values(dtype, (3, 2), 2)
        check_gradients(lambda a, b: select(Tensor(condition), a, b), a, b, order=2)
    with pytest.raises(TypeError, match="where: condition must be bool, got int32"):
        apply(select, np.ones(2, np.int32), np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="where: condition, x1 and x2 must have one shape"):
        apply(select, np.ones(2, np.bool_), np.ones(2), np.ones(3))


def test_select_lets_no_nan_through() -> None:
    x = Tensor(np.array([1.0, np.nan]))
    with GradientTape() as tape:
        tape.watch(x)
        y = PRIMITIVES["select"](Tensor(np.array([True, False])), x, Tensor(np.zeros(2)))
    assert tape.gradient(y, x).tolist() == [1.0, 0.0]


def test_cast() -> None:
    cast = PRIMITIVES["cast"]
    for source in ANY:
        for target in DTYPES.values():
            x = values(source, (3,), 0, 0, 100)
            found = apply(cast, x, dtype=target)
            assert found.dtype == target
            expected = exactly(x.real) if target.kind not in "cb" else exactly(x)
            if target.kind in "iu":
                expected = np.trunc(expected * 1.0) if source != "bool" else expected
                np.testing.assert_array_equal(found.astype(float), expected)
    wide = values("float64", (3,), 0)
    check_gradients(
        lambda x: cast(cast(x, dtype=DTYPES["complex128"]), dtype=DTYPES["float64"]), wide
    )
    x = Tensor(wide)
    with GradientTape() as tape:
        tape.watch(x)
        y = cast(cast(x, dtype=DTYPES["int32"]), dtype=DTYPES["float64"])
    assert tape.gradient(y, x) is None


def test_bitcast() -> None:
    bitcast = PRIMITIVES["bitcast"]
    x = values("float32", (3, 2), 0)
    found = apply(bitcast, x.T, dtype=DTYPES["int32"])
    np.testing.assert_array_equal(found, np.ascontiguousarray(x.T).view(np.int32))
    assert apply(bitcast, x[0, 0], dtype=DTYPES["uint32"]).shape == ()
    with pytest.raises(ValueError, match="bitcast: dtype must have 4 bytes like float32"):
        apply(bitcast, x, dtype=DTYPES["int64"])


def test_tied() -> None:
    tied = PRIMITIVES["tied"]
    x, anchor = (Tensor(values("float64", (3,), seed)) for seed in (0, 1))
    with GradientTape() as tape:
        tape.watch([x, anchor])
        y = tied(x, anchor) * x
    np.testing.assert_array_equal(y, x.numpy() ** 2)
    for gradient in tape.gradient(y, [x, anchor]):
        np.testing.assert_array_equal(gradient, x)
    with pytest.raises(ValueError, match="tied: both must have the same shape and dtype"):
        tied(x, Tensor(values("float32", (3,), 0)))


def test_stop_gradient() -> None:
    stop = PRIMITIVES["stop_gradient"]
    x = Tensor(values("float64", (3,), 0))
    with GradientTape() as tape:
        tape.watch(x)
        y = x * stop(x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), x.numpy())
