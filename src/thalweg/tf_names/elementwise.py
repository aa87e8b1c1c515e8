"""TensorFlow's elementwise names: those of two arguments, which it calls x and y."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg import ops
from thalweg.tensor.tensor import Tensor

__all__ = [
    "add",
    "clip_by_value",
    "divide",
    "divide_no_nan",
    "equal",
    "floordiv",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "not_equal",
    "pow",
    "squared_difference",
    "subtract",
]


def _pair(
    name: str, function: Callable[[Any, Any], Tensor], what: str
) -> Callable[[Any, Any], Tensor]:
    def pair(x: Any, y: Any) -> Tensor:
        return function(x, y)

    pair.__name__ = pair.__qualname__ = name
    pair.__doc__ = f"{what}, element by element, with broadcasting."
    return pair


add = _pair("add", ops.add, "`x + y`")
subtract = _pair("subtract", ops.subtract, "`x - y`")
multiply = _pair("multiply", ops.multiply, "`x * y`")
divide = _pair("divide", ops.divide, "`x / y`; integers become floats first")
divide_no_nan = _pair("divide_no_nan", ops.divide_no_nan, "`x / y`, and 0 where `y` is 0")
floordiv = _pair("floordiv", ops.floor_divide, "`x // y`")
pow = _pair("pow", ops.power, "`x` to the power of `y`")
maximum = _pair("maximum", ops.maximum, "The larger one of `x` and `y`")
minimum = _pair("minimum", ops.minimum, "The smaller one of `x` and `y`")
equal = _pair("equal", ops.equal, "`x == y`")
not_equal = _pair("not_equal", ops.not_equal, "`x != y`")
greater = _pair("greater", ops.greater, "`x > y`")
greater_equal = _pair("greater_equal", ops.greater_equal, "`x >= y`")
less = _pair("less", ops.less, "`x < y`")
less_equal = _pair("less_equal", ops.less_equal, "`x <= y`")
logical_and = _pair("logical_and", ops.logical_and, "`x` and `y`")
logical_or = _pair("logical_or", ops.logical_or, "`x` or `y`")
logical_xor = _pair("logical_xor", ops.logical_xor, "Either `x` or `y`")


def squared_difference(x: Any, y: Any) -> Tensor:
    """`(x - y) ** 2`, element by element."""
    return ops.square(ops.subtract(x, y))


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any) -> Tensor:
    """Values below the minimum become the minimum, those above the maximum the maximum."""
    return ops.clip(t, clip_value_min, clip_value_max)
