"""PathRecorder: writes down the way of the weights through their space while a model is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.training.callbacks.callback import Callback, Logs
from thalweg.viz.surface.named import Named, named_weights

__all__ = ["PathRecorder", "TrainingPath"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class TrainingPath:
    """The values of weights in the course of a training.

    Attributes:
        weights: the paths of the weights that were recorded.
        places: for each of them, which one number of it was recorded; None where all of it was.
        shapes: the shape of what was recorded of each.
        steps: after how many epochs (or batches) each point was recorded, int64 of shape (points,).
        unit: what `steps` counts, `'epoch'` or `'batch'`.
        positions: float32 of shape (points, numbers): all weights of a point one after the other.
    """

    weights: tuple[str, ...]
    places: tuple[tuple[int, ...] | None, ...]
    shapes: tuple[tuple[int, ...], ...]
    steps: Array
    unit: str
    positions: Array

    def __len__(self) -> int:
        return len(self.steps)


class PathRecorder(Callback):
    """Records the weights while `fit` trains, to draw their path on a loss surface.

    A point takes 4 bytes for each number that is recorded. Each `fit` begins a new path.

    Args:
        weights: names of the weights to record, as in `thalweg.viz.loss_surface`, such as
            `("kernel", "bias")`; by default all trainable ones.
        every: `'epoch'`, or after how many batches a point is recorded; the latter makes `fit` stop
            for each batch.
        max_points: with more points than this every second one is dropped, and points are recorded
            half as often from then on; the first and the last one stay.

    Attributes:
        path: the `TrainingPath` of the last training.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> recorder = tw.callbacks.PathRecorder()
    >>> _ = model.fit([[1.0], [2.0]], [[2.0], [4.0]], epochs=9, callbacks=[recorder], verbose=0)
    >>> recorder.path.positions.shape
    (10, 2)
    """

    def __init__(
        self,
        weights: str | Sequence[str] | None = None,
        every: str | int = "epoch",
        max_points: int = 200,
    ) -> None:
        counts = isinstance(every, int) and not isinstance(every, bool) and every >= 1
        if every != "epoch" and not counts:
            raise ValueError(
                f"PathRecorder: every must be 'epoch' or a number of batches, got {every!r}."
            )
        if isinstance(max_points, bool) or not isinstance(max_points, int) or max_points < 3:
            raise ValueError(
                f"PathRecorder: max_points must be a whole number from 3 on, got {max_points!r}."
            )
        self.weights = weights
        self.every = every
        self.max_points = max_points
        self._recorded: list[Named] = []
        self._points: list[tuple[int, Array]] = []
        self._stride = 1
        # Batches of the epochs before this one, all batches, epochs.
        self._before = self._batches = self._epochs = 0

    @property
    def path(self) -> TrainingPath:
        """What was recorded.

        Raises:
            ValueError: before a training.
        """
        if not self._points:
            raise ValueError(
                "PathRecorder: nothing is recorded yet; give it to fit(callbacks=...)."
            )
        return TrainingPath(
            tuple(n.variable.path for n in self._recorded),
            tuple(n.index for n in self._recorded),
            tuple(n.shape for n in self._recorded),
            np.array([step for step, _ in self._points], np.int64),
            "epoch" if self.every == "epoch" else "batch",
            np.stack([point for _, point in self._points]),
        )

    def wants_batches(self, mode: str) -> bool:
        """Only where points are counted in batches."""
        return mode == "train" and self.every != "epoch"

    def on_train_begin(self, logs: Logs = None) -> None:
        if self.weights is None:
            self._recorded = [Named(v.path, v, None) for v in self.model.trainable_variables]
        else:
            self._recorded = named_weights(self.model, self.weights, "PathRecorder")
        self._stride = 1 if self.every == "epoch" else int(self.every)
        self._before = self._batches = self._epochs = 0
        self._points = []
        self._record(0)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self.every != "epoch":
            # One call may stand for several batches (steps_per_execution).
            self._batches = self._before + batch + 1
            self._reached(self._batches)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._epochs += 1
        self._before = self._batches
        if self.every == "epoch":
            self._reached(self._epochs)

    def on_train_end(self, logs: Logs = None) -> None:
        # The very end: also where it is between two points, or averages became the weights.
        last = self._epochs if self.every == "epoch" else self._batches
        if self._points and self._points[-1][0] == last:
            self._points.pop()
        self._record(last)

    def _reached(self, step: int) -> None:
        if step >= self._points[-1][0] + self._stride:
            self._record(step)
            if len(self._points) >= self.max_points:
                del self._points[1::2]
                self._stride *= 2

    def _record(self, step: int) -> None:
        parts = [np.asarray(n.value(), np.float32).reshape(-1) for n in self._recorded]
        self._points.append((step, np.concatenate(parts)))
