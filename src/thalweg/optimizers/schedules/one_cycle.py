"""The 1cycle policy: the learning rate goes up and far down, the momentum the other way round.

Source: L. N. Smith, "A disciplined approach to neural network hyper-parameters", 2018. The phases
are those of PyTorch's OneCycleLR.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from thalweg import ops
from thalweg.optimizers.schedules.schedule import (
    MODULE,
    LearningRateSchedule,
    as_float,
    check_steps,
)
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = ["OneCycle", "OneCycleMomentum"]


class _Phase(NamedTuple):
    """A way from one value to another, up to and including the step `last`."""

    last: float
    start: float
    end: float


class _Cycle(LearningRateSchedule):
    """Phases that follow each other; after the last one its end value stays."""

    total_steps: int
    pct_start: float
    anneal_strategy: str
    three_phase: bool

    def _set(
        self, total_steps: int, pct_start: float, anneal_strategy: str, three_phase: bool, name: str
    ) -> None:
        owner = type(self).__name__
        check_steps(self, "total_steps", total_steps)
        longest = 0.5 if three_phase else 1.0
        if not 0 <= pct_start <= longest:
            raise ValueError(f"{owner}: pct_start must be from 0 to {longest}, got {pct_start!r}.")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"{owner}: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}."
            )
        self.total_steps = total_steps
        self.pct_start = pct_start
        self.anneal_strategy = anneal_strategy
        self.three_phase = three_phase
        self.name = name

    def _phases(self, low: float, high: float, last: float) -> list[_Phase]:
        """Up, and down to `last`; or up, down by the same way, and on to `last`."""
        top = self.pct_start * self.total_steps - 1
        end = self.total_steps - 1
        if not self.three_phase:
            return [_Phase(top, low, high), _Phase(end, high, last)]
        # As in PyTorch, the way down is one step shorter than the way up.
        middle = 2 * self.pct_start * self.total_steps - 2
        return [_Phase(top, low, high), _Phase(middle, high, low), _Phase(end, low, last)]

    def _follow(self, phases: list[_Phase], step: Any) -> Tensor:
        step = as_float(step)
        value = as_float(phases[-1].end)
        firsts = [0.0, *[phase.last for phase in phases[:-1]]]
        for first, phase in reversed(list(zip(firsts, phases, strict=True))):
            length = phase.last - first
            fraction = (step - first) / length if length else ops.ones_like(step)
            if self.anneal_strategy == "cos":
                left = 0.5 * (1.0 + ops.cos(math.pi * fraction))
            else:
                left = 1.0 - fraction
            # From the end backwards: rates fall to a millionth, and the small end stays exact.
            here = phase.end + (phase.start - phase.end) * left
            value = ops.where(step <= phase.last, here, value)
        return value

    def _shape_config(self) -> dict[str, Any]:
        return {
            "total_steps": self.total_steps,
            "pct_start": self.pct_start,
            "anneal_strategy": self.anneal_strategy,
            "three_phase": self.three_phase,
            "name": self.name,
        }


@serializable(MODULE)
class OneCycle(_Cycle):
    """The learning rate of the 1cycle policy: up to a maximum, then down far below its start.

    Args:
        max_learning_rate: the highest rate.
        total_steps: how many steps (batches) training takes; afterwards the last rate stays.
        pct_start: the share of the steps on the way up.
        anneal_strategy: `'cos'` or `'linear'`.
        div_factor: the first rate is `max_learning_rate / div_factor`.
        final_div_factor: the last rate is the first one divided by this.
        three_phase: whether the way down mirrors the way up and the last steps then go from the
            first rate to the last.
        name: a name.

    `momentum()` gives the schedule of the momentum that belongs to it.

    >>> import thalweg as tw
    >>> cycle = tw.optimizers.schedules.OneCycle(0.1, total_steps=1000)
    >>> [round(float(cycle(step)), 6) for step in (0, 299, 999)]
    [0.004, 0.1, 0.0]
    >>> optimizer = tw.optimizers.SGD(cycle, momentum=cycle.momentum())
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        name: str = "OneCycle",
    ) -> None:
        self._set(total_steps, pct_start, anneal_strategy, three_phase, name)
        if not (div_factor > 0 and final_div_factor > 0):
            raise ValueError(
                "OneCycle: div_factor and final_div_factor must be > 0, got "
                f"{div_factor!r} and {final_div_factor!r}."
            )
        self.max_learning_rate = max_learning_rate
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor

    def __call__(self, step: Any) -> Tensor:
        first = self.max_learning_rate / self.div_factor
        last = first / self.final_div_factor
        return self._follow(self._phases(first, self.max_learning_rate, last), step)

    def momentum(self, base_momentum: float = 0.85, max_momentum: float = 0.95) -> OneCycleMomentum:
        """The momentum that belongs to this cycle: low where the learning rate is high.

        Args:
            base_momentum: the lowest momentum.
            max_momentum: the highest.
        """
        return OneCycleMomentum(
            self.total_steps,
            base_momentum,
            max_momentum,
            self.pct_start,
            self.anneal_strategy,
            self.three_phase,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "max_learning_rate": self.max_learning_rate,
            "div_factor": self.div_factor,
            "final_div_factor": self.final_div_factor,
            **self._shape_config(),
        }


@serializable(MODULE)
class OneCycleMomentum(_Cycle):
    """The momentum of the 1cycle policy, for `SGD(momentum=...)` or `Adam(beta_1=...)`.

    `OneCycle.momentum()` makes the one that fits a cycle.

    Args:
        total_steps: how many steps (batches) training takes.
        base_momentum: the momentum where the learning rate is highest.
        max_momentum: the momentum at the start and the end.
        pct_start: the share of the steps in which the learning rate rises.
        anneal_strategy: `'cos'` or `'linear'`.
        three_phase: as in `OneCycle`.
        name: a name.
    """

    def __init__(
        self,
        total_steps: int,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        three_phase: bool = False,
        name: str = "OneCycleMomentum",
    ) -> None:
        self._set(total_steps, pct_start, anneal_strategy, three_phase, name)
        self.base_momentum = base_momentum
        self.max_momentum = max_momentum

    def __call__(self, step: Any) -> Tensor:
        high = self.max_momentum
        return self._follow(self._phases(high, self.base_momentum, high), step)

    def get_config(self) -> dict[str, Any]:
        return {
            "base_momentum": self.base_momentum,
            "max_momentum": self.max_momentum,
            **self._shape_config(),
        }
