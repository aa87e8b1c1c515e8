"""Counts how often a function is traced, and says what changed when it is too often."""

from __future__ import annotations

import re
import sys
import warnings
from collections import deque
from collections.abc import Sequence

__all__ = ["Retracing", "RetracingWarning"]

# As in TensorFlow: a warning when 5 of the latest 10 calls traced.
_TRACES, _CALLS = 5, 10
# How a tensor is described.
_TENSOR = re.compile(r"(\w+)\[[\d, ]*\]")


class RetracingWarning(UserWarning):
    """A function is traced again and again, which takes longer than running it."""


class Retracing:
    """What is known about the traces of one function.

    Args:
        name: the function's name.
        any_shape: whether the user expects a trace for each shape.
    """

    def __init__(self, name: str, any_shape: bool) -> None:
        self.count = 0
        self._name = name
        self._any_shape = any_shape
        self._warned = False
        self._calls: deque[int] = deque(maxlen=_TRACES)
        self._latest: dict[str, str] = {}

    def traced(self, calls: int, arguments: Sequence[tuple[str, str]], by_call: bool) -> None:
        """Note a trace.

        Args:
            calls: how often the function was called, this time included.
            arguments: each argument's path and what it is.
            by_call: whether a call made it necessary, rather than a wish to see the graph.
        """
        self.count += 1
        if not by_call:
            return
        before, self._latest = self._latest, dict(arguments)
        if self._any_shape and _same_but_shapes(before, self._latest):
            return
        self._calls.append(calls)
        often = len(self._calls) == _TRACES and calls - self._calls[0] < _CALLS
        if self._warned or not often:
            return
        self._warned = True
        warnings.warn(
            f"function '{self._name}' was traced in {_TRACES} of its latest "
            f"{calls - self._calls[0] + 1} calls; this time {_difference(before, self._latest)}. "
            "Pass numbers that vary as tensors and keep shapes the same, or say "
            "reduce_retracing=True.",
            RetracingWarning,
            stacklevel=_levels_to_user(),
        )


def _levels_to_user() -> int:
    """How many frames above the caller the first one outside of this package is."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("thalweg."):
        level, frame = level + 1, frame.f_back
    return level


def _same_but_shapes(before: dict[str, str], now: dict[str, str]) -> bool:
    return before.keys() == now.keys() and all(
        _TENSOR.sub(r"\1", before[path]) == _TENSOR.sub(r"\1", now[path]) for path in now
    )


def _difference(before: dict[str, str], now: dict[str, str]) -> str:
    """What tells two calls apart, in words."""
    changes = [
        f"argument '{path}' changed from {before[path]} to {now[path]}"
        for path in now
        if path in before and before[path] != now[path]
    ]
    changes += [f"argument '{path}' ({now[path]}) is new" for path in now if path not in before]
    changes += [f"argument '{path}' is gone" for path in before if path not in now]
    if not changes:
        return "an argument was another object of the same description"
    more = len(changes) - 3
    return ", ".join(changes[:3]) + (f" and {more} more" if more > 0 else "")
