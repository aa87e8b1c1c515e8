"""Callback: the base class of what `fit`, `evaluate` and `predict` tell about their progress."""

from __future__ import annotations

from typing import Any

__all__ = ["Callback"]

Logs = dict[str, Any] | None


class Callback:
    """Override the methods for the moments of interest.

    Attributes:
        model: the model that is trained.
        params: `verbose`, `epochs` and `steps` (batches of an epoch, None if unknown).

    `logs` are the metrics as Python floats: of the batches so far in the `..._batch_end` methods,
    of the whole epoch, with those of the validation as `val_...`, in `on_epoch_end`. Setting
    `self.model.stop_training = True` ends the training.

    >>> import thalweg as tw
    >>> class Note(tw.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"epoch {epoch}: {sorted(logs)}")
    >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit([[1.0]], [[1.0]], epochs=2, callbacks=[Note()], verbose=0)
    epoch 0: ['loss']
    epoch 1: ['loss']
    """

    model: Any = None
    params: dict[str, Any] | None = None

    def wants_batches(self, mode: str) -> bool:
        """Whether it must hear of each batch of `'train'`, `'test'` or `'predict'`.

        Where no callback must, many batches run in one go; the methods for batches are then called
        for the last batch of each go only.
        """
        names = [f"on_{mode}_batch_begin", f"on_{mode}_batch_end"]
        if mode == "train":
            names += ["on_batch_begin", "on_batch_end"]
        return any(map(self._overrides, names))

    def wants_epochs(self) -> bool:
        """Whether it must hear of the begin and the end of each epoch of `fit` when they happen.

        Where no callback must, several short epochs may run in one go; `on_epoch_begin` and
        `on_epoch_end` are then called afterwards, for each of them in order.
        """
        return self._overrides("on_epoch_begin") or self._overrides("on_epoch_end")

    def _overrides(self, name: str) -> bool:
        return name in self.__dict__ or getattr(type(self), name) is not getattr(Callback, name)

    def _interrupted(self) -> None:
        """Called while an exception ends the work; no method for its end is called then."""

    def set_params(self, params: dict[str, Any]) -> None:
        """Called before the first batch with `verbose`, `epochs` and `steps`."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called before the first batch with the model."""
        self.model = model

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Called before each epoch of `fit`; epochs count from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Called after each epoch of `fit`, its validation included."""

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each training batch; an older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each training batch; an older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each training batch; batches count from 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each training batch with the metrics of the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each batch of `evaluate`, or of the validation in `fit`."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each batch of `evaluate`, or of the validation in `fit`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each batch of `predict`, with `logs={'outputs': ...}`."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Called when `fit` begins."""

    def on_train_end(self, logs: Logs = None) -> None:
        """Called when `fit` ends, with the logs of the last epoch; not after an exception."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Called when `evaluate`, or the validation in `fit`, begins."""

    def on_test_end(self, logs: Logs = None) -> None:
        """Called when `evaluate`, or the validation in `fit`, ends."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Called when `predict` begins."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """Called when `predict` ends."""
