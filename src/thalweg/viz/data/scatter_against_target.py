"""Each feature against what is to be predicted."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.viz.charts.arguments import one_of
from thalweg.viz.charts.marks import mark_line
from thalweg.viz.charts.scatter import draw_points, is_many
from thalweg.viz.data.columns import columns_of, grid_shape, target_of
from thalweg.viz.data.relations import METHODS, correlations
from thalweg.viz.figure import Plot, blank, drawn
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, folded, literal, name_and_unit, number

__all__ = ["scatter_against_target"]

LETTERS = 22
"""About how many have room above a panel."""


@drawn
def scatter_against_target(
    x: Any,
    y: Any,
    feature_names: Sequence[Any] | None = None,
    target_name: str = "target",
    *,
    method: str = "pearson",
    sort: bool = False,
    title: str | None = None,
) -> Plot[dict[str, float]]:
    """Draw each feature against the target, with the least squares line and the correlation.

    Where there are 4,000 examples or more, their density is drawn.

    Args:
        x: rows of features of shape `(n, features)`, at most 40.
        y: the target, of shape `(n,)` or `(n, 1)`.
        feature_names: what each feature is, with its unit after a comma:
            `"RM, rooms per dwelling"`; by default the columns of a data frame, or numbers.
        target_name: what the target is, with its unit.
        method: which correlation coefficient: `'pearson'` (r) or `'spearman'` (ρ).
        sort: whether the strongest correlation comes first.
        title: above the picture.

    Returns:
        A `Plot` with an array of axes; its `numbers` are a dict from names of features to their
        correlation with the target, as drawn; NaN of a feature that is constant.

    Raises:
        TypeError: if something is not numbers.
        ValueError: if lengths or numbers of names differ, names repeat, or there are more than 40
            features.

    >>> import thalweg as tw
    >>> x = [[1.0, 5.0], [2.0, 3.0], [3.0, 1.0]]
    >>> tw.viz.scatter_against_target(x, [10.0, 20.0, 30.0], ["size, MB", "age, days"]).numbers
    {'size': 1.0, 'age': -1.0}
    """
    caller = "scatter_against_target"
    one_of(caller, "method", method, METHODS)
    columns = columns_of(caller, x, feature_names)
    goal = target_of(caller, y, len(columns.values))
    strengths = np.array(
        [
            correlations(np.stack([column, goal], axis=1), method)[0, 1]
            for column in columns.values.T
        ]
    )
    order = np.arange(len(strengths))
    if sort:
        order = np.argsort(-np.nan_to_num(np.abs(strengths), nan=-1.0), kind="stable")
    labels = [name_and_unit(columns.labels[i]) for i in order]
    wrapped = ["\n".join(textwrap.wrap(unit.strip(), 30)[:3]) for _, unit in labels]
    rows, across = grid_shape(len(order))
    lines = max(text.count("\n") + 1 for text in wrapped)
    figure, grid = blank(
        max(3.2, 2.3 * across),
        rows * (1.85 + 0.13 * lines) + (0.4 if title else 0.1),
        rows=rows,
        columns=across,
        squeeze=False,
        sharey=True,
    )
    sign = "r" if method == "pearson" else "ρ"
    for place, panel in enumerate(grid.flat):
        if place >= len(order):
            panel.set_axis_off()
            continue
        i = order[place]
        column = columns.values[:, i]
        kept = np.isfinite(column) & np.isfinite(goal)
        draw_points(panel, column[kept], goal[kept])
        _draw_line(panel, column[kept], goal[kept])
        strength = f"{sign} = {_strength(strengths[i])}"
        name = literal(folded(labels[place][0], LETTERS - len(strength)))
        panel.set_title(f"{name}   {strength}", fontsize=9.5, pad=4)
        panel.set_xlabel(wrapped[place], fontsize=7.5, color=palette().soft, labelpad=2)
        panel.locator_params(axis="x", nbins=4)
        panel.tick_params(labelsize=7.5)
    figure.supylabel(target_name, fontsize=9.5, color=palette().ink)
    if title:
        figure.suptitle(title, x=0.02, ha="left")
    numbers = {name: float(strengths[i]) for (name, _), i in zip(labels, order, strict=True)}
    return Plot(figure, grid, numbers, _caption(numbers, target_name, len(goal)))


def _draw_line(ax: Any, x: Any, y: Any) -> None:
    if len(x) < 2 or np.ptp(x) == 0:
        return
    slope, start = np.polynomial.Polynomial.fit(x, y, 1).convert().coef[::-1]
    ends = [float(x.min()), float(x.max())]
    bottom, top = ax.get_ylim()
    mark_line(ax, ends, [start + slope * end for end in ends], cased=is_many(len(x)))
    ax.set_ylim(bottom, top)


def _strength(r: float) -> str:
    return "undefined" if np.isnan(r) else f"{r:.2f}".replace("-", "−")


def _caption(numbers: dict[str, float], target: str, count: int) -> str:
    known = {name: r for name, r in numbers.items() if not np.isnan(r)}
    goal, some = name_and_unit(target)[0], counted(count, "example")
    if not known:
        return f"No feature varies with {goal} in {some}."
    most = max(known, key=lambda name: abs(known[name]))
    seen = f"Of {some}, {goal} goes most with {most} (r = {number(known[most], 2)})"
    least = min(known, key=lambda name: abs(known[name]))
    if abs(known[least]) == abs(known[most]):
        return f"{seen}."
    return f"{seen} and least with {least} (r = {number(known[least], 2)})."
