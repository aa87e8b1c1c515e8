"""BackupAndRestore: go on with a training that was interrupted, with the same numbers."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.training.callbacks.callback import Callback, Logs
from thalweg.training.callbacks.model_checkpoint import BatchCounter, check_save_freq
from thalweg.training.position import Position

__all__ = ["BackupAndRestore"]

METADATA = "training_metadata.json"


class BackupAndRestore(Callback):
    """Keep a copy of the training's state in a folder, and start from it if there is one.

    The copy has the weights and the optimizer's state, the number of the epoch and batch, the
    states of the random generators and metrics, and the order in which the samples are drawn. With
    data in memory, or data that can be iterated again, a training that goes on from it gives the
    same numbers as one that was never interrupted. When `fit` ends, the copy is removed.

    Args:
        backup_dir: the folder; nothing else may use it.
        save_freq: `'epoch'`, or a number of batches.
        double_checkpoint: whether the copy before the last one is kept too, and used where the
            last cannot be read.
        delete_checkpoint: whether the copy is removed when `fit` ends.

    >>> import thalweg as tw
    >>> backup = tw.callbacks.BackupAndRestore("backup", save_freq=1000)
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        if not backup_dir:
            raise ValueError("BackupAndRestore: backup_dir must be a folder, got an empty name.")
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = check_save_freq("BackupAndRestore", save_freq)
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._batches = BatchCounter()

    def _in_folder(self, name: str) -> str:
        return os.path.join(self.backup_dir, name)

    # --- restoring ------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs = None) -> None:
        self._batches = BatchCounter()
        latest, previous = self._in_folder(METADATA), self._in_folder(f"{METADATA}.bkp")
        if not os.path.exists(latest):
            return
        try:
            self._restore(latest)
        except (OSError, ValueError, KeyError, TypeError):
            if not os.path.exists(previous):
                raise
            self._restore(previous)

    def _restore(self, path: str) -> None:
        with open(path, encoding="utf-8") as f:
            state = _checked(json.load(f), path)
        position = Position(**state["position"])
        others = self._others()
        if len(others) != len(state["variables"]):
            raise ValueError(
                f"BackupAndRestore: {path} holds {len(state['variables'])} states for "
                f"{len(others)} of this model; remove the folder or use the same model."
            )
        values = [
            _tensor(saved, v, path) for saved, v in zip(state["variables"], others, strict=True)
        ]
        self.model.load_weights(self._in_folder(state["weights"]))
        self.model._resume(position, others, values)

    def _others(self) -> list[Variable]:
        """The part of the state that is in no weights file: random generators, metrics."""
        model = self.model
        saved = {id(v) for v in [*model.weights, *model.optimizer.variables]}
        return [v for v in model._state_variables() if id(v) not in saved]

    # --- saving ---------------------------------------------------------------------------------

    def wants_batches(self, mode: str) -> bool:
        """Only where it counts batches."""
        return mode == "train" and self.save_freq != "epoch"

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self.save_freq != "epoch" and self._batches.reached(batch, int(self.save_freq)):
            self._save()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.save_freq == "epoch":
            self._save()

    def _save(self) -> None:
        position: Position = self.model._position
        os.makedirs(self.backup_dir, exist_ok=True)
        # The weights get a new name and the description follows in one move, so that the two
        # belong together whenever the process ends.
        weights = f"epoch{position.epoch}-batch{position.batch}.weights.h5"
        self.model.save_weights(self._in_folder(weights), overwrite=True)
        state = {
            "weights": weights,
            "position": vars(position),
            "variables": [
                {"name": v.path, "dtype": v.dtype.name, "value": np.asarray(v.numpy()).tolist()}
                for v in self._others()
            ],
        }
        latest = self._in_folder(METADATA)
        with open(f"{latest}.new", "w", encoding="utf-8") as f:
            json.dump(state, f)
        kept = {weights}
        if self.double_checkpoint and os.path.exists(latest):
            with open(latest, encoding="utf-8") as f:
                kept.add(json.load(f)["weights"])
            os.replace(latest, f"{latest}.bkp")
        os.replace(f"{latest}.new", latest)
        self._remove_weights(kept)

    def _remove_weights(self, kept: set[str]) -> None:
        for name in os.listdir(self.backup_dir):
            if name.endswith(".weights.h5") and name not in kept:
                os.remove(self._in_folder(name))

    def on_train_end(self, logs: Logs = None) -> None:
        if not self.delete_checkpoint or not os.path.isdir(self.backup_dir):
            return
        self._remove_weights(set())
        for name in (METADATA, f"{METADATA}.bkp", f"{METADATA}.new"):
            if os.path.exists(self._in_folder(name)):
                os.remove(self._in_folder(name))
        if not os.listdir(self.backup_dir):
            os.rmdir(self.backup_dir)


def _checked(state: Any, path: str) -> dict[str, Any]:
    """The description as read, if it has the expected form: it may come from anywhere."""
    fields = {"weights": str, "position": dict, "variables": list}
    fits = isinstance(state, dict) and all(
        isinstance(state.get(key), kind) for key, kind in fields.items()
    )
    if not fits or os.path.basename(state["weights"]) != state["weights"]:
        raise ValueError(f"BackupAndRestore: {path} is not the description of a backup.")
    found: dict[str, Any] = state
    return found


def _tensor(saved: Any, variable: Variable, path: str) -> Tensor:
    value = np.asarray(saved["value"], dtype=variable.dtype)
    if value.shape != variable.shape:
        raise ValueError(
            f"BackupAndRestore: {path} has shape {value.shape} for '{variable.path}' of shape "
            f"{variable.shape}."
        )
    return Tensor(value)
