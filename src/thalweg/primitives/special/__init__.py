"""Special functions in NumPy: the reference for the elementwise rows of the same names.

All take float32 or float64 arrays, compute in float64 and return the dtype of their input.
"""

from thalweg.primitives.special.bessel import bessel_i
from thalweg.primitives.special.error_function import TWO_OVER_SQRT_PI, erf, erfc, erfinv
from thalweg.primitives.special.gamma import lgamma, polygamma

__all__ = [
    "TWO_OVER_SQRT_PI",
    "bessel_i",
    "erf",
    "erfc",
    "erfinv",
    "lgamma",
    "polygamma",
]
