"""How the values of each feature are distributed, before and after normalisation."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.viz.charts.arguments import Floats, real_array
from thalweg.viz.charts.histogram import Histogram, draw_histogram, histogram_of
from thalweg.viz.charts.table import Table
from thalweg.viz.data.columns import Columns, columns_of, grid_shape
from thalweg.viz.figure import Plot, blank, drawn
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, folded, literal, name_and_unit, number

__all__ = ["FeatureDistributions", "feature_distributions"]

MOST_BINS = 24
"""More would be thinner than what one can see in small panels."""

LETTERS = 21
"""About how many have room above a panel."""


@dataclass(frozen=True, eq=False)
class FeatureDistributions:
    """How the values of each feature are distributed.

    Attributes:
        names: of the features.
        before: a `Histogram` for each feature.
        after: the same of the normalised values; None if none were given.
    """

    names: list[str]
    before: list[Histogram]
    after: list[Histogram] | None

    def table(self) -> Table:
        """Range, mean and standard deviation of each feature, before and after."""
        columns = ["feature", "min", "max", "mean", "std"]
        rows = [
            [n, h.min, h.max, h.mean, h.std] for n, h in zip(self.names, self.before, strict=True)
        ]
        if self.after is not None:
            columns += ["mean after", "std after"]
            rows = [[*row, h.mean, h.std] for row, h in zip(rows, self.after, strict=True)]
        return Table(columns, rows)


@drawn
def feature_distributions(
    x: Any,
    feature_names: Sequence[Any] | None = None,
    normalized: Any = None,
    *,
    bins: Any = "auto",
    title: str | None = None,
) -> Plot[FeatureDistributions]:
    """Draw a histogram of each feature; below it, on one scale for all, what normalisation makes.

    Args:
        x: rows of features of shape `(n, features)`, at most 40.
        feature_names: what each feature is, with its unit after a comma:
            `"RM, rooms per dwelling"`; by default the columns of a data frame, or numbers.
        normalized: the normalised values, of the shape of x, or what makes them: an adapted
            `Normalization` layer or a function.
        bins: as in `histogram`.
        title: above the picture.

    Returns:
        A `Plot` with an array of axes; its `numbers` are a `FeatureDistributions` with `names`,
        `before`, `after` and `table()`.

    Raises:
        TypeError: if something is not numbers.
        ValueError: if shapes or numbers of names differ, names repeat, or there are more than 40
            features.

    >>> import numpy as np, thalweg as tw
    >>> x = np.array([[1.0, 200.0], [3.0, 600.0]])
    >>> scaled = (x - x.mean(0)) / x.std(0)
    >>> numbers = tw.viz.feature_distributions(x, ["RM, rooms", "TAX, dollars"], scaled).numbers
    >>> numbers.table()
    feature   min   max   mean   std   mean after   std after
    ─────────────────────────────────────────────────────────
    RM          1     3      2     1            0           1
    TAX       200   600    400   200            0           1
    """
    columns = columns_of("feature_distributions", x, feature_names)
    after = None if normalized is None else _normalized(columns, x, normalized)
    found = FeatureDistributions(
        [name_and_unit(label)[0] for label in columns.labels],
        [
            histogram_of(column, bins, MOST_BINS, caller="feature_distributions")
            for column in columns.values.T
        ],
        None if after is None else [histogram_of(column, "auto", MOST_BINS) for column in after.T],
    )
    figure, axes = _draw(found, columns, title)
    return Plot(figure, axes, found, _caption(found, columns))


def _normalized(columns: Columns, x: Any, normalized: Any) -> Floats:
    given = normalized(np.asarray(x)) if callable(normalized) else normalized
    found = real_array("feature_distributions", "normalized", given, (1, 2))
    found = found[:, None] if found.ndim == 1 else found
    if found.shape[1] != columns.values.shape[1]:
        raise ValueError(
            f"feature_distributions: normalized has {found.shape[1]} features, but x has "
            f"{columns.values.shape[1]}."
        )
    return found


def _draw(found: FeatureDistributions, columns: Columns, title: str | None) -> tuple[Any, Any]:
    from matplotlib.patches import Patch

    count = len(found.names)
    rows, across = grid_shape(count)
    each = 2 if found.after is not None else 1
    units = [name_and_unit(label)[1].strip() for label in columns.labels]
    wrapped = ["\n".join(textwrap.wrap(unit, 27)[:3]) for unit in units]
    lines = max(text.count("\n") + 1 for text in wrapped)
    figure, grid = blank(
        max(3.2, 2.15 * across),
        rows * (1.5 + 0.85 * (each - 1) + 0.13 * lines) + 0.3 * each * (1 if title else 0.5),
        rows=rows * each,
        columns=across,
        squeeze=False,
        gridspec_kw={"height_ratios": [1.25, 0.8][:each] * rows},
    )
    reach = _reach(found.after)
    for i in range(rows * across):
        row, column = divmod(i, across)
        panels = grid[row * each : (row + 1) * each, column]
        if i >= count:
            for panel in panels:
                panel.set_axis_off()
            continue
        draw_histogram(panels[0], found.before[i], "", mean=False)
        panels[0].set_title(literal(folded(found.names[i], LETTERS)), fontsize=9.5, pad=4)
        panels[0].set_xlabel(wrapped[i], fontsize=7.5, color=palette().soft, labelpad=2)
        if found.after is not None:
            draw_histogram(panels[1], found.after[i], "", color=palette().series[1], mean=False)
            panels[1].set_xlim(-reach, reach)
        for panel in panels:
            panel.set_ylabel("")
            panel.locator_params(axis="x", nbins=4)
            panel.locator_params(axis="y", nbins=3)
            panel.tick_params(labelsize=7.5)
    figure.supylabel("number of values", fontsize=9.5, color=palette().ink)
    if found.after is not None:
        pairs = zip(palette().series, ("as given", "normalised"), strict=False)
        squares = [Patch(color=color, label=label) for color, label in pairs]
        figure.legend(handles=squares, loc="outside lower center", ncols=2, frameon=False)
    if title:
        figure.suptitle(title, x=0.02, ha="left")
    return figure, grid


def _reach(after: list[Histogram] | None) -> float:
    """How far from 0 the common scale of the normalised features goes."""
    if after is None:
        return 1.0
    ends = [abs(v) for h in after for v in (h.min, h.max) if np.isfinite(v)]
    # An outlier or two need not squeeze all the rest.
    return float(min(max(ends, default=1.0), 6.0) * 1.05) or 1.0


def _caption(found: FeatureDistributions, columns: Columns) -> str:
    spans = np.array([h.std for h in found.before])
    known = np.flatnonzero(np.isfinite(spans))
    if not known.size:
        return f"{counted(len(spans), 'feature')}, none with finite values."
    wide, narrow = known[spans[known].argmax()], known[spans[known].argmin()]

    def described(i: int) -> str:
        return f"{number(spans[i])} ({found.names[i]})"

    some = f"{counted(len(spans), 'feature')} of {counted(len(columns.values), 'example')}"
    seen = f"{some}: standard deviations from {described(int(narrow))} to {described(int(wide))}"
    if len(known) == 1:
        seen = f"{some}: a standard deviation of {described(int(wide))}"
    if found.after is None:
        return f"{seen}."
    after = np.array([h.std for h in found.after])
    return (
        f"{seen}; after normalisation from {number(np.nanmin(after))} to "
        f"{number(np.nanmax(after))}."
    )
