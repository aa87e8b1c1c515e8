"""`fit` of Thalweg or Keras, the way a user runs it."""

from __future__ import annotations

import importlib

from benchmarks import keras_api
from benchmarks.training import Training
from benchmarks.workloads import Workload


def prepare(workload: Workload, library: str) -> Training:
    """A model compiled for `fit`.

    Args:
        workload: what to train.
        library: "thalweg" or "keras".
    """
    keras = importlib.import_module(library)
    model = keras_api.model(workload, keras)
    optimizer, loss = keras_api.optimizer(workload, keras), keras_api.loss(workload, keras)
    model.compile(optimizer=optimizer, loss=loss)
    x, y = workload.data()

    def train(steps: int) -> float:
        epochs = steps // workload.steps_of_epoch
        history = model.fit(x, y, batch_size=workload.batch_size, epochs=epochs, verbose=0)
        return float(history.history["loss"][-1])

    return Training(train, workload.steps_of_epoch, workload.epochs * workload.steps_of_epoch)
