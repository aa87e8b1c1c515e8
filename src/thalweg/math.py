"""TensorFlow's `tf.math`: elementwise mathematics and reductions under its names."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.ops import (
    abs,
    add,
    ceil,
    cos,
    cosh,
    divide,
    divide_no_nan,
    equal,
    erf,
    erfc,
    erfinv,
    exp,
    expm1,
    floor,
    greater,
    greater_equal,
    in_top_k,
    less,
    less_equal,
    log,
    log1p,
    log_sigmoid,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    reciprocal,
    round,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    softplus,
    softsign,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    top_k,
)
from thalweg.ops import arccos as acos
from thalweg.ops import arcsin as asin
from thalweg.ops import arctan as atan
from thalweg.ops import arctan2 as atan2
from thalweg.ops import floor_divide as floordiv
from thalweg.ops import isfinite as is_finite
from thalweg.ops import isinf as is_inf
from thalweg.ops import isnan as is_nan
from thalweg.ops.arguments import floating
from thalweg.primitives import elementwise
from thalweg.primitives.elementwise import zero_like
from thalweg.tensor.tensor import Tensor
from thalweg.tf_names import (
    argmax,
    argmin,
    cumsum,
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
)

__all__ = [
    "abs",
    "acos",
    "add",
    "argmax",
    "argmin",
    "asin",
    "atan",
    "atan2",
    "ceil",
    "cos",
    "cosh",
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
    "greater",
    "greater_equal",
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


def squared_difference(x: Any, y: Any) -> Tensor:
    """`(x - y) ** 2`, element by element."""
    return ops.square(ops.subtract(x, y))


def lgamma(x: Any) -> Tensor:
    """The logarithm of the absolute value of the gamma function."""
    return elementwise.lgamma(floating(x))


def digamma(x: Any) -> Tensor:
    """The derivative of `lgamma`."""
    tensor = floating(x)
    return elementwise.polygamma(zero_like(tensor), tensor)


def softmax(logits: Any, axis: int = -1) -> Tensor:
    """`exp(logits) / sum(exp(logits))` along an axis."""
    return ops.softmax(logits, axis=axis)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Tensor:
    """`x / sqrt(max(sum(x ** 2), epsilon))` along the axes (over all, where none is given)."""
    tensor = floating(x)
    total = ops.sum(ops.square(tensor), axis=axis, keepdims=True)
    return tensor * ops.rsqrt(ops.maximum(total, epsilon))
