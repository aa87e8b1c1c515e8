"""Allowance: how often something may be done that takes time from a training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Allowance"]


class Allowance:
    """A share of the time for something that is done again and again.

    Args:
        share: of the time, from 0 to 1.
        least: seconds between two times at least.
        now: seconds; for tests.
    """

    def __init__(
        self, share: float, least: float, now: Callable[[], float] = time.perf_counter
    ) -> None:
        self._share, self._least, self._now = share, least, now
        self._due = now() + least
        self._first = True

    @property
    def due(self) -> bool:
        """Whether it may be done now."""
        return self._now() >= self._due

    @contextmanager
    def used(self) -> Iterator[None]:
        """Around doing it: what it took says when it may be done again.

        The first time does not count: it compiles what the others run.
        """
        begin = self._now()
        try:
            yield
        finally:
            now = self._now()
            rest = 0.0 if self._first else (now - begin) / self._share
            self._first = False
            self._due = now + max(self._least, rest)
