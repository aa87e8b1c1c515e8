"""What ROC and precision-recall curves share: all thresholds of a score, and how they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thalweg.viz.charts.arguments import Floats
from thalweg.viz.figure import LINES
from thalweg.viz.palette import palette
from thalweg.viz.words import folded, literal, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["areas_caption", "areas_note", "check_defined", "draw_curves", "reached"]

MOST_NAMED = 6
"""Of more classes than there are colours, only the worst are told apart."""
NAMED_OF_MANY = 3


def reached(
    true: NDArray[np.bool_], scores: Floats, weights: Floats
) -> tuple[Floats, Floats, Floats]:
    """Thresholds from the highest, and the positives and negatives that reach each of them."""
    order = np.argsort(-scores, kind="stable")
    sorted_scores = scores[order]
    # Examples of one score are taken together: no threshold divides them.
    last = np.r_[np.flatnonzero(np.diff(sorted_scores)), len(scores) - 1]
    positives = np.cumsum((true * weights)[order])[last]
    negatives = np.cumsum((~true * weights)[order])[last]
    thresholds = np.r_[np.inf, sorted_scores[last]]
    return thresholds, np.r_[0.0, positives], np.r_[0.0, negatives]


def check_defined(caller: str, areas: dict[str, float], needed: str) -> None:
    """Raises if the area of no class is defined."""
    if not any(area == area for area in areas.values()):
        raise ValueError(f"{caller}: y_true must have {needed}; the curve is undefined without.")


def draw_curves(
    ax: Axes,
    curves: dict[str, tuple[Floats, Floats]],
    areas: dict[str, float],
    measure: str,
    *,
    steps: bool,
) -> None:
    """Draw a curve for each class; of many only the worst have names.

    Args:
        ax: the axes.
        curves: x and y by the name of the class.
        areas: below each curve.
        measure: what the area is called.
        steps: whether a value of y holds from the x before on.
    """
    colours = palette()
    named = list(curves)
    others: Any = {"color": colours.soft, "linestyle": "-", "linewidth": 0.8, "alpha": 0.6}
    if len(curves) > MOST_NAMED:
        named = sorted(curves, key=lambda n: areas[n])[:NAMED_OF_MANY]
        for name in curves:
            if name not in named:
                ax.plot(*_corners(*curves[name], steps), **others)
    for i, name in enumerate(named):
        ax.plot(
            *_corners(*curves[name], steps),
            color=colours.series[i],
            linestyle=LINES[i],
            label=f"{literal(folded(name, 22))}: {number(areas[name], 4)}",
            zorder=3,
        )
    if len(curves) > MOST_NAMED:
        ax.plot([], [], **others, label=f"{len(curves) - NAMED_OF_MANY} others")
    if len(curves) > 1:
        ax.legend(loc="lower left" if steps else "lower right", title=measure, alignment="left")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.set_yticks(np.linspace(0, 1, 6))


def _corners(x: Floats, y: Floats, steps: bool) -> tuple[Floats, Floats]:
    """The points of a curve without those within straight pieces."""
    if steps:  # up to a recall holds the precision that is reached there
        x, y = np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]
    inner = (np.diff(x[:-1]) * np.diff(y[1:]) != np.diff(x[1:]) * np.diff(y[:-1])).nonzero()[0] + 1
    kept = np.r_[0, inner, len(x) - 1]
    return x[kept], y[kept]


def areas_note(areas: dict[str, float], measure: str) -> str:
    """The area, or the mean of several, for the heading."""
    known = [a for a in areas.values() if a == a]
    mean = f"{measure} {number(float(np.mean(known)), 4)}"
    return mean if len(known) == 1 else f"mean {mean} of {len(known)} classes"


def areas_caption(areas: dict[str, float], measure: str) -> str:
    """A sentence about the areas."""
    known = {name: area for name, area in areas.items() if area == area}
    missing = [f"'{name}'" for name in areas if name not in known]
    end = f"; undefined for {', '.join(missing)}" if missing else ""
    if len(known) == 1:
        ((name, area),) = known.items()
        return f"The {measure} for class '{name}' is {number(area, 4)}{end}."
    worst, best = min(known, key=lambda n: known[n]), max(known, key=lambda n: known[n])
    return (
        f"The {measure} is {number(float(np.mean(list(known.values()))), 4)} as the mean of "
        f"{len(known)} classes, from {number(known[worst], 4)} for '{worst}' to "
        f"{number(known[best], 4)} for '{best}'{end}."
    )
