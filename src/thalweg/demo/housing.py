"""The models behind the page about Boston housing, those of the demonstration: they go on there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.datasets import boston_housing
from thalweg.demo.boston import (
    BATCH_SIZE,
    LEARNING_RATE,
    TRAIN_ROWS,
    VALIDATION_SPLIT,
    divided_rows,
    hidden_layers,
    last_layer,
)
from thalweg.layers import Input, Normalization
from thalweg.models import Sequential
from thalweg.optimizers import SGD
from thalweg.random import set_random_seed
from thalweg.web.export import export_model
from thalweg.web.runtime_files import drop_runtime

__all__ = ["export_housing"]

MODELS = {"linear": 0, "hidden-1": 1, "hidden-2": 2}
"""The models by name, and how many hidden layers each has."""

# For people: a title, what it is counted in, and how one says an amount of it.
FEATURES = {
    "CRIM": ("Crime", "crimes per head and year", "{} crimes per head and year"),
    "ZN": ("Large lots", "% of land", "{} % of land"),
    "INDUS": ("Industry", "% of land", "{} % of land"),
    "CHAS": ("At the Charles River", "0: no, 1: yes", "{}, where yes is 1"),
    "NOX": ("Nitrogen oxides", "parts per 10 million", "{} parts per 10 million"),
    "RM": ("Rooms", "per home", "{} rooms"),
    "AGE": ("Homes from before 1940", "%", "{} %"),
    "DIS": ("Distance to work", "weighted", "{}"),
    "RAD": ("Access to highways", "index", "{}"),
    "TAX": ("Property tax", "$ per $10,000", "${} per $10,000"),
    "PTRATIO": ("Pupils", "per teacher", "{} pupils per teacher"),
    "LSTAT": ("People of lower status", "%", "{} %"),
}

# Their values differ by factors, and so do the steps of their sliders.
LOGARITHMIC = frozenset({"CRIM"})

Array = NDArray[np.float32]


def export_housing(folder: Path, seed: int, epochs: int, tell: Callable[[str], None]) -> None:
    """Train the models and write what the page loads: a folder for each, and `data.json`.

    In a model's folder are, besides the export, `untrained.safetensors`, its state before the
    training, and `model.keras`, to go on in Python.

    Args:
        folder: of the page.
        seed: as of `run_demo`, whose numbers these models have.
        epochs: how often each model sees the train rows.
        tell: told in a few words what is being done.
    """
    x, y = divided_rows(seed)
    histories = {}
    for name, hidden in MODELS.items():
        tell(f"Boston housing: {name}, {epochs} epochs")
        histories[name] = _export(name, hidden, folder / name, x, y, seed, epochs)
    (folder / "data.json").write_text(
        json.dumps(_data(x, y, seed, epochs, histories), separators=(",", ":")), encoding="utf-8"
    )


def _export(
    name: str, hidden: int, folder: Path, x: Array, y: Array, seed: int, epochs: int
) -> dict[str, list[float]]:
    """Train a model and write its folder; its losses."""
    # A layer normalises, so that the page hands over the numbers of a district as they are.
    statistics = Normalization()
    statistics.adapt(x[:TRAIN_ROWS])
    model = Sequential(
        [Input(x.shape[1:]), statistics, *hidden_layers(hidden, seed), last_layer(seed)], name=name
    )
    set_random_seed(seed)
    model.compile(optimizer=SGD(LEARNING_RATE), loss="mse")
    model.optimizer.build(model.trainable_variables)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_weights(folder / "untrained.safetensors")
    history = model.fit(
        x[:TRAIN_ROWS],
        y[:TRAIN_ROWS],
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_split=VALIDATION_SPLIT,
        verbose=0,
    )
    drop_runtime(export_model(model, folder, batch_size=BATCH_SIZE))
    model.save(folder / "model.keras")
    return {key: [float(f"{v:.7g}") for v in values] for key, values in history.history.items()}


def _data(
    x: Array, y: Array, seed: int, epochs: int, histories: dict[str, dict[str, list[float]]]
) -> dict[str, Any]:
    fitted = int(TRAIN_ROWS * (1 - VALIDATION_SPLIT))
    parts = {
        "train": slice(0, fitted),
        "validation": slice(fitted, TRAIN_ROWS),
        "test": slice(TRAIN_ROWS, None),
    }
    features = []
    for column, name in enumerate(boston_housing.feature_names()):
        title, unit, amount = FEATURES[name]
        values = x[:, column]
        features.append(
            {
                "name": name,
                "title": title,
                "unit": unit,
                "amount": amount,
                "min": _plain(values.min()),
                "max": _plain(values.max()),
                "mean": _plain(values[:TRAIN_ROWS].mean()),
                "deviation": _plain(values[:TRAIN_ROWS].std()),
                "log": name in LOGARITHMIC,
                "yes": name == "CHAS",
            }
        )
    return {
        "seed": seed,
        "epochs": epochs,
        "batch": BATCH_SIZE,
        "features": features,
        "parts": {
            name: {
                "x": [_plain(value) for value in x[rows].ravel()],
                "y": [_plain(value) for value in y[rows]],
            }
            for name, rows in parts.items()
        },
        "models": {name: {"history": history} for name, history in histories.items()},
    }


def _plain(value: Any) -> float:
    """A float32 with no more digits than it has."""
    return float(str(np.float32(value)))
