"""What callbacks share that watch whether a metric gets better."""

from __future__ import annotations

import warnings
from typing import Any

from thalweg.training.callbacks.callback import Callback, Logs

__all__ = ["MonitorCallback"]


class MonitorCallback(Callback):
    """Base class: knows the direction of a metric and the best value so far.

    Args:
        monitor: the name of the metric in the logs.
        mode: `'min'`, `'max'`, or `'auto'`: known from the metric itself.
        baseline: the best value to start from.
        min_delta: the least change that counts as better.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(
                f"{type(self).__name__}: mode must be 'auto', 'min' or 'max', got {mode!r}."
            )
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self._sign: int | None = {"min": -1, "max": 1}.get(mode)
        self._warned = False

    def _value(self, logs: Logs) -> Any:
        """The monitored value; where there is none, one warning and None."""
        value = (logs or {}).get(self.monitor)
        if value is None and not self._warned:
            self._warned = True
            warnings.warn(
                f"{type(self).__name__} monitors {self.monitor!r}, which is not available; there "
                f"is {', '.join(logs or {}) or 'nothing'}.",
                stacklevel=2,
            )
        return value

    def on_train_begin(self, logs: Logs = None) -> None:
        # A metric without a direction is better told now than after an epoch.
        if self._sign is None:
            self._sign = self._direction()

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        if self._sign is None:
            self._sign = self._direction()
        if self._sign is None:
            raise ValueError(self._no_direction())
        if reference is None or reference != reference:  # none yet, or NaN
            return True
        if self._sign > 0:
            return bool(value - self.min_delta > reference)
        return bool(value + self.min_delta < reference)

    def _direction(self) -> int | None:
        """1 if larger is better, -1 if smaller is, None if there is no such metric (yet)."""
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return -1
        metric = self.model._metrics_by_name().get(name)
        if metric is None:
            return None
        direction = getattr(metric, "_direction", None)
        if direction is None:
            raise ValueError(self._no_direction())
        return 1 if direction == "up" else -1

    def _no_direction(self) -> str:
        return (
            f"{type(self).__name__}: it is not known whether {self.monitor!r} should be large or "
            "small; pass mode='max' or mode='min'."
        )
