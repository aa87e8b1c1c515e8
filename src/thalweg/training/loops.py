"""The loops of `fit`, `evaluate` and `predict` over epochs and batches."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, map_structure, pack
from thalweg.training.bursts import run_burst
from thalweg.training.callbacks.callback_list import CallbackList, python_logs
from thalweg.training.feeder import Feeder, in_groups
from thalweg.training.pace import Pace
from thalweg.training.position import Position

__all__ = ["evaluate_loop", "fit_loop", "predict_loop"]


def fit_loop(
    model: Any,
    feeder: Feeder,
    callbacks: CallbackList,
    epochs: int,
    initial_epoch: int,
    validation: Feeder | None,
    validation_freq: Any,
) -> None:
    """Train: steps, callbacks, and a validation at the end of epochs.

    Args:
        model: a compiled and prepared model.
        feeder: the batches.
        callbacks: told of each epoch and batch.
        epochs: the number of the last epoch, counted from 1.
        initial_epoch: the number of the first epoch, counted from 0.
        validation: the batches to validate with.
        validation_freq: every how many epochs, or after which epochs, to validate.
    """
    model.stop_training = False
    model._resumed = None
    position = model._position = Position(epoch=initial_epoch)
    start = (position.epoch, position.batch)
    logs: dict[str, Any] = {}
    try:
        callbacks.on_train_begin()
        if model._resumed is not None:
            position = model._position = model._resumed[0]
            feeder.resume(position)
            start = (position.epoch, position.batch)
        while position.epoch < epochs and not model.stop_training:
            if model._resumed is None and validation is None:
                done, logs = run_burst(model, feeder, callbacks, position, epochs)
                if done:
                    continue
            epoch = position.epoch
            if model._resumed is not None:
                _set_states(*model._resumed[1:])
                model._resumed = None
            if not position.batch:
                model.reset_metrics()
            callbacks.on_epoch_begin(epoch)
            logs = _train_epoch(model, feeder, callbacks, position, epochs)
            if not logs and not position.batch:
                warnings.warn(
                    f"The data ended before epoch {epoch + 1} of {epochs}; training ends here. "
                    "Pass steps_per_epoch, or an object that can be iterated again.",
                    stacklevel=3,
                )
                break
            if validation is not None and _due(epoch + 1, validation_freq):
                found = evaluate_loop(model, validation, callbacks)
                logs.update({f"val_{name}": value for name, value in found.items()})
            position.epoch, position.batch = epoch + 1, 0
            callbacks.on_epoch_end(epoch, logs)
    except BaseException:
        callbacks.close()
        raise
    finally:
        model._resumed = None
        # Before the first step there are no averages that the weights could be set to.
        if model.optimizer.built and (position.epoch, position.batch) != start:
            model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end(logs)


def _train_epoch(
    model: Any, feeder: Feeder, callbacks: CallbackList, position: Position, epochs: int
) -> dict[str, Any]:
    step = model._step("train")
    logs: Any = {}
    start = position.batch
    pace = Pace(model.steps_per_execution, callbacks.wants_batches("train"))
    whole = epochs * (feeder.num_batches or 1)
    for first, group in in_groups(feeder.epoch(start), pace):
        callbacks.on_train_batch_begin(start + first)
        with pace.measured(len(group)):
            logs = step.run_all(group, whole=whole)
        position.batch = start + first + len(group)
        position.taken, position.order_seed = feeder.taken, feeder.order_seed
        callbacks.on_train_batch_end(position.batch - 1, logs)
        if model.stop_training:
            break
    position.taken = feeder.taken
    if start and position.batch == start:  # it went on where an epoch was done but not closed
        logs = model.get_metrics_result()
    return python_logs(logs)


def _set_states(variables: list[Any], values: list[Tensor]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _due(epoch: int, validation_freq: Any) -> bool:
    if isinstance(validation_freq, int):
        return epoch % validation_freq == 0
    return epoch in validation_freq


def evaluate_loop(model: Any, feeder: Feeder, callbacks: CallbackList) -> dict[str, Any]:
    """The metrics over all batches, as Python floats.

    Args:
        model: a compiled and prepared model.
        feeder: the batches; one epoch of it is taken.
        callbacks: told of each batch.
    """
    model.stop_evaluating = False
    feeder.restart()
    logs: Any = {}
    callbacks.on_test_begin()
    model.reset_metrics()
    step = model._step("test")
    pace = Pace(model.steps_per_execution, callbacks.wants_batches("test"))
    to_come = feeder.num_batches or 1
    for first, group in in_groups(feeder.epoch(), pace):
        callbacks.on_test_batch_begin(first)
        with pace.measured(len(group)):
            logs = step.run_all(group, more=max(0, to_come - first - len(group)))
        callbacks.on_test_batch_end(first + len(group) - 1, logs)
        if model.stop_evaluating:
            break
    found = python_logs(logs)
    callbacks.on_test_end(found)
    return found


def predict_loop(model: Any, feeder: Feeder, callbacks: CallbackList) -> Any:
    """The outputs for all batches, joined, as NumPy arrays in the structure of the outputs.

    Args:
        model: a built model.
        feeder: the batches; one epoch of it is taken.
        callbacks: told of each batch.
    """
    model.stop_predicting = False
    parts: list[list[Any]] = []
    structure: Any = None
    callbacks.on_predict_begin()
    step = model._step("predict")
    pace = Pace(model.steps_per_execution, callbacks.wants_batches("predict"))
    to_come = feeder.num_batches or 1
    for first, group in in_groups(feeder.epoch(), pace):
        callbacks.on_predict_batch_begin(first)
        with pace.measured(len(group)):
            for outputs in step.pieces(group, more=max(0, to_come - first - len(group))):
                structure = map_structure(np.array, outputs)
                parts.append(flatten(structure))
        callbacks.on_predict_batch_end(first + len(group) - 1, {"outputs": structure})
        if model.stop_predicting:
            break
    callbacks.on_predict_end()
    if len(parts) == 1:
        return structure
    return pack(structure, [np.concatenate(column) for column in zip(*parts, strict=True)])
