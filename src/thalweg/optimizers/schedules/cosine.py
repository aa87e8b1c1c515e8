"""Schedules that follow a cosine, with a warm-up or with restarts.

Source: I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
"""

from __future__ import annotations

import math
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

__all__ = ["CosineDecay", "CosineDecayRestarts"]


@serializable(MODULE)
class CosineDecay(LearningRateSchedule):
    """From a rate down to `alpha` times that rate along half a cosine, perhaps after a warm-up.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: how many steps the fall takes.
        alpha: the last rate as a share of the highest.
        name: a name.
        warmup_target: the rate to which the warm-up rises in a straight line; None for no warm-up.
        warmup_steps: how many steps the warm-up takes.

    >>> from thalweg.optimizers import schedules
    >>> schedules.CosineDecay(0.1, decay_steps=100)(50).numpy()
    np.float32(0.05)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps
        check_steps(self, "decay_steps", decay_steps)

    def _fall(self, step: Tensor, start: float) -> Tensor:
        fraction = ops.minimum(step, self.decay_steps) / self.decay_steps
        cosine = 0.5 * (1.0 + ops.cos(math.pi * fraction))
        return start * ((1.0 - self.alpha) * cosine + self.alpha)

    def __call__(self, step: Any) -> Tensor:
        step = as_float(step)
        if self.warmup_target is None:
            return self._fall(step, self.initial_learning_rate)
        falling = self._fall(step - self.warmup_steps, self.warmup_target)
        if not self.warmup_steps:
            return falling
        rise = self.warmup_target - self.initial_learning_rate
        rising = rise * (step / self.warmup_steps) + self.initial_learning_rate
        return ops.where(step < self.warmup_steps, rising, falling)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


@serializable(MODULE)
class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine down, then up at once and down again, each fall longer than the one before.

    Args:
        initial_learning_rate: the rate at step 0.
        first_decay_steps: how many steps the first fall takes.
        t_mul: how much longer each fall is than the one before.
        m_mul: the rate at each restart as a share of that at the one before.
        alpha: the lowest rate as a share of the highest.
        name: a name.

    >>> from thalweg.optimizers import schedules
    >>> schedule = schedules.CosineDecayRestarts(0.1, first_decay_steps=100, m_mul=0.5)
    >>> schedule(100).numpy(), schedule(200).numpy()
    (np.float32(0.05), np.float32(0.025))
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name
        check_steps(self, "first_decay_steps", first_decay_steps)

    def __call__(self, step: Any) -> Tensor:
        done = as_float(step) / self.first_decay_steps
        if self.t_mul == 1.0:
            restarts = ops.floor(done)
            fraction = done - restarts
        else:
            # Restart i comes after (1 - t_mul^i) / (1 - t_mul) times the first fall.
            t_mul = ops.cast(self.t_mul, done.dtype)
            restarts = ops.floor(ops.log(1.0 - done * (1.0 - t_mul)) / ops.log(t_mul))
            length = ops.power(t_mul, restarts)
            fraction = (done - (1.0 - length) / (1.0 - t_mul)) / length
        height = ops.power(ops.cast(self.m_mul, done.dtype), restarts)
        cosine = 0.5 * height * (1.0 + ops.cos(math.pi * fraction))
        return self.initial_learning_rate * ((1.0 - self.alpha) * cosine + self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
