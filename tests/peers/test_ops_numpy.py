"""The NumPy group of operations against Keras: signatures, result dtypes, values.

Keras runs on JAX without 64-bit types here: where it answers with a 32-bit type for a 64-bit one,
the wider type is right.
"""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import keras
import numpy as np
import pytest

from tests.ops.oracle import values
from thalweg import ops

pytestmark = pytest.mark.peer


DTYPES = (
    "bool",
    "uint8",
    "uint16",
    "uint32",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
)
NARROWED = {"int64": "int32", "uint64": "uint32", "float64": "float32"}

UNARY = """
 abs all any amax amin angle arccos arccosh arcsin arcsinh arctan arctanh argmax argmin argsort
average ceil conj copy corrcoef cos cosh count_nonzero cumprod cumsum diff exp exp2 expm1 fabs
flip floor imag isfinite isinf isnan isneginf isposinf isreal log log10 log1p log2 logical_not
max mean median min nan_to_num nanmax nanmin nanmean nanmedian nansum nanprod nanstd nanvar
nancumsum nancumprod nanargmax ones_like prod real signbit sin sinc sinh sort sqrt square
squeeze std sum tan tanh transpose var zeros_like trapezoid diag empty_like
"""
BINARY = """
add multiply divide true_divide divide_no_nan mod fmod maximum minimum fmax fmin arctan2 equal less
logical_and logaddexp logaddexp2 append isclose isin digitize searchsorted
"""
# Keras's symbolic answer for bools is bool where the operation itself (and ours) gives int32 or
# fails; and for some it turns int64 into float64, where all others give the default float type.
OPEN = {
    "cbrt": "int64",
    "deg2rad": "int64",
    "rad2deg": "int64",
    "i0": "int64",
    "negative": "bool",
    "ptp": "bool",
    "round": "bool",
    "sign": "bool",
    "trunc": "bool",
    "vander": "bool",
}


def name_of(dtype: Any) -> str:
    return str(keras.backend.standardize_dtype(dtype))


def agree(name: str, dtypes: tuple[str, ...]) -> None:
    symbols = [keras.KerasTensor((3,), dtype=d) for d in dtypes]
    wanted = name_of(getattr(keras.ops, name)(*symbols).dtype)
    arrays = [ops.cast([1, 0, 1] if d == "bool" else [1, 2, 3], d) for d in dtypes]
    found = getattr(ops, name)(*arrays).dtype.name
    assert wanted in (found, NARROWED.get(found)), (name, dtypes, found, wanted)


@pytest.mark.parametrize("name", [*UNARY.split(), *OPEN])
def test_dtypes_of_one(name: str) -> None:
    for dtype in DTYPES:
        if OPEN.get(name) != dtype:
            agree(name, (dtype,))


@pytest.mark.parametrize("name", BINARY.split())
def test_dtypes_of_two(name: str) -> None:
    for dtypes in itertools.product(DTYPES, DTYPES):
        agree(name, dtypes)


def test_signatures() -> None:
    for name in ops.numpy.__all__:
        theirs = getattr(keras.ops, name, None)
        if theirs is None or name == "einsum":  # newer than this Keras; takes **kwargs there
            continue
        found, wanted = (
            [(p.name, p.default, p.kind) for p in inspect.signature(f).parameters.values()]
            for f in (getattr(ops, name), theirs)
        )
        assert found == wanted, name


X, Y = values("float32", (3, 4), 0), values("float32", (3, 4), 1)
N = values("int32", (3, 4), 2, -9, 9)
NAN = np.where(np.abs(X) > 2.5, np.float32(np.nan), X)

