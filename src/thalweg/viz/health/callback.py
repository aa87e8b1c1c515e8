"""GradientHealth: the health of a network over its training, as a callback."""

from __future__ import annotations

import time
from typing import Any

from thalweg.training.callbacks.callback import Callback, Logs
from thalweg.training.present_data import present_batch
from thalweg.viz.figure import Plot
from thalweg.viz.health.over_time import plot_gradient_health
from thalweg.viz.health.probe import Probe
from thalweg.viz.health.records import Health

__all__ = ["GradientHealth"]


class GradientHealth(Callback):
    """Measure gradients, activations, updates and dead units by layer while a model trains.

    It measures when training begins, then as often as `every` says, and when training ends; always
    on the same batch, so that what changes is the model. A measurement costs a step or two and
    changes nothing: the model gets the weights that it would get without.

    Args:
        every: `'epoch'`; or a whole number: after every so many batches, which then run one by one;
            or a number with a point: about every so many seconds (`5.0`).
        x: inputs to measure with, one batch; by default the first batch of the training data.
        y: their targets.
        sample_weight: weights of these samples.

    Attributes:
        history: a `thalweg.viz.Health` for each measurement of the last `fit`.

    Raises:
        ValueError: if `every` is none of these, or `y` comes without `x`.

    >>> import numpy as np, thalweg as tw
    >>> model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(3, "relu"), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> health = tw.callbacks.GradientHealth()
    >>> x, y = np.ones((64, 2)), np.ones((64, 1))
    >>> _ = model.fit(x, y, epochs=3, callbacks=[health], verbose=0)
    >>> [found.step for found in health.history]
    [0, 2, 4, 6]
    """

    def __init__(
        self,
        every: str | float = "epoch",
        x: Any = None,
        y: Any = None,
        sample_weight: Any = None,
    ) -> None:
        number = isinstance(every, (int, float)) and not isinstance(every, bool)
        if every != "epoch" and not (number and float(every) > 0):
            raise ValueError(
                "GradientHealth: every must be 'epoch', a whole number of batches such as 100, or "
                f"seconds such as 5.0, got {every!r}."
            )
        if x is None and (y is not None or sample_weight is not None):
            raise ValueError("GradientHealth: y and sample_weight need x.")
        self.every = every
        self.history: list[Health] = []
        self._batch = None if x is None else (x, y, sample_weight)
        self._probe: Probe | None = None
        self._batches = self._in_epoch = 0
        self._next = 0.0

    def wants_batches(self, mode: str) -> bool:
        """Only where it measures after a number of batches."""
        return mode == "train" and isinstance(self.every, int)

    def wants_epochs(self) -> bool:
        """Only where it measures after each epoch."""
        return self.every == "epoch"

    def on_train_begin(self, logs: Logs = None) -> None:
        self.history = []
        self._batches = self._in_epoch = 0
        self._record()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if not isinstance(self.every, int):
            self._record_in_time()
            return
        # Several batches may have gone by (steps_per_execution), and an epoch may have ended.
        before = self._batches
        self._batches += batch + 1 - (self._in_epoch if batch >= self._in_epoch else 0)
        self._in_epoch = batch + 1
        if self._batches // self.every > before // self.every:
            self._record()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.every == "epoch":
            self._record()
        else:
            self._record_in_time()

    def on_train_end(self, logs: Logs = None) -> None:
        if int(self.model.optimizer.iterations) != self.history[-1].step:
            self._record()

    def _record_in_time(self) -> None:
        if isinstance(self.every, float) and time.monotonic() >= self._next:
            self._record()

    def _record(self) -> None:
        if self._probe is None or self._probe.model is not self.model:
            self._probe = Probe(self.model)
        batch = self._batch or present_batch(self.model)
        if batch is None:
            raise ValueError(
                "GradientHealth: there are no training data to measure with; give x and y."
            )
        self.history.append(self._probe(*batch))
        if isinstance(self.every, float):
            self._next = time.monotonic() + self.every

    def plot(self, what: Any = "all", **options: Any) -> Plot[Any]:
        """Draw what was recorded; the arguments are those of `thalweg.viz.plot_gradient_health`."""
        return plot_gradient_health(self.history, what, **options)
