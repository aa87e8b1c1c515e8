"""find_learning_rate: the range test, which tells the learning rate before a training begins."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.random.seed import streams_kept
from thalweg.training.class_weight import check_class_weight
from thalweg.training.data_adapters import adapter_for
from thalweg.training.fit_arguments import check_steps, check_verbose
from thalweg.training.progress import ProgressLine, can_be_live
from thalweg.training.trainer import Trainer
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.rate.draw import draw_search
from thalweg.viz.rate.marks import divergence
from thalweg.viz.rate.search import LearningRateSearch, search_of
from thalweg.viz.rate.trial import run_trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["find_learning_rate"]

Array = np.ndarray[Any, Any]

_FEWEST_STEPS = 30


@drawn
def find_learning_rate(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    batch_size: int | None = None,
    lowest: float = 1e-7,
    highest: float = 10.0,
    steps: int = 300,
    smoothing: float = 0.2,
    stop_factor: float = 4.0,
    shuffle: bool = True,
    class_weight: dict[int, float] | None = None,
    sample_weight: Any = None,
    verbose: str | int = "auto",
    ax: Axes | None = None,
) -> Plot[LearningRateSearch]:
    """Raise the learning rate from step to step, draw the loss over it, and suggest a rate.

    The steps are taken on copies: weights, optimizer, metrics and random generators stay as they
    are, also if the search is interrupted. A model without weights gets them, as from `fit`; what
    reading does to the data (a generator gives each batch once) is not undone.

    A model learns at rates up to where its loss is lowest, fastest at lower ones; the suggestion
    lies between. It is meant for the batch size and the optimizer that it was found with.

    Args:
        model: a compiled model, not yet trained. A schedule as its learning rate is left out.
        x: inputs, as in `fit`, like `y`, `batch_size`, `shuffle`, `class_weight` and
            `sample_weight`. Data are taken again and again until there are enough batches.
        y: targets.
        batch_size: samples in a batch, 32 by default.
        lowest: the learning rate of the first step.
        highest: that of the last one; it is multiplied by the same factor at each step.
        steps: how many steps, at least 30.
        smoothing: how far smoothing reaches, in powers of ten of the learning rate: at a distance
            of d powers, a loss counts e^(-d / smoothing).
        stop_factor: the search ends when the smoothed loss is above this times its lowest value
            (or, where more, has regained a tenth of its fall times `stop_factor - 1`).
        shuffle: whether data in memory have a new random order in each pass.
        class_weight: a weight for each class.
        sample_weight: a weight for each sample.
        verbose: 0 silent, 1 or 2 a line that stays, `'auto'` a live line that goes away.
        ax: the matplotlib axes to draw in; by default a new figure.

    Returns:
        A `Plot`; its numbers are a `LearningRateSearch`: `rates`, `losses` and `smoothed` (arrays,
        one number for each step), `steepest`, `minimum`, `suggestion` and `diverged_at`.

    Raises:
        ValueError: if the model is not compiled or has no optimizer, for rates, steps or data that
            do not fit, if the loss is not finite from the first step, or falls at no rate.

    Source: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3.

    >>> import thalweg as tw
    >>> tw.set_random_seed(0)
    >>> x = tw.random.normal((256, 4))
    >>> model = tw.Sequential([tw.Input((4,)), tw.layers.Dense(1)])
    >>> model.compile(tw.optimizers.SGD(), "mse")
    >>> plot = tw.viz.find_learning_rate(model, x, tw.ops.sum(x, axis=1, keepdims=True))
    >>> 0.01 < plot.numbers.suggestion < 1
    True
    >>> cycle = tw.optimizers.schedules.OneCycle(plot.numbers.suggestion, total_steps=100)
    """
    _check(model, lowest, highest, smoothing, stop_factor)
    count = _check_count(steps)
    verbose = check_verbose(verbose)
    check_class_weight(class_weight)
    batch_size = check_steps(batch_size, "batch_size")
    _, axes = axes_for(ax)
    with streams_kept():
        adapter = adapter_for(x, y, sample_weight, batch_size, None, bool(shuffle), class_weight)
        adapter.peek()
    rates = np.geomspace(lowest, highest, count).astype(np.float32)
    reach = smoothing * (count - 1) / math.log10(highest / lowest)
    line = ProgressLine("Learning rates", count, live=verbose in (1, "auto") and can_be_live())

    def go_on(losses: Array) -> bool:
        _check_first(model, losses, rates)
        at = len(losses)
        line.update(at, {"learning_rate": float(rates[at - 1]), "loss": float(losses[-1])})
        return divergence(losses, reach, stop_factor) is None

    try:
        losses = run_trial(model, adapter, rates, go_on, class_weight)
        numbers = search_of(model.name, rates, losses, reach, stop_factor)
        line.finish({"suggestion": numbers.suggestion} if verbose in (1, 2) else None)
    finally:
        line.close()
    return draw_search(numbers, axes)


def _check(model: Any, lowest: Any, highest: Any, smoothing: Any, stop_factor: Any) -> None:
    if not isinstance(model, Trainer):
        raise ValueError(
            f"find_learning_rate: model must be a compiled Model, got a {type(model).__name__}."
        )
    model._require_compiled("find_learning_rate")
    if model.optimizer is None:
        raise ValueError(
            f"find_learning_rate: model '{model.name}' was compiled without an optimizer."
        )
    given = {"lowest": lowest, "highest": highest, "smoothing": smoothing}
    for name, value in {**given, "stop_factor": stop_factor}.items():
        fits = isinstance(value, Real) and not isinstance(value, bool)
        if not fits or not 0 < float(value) < math.inf:
            raise ValueError(f"find_learning_rate: {name} must be a number > 0, got {value!r}.")
    if not lowest < highest:
        raise ValueError(
            "find_learning_rate: lowest must be less than highest, got "
            f"lowest={lowest!r} and highest={highest!r}."
        )
    if not stop_factor > 1:
        raise ValueError(f"find_learning_rate: stop_factor must be > 1, got {stop_factor!r}.")


def _check_count(steps: Any) -> int:
    count = check_steps(steps, "find_learning_rate: steps") or 0
    if count < _FEWEST_STEPS:
        raise ValueError(
            f"find_learning_rate: steps must be at least {_FEWEST_STEPS}, got {steps!r}."
        )
    return count


def _check_first(model: Any, losses: Array, rates: Array) -> None:
    if not np.isfinite(losses[0]):
        raise ValueError(
            f"find_learning_rate: the loss of model '{model.name}' is {losses[0]} in the first "
            f"batch, before any step was taken (at learning rate {rates[0]:.2g}); look at its "
            "weights, its data and its loss."
        )
