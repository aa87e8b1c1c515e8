"""The Moore-Penrose pseudoinverse.

It is a primitive beside `svd` because its gradient is regular where that of the singular vectors is
not: at equal singular values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.primitives.linalg.matrices import Gradients, adjoint, check_matrix, lapack
from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.tensor import TensorSpec


def _rule(x: Any, rcond: float) -> TensorSpec:
    """Singular values up to `rcond` times the largest count as zero."""
    check_matrix("pinv", x)
    *batch, m, n = x.shape
    return TensorSpec((*batch, n, m), x.dtype)


def _gradient(call: Call, g: Gradients) -> Gradients:
    """The derivative where the rank stays the same (Golub and Pereyra, 1973).

    With p the pseudoinverse of a,

    dp = -p da p + p p* da* (1 - a p) + (1 - p a) da* p* p.
    """
    (a,), (p,), (outward,) = call.inputs, call.outputs, g
    assert outward is not None
    left, back = adjoint(p), adjoint(outward)
    beside = back @ p @ left
    across = left @ p @ back
    inward = beside - a @ (p @ beside) + across - (across @ p) @ a - left @ outward @ left
    return (inward,)


pinv = Primitive(
    "pinv",
    _rule,
    lapack(
        "pinv",
        "holds values that are not finite",
        lambda x, rcond: np.linalg.pinv(x, rcond=rcond).astype(x.dtype),
    ),
    _gradient,
    "linalg",
)
