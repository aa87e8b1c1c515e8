"""Automatic differentiation: the tape, and functions with a gradient of their own."""

from thalweg.autodiff.custom import custom_gradient, recompute_grad
from thalweg.autodiff.forward import jvp
from thalweg.autodiff.functional import (
    grad,
    grads,
    value_and_grad,
    value_and_grads,
    variable_grads,
)
from thalweg.autodiff.tape import GradientTape, UnconnectedGradients
from thalweg.tensor.operators import OPERATIONS

OPERATIONS.update(custom_gradient=custom_gradient, jvp=jvp)

__all__ = [
    "GradientTape",
    "UnconnectedGradients",
    "custom_gradient",
    "grad",
    "grads",
    "jvp",
    "recompute_grad",
    "value_and_grad",
    "value_and_grads",
    "variable_grads",
]
