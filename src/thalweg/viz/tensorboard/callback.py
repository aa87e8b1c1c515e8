"""TensorBoard: the callback that writes event files."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from thalweg.training.callbacks.callback import Callback, Logs
from thalweg.training.model import Functional
from thalweg.training.sequential import Sequential
from thalweg.viz.tensorboard.event_file import EventFile, require_tensorboard
from thalweg.viz.tensorboard.pictures import as_pictures
from thalweg.viz.tensorboard.projector import Projector

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Write event files for TensorBoard; look at them with `tensorboard --logdir=logs`.

    Folders and tags are those of Keras. `train` and `validation` below `log_dir` get `epoch_loss`,
    `epoch_learning_rate` and the other metrics of each epoch, counted from 0; `validation` also
    `evaluation_loss_vs_iterations`. TensorFlow is not needed, only
    `pip install thalweg[tensorboard]`.

    Args:
        log_dir: the folder; each run should have its own.
        histogram_freq: every how many epochs histograms of the weights are written; 0: never.
        write_graph: whether the layers of a functional or sequential model are written, for the
            page of graphs.
        write_images: whether the weights are written as pictures too, with the histograms, their
            least value black and their greatest white.
        write_steps_per_second: whether `epoch_steps_per_second`, and with batches
            `batch_steps_per_second`, are written.
        update_freq: `'epoch'`, or after how many batches `batch_loss` and the like are written,
            the means of the epoch so far, by the number of the batch counted from 1; `'batch'` is
            1. Where training goes on from earlier, so do the numbers. Batches then do not run many
            in one go.
        profile_batch: must be 0; `Model.explain` shows the kernels of a step and their times.
        embeddings_freq: every how many epochs the tables of the layers `Embedding` are written for
            the projector; 0: never.
        embeddings_metadata: the file with a label for each row of an embedding, relative to
            `log_dir`; or such files by the name of the layer.

    Raises:
        ImportError: if the package `tensorboard` is not installed.
        ValueError: for an argument out of range.

    >>> import tempfile, thalweg as tw
    >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> folder = tempfile.mkdtemp()
    >>> board = tw.callbacks.TensorBoard(folder, histogram_freq=1)
    >>> history = model.fit([[1.0]], [[1.0]], epochs=3, callbacks=[board], verbose=0)
    >>> import os
    >>> os.listdir(folder)
    ['train']
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | Mapping[str, str] | None = None,
    ) -> None:
        require_tensorboard()
        for name, value in (
            ("histogram_freq", histogram_freq),
            ("embeddings_freq", embeddings_freq),
        ):
            if not isinstance(value, int) or value < 0:
                raise ValueError(
                    f"TensorBoard: {name} must be a number of epochs or 0, got {value!r}."
                )
        batches = 1 if update_freq == "batch" else update_freq
        if batches != "epoch" and (not isinstance(batches, int) or batches < 1):
            raise ValueError(
                "TensorBoard: update_freq must be 'epoch', 'batch' or a number of batches, got "
                f"{update_freq!r}."
            )
        if profile_batch not in (0, "0"):
            raise ValueError(
                f"TensorBoard: profile_batch={profile_batch!r} is not possible here; "
                "model.explain(x, y) shows the kernels of a training step and their times."
            )
        if not isinstance(log_dir, (str, os.PathLike)):
            raise TypeError(f"TensorBoard: log_dir must be a path, got {log_dir!r}.")
        if not isinstance(embeddings_metadata, (str, Mapping, type(None))):
            raise TypeError(
                "TensorBoard: embeddings_metadata must be a file's path, or paths by the name of "
                f"the layer, got {embeddings_metadata!r}."
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = batches
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._files: dict[str, EventFile] = {}
        self._projector: Projector | None = None
        self._in_fit = False
        self._batches_before = 0
        self._batch = 0
        self._epoch_began = self._batch_began = 0.0

    def wants_batches(self, mode: str) -> bool:
        """Whether batches are written, where it is about training."""
        return self.update_freq != "epoch" if mode == "train" else super().wants_batches(mode)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        self._close()

    def _file(self, name: str) -> EventFile:
        # Made when there is something to write, so that no run is empty.
        if name not in self._files:
            self._files[name] = EventFile(os.path.join(self.log_dir, name))
        return self._files[name]

    def _close(self) -> None:
        while self._files:
            self._files.popitem()[1].close()

    def _interrupted(self) -> None:
        self._in_fit = False
        self._close()

    # --- fit ------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs = None) -> None:
        self._in_fit = True
        self._batches_before = self._iterations()
        self._batch = 0
        if self.embeddings_freq:
            self._projector = Projector(self.log_dir, self.model, self.embeddings_metadata)
        if self.write_graph:
            self._write_graph()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._batches_before += self._batch
        self._batch = 0
        self._epoch_began = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._batch_began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        before, self._batch = self._batch, batch + 1
        every = self.update_freq
        if not isinstance(every, int):
            return
        step = self._batches_before + batch + 1
        # With steps_per_execution several batches have gone by.
        if step // every == (self._batches_before + before) // every:
            return
        found = {f"batch_{name}": value for name, value in _scalars(logs or {})}
        if self.write_steps_per_second:
            took = time.perf_counter() - self._batch_began
            found["batch_steps_per_second"] = (self._batch - before) / took
        self._file("train").scalars(found, step)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        found = dict(_scalars(logs or {}))
        train = {name: value for name, value in found.items() if not name.startswith("val_")}
        train["learning_rate"] = float(self.model.optimizer.learning_rate)
        if self.write_steps_per_second:
            took = time.perf_counter() - self._epoch_began
            train["steps_per_second"] = self._batch / took
        self._file("train").scalars({f"epoch_{name}": v for name, v in train.items()}, epoch)
        validation = {
            f"epoch_{name.removeprefix('val_')}": value
            for name, value in found.items()
            if name.startswith("val_")
        }
        if validation:
            self._file("validation").scalars(validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self._projector is not None and epoch % self.embeddings_freq == 0:
            self._projector.write()

    def on_train_end(self, logs: Logs = None) -> None:
        self._in_fit = False
        self._close()

    # --- evaluate, alone or as the validation in fit ----------------------------------------------

    def on_test_end(self, logs: Logs = None) -> None:
        if self.model.optimizer is not None:
            found = {f"evaluation_{name}_vs_iterations": v for name, v in _scalars(logs or {})}
            self._file("validation").scalars(found, self._iterations())
        if not self._in_fit:
            self._close()

    # --- what is written --------------------------------------------------------------------------

    def _iterations(self) -> int:
        return int(self.model.optimizer.iterations)

    def _write_graph(self) -> None:
        if not isinstance(self.model, (Functional, Sequential)):
            return
        try:
            json = self.model.to_json()
        except (TypeError, ValueError, NotImplementedError) as reason:
            warnings.warn(
                f"TensorBoard: the graph of model '{self.model.name}' is not written: {reason}",
                stacklevel=2,
            )
            return
        self._file("train").keras_model(json)

    def _write_weights(self, epoch: int) -> None:
        file = self._file("train")
        for layer in self.model.layers:
            for weight in layer.weights:
                name, values = weight.path.replace(":", "_"), weight.numpy()
                if values.dtype.kind not in "biuf":
                    values = values.astype(np.float32)
                file.histogram(f"{name}/histogram", values, epoch)
                pictures = as_pictures(values) if self.write_images else None
                if pictures is not None:
                    file.images(f"{name}/image", pictures, epoch)


def _scalars(logs: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The metrics as numbers; those of an array each under a name of its own."""
    for name, value in logs.items():
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            continue
        if array.ndim == 0:
            yield name, float(array)
        else:
            yield from ((f"{name}/{i}", float(v)) for i, v in enumerate(array.reshape(-1)))
