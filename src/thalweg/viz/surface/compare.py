"""compare_optimizers: several optimizers from the same start on one loss surface."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thalweg import optimizers as optimizers_room
from thalweg.naming import names_kept
from thalweg.optimizers.optimizer import Optimizer
from thalweg.random.seed import streams_kept
from thalweg.training.fit_arguments import check_steps
from thalweg.viz.figure import drawn
from thalweg.viz.surface.compute import model_surface
from thalweg.viz.surface.draw import two_axes
from thalweg.viz.surface.draw_3d import draw_3d
from thalweg.viz.surface.draw_contour import draw_contour
from thalweg.viz.surface.draw_curve import draw_curve
from thalweg.viz.surface.draw_losses import draw_losses
from thalweg.viz.surface.drawing import add_legend
from thalweg.viz.surface.model_loss import ModelLoss, check_surface_model
from thalweg.viz.surface.named import named_numbers
from thalweg.viz.surface.numbers import LossSurface
from thalweg.viz.surface.path import PathRecorder, TrainingPath
from thalweg.viz.surface.ranges import checked_points, checked_ranges
from thalweg.viz.surface.surface_plot import SurfacePlot
from thalweg.viz.surface.words import caption_of

__all__ = ["compare_optimizers"]

# Rows of the data that are computed at once.
_ROWS = 512


@drawn
def compare_optimizers(
    model: Any,
    x: Any,
    y: Any = None,
    optimizers: Mapping[str, Any] | Sequence[str] = (),
    epochs: int = 20,
    *,
    batch_size: int | None = None,
    sample_weight: Any = None,
    weights: str | Sequence[str] | None = None,
    directions: Any = "path",
    every: str | int = "epoch",
    ranges: Any = None,
    points: int | tuple[int, int] | None = None,
    metric: str = "loss",
    unit: str = "",
    seed: int = 0,
    kind: str = "contour",
) -> SurfacePlot:
    """Train with several optimizers from the same start, and draw their paths on one surface.

    Each trains a copy of the model, with the same weights, the same order of the samples and the
    same random numbers, so that only the optimizers differ. The model itself, its optimizer and the
    random generators stay as they are. Beside the surface are the losses over time.

    Args:
        model: a model that is built and compiled.
        x: inputs in memory, as for `fit`, like `y` and `sample_weight`.
        y: targets.
        optimizers: optimizers, or their names, by what they are called in the picture; or a list of
            them.
        epochs: how long each one trains.
        batch_size: samples in a batch, 32 by default.
        sample_weight: weights of the samples.
        weights: one or two names of numbers among the weights, for an exact surface; see
            `loss_surface`.
        directions: without `weights`: `'path'` for the two main directions of all paths together,
            `'random'`, or lists of arrays.
        every: `'epoch'`, or after how many batches a point of a path is recorded.
        ranges: as in `loss_surface`, like `points`, `metric`, `unit` and `seed`.
        points: how many points along each axis.
        metric: what the surface shows.
        unit: the unit of the loss.
        seed: of random directions.
        kind: `'contour'` or `'3d'`.

    Returns:
        A `Plot` whose numbers are a `LossSurface`; its `paths` have the losses of each optimizer.

    Raises:
        ValueError: as `loss_surface`; also if a training diverges.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> plot = tw.viz.compare_optimizers(
    ...     model, [[0.0], [1.0]], [[1.0], [3.0]], ["sgd", "adam"], 5, weights=("kernel", "bias")
    ... )
    >>> {name: len(path.losses) for name, path in plot.numbers.paths.items()}
    {'sgd': 6, 'adam': 6}
    """
    if kind not in ("contour", "3d"):
        raise ValueError(f"compare_optimizers: kind must be 'contour' or '3d', got {kind!r}.")
    check_surface_model("compare_optimizers", model)
    chosen = _chosen(optimizers)
    if check_steps(epochs, "compare_optimizers: epochs") is None:
        raise ValueError("compare_optimizers: epochs must be a positive whole number, got None.")
    # All that could fail after the trainings is looked at before.
    names: tuple[str, ...] = ("the 1st direction", "the 2nd direction")
    if weights is not None:
        names = tuple(n.name for n in named_numbers(model, weights, "compare_optimizers"))
    checked_ranges(ranges, names, "compare_optimizers")
    checked_points(points, len(names), "compare_optimizers")
    ModelLoss(model, x, y, sample_weight, metric, False, _ROWS, "compare_optimizers")
    data = {"x": x, "y": y, "batch_size": batch_size, "sample_weight": sample_weight}
    paths = {
        name: _trained(model, name, optimizer, epochs, every, data)
        for name, optimizer in chosen.items()
    }
    numbers = model_surface(
        model,
        x,
        y,
        sample_weight=sample_weight,
        weights=weights,
        directions="random" if weights is not None else directions,
        path=paths,
        ranges=ranges,
        points=points,
        metric=metric,
        unit=unit,
        training=False,
        batch_size=_ROWS,
        seed=seed,
        caller="compare_optimizers",
    )
    return _draw(numbers, kind)


def _chosen(given: Any) -> dict[str, Any]:
    """A fresh optimizer of each kind; those of the user stay as they are."""
    if isinstance(given, (str, Optimizer)):
        given = [given]
    if not isinstance(given, (Mapping, list, tuple)):
        raise TypeError(
            "compare_optimizers: optimizers must be a dict from names to optimizers or a list of "
            f"them, got a {type(given).__name__}."
        )
    items = given if isinstance(given, Mapping) else {getattr(o, "name", o): o for o in given}
    if not items:
        raise ValueError("compare_optimizers: optimizers must name at least one optimizer.")
    with names_kept():
        return {
            str(name): type(found).from_config(found.get_config())
            for name, found in ((n, optimizers_room.get(o)) for n, o in items.items())
        }


def _trained(
    model: Any, name: str, optimizer: Any, epochs: int, every: str | int, data: dict[str, Any]
) -> TrainingPath:
    recorder = PathRecorder(every=every)
    with streams_kept(), names_kept():
        twin = copy.deepcopy(model)
        twin.compile(**{**twin._compiled.arguments, "optimizer": optimizer})
        twin.fit(**data, epochs=epochs, verbose=0, callbacks=[recorder])
    path = recorder.path
    finite = np.isfinite(path.positions).all(axis=1)
    if not finite.all():
        step = int(path.steps[int(np.argmin(finite))])
        raise ValueError(
            f"compare_optimizers: training with '{name}' diverged, weights are not finite after "
            f"{path.unit} {step}; give it a smaller learning rate."
        )
    return path


def _draw(numbers: LossSurface, kind: str) -> SurfacePlot:
    solid = kind == "3d" and len(numbers.names) == 2
    figure, axes = two_axes(11.5, 5.2 if solid else 4.8, ("3d" if solid else None, None))
    draw: Any = draw_3d if solid else draw_contour if len(numbers.names) == 2 else draw_curve
    add_legend(figure, None, draw(numbers, axes[0]))
    draw_losses(numbers, axes[1])
    return SurfacePlot(figure, axes, numbers, caption_of(numbers))
