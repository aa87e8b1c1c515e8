"""A trial training with a rate of its own for each step, after which everything is as it was.

The steps are those of `fit`, as many in one native call, but on copies of all state: the variables
of the model, its optimizer and its metrics are read, never written.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.naming import names_kept
from thalweg.optimizers.optimizer import Optimizer
from thalweg.random.seed import streams_kept
from thalweg.tensor.variable import Variable
from thalweg.tracing.state import functionalize, present_values
from thalweg.tracing.traceable import traceable
from thalweg.training.class_weight import check_known_classes
from thalweg.training.data_adapter import DataAdapter, unpack_x_y_sample_weight
from thalweg.training.feeder import in_groups
from thalweg.training.pace import Pace
from thalweg.training.preparation import build_model, check_target_values, make_ready, prepare
from thalweg.training.step import Step

__all__ = ["run_trial"]

Array = np.ndarray[Any, Any]


def run_trial(
    model: Any,
    adapter: DataAdapter,
    rates: Array,
    go_on: Callable[[Array], bool],
    class_weight: dict[int, float] | None = None,
) -> Array:
    """Train with one rate after the other, on copies.

    Args:
        model: a compiled model. If it is not built it is, as by `fit`; nothing else changes.
        adapter: the batches, taken again and again until there are enough.
        rates: float32, the learning rate of each step.
        go_on: told the losses so far, now and then; the trial ends when it says False.
        class_weight: what the adapter was given, to be checked against the outputs.

    Returns:
        float64: the loss of each batch before its step; fewer than rates if the trial or the data
        ended before.
    """
    build_model(model, unpack_x_y_sample_weight(adapter.peek())[0])
    with streams_kept(), names_kept(), _stand_ins(model):
        outputs = prepare(model, adapter.peek(), training=True)
        if model._custom_step(True) is None:
            check_target_values(model, adapter.in_memory(), outputs)
        if class_weight:
            check_known_classes(class_weight, outputs)
        make_ready(model, adapter.peek(), training=True)
        step, losses = _recorded_step(model, rates)
        pace = Pace(1, strict=False)
        found = np.zeros(0)
        batches = itertools.islice(_again_and_again(adapter), len(rates))
        for first, group in in_groups(batches, pace):
            with pace.measured(len(group)):
                step.run_all(group, whole=len(rates))
            found = losses.numpy()[: first + len(group)].astype(np.float64)
            if not go_on(found):
                break
        return found


@contextmanager
def _stand_ins(model: Any) -> Iterator[None]:
    """Copies in the place of the model's optimizers and of what is known of its preparation."""
    before = dict(vars(model))
    compiled = model._compiled
    unbuilt = [p for p in (compiled.loss, compiled.metrics) if p is not None and not p.built]
    optimizers = {name: o for name, o in before.items() if isinstance(o, Optimizer)}
    # The copies go on training the same variables.
    shared = [*model.variables, *(v for o in optimizers.values() for v in o._trainable_variables)]
    known: dict[int, Any] = {id(v): v for v in shared}
    try:
        vars(model).update(copy.deepcopy(optimizers, known))
        vars(model)["_compiled"] = dataclasses.replace(compiled, prepared={}, ready=set())
        yield
    finally:
        vars(model).clear()
        vars(model).update(before)
        for part in unbuilt:
            part.unbuild()


def _recorded_step(model: Any, rates: Array) -> tuple[Step, Variable]:
    """The training step on copies of all state, and the variable that collects its losses."""
    count = Variable(0, dtype="int32", trainable=False, name="count")
    losses = Variable(np.zeros(len(rates), np.float32), trainable=False, name="losses")
    model.optimizer.learning_rate = lambda: ops.take(rates, count)

    def train(data: Any) -> None:
        for metric in model._all_metrics():
            metric.reset_state()
        logs = traceable(model.train_step)(data)
        if not isinstance(logs, dict) or "loss" not in logs:
            raise ValueError(
                f"find_learning_rate: the train_step() of model '{model.name}' must return a dict "
                f"with the loss of its batch as 'loss', got {_described(logs)}."
            )
        loss = ops.cast(logs["loss"], losses.dtype)
        losses.assign(ops.where(ops.equal(ops.arange(len(rates)), count), loss, losses))
        count.assign_add(1)

    variables = [*model._state_variables(), count, losses]
    pure = functionalize(train, variables)
    copies = [_copy(v) for v in variables]

    def on_copies(data: Any) -> Any:
        _, values = pure([c.value for c in copies], data)
        for variable, value in zip(copies, values, strict=True):
            variable.assign(value)
        return values[-2]

    name = f"search for a learning rate for model '{model.name}'"
    return Step(on_copies, copies, model._clear_losses, model._compiles(), name), copies[-1]


def _copy(variable: Variable) -> Variable:
    (value,) = present_values([variable])
    made = Variable(value, dtype=variable.dtype, trainable=False, name=variable.name)
    made.path = variable.path
    return made


def _described(logs: Any) -> str:
    return f"the names {list(logs)}" if isinstance(logs, dict) else f"a {type(logs).__name__}"


def _again_and_again(adapter: DataAdapter) -> Iterator[Any]:
    while True:
        batch = None
        for batch in adapter.batches():
            yield batch
        if batch is None or not adapter.repeatable:
            return
