"""plot_schedule: learning rates and momenta over the steps of a training, before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.training.fit_arguments import check_steps
from thalweg.viz.figure import LINES, Plot, axes_for, blank, drawn
from thalweg.viz.palette import palette
from thalweg.viz.rate.scheduled import RATE, Item, collect, evaluate
from thalweg.viz.words import joined, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ScheduleValues", "plot_schedule"]

Array = np.ndarray[Any, Any]

# More curves than a few have their names beside wide axes (inches), not among them.
_FEW, _WIDE = 3, 4.0
# Relative differences below this are those of float32.
_SAME = 1e-6


@dataclass(frozen=True, eq=False)
class ScheduleValues:
    """What `plot_schedule` drew.

    Attributes:
        steps: 0, 1, ..., int64.
        values: by the name of each curve its value at each step, float64.
    """

    steps: Array
    values: dict[str, Array]


@drawn
def plot_schedule(
    schedule: Any,
    steps: int,
    *,
    steps_per_epoch: int | None = None,
    learning_rate: float | None = None,
    log: bool = False,
    ax: Axes | None = None,
) -> Plot[ScheduleValues]:
    """Draw schedules over the steps of a training, before they are used.

    Args:
        schedule: a `LearningRateSchedule`, an optimizer (with its momentum, where that is a
            schedule too), a number, a `LearningRateScheduler` or its function of the epoch, or a
            list of these, or a dict from names to these. Momenta get axes of their own.
        steps: how many steps (batches) the training has.
        steps_per_epoch: how many steps an epoch has; the axis then counts epochs.
        learning_rate: the rate that functions of (epoch, learning_rate) start from.
        log: whether the scale of learning rates is logarithmic.
        ax: the matplotlib axes to draw in, for schedules of one quantity; by default a new figure.

    Returns:
        A `Plot`; its numbers are `ScheduleValues`: `steps`, and `values`, a dict of arrays by the
        names of the curves.

    Raises:
        ValueError: for what is no schedule, or steps that are no positive whole number.

    >>> import thalweg as tw
    >>> cycle = tw.optimizers.schedules.OneCycle(0.1, total_steps=1000)
    >>> plot = tw.viz.plot_schedule(tw.optimizers.SGD(cycle, momentum=cycle.momentum()), 1000)
    >>> [round(float(values[299]), 6) for values in plot.numbers.values.values()]
    [0.1, 0.85]
    """
    count = check_steps(steps, "plot_schedule: steps")
    if count is None:
        raise ValueError("plot_schedule: steps must be a positive whole number, got None.")
    epoch = check_steps(steps_per_epoch, "plot_schedule: steps_per_epoch")
    if learning_rate is not None and not isinstance(learning_rate, Real):
        raise ValueError(f"plot_schedule: learning_rate must be a number, got {learning_rate!r}.")
    items = collect(schedule)
    quantities = list(dict.fromkeys(item.quantity for item in items))
    if ax is not None and len(quantities) > 1:
        raise ValueError(
            f"plot_schedule: ax has room for one quantity, and these are {' and '.join(quantities)}"
            "; draw them without ax, or one by one."
        )
    values = evaluate(items, count, epoch, learning_rate)
    for item, found in zip(items, values, strict=True):
        # A rate that is 0 now and then is a gap on a logarithmic scale; one that always is, is not.
        if log and item.quantity == RATE and found.max() <= 0:
            raise ValueError(
                f"plot_schedule: log=True cannot show '{item.name}', which is never above 0."
            )
    numbers = ScheduleValues(
        np.arange(count), {item.name: v for item, v in zip(items, values, strict=True)}
    )
    places = numbers.steps if epoch is None else numbers.steps / epoch
    rows = len(quantities)
    width = 6.4 if len(items) <= _FEW * rows else 8.4
    figure, axes = (
        axes_for(ax, width) if rows == 1 else blank(width, 1.6 + 1.9 * rows, rows, sharex=True)
    )
    panels: list[Axes] = np.ravel(np.array(axes, object)).tolist()
    for panel, quantity in zip(panels, quantities, strict=True):
        shown = [item for item in items if item.quantity == quantity]
        _draw(panel, shown, places, numbers, panel.bbox.width / figure.dpi)
        panel.set_ylabel(quantity)
        if log and quantity == RATE:
            panel.set_yscale("log")
    panels[0].set_title(items[0].name if len(items) == rows else "Schedules")
    panels[-1].set_xlabel("step" if epoch is None else "epoch")
    figure.align_ylabels(panels)
    return Plot(figure, axes, numbers, caption(numbers, epoch))


def _draw(
    axes: Axes, items: list[Item], places: Array, numbers: ScheduleValues, width: float
) -> None:
    """The curves of one quantity, in axes of this width in inches."""
    colours = palette().series
    for item in items:
        look = item.look % len(colours)
        axes.plot(
            places,
            numbers.values[item.name],
            color=colours[look],
            linestyle=LINES[look],
            label=item.name,
        )
    axes.margins(x=0.01)
    if len(items) > _FEW and width > _WIDE:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, frameon=False)
    elif len(items) > 1:
        axes.legend(loc="best", framealpha=0.8)


def caption(numbers: ScheduleValues, steps_per_epoch: int | None) -> str:
    """What is seen, in a sentence."""
    told = [_told(name, values, steps_per_epoch) for name, values in numbers.values.items()]
    return "; ".join(told) + "."


def _told(name: str, values: Array, steps_per_epoch: int | None) -> str:
    if np.ptp(values) <= _SAME * np.abs(values).max():
        return f"{name} stays at {number(values[0])}"
    first, last = values[[0, -1]]
    ends = f"from {number(first)} to {number(last)}"
    if np.isclose(first, last, rtol=_SAME):
        ends = f"from {number(first)} and back"
    bends = []
    for word, at in (("up to", int(values.argmax())), ("down to", int(values.argmin()))):
        if not np.isclose(values[at], (first, last), rtol=_SAME, atol=0).any():
            step, epoch = f"step {at:,}", f"epoch {number(at / (steps_per_epoch or 1))}"
            where = step if steps_per_epoch is None else epoch
            bends.append(f"{word} {number(values[at])} at {where}")
    return f"{name} goes {ends}" + (f", {joined(bends)} on the way" if bends else "")
