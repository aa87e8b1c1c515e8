"""How far the predictions of a regression are from what is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.viz.charts.arguments import Floats, real_array
from thalweg.viz.charts.headings import heading
from thalweg.viz.charts.histogram import draw_histogram, histogram_of
from thalweg.viz.charts.marks import mark_line
from thalweg.viz.charts.scatter import draw_points, is_many
from thalweg.viz.figure import Plot, blank, drawn
from thalweg.viz.words import counted, name_and_unit, number

__all__ = ["Residuals", "residuals", "residuals_of"]


@dataclass(frozen=True, eq=False)
class Residuals:
    """What is true less what was predicted.

    Attributes:
        residuals: float64 of shape `(n,)`; above 0 where the prediction is too low.
        mean: of the residuals: the bias.
        mean_absolute_error: in the unit of the target.
        root_mean_squared_error: in the unit of the target.
        r2: the share of the target's variance that is explained; NaN if the target is constant.
    """

    residuals: Floats
    mean: float
    mean_absolute_error: float
    root_mean_squared_error: float
    r2: float


@drawn
def residuals(
    y_true: Any, y_pred: Any, label: str = "target", *, title: str | None = None
) -> Plot[Residuals]:
    """Draw predictions against what is true, and how often errors of each size occur.

    Args:
        y_true: numbers of shape `(n,)` or `(n, 1)`.
        y_pred: numbers of the same length.
        label: what is predicted, with its unit: `"price, thousand dollars"`.
        title: above the picture.

    Returns:
        A `Plot` of two axes; its `numbers` are a `Residuals` with `residuals`, `mean`,
        `mean_absolute_error`, `root_mean_squared_error` and `r2`.

    Raises:
        TypeError: if something is not numbers.
        ValueError: if lengths differ, there are several columns, or a number is not finite.

    >>> import thalweg as tw
    >>> plot = tw.viz.residuals([1.0, 2.0, 4.0], [1.0, 3.0, 3.0], "time, seconds")
    >>> plot.numbers.residuals.tolist(), round(plot.numbers.mean_absolute_error, 4)
    ([0.0, -1.0, 1.0], 0.6667)
    """
    true, predicted = (
        _column(name, values) for name, values in (("y_true", y_true), ("y_pred", y_pred))
    )
    if len(true) != len(predicted):
        raise ValueError(
            f"residuals: y_true has {len(true)} numbers, but y_pred has {len(predicted)}."
        )
    found = residuals_of(true, predicted)
    figure, axes = blank(9.2, 4.3, columns=2)
    name, unit = name_and_unit(label)
    with_unit = f",{unit}" if unit else ""
    against, sizes = axes
    low, high = min(true.min(), predicted.min()), max(true.max(), predicted.max())
    room = 0.04 * (high - low or 1.0)
    ends = (low - room, high + room)
    draw_points(against, true, predicted)
    mark_line(against, ends, ends, cased=is_many(len(true)))
    against.set(xlim=ends, ylim=ends, aspect="equal")
    against.set(xlabel=f"true {label}", ylabel=f"predicted {label}")
    heading(
        against,
        title or "Predicted against true",
        f"R² {number(found.r2)} · dashed: as it should be",
    )
    draw_histogram(sizes, histogram_of(found.residuals), f"true − predicted {name}{with_unit}")
    heading(
        sizes,
        "Errors",
        f"MAE {number(found.mean_absolute_error)} · RMSE {number(found.root_mean_squared_error)} · "
        f"mean {number(found.mean)} (dashed)",
    )
    return Plot(figure, axes, found, _caption(found, name, unit))


def _column(name: str, values: Any) -> Floats:
    found = real_array("residuals", name, values, (1, 2))
    if found.ndim == 2:
        if found.shape[1] != 1:
            raise ValueError(
                f"residuals: {name} must be one number for each example, got shape {found.shape}; "
                "take one column."
            )
        found = found[:, 0]
    if not np.isfinite(found).all():
        raise ValueError(
            f"residuals: {name} has {int((~np.isfinite(found)).sum())} numbers that are not finite."
        )
    return found


def residuals_of(true: Floats, predicted: Floats) -> Residuals:
    """The numbers."""
    error = true - predicted
    spread = float(np.sum((true - true.mean()) ** 2))
    return Residuals(
        residuals=error,
        mean=float(error.mean()),
        mean_absolute_error=float(np.abs(error).mean()),
        root_mean_squared_error=float(np.sqrt(np.mean(error**2))),
        r2=1 - float(np.sum(error**2)) / spread if spread else float("nan"),
    )


def _caption(found: Residuals, name: str, unit: str) -> str:
    explained = "" if np.isnan(found.r2) else f", R² {number(found.r2)}"
    low = "low" if found.mean > 0 else "high"
    off = f"{number(found.mean_absolute_error)}{unit}"
    if len(found.residuals) == 1:
        too = f", too {low}" if found.mean else ""
        return f"1 prediction of the {name} is off by {off}{too}."
    bias = f"; on the mean they are {number(abs(found.mean))} too {low}" if found.mean else ""
    return (
        f"{counted(len(found.residuals), 'prediction')} of the {name} are off by {off} on average "
        "(RMSE "
        f"{number(found.root_mean_squared_error)}{explained}){bias}."
    )
