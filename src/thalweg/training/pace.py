"""Pace: how many batches run in one go, so that screens move and Ctrl-C is heard in time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Pace"]

# Seconds between two looks at what the user wants.
_SECONDS = 0.05
_MOST = 100_000


class Pace:
    """The size of the next group of batches.

    Args:
        steps_per_execution: batches that always go together.
        strict: whether groups have just that size, because somebody wants to hear of each.
        expected: about how many seconds one takes, where that is known.
    """

    def __init__(
        self, steps_per_execution: int, strict: bool, expected: float | None = None
    ) -> None:
        self.size = self._unit = steps_per_execution
        self._strict = strict
        if expected is not None and not strict:
            self.size = max(self._unit, min(_MOST, int(0.5 * _SECONDS / max(expected, 1e-7))))

    @contextmanager
    def measured(self, batches: int) -> Iterator[None]:
        """Around the work on a group: the next one takes about as long as it should."""
        begin = time.perf_counter()
        yield
        if self._strict:
            return
        took = max(time.perf_counter() - begin, 1e-7)
        wanted = batches * _SECONDS / took
        # Not more than fourfold at once: the first steps may be slow ones.
        size = min(wanted, 4.0 * self.size, float(_MOST))
        self.size = max(self._unit, int(size) // self._unit * self._unit)
