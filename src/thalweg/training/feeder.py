"""The batches of each epoch, from one or several passes over the data."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

from thalweg import random
from thalweg.training.data_adapter import DataAdapter
from thalweg.training.pace import Pace
from thalweg.training.position import Position

__all__ = ["Feeder", "global_seed", "in_groups"]


def global_seed() -> Any:
    """The variable that holds the state of the global random generator."""
    return random.global_seed_generator().state


class Feeder:
    """Hands out the batches of one epoch after the other.

    Args:
        adapter: where the batches come from.
        steps: the number of batches of an epoch; by default an epoch is one pass over the data.
            With fewer steps than a pass has, the next epoch goes on where the last one ended.
        what: the argument that gave `steps`, for messages.

    Attributes:
        taken: how many batches of the present pass are taken.
        order_seed: the state of the global random generator before the pass began.
    """

    def __init__(self, adapter: DataAdapter, steps: int | None, what: str) -> None:
        self.adapter = adapter
        self.steps = steps
        self.what = what
        self.taken = 0
        self.order_seed: list[int] = []
        self._length = adapter.num_batches
        self._stream: Iterator[Any] | None = None

    @property
    def num_batches(self) -> int | None:
        """The number of batches of an epoch; unknown before the first pass for some data."""
        return self.steps if self.steps is not None else self._length

    def epoch(self, done: int = 0) -> Iterator[Any]:
        """The batches of the next epoch, or its rest if `done` of them were taken before."""
        while self.steps is None or done < self.steps:
            if self._stream is None:
                self.order_seed = [int(n) for n in global_seed().numpy()]
                self._stream = self.adapter.batches()
            data = next(self._stream, None)
            if data is None:
                self._end_pass()
                if self.steps is not None:
                    warnings.warn(
                        f"The data ended after {done} of the {self.steps} batches that {self.what} "
                        "asks for; the epoch ends here.",
                        stacklevel=3,
                    )
                else:
                    self._length = done
                return
            self.taken += 1
            done += 1
            yield data
        if self._length is not None and self.taken >= self._length and self._stream is not None:
            next(self._stream, None)  # lets the data know that the pass is over
            self._end_pass()

    @property
    def at_beginning(self) -> bool:
        """Whether the next epoch is a whole pass over the data, from its beginning."""
        return self._stream is None and self.steps is None

    def restart(self) -> None:
        """Let the next epoch begin at the beginning of the data; not possible with a generator."""
        if self.adapter.repeatable:
            self._end_pass()

    def _end_pass(self) -> None:
        self._stream = None
        self.taken = 0

    def resume(self, position: Position) -> None:
        """Go on in the middle of a pass, with the order of samples that it had."""
        if not position.taken:
            return
        seed = global_seed()
        before = seed.numpy()
        seed.assign(position.order_seed)
        stream = self.adapter.batches(skip=position.taken)
        first = next(stream, None)
        seed.assign(before)
        self._stream = stream if first is None else itertools.chain([first], stream)
        self.taken, self.order_seed = position.taken, position.order_seed


def in_groups(batches: Iterator[Any], pace: Pace) -> Iterator[tuple[int, list[Any]]]:
    """Groups of batches as large as the pace says, with the number of their first batch."""
    first = 0
    while group := list(itertools.islice(batches, pace.size)):
        yield first, group
        first += len(group)
