"""Every operation of the NumPy group in a trace: the same numbers as in eager code.

A new name without a call here fails `test_every_name_is_traced`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.ops.oracle import values
from tests.traced import check_traced
from thalweg import ops

X, Y = values("float64", (3, 4), 0), values("float64", (3, 4), 1)
P = values("float64", (3, 4), 2, 1.1, 1.9)  # away from 0, 1 and 2
U = P - 1.0
N, M = values("int32", (3, 4), 3, 1, 9), values("int32", (3, 4), 4, 0, 3)
Z = values("complex128", (3, 4), 5)
B = X > 0
NAN = np.where(X > 2, np.nan, X)
V, W = X[0], Y[0]
S = values("float64", (3, 3), 6)

UNARY: dict[str, str] = {
    "X": """abs absolute amax amin all angle any argmax argmin argsort array average ceil conj
        conjugate copy corrcoef cos cosh count_nonzero cumprod cumsum deg2rad diagflat diagonal diff
        empty_like exp exp2 expm1 fabs flip fliplr flipud floor i0 imag isfinite isinf
        isnan isneginf isposinf isreal logical_not max mean median min nan_to_num ndim negative
        ones_like prod ptp rad2deg ravel real rot90 round sign signbit sin sinc sinh
        size sort square squeeze std sum tan tanh trace transpose tril triu trunc var view
        zeros_like""",
    "P": "arccosh cbrt log log10 log1p log2 reciprocal sqrt",
    "U": "arccos arcsin arctan arctanh arcsinh",
    "NAN": """nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanprod
        nanstd nansum nanvar""",
    "N": "bitwise_invert bitwise_not",
    "V": "diag vander",
    "S": "slogdet",
}
BINARY: dict[str, str] = {
    "XP": """add subtract multiply divide true_divide divide_no_nan floor_divide mod fmod maximum
        minimum fmax fmin hypot heaviside arctan2 logaddexp logaddexp2 equal not_equal less
        less_equal greater greater_equal logical_and logical_or logical_xor isclose allclose isin
        nextafter append trapezoid kron vdot outer""",
    "PX": "power",
    "NM": """bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift left_shift
        right_shift gcd lcm""",
    "VW": "dot correlate inner matmul",
}
CALLS: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "arange": (lambda x: x + ops.arange(4), [X]),
    "argpartition": (lambda x: ops.argpartition(x, 2), [X]),
    "array_split": (lambda x: ops.array_split(x, 3, 1), [X]),
    "bartlett": (lambda x: x * ops.bartlett(4), [X]),
    "blackman": (lambda x: x * ops.blackman(4), [X]),
    "broadcast_to": (lambda x: ops.broadcast_to(x, (2, 3, 4)), [X]),
    "clip": (lambda x, y: ops.clip(x, y, 1.0), [X, Y]),
    "column_stack": (lambda x, y: ops.column_stack([x, y[0, :3]]), [X, Y]),
    "concatenate": (lambda x, y: ops.concatenate([x, y], 1), [X, Y]),
    "cross": (lambda x, y: ops.cross(x[:, :3], y[:, :3]), [X, Y]),
    "digitize": (lambda x, y: ops.digitize(x, ops.sort(y[0])), [X, Y]),
    "dsplit": (lambda x: ops.dsplit(ops.reshape(x, (3, 2, 2)), 2), [X]),
    "dstack": (lambda x, y: ops.dstack([x, y]), [X, Y]),
    "einsum": (lambda x, y: ops.einsum("ij,kj->ik", x, y), [X, Y]),
    "empty": (lambda x: x + ops.empty(4), [X]),
    "expand_dims": (lambda x: ops.expand_dims(x, 1), [X]),
    "eye": (lambda x: x + ops.eye(3, 4, 1), [X]),
    "full": (lambda x: ops.full((2, 4), x[0]), [X]),
    "full_like": (lambda x: ops.full_like(x, x[0]), [X]),
    "geomspace": (lambda p: ops.geomspace(p, p * 3, 5), [P]),
    "get_item": (lambda x, n: ops.get_item(x, (slice(None, None, -1), n)), [X, M[0]]),
    "hamming": (lambda x: x * ops.hamming(4), [X]),
    "hanning": (lambda x: x * ops.hanning(4), [X]),
    "histogram": (lambda x: ops.histogram(x, 4), [X]),
    "hsplit": (lambda x: ops.hsplit(x, 2), [X]),
    "hstack": (lambda x, y: ops.hstack([x, y]), [X, Y]),
    "identity": (lambda s: s + ops.identity(3), [S]),
    "kaiser": (lambda x: x * ops.kaiser(4, 2.0), [X]),
    "ldexp": (ops.ldexp, [X, M]),
    "linspace": (lambda x, y: ops.linspace(x, y, 3, retstep=True), [X, Y]),
    "logspace": (lambda x, y: ops.logspace(x, y, 3), [X, Y]),
    "meshgrid": (ops.meshgrid, [V, W]),
    "moveaxis": (lambda x: ops.moveaxis(x, 0, 1), [X]),
    "nanpercentile": (lambda x: ops.nanpercentile(x, 30, 1), [NAN]),
    "nanquantile": (lambda x: ops.nanquantile(x, [0.3, 0.6], 0), [NAN]),
    "ones": (lambda x: x + ops.ones(4), [X]),
    "pad": (lambda x, v: ops.pad(x, 1, constant_values=v[0]), [X, V]),
    "percentile": (lambda x: ops.percentile(x, 30, 1), [X]),
    "quantile": (lambda x, u: ops.quantile(x, u[0], 1), [X, U]),
    "repeat": (lambda x: ops.repeat(x, [1, 0, 2], 0), [X]),
    "reshape": (lambda x: ops.reshape(x, (2, -1)), [X]),
    "roll": (lambda x: ops.roll(x, 3), [X]),
    "searchsorted": (lambda x, y: ops.searchsorted(ops.sort(x[0]), y), [X, Y]),
    "select": (lambda x, y: ops.select([x > 1, x > 0], [x, y], 2), [X, Y]),
    "split": (lambda x: ops.split(x, [1, 3], 1), [X]),
    "stack": (lambda x, y: ops.stack([x, y], 1), [X, Y]),
    "swapaxes": (lambda x: ops.swapaxes(x, 0, 1), [X]),
    "take": (lambda x, n: ops.take(x, n - 2, 1), [X, M]),
    "take_along_axis": (lambda x, n: ops.take_along_axis(x, n, 1), [X, M]),
    "tensordot": (lambda x, y: ops.tensordot(x, y, ([0, 1], [0, 1])), [X, Y]),
    "tile": (lambda x: ops.tile(x, (2, 1)), [X]),
    "tri": (lambda x: x * ops.tri(3, 4), [X]),
    "unravel_index": (lambda n: ops.unravel_index(n, (2, 5)), [N]),
    "vectorize": (lambda x, y: ops.vectorize(ops.maximum)(x, y), [V, W]),
    "vsplit": (lambda x: ops.vsplit(x, [1]), [X]),
    "vstack": (lambda x, y: ops.vstack([x, y]), [X, Y]),
    "where": (lambda b, x, y: ops.where(b, x, y), [B, X, Y]),
    "zeros": (lambda x: x + ops.zeros(4), [X]),
}
# The shapes of their results depend on values.
EAGER_ONLY = {"bincount", "nonzero", "unique"}

TABLE: dict[str, tuple[Callable[..., Any], list[Any]]] = dict(CALLS)
for group in (UNARY, BINARY):
    for letters, names in group.items():
        arrays = [globals()[c] for c in letters] if letters != "NAN" else [NAN]
        for name in names.split():
            TABLE[name] = (getattr(ops, name), arrays)


def test_every_name_is_traced() -> None:
    assert set(TABLE) | EAGER_ONLY == set(ops.numpy.__all__)


@pytest.mark.parametrize("name", TABLE)
def test_traced(name: str) -> None:
    function, arrays = TABLE[name]
    check_traced(function, *arrays)


@pytest.mark.parametrize(
    "name", ["abs", "angle", "conj", "exp", "imag", "isreal", "mean", "real", "sum"]
)
def test_complex_numbers(name: str) -> None:
    check_traced(getattr(ops, name), Z)
