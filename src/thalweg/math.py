"""TensorFlow's `tf.math`: elementwise mathematics and reductions under its names."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.ops import (
    abs,
    ceil,
    cos,
    cosh,
    erf,
    erfc,
    erfinv,
    exp,
    expm1,
    floor,
    in_top_k,
    log,
    log1p,
    log_sigmoid,
    logical_not,
    negative,
    reciprocal,
    round,
    rsqrt,
    segment_max,
    segment_min,
    segment_prod,
    segment_sum,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    tan,
    tanh,
)
from thalweg.ops import arccos as acos
from thalweg.ops import arccosh as acosh
from thalweg.ops import arcsin as asin
from thalweg.ops import arcsinh as asinh
from thalweg.ops import arctan as atan
from thalweg.ops import arctanh as atanh
from thalweg.ops import isfinite as is_finite
from thalweg.ops import isinf as is_inf
from thalweg.ops import isnan as is_nan
from thalweg.ops.arguments import apply, floating
from thalweg.primitives import elementwise
from thalweg.primitives.elementwise import zero_like
from thalweg.tensor.tensor import Tensor
from thalweg.tf_names import (
    add,
    argmax,
    argmin,
    cumprod,
    cumsum,
    divide,
    divide_no_nan,
    equal,
    floordiv,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    not_equal,
    pow,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_std,
    reduce_sum,
    reduce_variance,
    squared_difference,
    subtract,
    top_k,
)

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "argmax",
    "argmin",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "cumprod",
    "cumsum",
    "digamma",
    "divide",
    "divide_no_nan",
    "equal",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "expm1",
    "floor",
    "floordiv",
    "floormod",
    "greater",
    "greater_equal",
    "igamma",
    "igammac",
    "in_top_k",
    "is_finite",
    "is_inf",
    "is_nan",
    "l2_normalize",
    "less",
    "less_equal",
    "lgamma",
    "log",
    "log1p",
    "log_sigmoid",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "pow",
    "reciprocal",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_std",
    "reduce_sum",
    "reduce_variance",
    "round",
    "rsqrt",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "softsign",
    "sqrt",
    "square",
    "squared_difference",
    "subtract",
    "tan",
    "tanh",
    "top_k",
]


def atan2(y: Any, x: Any) -> Tensor:
    """The angle of the point (x, y), in (-pi, pi]."""
    return ops.arctan2(y, x)


def floormod(x: Any, y: Any) -> Tensor:
    """What `floordiv` leaves over, with the sign of `y`."""
    return ops.mod(x, y)


def lgamma(x: Any) -> Tensor:
    """The logarithm of the absolute value of the gamma function."""
    return apply(elementwise.lgamma, floating(x))


def digamma(x: Any) -> Tensor:
    """The derivative of `lgamma`."""
    tensor = floating(x)
    return apply(elementwise.polygamma, zero_like(tensor), tensor)


def igamma(a: Any, x: Any) -> Tensor:
    """The regularised lower incomplete gamma function P(a, x)."""
    return ops.gammainc(a, x)


def igammac(a: Any, x: Any) -> Tensor:
    """The regularised upper incomplete gamma function, `1 - igamma(a, x)`."""
    return 1 - ops.gammainc(a, x)


def softmax(logits: Any, axis: int | None = None) -> Tensor:
    """`exp(logits) / sum(exp(logits))` along an axis, by default the last one."""
    return ops.softmax(logits, axis=-1 if axis is None else axis)


def log_softmax(logits: Any, axis: int | None = None) -> Tensor:
    """The logarithm of `softmax`."""
    return ops.log_softmax(logits, axis=-1 if axis is None else axis)


def softplus(features: Any) -> Tensor:
    """`log(1 + exp(features))`."""
    return ops.softplus(features)


def softsign(features: Any) -> Tensor:
    """`features / (1 + |features|)`."""
    return ops.softsign(features)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Tensor:
    """`x / sqrt(max(sum(x ** 2), epsilon))` along the axes (over all, where none is given)."""
    tensor = floating(x)
    total = ops.sum(ops.square(tensor), axis=axis, keepdims=True)
    return tensor * ops.rsqrt(ops.maximum(total, epsilon))
