"""loss_surface: the loss of a model over one or two weights, or two directions through all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from thalweg.viz.figure import drawn
from thalweg.viz.surface.compute import model_surface
from thalweg.viz.surface.draw import check_kind, check_scale, draw_surface
from thalweg.viz.surface.surface_plot import SurfacePlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["loss_surface"]


@drawn
def loss_surface(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    weights: str | Sequence[str] | None = None,
    directions: Any = "random",
    path: Any = None,
    ranges: Any = None,
    points: int | tuple[int, int] | None = None,
    metric: str = "loss",
    unit: str = "",
    training: bool = False,
    batch_size: int = 512,
    seed: int = 0,
    kind: str = "contour",
    scale: str = "auto",
    ax: Axes | None = None,
) -> SurfacePlot:
    """The loss of a model as a landscape.

    Over one or two named numbers among the weights it is exact. A whole network is cut along two
    directions through all its weights: random ones, normalised filter by filter so that pictures of
    different networks can be compared, or the two main directions of a training path. All points
    are computed by one compiled Program; the model stays as it is.

    Args:
        model: a model that is built and compiled.
        x: inputs in memory, as for `evaluate`, like `y` and `sample_weight`.
        y: targets.
        sample_weight: weights of the samples.
        weights: one or two names, such as `("kernel", "bias")` or `"dense/kernel[0, 1]"`: the end
            of a weight's path, and the place of a number in it.
        directions: without `weights`: `'random'`, `'path'` for the two main directions of `path`,
            or one or two lists with an array for each trainable weight.
        path: what to draw on the surface: a `thalweg.callbacks.PathRecorder` that was given to
            `fit`, or a dict of several by name.
        ranges: `(low, high)` for each axis, or one pair for all; by default chosen so that one sees
            the present weights, the paths, and the lowest point.
        points: how many points along each axis, or along both; by default 201 along one and 51
            along each of two.
        metric: `'loss'`, with regularizers as `evaluate` reports it, or the name of a metric.
        unit: the unit of the loss, for labels.
        training: whether layers work as in training (batch statistics, dropout) for the loss.
        batch_size: rows of the data that are computed at once.
        seed: of the random directions.
        kind: `'contour'`, `'3d'` or `'both'`; one weight gives a curve with its tangent.
        scale: of the heights, `'linear'` or `'log'`; `'auto'` is logarithmic for a surface whose
            heights span a wide range.
        ax: matplotlib axes to draw into; for `'3d'` those of a 3-D projection.

    Returns:
        A `Plot` whose numbers are a `LossSurface`; saved as `.html` it is a page in which the
        surface can be turned and the path walked.

    Raises:
        ValueError: if the model is not built or compiled, a weight or metric is not there, more
            than two weights are named, or the loss is not finite somewhere.

    The directions are those of H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein, "Visualizing
    the Loss Landscape of Neural Nets" (2018), arXiv 1712.09913.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> plot = tw.viz.loss_surface(
    ...     model,
    ...     [[0.0], [1.0]],
    ...     [[1.0], [3.0]],
    ...     weights=("kernel", "bias"),
    ...     ranges=(0, 4),
    ...     points=5,
    ... )
    >>> plot.numbers.minimum
    Extremum(place=(2.0, 1.0), value=0.0, at_edge=False)
    """
    check_kind(kind, ax, "loss_surface")
    check_scale(scale, "loss_surface")
    numbers = model_surface(
        model,
        x,
        y,
        sample_weight=sample_weight,
        weights=weights,
        directions=directions,
        path=path,
        ranges=ranges,
        points=points,
        metric=metric,
        unit=unit,
        training=training,
        batch_size=batch_size,
        seed=seed,
    )
    return draw_surface(replace(numbers, scale=scale), kind, ax)
