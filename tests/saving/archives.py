"""`.keras` files for tests: a small model, and files that someone meddled with."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import thalweg as tw


def small_model(units: int = 4) -> Any:
    """A compiled model with optimizer state, a dropout and a normalisation."""
    model = tw.Sequential(
        [
            tw.Input((3,)),
            tw.layers.Dense(units, activation="tanh"),
            tw.layers.BatchNormalization(),
            tw.layers.Dropout(0.5, seed=1),
            tw.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return model


def batch() -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(8, 3)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def members(path: Path) -> dict[str, bytes]:
    """All members of an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, data: dict[str, bytes], **options: Any) -> Path:
    """Write an archive with these members."""
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in data.items():
            archive.writestr(name, content)
    return path


def with_config(path: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """Change the configuration inside an archive."""
    data = members(path)
    config = json.loads(data["config.json"])
    data["config.json"] = json.dumps(change(config) or config).encode()
    return rewrite(path, data)


def with_weights(path: Path, change: Callable[[h5py.File], None]) -> Path:
    """Change the HDF5 file inside an archive."""
    data = members(path)
    file = io.BytesIO(data["model.weights.h5"])
    with h5py.File(file, "a") as stored:
        change(stored)
    data["model.weights.h5"] = file.getvalue()
    return rewrite(path, data)


def values(model: Any) -> list[Any]:
    """Copies of all values: weights, then the optimizer's."""
    optimizer = model.optimizer.variables if model.optimizer is not None else []
    return [np.array(v.numpy()) for v in [*model.weights, *optimizer]]


def same(first: list[Any], second: list[Any]) -> bool:
    return len(first) == len(second) and all(
        np.array_equal(a, b) for a, b in zip(first, second, strict=True)
    )
