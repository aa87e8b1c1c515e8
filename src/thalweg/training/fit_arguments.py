"""The checks of the arguments of `fit`, `evaluate` and `predict` that need no data."""

from __future__ import annotations

import operator
from typing import Any

__all__ = [
    "check_epochs",
    "check_steps",
    "check_validation_freq",
    "check_validation_split",
    "check_verbose",
]


def _whole(value: Any) -> int | None:
    """The value as an int if it is a whole number (NumPy's too), else None."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def check_steps(steps: Any, name: str) -> int | None:
    """A positive whole number, or None."""
    if steps is None:
        return None
    found = _whole(steps)
    if found is None or found < 1:
        raise ValueError(f"{name} must be a positive whole number, got {steps!r}.")
    return found


def check_epochs(epochs: Any, initial_epoch: Any) -> tuple[int, int]:
    """Whole numbers, not negative."""
    last, first = _whole(epochs), _whole(initial_epoch)
    if last is None or last < 0:
        raise ValueError(f"epochs must be a whole number that is not negative, got {epochs!r}.")
    if first is None or first < 0:
        raise ValueError(
            f"initial_epoch must be a whole number that is not negative, got {initial_epoch!r}."
        )
    return last, first


def check_validation_split(validation_split: Any) -> float:
    """A number from 0 up to but not including 1."""
    fits = isinstance(validation_split, (int, float)) and not isinstance(validation_split, bool)
    if not fits or not 0 <= validation_split < 1:
        raise ValueError(
            "validation_split must be a number from 0 up to but not including 1, got "
            f"{validation_split!r}."
        )
    return float(validation_split)


def check_validation_freq(validation_freq: Any) -> Any:
    """A positive whole number, or a list of epochs counted from 1 on."""
    if isinstance(validation_freq, (list, tuple, set)):
        if all(_whole(n) is not None for n in validation_freq):
            return validation_freq
    else:
        found = _whole(validation_freq)
        if found is not None and found > 0:
            return found
    raise ValueError(
        "validation_freq must be a positive whole number or a list of epochs, got "
        f"{validation_freq!r}."
    )


def check_verbose(verbose: Any) -> int | str:
    """0, 1, 2 or 'auto'."""
    if verbose == "auto":
        return "auto"
    found = _whole(int(verbose)) if isinstance(verbose, bool) else _whole(verbose)
    if found not in (0, 1, 2):
        raise ValueError(f"verbose must be 0, 1, 2 or 'auto', got {verbose!r}.")
    return found
