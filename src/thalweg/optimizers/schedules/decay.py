"""Schedules that fall: exponential, inverse time, polynomial, and in steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from thalweg import ops
from thalweg.optimizers.schedules.schedule import (
    MODULE,
    LearningRateSchedule,
    as_float,
    check_steps,
)
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = [
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
]


@serializable(MODULE)
class ExponentialDecay(LearningRateSchedule):
    """`initial_learning_rate * decay_rate ^ (step / decay_steps)`.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: after how many steps the rate has been multiplied by `decay_rate`.
        decay_rate: the factor.
        staircase: whether the rate falls only every `decay_steps` steps.
        name: a name.

    >>> from thalweg.optimizers import schedules
    >>> schedules.ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200).numpy()
    np.float32(0.025)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name
        check_steps(self, "decay_steps", decay_steps)

    def __call__(self, step: Any) -> Tensor:
        p = as_float(step) / self.decay_steps
        p = ops.floor(p) if self.staircase else p
        return self.initial_learning_rate * ops.power(ops.cast(self.decay_rate, p.dtype), p)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


@serializable(MODULE)
class InverseTimeDecay(LearningRateSchedule):
    """`initial_learning_rate / (1 + decay_rate * step / decay_steps)`, also called power decay.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the unit of time, in steps.
        decay_rate: how fast the rate falls.
        staircase: whether the rate falls only every `decay_steps` steps.
        name: a name.

    >>> from thalweg.optimizers import schedules
    >>> schedules.InverseTimeDecay(0.1, decay_steps=100, decay_rate=1.0)(100).numpy()
    np.float32(0.05)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name
        check_steps(self, "decay_steps", decay_steps)

    def __call__(self, step: Any) -> Tensor:
        p = as_float(step) / self.decay_steps
        p = ops.floor(p) if self.staircase else p
        return self.initial_learning_rate / (1.0 + self.decay_rate * p)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


@serializable(MODULE)
class PolynomialDecay(LearningRateSchedule):
    """`(initial - end) * (1 - step / decay_steps) ^ power + end`, for the rates at start and end.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: when `end_learning_rate` is reached.
        end_learning_rate: the last rate.
        power: 1 for a straight line.
        cycle: whether the rate rises again after `decay_steps`, to fall to the end at the next
            multiple of `decay_steps`.
        name: a name.

    >>> from thalweg.optimizers import schedules
    >>> schedules.PolynomialDecay(0.1, decay_steps=100, end_learning_rate=0.0)(25).numpy()
    np.float32(0.075)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name
        check_steps(self, "decay_steps", decay_steps)

    def __call__(self, step: Any) -> Tensor:
        step = as_float(step)
        if self.cycle:
            p = step / (self.decay_steps * ops.maximum(ops.ceil(step / self.decay_steps), 1.0))
        else:
            p = ops.minimum(step, self.decay_steps) / self.decay_steps
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * ops.power(1.0 - p, self.power) + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


@serializable(MODULE)
class PiecewiseConstantDecay(LearningRateSchedule):
    """`values[0]` up to and including step `boundaries[0]`, then `values[1]`, and so on.

    Args:
        boundaries: steps, each larger than the one before.
        values: rates, one more than boundaries.
        name: a name.

    >>> from thalweg.optimizers import schedules
    >>> schedules.PiecewiseConstantDecay([100, 200], [0.1, 0.05, 0.01])(101).numpy()
    np.float32(0.05)
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "PiecewiseConstantDecay: values must be one more than boundaries, got "
                f"{len(values)} values and {len(boundaries)} boundaries."
            )
        if any(a >= b for a, b in pairwise(boundaries)):
            raise ValueError(
                f"PiecewiseConstantDecay: boundaries must rise, got {list(boundaries)}."
            )
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        value = as_float(self.values[-1])
        for boundary, earlier in zip(
            reversed(self.boundaries), reversed(self.values[:-1]), strict=True
        ):
            value = ops.where(ops.less_equal(step, boundary), earlier, value)
        return value

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
