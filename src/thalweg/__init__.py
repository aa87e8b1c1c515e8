"""Thalweg: deep learning in Python, defined once with the Keras API.

Tensors, operations and tapes are here at once; the rooms above them (layers, training, saving,
data sets) are imported when they are first used, so that `import thalweg` stays fast.
"""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from thalweg import config, ops, random
from thalweg.autodiff import (
    GradientTape,
    UnconnectedGradients,
    custom_gradient,
    grad,
    grads,
    recompute_grad,
    value_and_grad,
    value_and_grads,
    variable_grads,
)
from thalweg.random import set_random_seed
from thalweg.tensor import Tensor, TensorSpec, Variable
from thalweg.tensor.dtypes import (
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from thalweg.training.methods import MODEL_METHODS

if TYPE_CHECKING:
    from thalweg import (
        activations,
        callbacks,
        constraints,
        datasets,
        initializers,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        regularizers,
        saving,
    )
    from thalweg.layers import Input, Layer
    from thalweg.models import Model, Sequential

__version__ = "0.1.0"

# Name -> (module, name in it; "" for the module itself).
_LATER: dict[str, tuple[str, str]] = {
    **{
        room: (f"thalweg.{room}", "")
        for room in (
            "activations",
            "callbacks",
            "constraints",
            "datasets",
            "initializers",
            "layers",
            "losses",
            "metrics",
            "models",
            "optimizers",
            "regularizers",
            "saving",
        )
    },
    "Input": ("thalweg.layers", "Input"),
    "Layer": ("thalweg.layers", "Layer"),
    "Model": ("thalweg.models", "Model"),
    "Sequential": ("thalweg.models", "Sequential"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'thalweg' has no attribute {name!r}")
    module, inner = _LATER[name]
    found = importlib.import_module(module)
    value = getattr(found, inner) if inner else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


def _of_saving(function: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module("thalweg.saving"), function)(*args, **kwargs)

    return call


MODEL_METHODS.update(
    save=_of_saving("save_model"),
    save_weights=_of_saving("save_weights"),
    load_weights=_of_saving("load_weights"),
)

__all__ = [
    "GradientTape",
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "Tensor",
    "TensorSpec",
    "UnconnectedGradients",
    "Variable",
    "activations",
    "bfloat16",
    "callbacks",
    "complex64",
    "complex128",
    "config",
    "constraints",
    "custom_gradient",
    "datasets",
    "float16",
    "float32",
    "float64",
    "grad",
    "grads",
    "initializers",
    "int8",
    "int16",
    "int32",
    "int64",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "random",
    "recompute_grad",
    "regularizers",
    "saving",
    "set_random_seed",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "value_and_grad",
    "value_and_grads",
    "variable_grads",
]
