"""Gradients of a model's scores towards its inputs, by one compiled function."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.tensor.tensor import Tensor
from thalweg.tracing import function
from thalweg.viz.explanation.scores import scores_for, without_last_activation

__all__ = ["mean_gradients"]

Array = NDArray[np.float32]


def mean_gradients(
    caller: str, model: Any, x: Array, targets: NDArray[np.int32], shifts: Array, scale: Array
) -> tuple[Array, Array, NDArray[np.int32], int]:
    """Gradients at the points `x * scale[i] + shifts[i]`, their mean over i.

    Args:
        caller: for messages.
        model: a built model.
        x: inputs of shape `(n, ...)`.
        targets: an output for each input, or `PREDICTED`.
        shifts: of shape `(points, n, ...)`, or with ones where it is the same.
        scale: of shape `(points,)`.

    Returns:
        The gradients of shape `(n, ...)`; the scores at x of shape `(n,)`; which outputs these
        are; and how many outputs the model has.
    """
    points, highest = len(scale), int(targets.max())
    outputs = 0

    def gradient(at: Tensor, which: Tensor) -> Tensor:
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(at)
            score, _ = scores_for(caller, model, model(at, training=False), which, highest)
            total = ops.sum(score)
        found = tape.gradient(total, at)
        if found is None:
            raise ValueError(
                f"{caller}: no gradient reaches the input of model '{model.name}'; its first "
                "layers cannot be differentiated."
            )
        return ops.cast(found, "float32")

    @function(jit_compile=True, autograph=False)
    def computed(x: Tensor, targets: Tensor, shifts: Tensor, scale: Tensor) -> Any:
        nonlocal outputs
        given = model(x, training=False)
        score, which = scores_for(caller, model, given, targets, highest)
        outputs = given.shape[-1]

        def step(i: Tensor, total: Tensor) -> Tensor:
            return total + gradient(x * ops.take(scale, i) + ops.take(shifts, i, axis=0), which)

        total = ops.fori_loop(0, points, step, ops.zeros_like(x))
        return total / points, ops.cast(score, "float32"), which

    with without_last_activation(model):
        found, scores, which = computed(x, targets, shifts, scale)
    return found.numpy(), scores.numpy(), which.numpy(), outputs
