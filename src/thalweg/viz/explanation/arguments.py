"""The model, the inputs and the classes that are to be explained, or an error about them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.tensor.tree import flatten
from thalweg.viz.charts.arguments import real_array
from thalweg.viz.checks import check_model
from thalweg.viz.layer_calls import named_layers

__all__ = ["PREDICTED", "channels_last", "check_explained", "inputs_for", "targets_for"]

PREDICTED = -1
"""The target that means: what the model predicts."""


def check_explained(caller: str, model: Any) -> None:
    """Raises unless it is a built model of one input."""
    check_model(caller, model)
    graph = getattr(model, "_graph", None)
    if graph is not None and len(flatten(graph.inputs)) != 1:
        raise ValueError(
            f"{caller}: model '{model.name}' has {len(flatten(graph.inputs))} inputs, only models "
            "of one input can be explained."
        )
    if graph is not None and len(flatten(graph.outputs)) != 1:
        raise ValueError(
            f"{caller}: model '{model.name}' has {len(flatten(graph.outputs))} outputs, make a "
            "Model of the one that is to be explained."
        )


def inputs_for(caller: str, x: Any, most: int) -> NDArray[np.float32]:
    """A batch of inputs as float32; at most `most` of them, as each gets a picture."""
    found = real_array(caller, "x", x)
    if found.ndim < 2:
        raise ValueError(
            f"{caller}: x must be a batch of inputs, the examples first, got shape {found.shape}."
        )
    if len(found) > most:
        raise ValueError(
            f"{caller}: at most {most} inputs can be drawn, got {len(found)}; take some, as x[:8]."
        )
    missing = int((~np.isfinite(found)).sum())
    if missing:
        raise ValueError(f"{caller}: x must be finite, {missing} of its numbers are not.")
    return found.astype(np.float32)


def channels_last(model: Any, images: NDArray[Any]) -> NDArray[Any]:
    """Images as they are drawn, also those of a model whose channels come first."""
    layouts = [getattr(layer, "data_format", None) for layer in named_layers(model).values()]
    first = "channels_first" in layouts and images.ndim == 4
    return np.moveaxis(images, 1, -1) if first else images


def targets_for(caller: str, target: Any, count: int) -> NDArray[np.int32]:
    """The number of an output for each input, `PREDICTED` where none was asked for."""
    if target is None:
        return np.full(count, PREDICTED, np.int32)
    found = np.asarray(target)
    if found.dtype.kind not in "iu" or found.shape not in ((), (count,)) or (found < 0).any():
        raise ValueError(
            f"{caller}: target must be the number of a class, or one for each of the {count} "
            f"inputs, got {target!r}."
        )
    return np.broadcast_to(found, (count,)).astype(np.int32)
