"""Bursts: several epochs in one call of native code, where nobody must hear of each at once.

The numbers are those of epoch by epoch: the orders of the samples are drawn as they would be, the
metrics begin anew, and callbacks get the results of every epoch afterwards.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.primitives.random import threefry
from thalweg.random.seed import global_seed_generator, is_global_seed
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import map_structure
from thalweg.training.callbacks.callback_list import CallbackList
from thalweg.training.data_adapter_arrays import ArrayAdapter
from thalweg.training.feeder import Feeder
from thalweg.training.pace import Pace
from thalweg.training.position import Position
from thalweg.training.programs import StepProgram
from thalweg.training.rows import Rows

__all__ = ["orders", "run_burst"]

Array = np.ndarray[Any, Any]


def run_burst(
    model: Any, feeder: Feeder, callbacks: CallbackList, position: Position, epochs: int
) -> tuple[int, dict[str, Any]]:
    """Run some of the epochs that are left, if that can be done natively.

    Args:
        model: a compiled and prepared model.
        feeder: the batches.
        callbacks: told of each epoch, afterwards.
        position: where training is; it moves on.
        epochs: the number of the last epoch.

    Returns:
        How many epochs were run, and the results of the last one.
    """
    adapter = feeder.adapter
    left = epochs - position.epoch
    nothing: tuple[int, dict[str, Any]] = 0, {}
    if callbacks.wants_epochs() or callbacks.wants_batches("train") or left < 2:
        return nothing
    if position.batch or not feeder.at_beginning:
        return nothing
    if not isinstance(adapter, ArrayAdapter):
        return nothing
    source = adapter.begin_pass(None)
    whole = epochs * adapter.num_batches
    program = model._step("train").program(Rows(source, 0), whole, whole=True)
    if program is None or not _can(program, adapter):
        return nothing
    model.reset_metrics()
    begin = {id(v): v for m in model._all_metrics() for v in m.variables}
    known = {id(v) for v in program.variables}
    pace = Pace(1, False, expected=program.seconds(source))
    count = min(left, pace.size)
    order = orders(adapter.num_samples, count) if adapter.shuffle else None
    found = program.run_epochs(
        source, order, count, [v for key, v in begin.items() if key in known]
    )
    columns = map_structure(lambda y: y.numpy().tolist(), found)
    first = position.epoch
    position.epoch, position.batch, position.taken = first + count, 0, feeder.taken
    logs: dict[str, Any] = {}
    for i in range(count):
        logs = {name: column[i] for name, column in columns.items()}
        for callback in callbacks.callbacks:
            callback.on_epoch_begin(first + i)
            callback.on_epoch_end(first + i, logs)
    return count, logs


def _can(program: StepProgram, adapter: ArrayAdapter) -> bool:
    """Whether the results are numbers by name, and steps draw nothing that orders draw from."""
    if not program.gives_numbers or not program.takes_rows(adapter.begin_pass(None), False):
        return False
    return not (adapter.shuffle and any(map(is_global_seed, program.changed)))


def orders(samples: int, count: int) -> Array:
    """The orders that `random.shuffle` of the numbers of the samples would give, so many times.

    Args:
        samples: how many samples.
        count: how many orders.

    Returns:
        int64, one order after the other; the global generator moves on.
    """
    state = global_seed_generator().state
    seed, first = state.numpy()
    keys = (seed, first + np.arange(count, dtype=np.uint32)[:, np.newaxis])
    # As `random_bits` of shape (2, samples) for each key: two words from each block.
    low = np.arange(samples, dtype=np.uint32)
    words = np.stack(threefry(keys, low, np.zeros_like(low)), axis=-1).reshape(count, 2, samples)
    bits = words[:, 1].astype(np.uint64) << np.uint64(32) | words[:, 0]
    state.assign(Tensor(np.array([seed, first + np.uint32(count)], np.uint32)))
    order = np.argsort(bits, axis=1)
    ranked = np.take_along_axis(bits, order, 1)
    if (ranked[:, 1:] == ranked[:, :-1]).any():  # among equals the first comes first
        order = np.argsort(bits, axis=1, kind="stable")
    return order.astype(np.int64, copy=False).reshape(-1)
