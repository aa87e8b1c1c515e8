"""What a training reported so far, cheaply kept and quickly made into curves."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.viz.curves.curve import Curve, TrainingCurves
from thalweg.viz.curves.smoothing import smooth

__all__ = ["LiveRecord"]

# Points of the trail; more would not be seen.
_TRAIL = 200


class LiveRecord:
    """The values of the epochs that are done; before there is one, a trail through the first.

    Args:
        metrics: which ones; `'loss'` means `'val_loss'` too. None: all that are numbers.
        smoothing: the weight of the moving average.
    """

    def __init__(self, metrics: Sequence[str] | None, smoothing: float) -> None:
        self.metrics = metrics
        self.smoothing = smoothing
        self._done: dict[str, tuple[array[float], array[float]]] = {}
        self._trail: dict[str, tuple[array[float], array[float]]] = {}

    def __bool__(self) -> bool:
        return bool(self._done or self._trail)

    def add_epoch(self, epoch: int, logs: dict[str, Any]) -> None:
        """The metrics of an epoch, counted from 0."""
        self._trail.clear()
        self._add(self._done, epoch + 1.0, logs)

    def add_batch(self, epochs: float, logs: dict[str, Any]) -> None:
        """The metrics so far within an epoch; `epochs` are done, as a fraction."""
        if self._done:
            return
        self._add(self._trail, epochs, logs)
        for x, y in self._trail.values():
            if len(x) > _TRAIL:  # each other point is left out
                del x[1:-1:2], y[1:-1:2]

    def _add(
        self,
        where: dict[str, tuple[array[float], array[float]]],
        epochs: float,
        logs: dict[str, Any],
    ) -> None:
        for name, value in logs.items():
            if not isinstance(value, (float, int)) or not self._wants(name):
                continue
            if name not in where:
                where[name] = array("d"), array("d")
            x, y = where[name]
            x.append(epochs)
            y.append(value)

    def _wants(self, name: str) -> bool:
        metrics = self.metrics
        return metrics is None or name in metrics or name.removeprefix("val_") in metrics

    def curves(self) -> TrainingCurves:
        """The curves up to now; epochs are floats."""
        found = []
        for name, columns in (self._done or self._trail).items():
            x, y = (np.array(column) for column in columns)
            found.append(Curve(name, "", x, y, smooth(y, self.smoothing)))
        return TrainingCurves(("",), tuple(found))
