"""Automatic differentiation: the tape, and functions with a gradient of their own."""

from thalweg.autodiff.custom import custom_gradient, recompute_grad
from thalweg.autodiff.functional import (
    grad,
    grads,
    value_and_grad,
    value_and_grads,
    variable_grads,
)
from thalweg.autodiff.tape import GradientTape, UnconnectedGradients

__all__ = [
    "GradientTape",
    "UnconnectedGradients",
    "custom_gradient",
    "grad",
    "grads",
    "recompute_grad",
    "value_and_grad",
    "value_and_grads",
    "variable_grads",
]
