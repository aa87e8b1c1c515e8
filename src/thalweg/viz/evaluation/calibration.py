"""Whether what a model is sure of by 80% is right in 80% of cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.viz.charts.arguments import Floats, one_of, real_array
from thalweg.viz.charts.headings import heading
from thalweg.viz.charts.marks import mark_line
from thalweg.viz.evaluation.labels import classes_of, scores_of
from thalweg.viz.figure import Plot, blank, drawn
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, percent

__all__ = ["Calibration", "calibration", "calibration_of"]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Probabilities against what happened; arrays are float64 of shape `(bins,)`.

    Attributes:
        edges: the edges of the bins, of shape `(bins + 1,)`; a probability on an edge belongs to
            the bin above it, 1 to the last.
        counts: how many predictions are in each bin, or the sum of their weights.
        confidence: the mean probability in each bin; NaN where it is empty.
        accuracy: the share in each bin that came true; NaN where it is empty.
        expected_error: the mean of `|accuracy - confidence|`, each bin with its count (ECE).
        largest_error: the greatest of them (MCE).
    """

    edges: Floats
    counts: Floats
    confidence: Floats
    accuracy: Floats
    expected_error: float
    largest_error: float


@drawn
def calibration(
    y_true: Any,
    y_pred: Any,
    bins: int = 10,
    *,
    strategy: str = "uniform",
    sample_weight: Any = None,
    title: str | None = None,
) -> Plot[Calibration]:
    """Draw a reliability diagram: how often what was predicted with a probability came true.

    On the line the model is as right as it says; below it, it is too sure. Under it is how many
    predictions there are of each probability.

    Of two classes with one probability each, it is about class 1. Of several classes it is about
    the class with the highest probability, as in Guo et al., "On calibration of modern neural
    networks" (2017), where the expected calibration error is from.

    Args:
        y_true: 0 or 1 of shape `(n,)`, or class numbers or one-hot rows for k classes.
        y_pred: probabilities of class 1 of shape `(n,)` or `(n, 1)`, or rows of probabilities that
            sum to 1, of shape `(n, k)`; not logits.
        bins: how many.
        strategy: `'uniform'`: bins of equal width; `'quantile'`: bins of about equal counts.
        sample_weight: how much each example counts, of shape `(n,)`.
        title: above the picture.

    Returns:
        A `Plot` of two axes; its `numbers` are a `Calibration` with `edges`, `counts`,
        `confidence`, `accuracy`, `expected_error` and `largest_error`.

    Raises:
        TypeError: if something is not numbers.
        ValueError: if lengths differ, or `y_pred` are no probabilities.

    >>> import thalweg as tw
    >>> numbers = tw.viz.calibration([0, 1, 1, 1], [0.25, 0.75, 0.75, 0.75], bins=2).numbers
    >>> numbers.accuracy.tolist(), numbers.expected_error
    ([0.0, 1.0], 0.25)
    """
    one_of("calibration", "strategy", strategy, ("uniform", "quantile"))
    if not isinstance(bins, (int, np.integer)) or isinstance(bins, bool) or bins < 1:
        raise ValueError(f"calibration: bins must be a number from 1, got {bins!r}.")
    confidence, came_true, weights = _outcomes(y_true, y_pred, sample_weight)
    edges = np.arange(bins + 1) / bins
    if strategy == "quantile":
        edges = np.unique(np.quantile(confidence, edges[1:-1])) if bins > 1 else edges[:0]
        edges = np.unique(np.r_[0.0, edges, 1.0])
    found = calibration_of(confidence, came_true, weights, edges)
    figure, axes = blank(
        4.8, 5.2, rows=2, sharex=True, gridspec_kw={"height_ratios": [3.2, 1], "hspace": 0.06}
    )
    _draw(axes, found, weighed=sample_weight is not None)
    heading(axes[0], title, f"expected calibration error {percent(found.expected_error)}")
    return Plot(figure, axes, found, _caption(found))


