"""Where in an image the features are that speak for a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.layers.conv import ConvolutionLayer
from thalweg.layers.layer import Layer
from thalweg.tensor.tensor import Tensor
from thalweg.tracing import function
from thalweg.viz.charts.arguments import Floats, names_for
from thalweg.viz.explanation.arguments import (
    channels_last,
    check_explained,
    inputs_for,
    targets_for,
)
from thalweg.viz.explanation.image_grid import draw_pairs, upsampled
from thalweg.viz.explanation.scores import scores_for, without_last_activation
from thalweg.viz.figure import Plot, drawn
from thalweg.viz.layer_calls import heard, named_layers
from thalweg.viz.model.chosen import layer_named
from thalweg.viz.words import percent

__all__ = ["GradCAM", "grad_cam"]

MOST_IMAGES = 32


@dataclass(frozen=True, eq=False)
class GradCAM:
    """Where the features are that speak for a class.

    Attributes:
        maps: float64 of shape `(n, h, w)`, as large as the layer's output: the sum of its
            channels, each times its weight; 0 where it would be negative.
        heat: the maps enlarged to the size of the images, `(n, height, width)`.
        weights: float32 of shape `(n, channels)`: the mean gradient of the score towards each
            channel.
        target: int32 of shape `(n,)`: which output is explained.
        scores: float32 of shape `(n,)`: its value, before a last softmax or sigmoid.
        layer: the name of the layer.
    """

    maps: Floats
    heat: Floats
    weights: NDArray[np.float32]
    target: NDArray[np.int32]
    scores: NDArray[np.float32]
    layer: str


@drawn
def grad_cam(
    model: Any,
    x: Any,
    target: Any = None,
    layer: str | Layer | None = None,
    *,
    class_names: Sequence[Any] | None = None,
    title: str | None = None,
) -> Plot[GradCAM]:
    """Draw where in images the features are that speak for a class: Grad-CAM.

    After Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
    localization" (2017): the channels of a convolution's output, each weighted with the mean
    gradient of the score towards it, are summed, and what is negative is left out. The score is
    that before a last softmax or sigmoid. A line surrounds what has more than half of the most.

    Args:
        model: a built `Model` of one input and a row of outputs for each input.
        x: images of shape `(n, height, width, channels)` or `(n, height, width)`, at most 32.
        target: the number of the output to explain, or one for each image; None: for each image
            the greatest.
        layer: a layer that gives maps with channels, or its name, `'conv2d'` or
            `'encoder/conv2d'`; None: the last convolution.
        class_names: a name for each output.
        title: above the picture; by default the layer.

    Returns:
        A `Plot`; its `numbers` are a `GradCAM` with `maps`, `heat`, `weights`, `target`, `scores`
        and `layer`.

    Raises:
        TypeError: if model is no Model or x no numbers.
        ValueError: if the model is not built, has several inputs, or does not give rows of scores;
            if there is no such layer, or it does not give maps; if target is none of the outputs.

    >>> import numpy as np, thalweg as tw
    >>> model = tw.Sequential(
    ...     [
    ...         tw.Input((8, 8, 1)),
    ...         tw.layers.Conv2D(4, 3, activation="relu"),
    ...         tw.layers.GlobalAveragePooling2D(),
    ...         tw.layers.Dense(2),
    ...     ]
    ... )
    >>> numbers = tw.viz.grad_cam(model, np.ones((1, 8, 8, 1)), target=0).numbers
    >>> numbers.maps.shape, numbers.heat.shape, numbers.weights.shape
    ((1, 6, 6), (1, 8, 8), (1, 4))
    """
    check_explained("grad_cam", model)
    images = inputs_for("grad_cam", x, MOST_IMAGES)
    if images.ndim not in (3, 4):
        raise ValueError(f"grad_cam: x must be images, got shape {images.shape}.")
    targets = targets_for("grad_cam", target, len(images))
    found, outputs = _computed(model, images, targets, layer)
    names = names_for("grad_cam", "class_names", class_names, outputs, "outputs")
    labels = [names[i] if names else f"output {i}" for i in found.target]
    shown = [f"for {label}" for label in labels] if outputs > 1 else [""] * len(labels)
    figure, axes = draw_pairs(
        channels_last(model, images),
        found.heat,
        shown,
        title or f"Grad-CAM of '{found.layer}'",
        over=True,
    )
    return Plot(figure, axes, found, _caption(found, labels, outputs))


def _computed(
    model: Any, images: NDArray[np.float32], targets: NDArray[np.int32], layer: str | Layer | None
) -> tuple[GradCAM, int]:
    candidates = _candidates(model, layer)
    asked = None if layer is None else next(iter(candidates))
    told: list[tuple[Layer, Tensor]] = []
    outputs, highest = 0, int(targets.max())

    @function(jit_compile=True, autograph=False)
    def computed(x: Tensor, targets: Tensor) -> Any:
        nonlocal outputs
        told.clear()
        with GradientTape(watch_accessed_variables=False) as tape:

            def tell(which: Layer, output: Tensor) -> None:
                tape.watch(output)
                told.append((which, output))

            with heard(list(candidates.values()), tell):
                given = model(x, training=False)
            score, chosen = scores_for("grad_cam", model, given, targets, highest)
            total = ops.sum(score)
        outputs = given.shape[-1]
        # Called twice, a layer is where it was called last.
        maps = _maps_of(model, told, asked)
        gradient = tape.gradient(total, maps)
        if gradient is None:
            name = asked or told[-1][0].name
            raise ValueError(
                f"grad_cam: the output of model '{model.name}' does not depend on layer '{name}'."
            )
        axes = _spatial(told[-1][0])
        weights = ops.mean(gradient, axis=axes, keepdims=True)
        channels = 1 if axes == (2, 3) else 3
        cam = ops.relu(ops.sum(weights * maps, axis=channels))
        flat = ops.reshape(weights, (weights.shape[0], -1))
        return [ops.cast(y, "float32") for y in (cam, flat, score)], chosen

    with without_last_activation(model):
        (cam, weights, scores), chosen = computed(images, targets)
    maps = cam.numpy().astype(np.float64)
    name = next(n for n, candidate in candidates.items() if candidate is told[-1][0])
    told.clear()
    found = GradCAM(
        maps,
        upsampled(maps, *channels_last(model, images).shape[1:3]),
        weights.numpy(),
        chosen.numpy(),
        scores.numpy(),
        name,
    )
    return found, outputs


def _candidates(model: Any, layer: str | Layer | None) -> dict[str, Layer]:
    """The layers whose output may be asked for, by name."""
    named = named_layers(model)
    if layer is not None:
        return dict([layer_named("grad_cam", model, named, layer)])
    found: dict[str, Layer] = {
        name: x for name, x in named.items() if isinstance(x, ConvolutionLayer) and x.rank == 2
    }
    if not found:
        raise ValueError(
            f"grad_cam: model '{model.name}' has no convolution over images; name a layer that "
            f"gives maps, of {', '.join(named)}."
        )
    return found


def _maps_of(model: Any, told: list[tuple[Layer, Tensor]], asked: str | None) -> Tensor:
    if not told:
        raise ValueError(
            f"grad_cam: model '{model.name}' does not call {asked or 'its convolutions'}, or only "
            "within a loop."
        )
    which, maps = told[-1]
    if maps.ndim != 4:
        raise ValueError(
            f"grad_cam: layer '{asked or which.name}' must give maps of shape (n, height, width, "
            f"channels), it gives {tuple(maps.shape)}."
        )
    return maps


def _spatial(layer: Layer) -> tuple[int, int]:
    return (2, 3) if getattr(layer, "data_format", None) == "channels_first" else (1, 2)


def _caption(found: GradCAM, labels: list[str], outputs: int) -> str:
    """Where the heat of the first image is."""
    of = f"For {labels[0]}" if outputs > 1 else "For the output"
    heat = found.heat[0]
    if not heat.any():
        return f"{of}, nothing in image 0 speaks by the features of '{found.layer}'."
    height, width = heat.shape
    row, column = (int(i) for i in np.unravel_index(int(heat.argmax()), heat.shape))
    down = ("upper", "middle", "lower")[min(2, 3 * row // height)]
    across = ("left", "middle", "right")[min(2, 3 * column // width)]
    where = "in the middle" if down == across else f"at the {down} {across}"
    above = float(np.mean(heat > heat.max() / 2))
    return (
        f"{of}, the features of '{found.layer}' that count in image 0 are strongest {where}; "
        f"{percent(above)} of the image have more than half of that."
    )
