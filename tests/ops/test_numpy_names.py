"""The names that `thalweg.ops` offers, and that tensors' operators reach them."""

from __future__ import annotations

import numpy as np
import pytest

from thalweg import ops
from thalweg.tensor import Variable
from thalweg.tensor.operators import OPERATIONS

# keras.ops.numpy of Keras 3.16.
LISTED = """
abs absolute add all allclose amax amin angle any append arange arccos arccosh arcsin arcsinh arctan
arctan2 arctanh argmax argmin argpartition argsort array array_split average bartlett bincount
bitwise_and bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor
blackman broadcast_to cbrt ceil clip column_stack concatenate conj conjugate copy corrcoef correlate
cos cosh count_nonzero cross cumprod cumsum deg2rad diag diagflat diagonal diff digitize divide
divide_no_nan dot dsplit dstack einsum empty empty_like equal exp exp2 expand_dims expm1 eye fabs
flip fliplr flipud floor floor_divide fmax fmin fmod full full_like gcd geomspace get_item greater
greater_equal hamming hanning heaviside histogram hsplit hstack hypot i0 identity imag inner isclose
isfinite isin isinf isnan isneginf isposinf isreal kaiser kron lcm ldexp left_shift less less_equal
linspace log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor
logspace matmul max maximum mean median meshgrid min minimum mod moveaxis multiply nan_to_num
nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod
nanquantile nanstd nansum nanvar ndim negative nextafter nonzero not_equal ones ones_like outer pad
percentile power prod ptp quantile rad2deg ravel real reciprocal repeat reshape right_shift roll
rot90 round searchsorted select sign signbit sin sinc sinh size slogdet sort split sqrt square
squeeze stack std subtract sum swapaxes take take_along_axis tan tanh tensordot tile trace transpose
trapezoid tri tril triu true_divide trunc unique unravel_index vander var vdot vectorize view vsplit
vstack where zeros zeros_like
"""
NAMES = LISTED.split()


def test_names() -> None:
    assert len(NAMES) == 221
    assert sorted(ops.numpy.__all__) == sorted(NAMES)
    for name in NAMES:
        assert getattr(ops, name) is getattr(ops.numpy, name)
        assert name in ops.__all__
        assert callable(getattr(ops, name))
        assert getattr(ops, name).__doc__
        assert OPERATIONS[name] is getattr(ops, name)


@pytest.mark.parametrize("kind", ["tensor", "variable"])
def test_operators(kind: str) -> None:
    a, b = np.array([7.0, -5.0]), np.array([2.0, 3.0])
    x = ops.array(a) if kind == "tensor" else Variable(a)
    for found, expected in (
        (x + b, a + b),
        (b + x, b + a),
        (x - b, a - b),
        (b - x, b - a),
        (x * b, a * b),
        (b * x, b * a),
        (x / b, a / b),
        (b / x, b / a),
        (x // b, a // b),
        (b // x, b // a),
        (x % b, a % b),
        (b % x, b % a),
        (x**2, a**2),
        (2.0**x, 2.0**a),
        (x @ b, a @ b),
        (b @ x, b @ a),
        (-x, -a),
        (+x, a),
        (abs(x), abs(a)),
        (x == b, a == b),
        (x != b, a != b),
        (x < b, a < b),
        (x <= b, a <= b),
        (x > b, a > b),
        (x >= b, a >= b),
        (divmod(x, b)[0], divmod(a, b)[0]),
        (divmod(x, b)[1], divmod(a, b)[1]),
        (x[0], a[0]),
        (x[::-1], a[::-1]),
        (x.T, a.T),
        (x.reshape(2, 1), a.reshape(2, 1)),
        (x.reshape((1, 2)), a.reshape(1, 2)),
        (x.astype("int32"), a.astype(np.int32)),
    ):
        np.testing.assert_allclose(np.asarray(found), expected)
    n, m = np.array([6, 5]), np.array([3, 1])
    y = ops.array(n) if kind == "tensor" else Variable(n)
    for found, expected in (
        (y & m, n & m),
        (m & y, m & n),
        (y | m, n | m),
        (m | y, m | n),
        (y ^ m, n ^ m),
        (m ^ y, m ^ n),
        (y << m, n << m),
        (m << y, m << n),
        (y >> m, n >> m),
        (m >> y, m >> n),
        (~y, ~n),
    ):
        np.testing.assert_array_equal(np.asarray(found), expected)
