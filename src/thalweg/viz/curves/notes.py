"""What stands above the curves of a metric, in a figure and in text."""

from __future__ import annotations

import numpy as np

from thalweg.viz.curves.curve import Curve, Panel
from thalweg.viz.curves.direction import better
from thalweg.viz.words import counted, number

__all__ = ["marked_curves", "note"]


def marked_curves(panel: Panel) -> list[Curve]:
    """The curves whose best epochs are marked: those of the validation, if there are any."""
    chosen = [curve for curve in panel.curves if curve.validation] or panel.curves
    # Within the first epoch, and of a single one, there is no best.
    return [c for c in chosen if c.best is not None and len(c.epochs) > 1 and c.epochs[0] >= 1]


def note(panel: Panel, runs: tuple[str, ...], mark: str | None = "") -> str:
    """The best value of all, and where there are no numbers.

    Args:
        panel: the curves.
        runs: the names of all runs.
        mark: how the best epoch is marked; None if it is not.
    """
    said = []
    marked = marked_curves(panel) if mark is not None else []
    if marked:
        sign = 1.0 if better(panel.name) == "down" else -1.0
        first = min(marked, key=lambda c: sign * float(c.best_value or 0.0))
        whose = f"{first.run}, " if len(runs) > 1 else ""
        said.append(
            f"{mark}best: {whose}{number(first.best_value or 0.0)} at epoch {first.best_epoch}"
        )
    if len(runs) == 1:
        missing = np.unique(np.concatenate([c.epochs[~c.finite] for c in panel.curves]))
        if len(missing):
            last = max(int(curve.epochs[-1]) for curve in panel.curves)
            to_the_end = missing[-1] == last and missing[-1] - missing[0] + 1 == len(missing)
            many = f"no number in {counted(len(missing), 'epoch')}"
            said.append(f"no number from epoch {missing[0]:.0f} on" if to_the_end else many)
    return "; ".join(said)
