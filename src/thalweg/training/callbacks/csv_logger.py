"""CSVLogger: the metrics of each epoch in a file."""

from __future__ import annotations

import csv
import os
from typing import Any

import numpy as np

from thalweg.training.callbacks.callback import Callback, Logs

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Write one line an epoch to a CSV file: `epoch`, then the metrics by name.

    Args:
        filename: the path of the file.
        separator: what stands between the values.
        append: whether to go on after what the file holds already.

    >>> import thalweg as tw
    >>> log = tw.callbacks.CSVLogger("training.csv")
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self._keys: list[str] | None = None
        self._header = True

    def on_train_begin(self, logs: Logs = None) -> None:
        self._keys = None
        # Opened now, so that a path that cannot be written shows before any training.
        with open(self.filename, "a+" if self.append else "w+", encoding="utf-8") as f:
            f.seek(0)
            self._header = not f.readline()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = logs or {}
        rows: list[list[Any]] = []
        if self._keys is None:
            self._keys = sorted(logs)
            if not any(k.startswith("val_") for k in self._keys):
                # With validation_freq the first epochs may have none.
                self._keys += [f"val_{k}" for k in self._keys]
            if self._header:
                rows.append(["epoch", *self._keys])
        rows.append([epoch, *(_written(logs.get(k, "NA")) for k in self._keys)])
        with open(self.filename, "a", encoding="utf-8", newline="") as f:
            csv.writer(f, delimiter=self.sep, lineterminator="\n").writerows(rows)


def _written(value: Any) -> Any:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, np.ndarray) else value
