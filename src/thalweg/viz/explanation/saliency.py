"""Which parts of an input change the output most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.viz.charts.arguments import Floats, names_for, one_of
from thalweg.viz.charts.bar_chart import bar_height, draw_bars
from thalweg.viz.charts.headings import heading
from thalweg.viz.explanation.arguments import (
    channels_last,
    check_explained,
    inputs_for,
    targets_for,
)
from thalweg.viz.explanation.gradients import mean_gradients
from thalweg.viz.explanation.image_grid import draw_pairs
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, number, percent

__all__ = ["Saliency", "saliency"]

METHODS = {
    "gradient": "Gradient of the score",
    "smoothgrad": "SmoothGrad",
    "integrated_gradients": "Integrated gradients",
}
MOST_IMAGES = 32
MOST_ROWS = 100_000


@dataclass(frozen=True, eq=False)
class Saliency:
    """What the output depends on.

    Attributes:
        values: float32 of the shape of the inputs. Of `'gradient'` and `'smoothgrad'`: how much
            the score changes for a unit of the input; of `'integrated_gradients'`: how much of
            the score comes from there, in units of the score.
        maps: float64 of shape `(n, height, width)` for images: the largest magnitude of the
            values over the channels; of shape `(n, features)` for rows of features: their
            magnitudes.
        target: int32 of shape `(n,)`: which output is explained.
        scores: float32 of shape `(n,)`: its value, before a last softmax or sigmoid.
    """

    values: NDArray[np.float32]
    maps: Floats
    target: NDArray[np.int32]
    scores: NDArray[np.float32]


@drawn
def saliency(
    model: Any,
    x: Any,
    target: Any = None,
    method: str = "gradient",
    *,
    samples: int = 32,
    noise: float = 0.15,
    baseline: Any = 0.0,
    seed: int = 0,
    feature_names: Sequence[Any] | None = None,
    class_names: Sequence[Any] | None = None,
    title: str | None = None,
) -> Plot[Saliency]:
    """Draw which parts of the inputs the model's output depends on most.

    Images are drawn above their maps; of rows of features the gradients are drawn as bars, their
    mean magnitude where there are several rows. The score is that before a last softmax or
    sigmoid.

    Args:
        model: a built `Model` of one input and a row of outputs for each input.
        x: inputs of shape `(n, height, width, channels)` or `(n, height, width)`, at most 32; or
            rows of features of shape `(n, features)`.
        target: the number of the output to explain, or one for each input; None: for each input
            the greatest.
        method: `'gradient'` (Simonyan, Vedaldi and Zisserman 2014); `'smoothgrad'`: the mean
            gradient at noisy copies (Smilkov et al. 2017); `'integrated_gradients'`: the input
            less the baseline, times the mean gradient on the way between them, so that all
            contributions sum to the difference of the scores (Sundararajan, Taly and Yan 2017).
        samples: how many points `'smoothgrad'` and `'integrated_gradients'` take the mean of.
        noise: the standard deviation of the noise, as a share of the range of x.
        baseline: an input without content, for `'integrated_gradients'`; of any shape that
            broadcasts to that of x.
        seed: of the noise.
        feature_names: a name for each feature of rows of features.
        class_names: a name for each output.
        title: above the picture; by default the method.

    Returns:
        A `Plot`; its `numbers` are a `Saliency` with `values`, `maps`, `target` and `scores`.

    Raises:
        TypeError: if model is no Model or x no numbers.
        ValueError: if the model is not built, has several inputs, or does not give rows of scores;
            if target is none of its outputs; or an argument is not as above.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)])
    >>> model.set_weights([[[3.0], [-2.0]], [1.0]])
    >>> tw.viz.saliency(model, [[1.0, 5.0]], feature_names=["RM", "LSTAT"]).numbers.values.tolist()
    [[3.0, -2.0]]
    """
    one_of("saliency", "method", method, list(METHODS))
    for name, value, least in (("samples", samples, 1), ("seed", seed, 0)):
        if not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(
                f"saliency: {name} must be a whole number from {least} on, got {value!r}."
            )
    if not isinstance(noise, (int, float)) or not noise >= 0:
        raise ValueError(f"saliency: noise must be a number from 0 on, got {noise!r}.")
    check_explained("saliency", model)
    inputs = inputs_for("saliency", x, MOST_ROWS if np.ndim(x) == 2 else MOST_IMAGES)
    if inputs.ndim not in (2, 3, 4):
        raise ValueError(
            f"saliency: x must be images or rows of features, got shape {inputs.shape}."
        )
    features = None
    if inputs.ndim == 2:
        features = names_for(
            "saliency", "feature_names", feature_names, inputs.shape[1], "features"
        ) or [f"feature {i}" for i in range(inputs.shape[1])]
    elif feature_names is not None:
        raise ValueError(
            f"saliency: feature_names are for rows of features, x has shape {inputs.shape}."
        )
    targets = targets_for("saliency", target, len(inputs))
    shifts, scale, factor = _points(inputs, method, samples, noise, baseline, seed)
    gradients, scores, which, outputs = mean_gradients(
        "saliency", model, inputs, targets, shifts, scale
    )
    values = gradients * factor
    names = names_for("saliency", "class_names", class_names, outputs, "outputs")
    maps = channels_last(model, np.abs(values.astype(np.float64)))
    found = Saliency(values, maps.max(-1) if inputs.ndim == 4 else maps, which, scores)
    if features is not None:
        about = "" if outputs == 1 else _about(which, names)
        return _drawn_bars(found, method, features, about, title or METHODS[method])
    labels = [names[i] if names else f"output {i}" for i in which]
    shown = [f"for {label}" for label in labels] if outputs > 1 else [""] * len(labels)
    figure, axes = draw_pairs(
        channels_last(model, inputs), found.maps, shown, title or METHODS[method]
    )
    return Plot(figure, axes, found, _caption(found, labels if outputs > 1 else None))


def _points(
    x: NDArray[np.float32], method: str, samples: int, noise: float, baseline: Any, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], Any]:
    """Shifts and scales of x, for where gradients are taken, and a factor for their mean."""
    ones = (1,) * x.ndim
    if method == "smoothgrad":
        spread = noise * (float(x.max()) - float(x.min()))
        rng = np.random.default_rng(seed)
        shifts = rng.normal(0, spread, (samples, *x.shape)).astype(np.float32)
        return shifts, np.ones(samples, np.float32), 1
    if method == "integrated_gradients":
        try:
            base = np.broadcast_to(np.asarray(baseline, np.float32), x.shape)
        except (ValueError, TypeError):
            raise ValueError(
                f"saliency: baseline must broadcast to the shape of x, {x.shape}, got "
                f"{np.shape(baseline)}."
            ) from None
        # The midpoint rule on the straight way from the baseline to x.
        along = ((np.arange(samples) + 0.5) / samples).astype(np.float32)
        start = base if base.any() else np.zeros(ones, np.float32)
        return (1 - along).reshape(-1, *ones) * start, along, x - base
    return np.zeros((1, *ones), np.float32), np.ones(1, np.float32), 1


def _drawn_bars(
    found: Saliency,
    method: str,
    names: list[str],
    about: str,
    title: str,
) -> Plot[Saliency]:
    count = len(found.maps)
    mean = found.maps.mean(0) if count > 1 else found.values[0].astype(np.float64)
    order = np.argsort(-np.abs(mean), kind="stable")
    colours = palette().series
    figure, axes = axes_for(None, height=bar_height(len(names)))
    draw_bars(
        axes,
        mean[order],
        [names[i] for i in order],
        colors=[colours[0] if value >= 0 else colours[1] for value in mean[order]],
    )
    what = "change of the score for a unit of the feature"
    if method == "integrated_gradients":
        what = "share of the feature in the score"
    axes.set_xlabel(what if count == 1 else f"{what}, mean magnitude")
    heading(axes, title, about + counted(count, "example"))
    first = order[0]
    caption = (
        f"The score depends most on {names[first]}: {number(mean[first])} "
        f"{'in magnitude on average' if count > 1 else 'for this example'}"
    )
    if len(names) > 1:
        last = order[-1]
        caption += f", least on {names[last]}: {number(mean[last])}"
    return Plot(figure, axes, found, f"{caption}.")


def _about(which: NDArray[np.int32], names: list[str] | None) -> str:
    different = sorted({int(i) for i in which})
    if len(different) > 1:
        return "the class predicted for each · "
    return f"for {names[different[0]] if names else f'output {different[0]}'} · "


def _caption(found: Saliency, labels: list[str] | None) -> str:
    """Where the first map is brightest, and how much of it a tenth of its points hold."""
    first = found.maps[0]
    row, column = divmod(int(first.argmax()), first.shape[1])
    tenth = np.sort(first.ravel())[-max(1, first.size // 10) :].sum()
    share = tenth / first.sum() if first.any() else 0.0
    of = f"score of {labels[0]}" if labels else "output"
    return (
        f"The {of} for input 0 depends most on row {row}, column {column}; a tenth of the points "
        f"hold {percent(share)} of all that matters."
    )
