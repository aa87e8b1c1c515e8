"""What schedules say for each step of a training, computed before it begins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.layers.layer import Layer
from thalweg.optimizers.optimizer import Optimizer
from thalweg.optimizers.schedules.one_cycle import OneCycleMomentum
from thalweg.optimizers.schedules.schedule import LearningRateSchedule
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.tracing.function import function
from thalweg.training.callbacks.learning_rate_scheduler import LearningRateScheduler

__all__ = ["RATE", "Item", "collect", "evaluate"]

Array = np.ndarray[Any, Any]

RATE = "learning rate"


@dataclass(frozen=True, eq=False)
class Item:
    """One curve to be.

    Attributes:
        name: of the curve.
        quantity: what it is a curve of: `RATE`, `'momentum'`, or what an optimizer calls it.
        look: which colour and line it has; those of one optimizer have the same.
        source: a number, a schedule or a `LearningRateScheduler`.
    """

    name: str
    quantity: str
    look: int
    source: float | LearningRateSchedule | LearningRateScheduler


def collect(given: Any) -> list[Item]:
    """The curves of what `plot_schedule` was given.

    Raises:
        ValueError: for what is no schedule.
    """
    if isinstance(given, Mapping):
        pairs = [(str(name), one) for name, one in given.items()]
    else:
        several = given if isinstance(given, (list, tuple)) else [given]
        pairs = list(zip(_distinct([_name(one) for one in several]), several, strict=True))
    if not pairs:
        raise ValueError("plot_schedule: schedule must hold at least one schedule, got none.")
    return [item for look, pair in enumerate(pairs) for item in _items(*pair, look)]


def _items(name: str, one: Any, look: int) -> Iterator[Item]:
    if isinstance(one, Optimizer):
        yield from _items(name, one._learning_rate, look)
        for attribute, value in vars(one).items():
            if isinstance(value, LearningRateSchedule) and value is not one._learning_rate:
                yield Item(f"{name}, {attribute}", attribute, look, value)
    elif isinstance(one, OneCycleMomentum):
        yield Item(name, "momentum", look, one)
    elif isinstance(one, (LearningRateSchedule, LearningRateScheduler)):
        yield Item(name, RATE, look, one)
    elif isinstance(one, (Real, Tensor, Variable)) and not isinstance(one, bool):
        yield Item(name, RATE, look, float(one))
    elif callable(one) and not isinstance(one, (type, Layer)):
        yield Item(name, RATE, look, LearningRateScheduler(one))
    else:
        raise ValueError(
            "plot_schedule: schedule must be a LearningRateSchedule, an optimizer, a number, a "
            "LearningRateScheduler or its function, or a list or dict of these, got a "
            f"{type(one).__name__}."
        )


def _name(one: Any) -> str:
    if isinstance(one, (Real, Tensor, Variable)):
        return f"{float(one):g}"
    if isinstance(one, LearningRateScheduler):
        one = one.schedule
    name = getattr(one, "__name__", "<lambda>")
    return type(one).__name__ if name == "<lambda>" else str(name)


def _distinct(names: list[str]) -> list[str]:
    """Names that occur again get a number."""
    return [
        f"{name} {names[: i + 1].count(name)}" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]


def evaluate(
    items: list[Item], steps: int, steps_per_epoch: int | None, learning_rate: float | None
) -> list[Array]:
    """The values of the curves at steps 0, 1, ..., float64, each of shape (steps,).

    Args:
        items: the curves.
        steps: how many steps.
        steps_per_epoch: how many of them are an epoch, for functions of the epoch.
        learning_rate: where functions of the epoch and the present rate begin.

    Raises:
        ValueError: where one of the last two is missing, or a schedule gives no single number.
    """
    schedules = [i.source for i in items if isinstance(i.source, LearningRateSchedule)]
    of_schedules = iter(_of_schedules(schedules, steps))
    found = []
    for item in items:
        source = item.source
        if isinstance(source, LearningRateSchedule):
            values = next(of_schedules)
        elif isinstance(source, LearningRateScheduler):
            values = _of_epochs(item.name, source, steps, steps_per_epoch, learning_rate)
        else:
            values = np.full(steps, source)
        if values.shape != (steps,):
            raise ValueError(
                f"plot_schedule: '{item.name}' must give one number for a step, got shape "
                f"{values.shape[1:]}."
            )
        finite = np.isfinite(values)
        if not finite.all():
            step = int(np.argmin(finite))
            raise ValueError(
                f"plot_schedule: '{item.name}' must give finite numbers, got {values[step]} at "
                f"step {step}."
            )
        found.append(values.astype(np.float64))
    return found


def _of_schedules(schedules: list[LearningRateSchedule], steps: int) -> list[Array]:
    """As an optimizer asks them, one step at a time, but all in one compiled call."""

    def values(numbers: Tensor) -> list[Tensor]:
        return [ops.map(partial(_at, schedule), numbers) for schedule in schedules]

    if not schedules:
        return []
    numbers = ops.arange(steps, dtype="int32")
    try:
        return [y.numpy() for y in function(values)(numbers)]
    except Exception:
        # A schedule of the user's may need true numbers; so it works, if slowly, in training too.
        return [np.array([np.asarray(s(step)) for step in numbers]) for s in schedules]


def _at(schedule: LearningRateSchedule, step: Any) -> Any:
    return ops.convert_to_tensor(schedule(step))


def _of_epochs(
    name: str,
    scheduler: LearningRateScheduler,
    steps: int,
    steps_per_epoch: int | None,
    learning_rate: float | None,
) -> Array:
    if steps_per_epoch is None:
        raise ValueError(
            f"plot_schedule: '{name}' is a function of the epoch: give steps_per_epoch too."
        )
    # Not a number shows whether the function looks at the rate that it starts from.
    rate = math.nan if learning_rate is None else learning_rate
    rates = []
    for epoch in range(-(-steps // steps_per_epoch)):
        new = scheduler._new_rate(epoch, rate)
        try:
            rate = float(new)
        except (TypeError, ValueError):
            raise ValueError(
                f"plot_schedule: '{name}' must give a learning rate for epoch {epoch}, got {new!r}."
            ) from None
        rates.append(rate)
    if learning_rate is None and np.isnan(rates).any():
        raise ValueError(
            f"plot_schedule: '{name}' starts from the optimizer's learning rate: give it as "
            "learning_rate."
        )
    return np.repeat(rates, steps_per_epoch)[:steps]
