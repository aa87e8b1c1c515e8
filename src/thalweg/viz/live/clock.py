"""Clock: how fast a training is, and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

__all__ = ["Clock"]

# The speed is that of the last seconds, so that it soon forgets how long compiling took ...
_WINDOW = 5.0
# ... in parts of that length.
_PART = 0.25

# Over less time than that a speed says nothing.
_LEAST = 0.02


class Clock:
    """Counts the steps of a run and the time in which it took steps.

    Args:
        now: seconds; for tests.

    Attributes:
        step: how many steps are done.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._begin = now()
        self.step = 0
        self._paused = 0.0
        self._pause_began: float | None = None
        self._marks: deque[tuple[float, int]] = deque()
        self._latest = (0.0, 0)
        self._ended: float | None = None

    @property
    def seconds(self) -> float:
        """Since the run began; what it took, when it has ended."""
        return (self._ended if self._ended is not None else self._now()) - self._begin

    def advance(self, step: int) -> tuple[float, float]:
        """So many steps are done now.

        Returns:
            The seconds since the run began, and those of them that were no pauses.
        """
        self.step = step
        seconds = self.seconds
        busy = seconds - self._paused
        self._latest = (busy, step)
        marks = self._marks
        if not marks or busy - marks[-1][0] >= _PART:
            marks.append((busy, step))
            while len(marks) > 2 and busy - marks[0][0] > _WINDOW:
                marks.popleft()
        return seconds, busy

    def pause(self) -> None:
        """Something else begins, such as a validation."""
        self._pause_began = self._now()

    def resume(self) -> None:
        """It has ended."""
        if self._pause_began is not None:
            self._paused += self._now() - self._pause_began
            self._pause_began = None

    def end(self) -> None:
        """The run has ended."""
        self.resume()
        self._ended = self._now()

    @property
    def speed(self) -> float | None:
        """Steps a second, without pauses; None as long as it is unknown."""
        if not self._marks:
            return None
        (begin, first), (end, last) = self._marks[0], self._latest
        return (last - first) / (end - begin) if end - begin > _LEAST else None

    def left(self, steps: int | None, done: float) -> float | None:
        """Seconds until the run ends.

        Args:
            steps: how many steps it has, None if unknown.
            done: the share of its epochs that are done, by which the pauses to come are estimated.
        """
        if not self.speed or steps is None:
            return None
        pauses = self._paused * (1 / done - 1) if done > 0 else 0.0
        return max(0.0, (steps - self.step) / self.speed + pauses)