def _outcomes(
    y_true: Any, y_pred: Any, sample_weight: Any
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Probabilities, whether what they were for came true, and weights."""
    rows = real_array("calibration", "y_pred", y_pred, (1, 2))
    several = rows.ndim == 2 and rows.shape[1] > 1
    if np.isnan(rows).any():
        raise ValueError(f"calibration: y_pred has {int(np.isnan(rows).sum())} NaN.")
    wrong = not (np.isfinite(rows).all() and rows.min() >= 0 and rows.max() <= 1)
    if wrong or (several and np.abs(rows.sum(1) - 1).max() > 1e-2):
        raise ValueError(
            "calibration: y_pred must be probabilities from 0 to 1 (rows of them sum to 1), got "
            f"numbers from {rows.min():g} to {rows.max():g}; of logits take tw.nn.softmax or "
            "tw.nn.sigmoid first."
        )
    if several:
        classes = classes_of("calibration", y_true, y_pred, None, sample_weight)
        return rows.max(1), classes.true == classes.predicted, classes.weights
    scores = scores_of("calibration", y_true, y_pred, None, sample_weight)
    return scores.scores[:, 0], scores.true[:, 0], scores.weights


def calibration_of(
    confidence: Floats, came_true: NDArray[np.bool_], weights: Floats, edges: Floats
) -> Calibration:
    """The numbers of a reliability diagram."""
    bins = len(edges) - 1
    place = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, bins - 1)

    def sums(values: Floats) -> Floats:
        return np.bincount(place, values, bins).astype(np.float64)

    counts = sums(weights)

    def mean(values: Floats) -> Floats:
        return np.divide(
            sums(values * weights), counts, out=np.full(bins, np.nan), where=counts > 0
        )

    said, right = mean(confidence), mean(came_true.astype(np.float64))
    gaps = np.nan_to_num(np.abs(right - said))
    return Calibration(
        edges,
        counts,
        said,
        right,
        float(np.sum(gaps * counts) / counts.sum()),
        float(gaps.max()),
    )


def _draw(axes: Sequence[Any], found: Calibration, *, weighed: bool) -> None:
    colours = palette()
    above, below = axes
    left, widths = found.edges[:-1], np.diff(found.edges)
    some = found.counts > 0
    above.bar(
        left[some],
        found.accuracy[some],
        widths[some],
        align="edge",
        color=colours.series[0],
        edgecolor=colours.surface,
        label="came true",
    )
    unsure, sure = found.confidence < found.accuracy, found.confidence > found.accuracy
    for which, low, fill, line, label in (
        (unsure, found.confidence, colours.series[0], colours.surface, "not sure enough"),
        (sure, found.accuracy, "none", colours.bad, "too sure"),
    ):
        if which.any():
            above.bar(
                left[which],
                np.abs(found.accuracy - found.confidence)[which],
                widths[which],
                low[which],
                align="edge",
                facecolor=fill,
                edgecolor=line,
                hatch="////",
                linewidth=0.8,
                label=label,
            )
    mark_line(above, [0, 1], [0, 1])
    above.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that came true")
    above.legend(loc="best")
    below.bar(
        left,
        found.counts,
        widths,
        align="edge",
        color=colours.soft,
        edgecolor=colours.surface,
    )
    below.set(xlabel="predicted probability", ylabel="weight" if weighed else "predictions")
    below.grid(False, axis="x")
    from matplotlib.ticker import MaxNLocator

    below.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=not weighed))


def _caption(found: Calibration) -> str:
    some = found.counts > 0
    share = found.counts[some] / found.counts.sum()
    said, right = (float(np.sum(a[some] * share)) for a in (found.confidence, found.accuracy))
    if abs(said - right) < 0.01:
        verdict = "on the whole as sure as it is right"
    else:
        verdict = "on the whole too sure" if said > right else "on the whole not sure enough"
    return (
        f"Mean probability {percent(said)}, {percent(right)} came true: {verdict}; the expected "
        f"calibration error over {counted(int(some.sum()), 'bin')} is "
        f"{percent(found.expected_error)}."
    )
