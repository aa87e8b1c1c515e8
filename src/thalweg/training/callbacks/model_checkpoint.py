"""ModelCheckpoint: save the model while it trains."""

from __future__ import annotations

import os

from thalweg.training.callbacks.callback import Logs
from thalweg.training.callbacks.monitor import MonitorCallback

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, after each epoch or every so many batches.

    Args:
        filepath: the file, ending in `.keras` (or `.weights.h5` with `save_weights_only`); it may
            hold fields such as `{epoch:02d}`, `{batch}` and `{val_loss:.3f}`.
        monitor: the metric that says which model is best.
        verbose: 1 says what is saved.
        save_best_only: whether to save only when the metric got better.
        save_weights_only: whether to save the weights alone.
        mode: `'min'`, `'max'`, or `'auto'`: known from the metric.
        save_freq: `'epoch'`, or a number of batches.
        initial_value_threshold: a value that must be beaten by the first model saved.

    >>> import thalweg as tw
    >>> best = tw.callbacks.ModelCheckpoint("best.keras", save_best_only=True)
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = check_save_freq("ModelCheckpoint", save_freq)
        self._batches = BatchCounter()
        self._epoch = 0
        endings = (".weights.h5",) if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: filepath must end in {' or '.join(endings)} with "
                f"save_weights_only={save_weights_only}, got {self.filepath!r}."
            )

    def on_train_begin(self, logs: Logs = None) -> None:
        if self.save_best_only:
            super().on_train_begin(logs)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch

    def wants_batches(self, mode: str) -> bool:
        """Only where it counts batches."""
        return mode == "train" and self.save_freq != "epoch"

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self.save_freq != "epoch" and self._batches.reached(batch, int(self.save_freq)):
            self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._path(epoch, batch, logs or {})
        if not self._wanted(epoch, logs, path):
            return
        if os.path.isdir(path):
            raise IsADirectoryError(f"ModelCheckpoint: filepath {path!r} is a folder.")
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _wanted(self, epoch: int, logs: Logs, path: str) -> bool:
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            return True
        current = self._value(logs)
        if current is None:
            return True
        best = "none" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {best}")
            return False
        self._say(
            epoch, f"{self.monitor} improved from {best} to {current:.5f}, saving model to {path}"
        )
        self.best = current
        return True

    def _say(self, epoch: int, message: str) -> None:
        if self.verbose > 0:
            print(f"Epoch {epoch + 1}: {message}")

    def _path(self, epoch: int, batch: int | None, logs: dict[str, float]) -> str:
        fields = {**({} if batch is None else {"batch": batch + 1}), **logs, "epoch": epoch + 1}
        try:
            return self.filepath.format(**fields)
        except KeyError as missing:
            raise KeyError(
                f"ModelCheckpoint: filepath {self.filepath!r} has the field {missing}, there is "
                f"{', '.join(fields)}."
            ) from missing


def check_save_freq(owner: str, save_freq: str | int) -> str | int:
    """`'epoch'` or a positive number of batches."""
    whole = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
    if save_freq != "epoch" and not whole:
        raise ValueError(
            f"{owner}: save_freq must be 'epoch' or a positive number of batches, got "
            f"{save_freq!r}."
        )
    return save_freq


class BatchCounter:
    """Counts batches over epochs, also where only every n-th batch is reported."""

    def __init__(self) -> None:
        self._since = 0
        self._last: int | None = None

    def reached(self, batch: int, frequency: int) -> bool:
        """Whether `frequency` batches have gone by since this last was True."""
        new_epoch = self._last is None or batch <= self._last
        self._since += batch + 1 if new_epoch or self._last is None else batch - self._last
        self._last = batch
        if self._since < frequency:
            return False
        self._since = 0
        return True
