"""The line behind the page about download times, for both of its losses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from thalweg.datasets import download_times
from thalweg.layers import Dense, Input
from thalweg.models import Sequential
from thalweg.optimizers import SGD
from thalweg.web.export import export_model
from thalweg.web.runtime_files import drop_runtime

__all__ = ["export_line"]

LOSSES = {"mae": "mean_absolute_error", "mse": "mean_squared_error"}
LEARNING_RATE = 0.01


def export_line(folder: Path) -> None:
    """Write what the page loads: the models as `mae/` and `mse/`, and `data.json`.

    The models are untrained, a line through zero: the visitor trains them.
    """
    (x_train, y_train), (x_test, y_test) = download_times.load_data()
    for name, loss in LOSSES.items():
        model = Sequential([Input((1,)), Dense(1, kernel_initializer="zeros")], name="line")
        model.compile(optimizer=SGD(LEARNING_RATE), loss=loss)
        drop_runtime(export_model(model, folder / name, batch_size=len(x_train)))
    data = {
        "train": {"x": _numbers(x_train), "y": _numbers(y_train)},
        "test": {"x": _numbers(x_test), "y": _numbers(y_test)},
    }
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")


def _numbers(values: Any) -> list[float]:
    # As they stand in the source: float32 has no more digits.
    return [float(str(value)) for value in values[:, 0]]
