"""Where a training stands: enough to go on from there."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Position"]


@dataclass
class Position:
    """The place in the epochs and in the data at which the next batch is taken.

    Attributes:
        epoch: the number of the epoch, from 0 on.
        batch: how many batches of the epoch are done.
        taken: how many batches of the present pass over the data are taken; a pass is longer or
            shorter than an epoch with `steps_per_epoch`.
        order_seed: the state of the global random generator before it gave the order of the
            present pass.
    """

    epoch: int = 0
    batch: int = 0
    taken: int = 0
    order_seed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers = [self.epoch, self.batch, self.taken, *self.order_seed]
        if not all(type(n) is int and n >= 0 for n in numbers):
            raise ValueError(f"A place in a training is made of numbers from 0 on, got {numbers}.")
