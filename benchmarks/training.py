"""What each implementation hands over to be timed: a function that trains."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.workloads import Workload


@dataclass(frozen=True)
class Training:
    """A model that is ready to be trained.

    Attributes:
        train: does so many steps, and returns the last loss when all work is done.
        first: steps of the first call, which is the warm-up.
        block: steps of each call that is timed.
    """

    train: Callable[[int], float]
    first: int
    block: int


def loop(
    workload: Workload,
    batches: list[Any],
    step: Callable[..., Any],
    first: int = 1,
    number: Callable[[Any], float] = float,
) -> Training:
    """A loop in Python that calls a step for one batch after the other.

    Args:
        workload: what is trained.
        batches: the arguments of the steps, used again and again.
        step: does one step and returns the loss.
        first: after how many steps all is compiled.
        number: waits for the work to be done and returns the loss as a number.
    """
    source = itertools.cycle(batches)

    def train(steps: int) -> float:
        for batch in itertools.islice(source, steps):
            loss = step(*batch)
        return number(loss)

    return Training(train, first, workload.steps)
