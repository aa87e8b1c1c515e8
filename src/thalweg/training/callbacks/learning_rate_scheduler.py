"""LearningRateScheduler: the learning rate of each epoch from a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.training.callbacks.callback import Callback, Logs

__all__ = ["LearningRateScheduler"]


class LearningRateScheduler(Callback):
    """Set the optimizer's learning rate at the beginning of each epoch.

    Args:
        schedule: a function of the epoch's number (from 0 on) and the present learning rate that
            returns the new one, a float.
        verbose: 1 prints the new rate.

    The rate joins the logs as `learning_rate`.

    >>> import thalweg as tw
    >>> halve = tw.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise ValueError(
                "LearningRateScheduler: schedule must be a function of (epoch, learning_rate), "
                f"got {type(schedule).__name__}."
            )
        self.schedule = schedule
        self.verbose = verbose

    def _new_rate(self, epoch: int, rate: float) -> Any:
        try:
            inspect.signature(self.schedule).bind(epoch, rate)
        except TypeError:  # the older form, a function of the epoch alone
            return self.schedule(epoch)
        except ValueError:  # a builtin without a signature
            pass
        return self.schedule(epoch, rate)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        optimizer = self.model.optimizer
        rate = self._new_rate(epoch, float(optimizer.learning_rate))
        if not isinstance(rate, (float, np.floating)):
            raise ValueError(
                f"LearningRateScheduler: schedule must return a float, got {rate!r} for epoch "
                f"{epoch}."
            )
        optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"Epoch {epoch + 1}: learning rate set to {float(rate):g}")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
