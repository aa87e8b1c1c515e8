"""Linear algebra under the names of `keras.ops.linalg`.

Matrices lie on the last two axes; all axes before them are batch axes. Integers become floats, and
half precision is computed in float32.
"""

from thalweg.ops.derivatives import jvp
from thalweg.ops.linalg.factors import cholesky, cholesky_inverse, eig, eigh, lu_factor, qr, svd
from thalweg.ops.linalg.norms import norm
from thalweg.ops.linalg.solving import (
    det,
    inv,
    lstsq,
    matrix_power,
    matrix_rank,
    pinv,
    slogdet,
    solve,
    solve_triangular,
)

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eig",
    "eigh",
    "inv",
    "jvp",
    "lstsq",
    "lu_factor",
    "matrix_power",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
]