CALLS: list[tuple[str, Any]] = [
    ("argpartition", lambda o: o.sort(o.take_along_axis(X, o.argpartition(X, 2), 1)[:, :2])),
    ("average", lambda o: o.average(X, 1, np.abs(Y[0]))),
    ("bincount", lambda o: o.bincount(np.abs(N[0]), weights=Y[0], minlength=12)),
    ("clip", lambda o: o.clip(X, -0.5, 1)),
    ("corrcoef", lambda o: o.corrcoef(X)),
    ("correlate", lambda o: o.correlate(X[0], Y[0, :2], "same")),
    ("divide_no_nan", lambda o: o.divide_no_nan(X, N.astype(np.float32))),
    ("geomspace", lambda o: o.geomspace(1.0, 9.0, 5)),
    ("get_item", lambda o: o.get_item(X, (slice(None, None, -1), [0, 2]))),
    ("histogram", lambda o: o.histogram(X[0], 5)[0]),
    ("histogram", lambda o: o.histogram(X[0], 5, (-1.0, 1.0))[0]),
    ("kaiser", lambda o: o.kaiser(5, 8.0)),
    ("linspace", lambda o: o.linspace(X[0], Y[0], 4, axis=1)),
    ("linspace", lambda o: o.linspace(0, 10, 4, dtype="int32")),
    ("logspace", lambda o: o.logspace(0.0, 2.0, 5, base=3)),
    ("median", lambda o: o.median(X, axis=(0, 1), keepdims=True)),
    ("nan_to_num", lambda o: o.nan_to_num(NAN, nan=7.0)),
    ("nanargmax", lambda o: o.nanargmax(NAN, axis=0)),
    ("nanquantile", lambda o: o.nanquantile(NAN, [0.2, 0.7], axis=None)),
    ("nanstd", lambda o: o.nanstd(NAN, axis=None)),
    ("pad", lambda o: o.pad(X, ((1, 2), (3, 1)), "reflect")),
    ("pad", lambda o: o.pad(X, ((1, 2), (3, 1)), "symmetric")),
    ("quantile", lambda o: o.quantile(X, [0.1, 0.5], axis=1, method="higher", keepdims=True)),
    ("repeat", lambda o: o.repeat(X, 2, axis=1)),
    ("roll", lambda o: o.roll(X, (1, 2), axis=(0, 1))),
    ("rot90", lambda o: o.rot90(X, 3)),
    ("searchsorted", lambda o: o.searchsorted(np.sort(X[0]), Y, "right")),
    ("select", lambda o: o.select([X > 1, X > 0], [X, Y], -1.0)),
    ("signbit", lambda o: o.signbit(X)),
    ("split", lambda o: o.split(X, [1, 3], axis=1)[1]),
    ("take", lambda o: o.take(X, [[-1, 0]], axis=1)),
    ("take_along_axis", lambda o: o.take_along_axis(X, np.abs(N[:2]) % 3, axis=0)),
    ("trace", lambda o: o.trace(X, offset=1)),
    ("trapezoid", lambda o: o.trapezoid(X, Y, axis=0)),
    ("unravel_index", lambda o: o.unravel_index(np.array([3, 7], np.int32), (3, 4))[1]),
    ("vander", lambda o: o.vander(X[0], 3)),
    ("var", lambda o: o.var(X, axis=0, keepdims=True)),
    ("view", lambda o: o.view(X, "int32")),
    ("unique", lambda o: o.unique(N)),
    ("unique", lambda o: o.unique(N, return_index=True)[1]),
    ("unique", lambda o: o.unique(N, return_inverse=True)[1]),
    ("unique", lambda o: o.unique(N, return_counts=True, axis=0)[1]),
    ("unique", lambda o: o.unique(N, return_index=True, size=20)[0]),
    ("unique", lambda o: o.unique(N, return_index=True, size=20)[1]),
    ("unique", lambda o: o.unique(N, return_counts=True, size=20)[1]),
    ("unique", lambda o: o.unique(N, return_counts=True, size=3, fill_value=1)[1]),
    ("unique", lambda o: o.unique(N, size=20, fill_value=-1)),
]


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_values(name: str, call: Any) -> None:
    found, wanted = np.asarray(call(ops)), np.asarray(call(keras.ops))
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
