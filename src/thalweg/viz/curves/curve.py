"""Curve: the values of one metric in one training; TrainingCurves: all that a picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.viz.curves.direction import better

__all__ = ["Curve", "Panel", "TrainingCurves", "panels"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Curve:
    """The values of one metric in one run.

    Attributes:
        metric: its name as recorded, such as `'val_loss'`.
        run: the name of the run; empty where there is one only.
        epochs: the numbers of the epochs, from 1 on, shape (n,).
        values: float64, shape (n,); NaN and infinity as they were recorded.
        smoothed: float64, shape (n,), what is drawn: the values, or their moving average.
    """

    metric: str
    run: str
    epochs: Array
    values: Array
    smoothed: Array

    @property
    def name(self) -> str:
        """The metric's name without `val_`."""
        return self.metric.removeprefix("val_")

    @property
    def validation(self) -> bool:
        """Whether it was measured on the data for validation."""
        return self.metric.startswith("val_")

    @property
    def finite(self) -> Array:
        """Where there is a number: bool, shape (n,)."""
        return np.isfinite(self.values)

    @property
    def best(self) -> int | None:
        """The position of the best value; None if there is no number or no known direction."""
        direction = better(self.metric)
        if direction is None or not self.finite.any():
            return None
        sign = 1.0 if direction == "down" else -1.0
        return int(np.argmin(np.where(self.finite, sign * self.values, np.inf)))

    @property
    def best_epoch(self) -> int | None:
        """The number of the epoch with the best value."""
        return None if self.best is None else int(self.epochs[self.best])

    @property
    def best_value(self) -> float | None:
        """The best value."""
        return None if self.best is None else float(self.values[self.best])


@dataclass(frozen=True, eq=False)
class TrainingCurves:
    """The curves of a picture.

    Attributes:
        runs: the names of the runs; a single `''` where a run has no name.
        curves: the curves, in the order in which they are drawn.
    """

    runs: tuple[str, ...]
    curves: tuple[Curve, ...]

    def __getitem__(self, key: str | tuple[str, str]) -> Curve:
        """A curve: `curves["val_loss"]`, or of several runs `curves["adam", "val_loss"]`."""
        run, metric = (self.runs[0], key) if isinstance(key, str) else key
        for curve in self.curves:
            if curve.metric == metric and curve.run == run:
                return curve
        raise KeyError(key)


@dataclass(frozen=True, eq=False)
class Panel:
    """What is drawn into one pair of axes.

    Attributes:
        name: of the metric, without `val_`.
        curves: in training and validation, of each run.
    """

    name: str
    curves: tuple[Curve, ...]


def panels(curves: TrainingCurves) -> tuple[Panel, ...]:
    """The curves by metric: the loss first, the learning rate last.

    Args:
        curves: of one or several runs.
    """
    names = list(dict.fromkeys(curve.name for curve in curves.curves))
    names.sort(key=lambda name: (name != "loss") + 2 * (name == "learning_rate"))
    return tuple(Panel(name, tuple(c for c in curves.curves if c.name == name)) for name in names)
