"""What users hand to a picture, as NumPy arrays and names, or an error that says what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "names_for", "one_of", "real_array"]

Floats = NDArray[np.float64]


def real_array(
    caller: str, name: str, values: Any, ndim: int | tuple[int, ...] | None = None
) -> Floats:
    """Numbers as float64.

    Args:
        caller: the function that users called, for the message.
        name: its argument.
        values: a tensor, an array or nested lists of real numbers or truth values.
        ndim: the numbers of axes that are allowed; None allows all.

    Raises:
        TypeError: if they are not real numbers.
        ValueError: if there are none, or the number of axes is another.

    >>> real_array("heatmap", "values", [[1, 2]], 1)
    Traceback (most recent call last):
        ...
    ValueError: heatmap: values must have 1 axis, got shape (1, 2).
    """
    try:
        found = np.asarray(values)
    except ValueError as ragged:
        raise TypeError(
            f"{caller}: {name} must be an array of numbers, got a {type(values).__name__} whose "
            "rows have different lengths."
        ) from ragged
    try:
        if found.dtype.kind in "OSUmMc":
            raise TypeError
        found = found.astype(np.float64)
    except TypeError:
        what = f"an array of {found.dtype}" if found.ndim else f"a {type(values).__name__}"
        raise TypeError(f"{caller}: {name} must be real numbers, got {what}.") from None
    allowed = (ndim,) if isinstance(ndim, int) else ndim
    if allowed is not None and found.ndim not in allowed:
        axes = " or ".join(map(str, allowed))
        plural = "" if axes == "1" else "s"
        wanted = f"{axes} {'axe' if plural else 'axis'}{plural}"
        raise ValueError(f"{caller}: {name} must have {wanted}, got shape {found.shape}.")
    if found.size == 0:
        raise ValueError(f"{caller}: {name} is empty, its shape is {found.shape}.")
    return found


def names_for(
    caller: str, argument: str, names: Sequence[Any] | None, count: int, what: str
) -> list[str] | None:
    """A name for each of `count` things, or None where none were given.

    Raises:
        TypeError: if they are no list.
        ValueError: if there are more or fewer.
    """
    if names is None:
        return None
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TypeError(f"{caller}: {argument} must be a list of names, got {names!r} alone.")
    found = [str(name) for name in names]
    if len(found) != count:
        raise ValueError(
            f"{caller}: {argument} must have one name for each of the {count} {what}, "
            f"got {len(found)}."
        )
    return found


def one_of(caller: str, argument: str, value: Any, allowed: Sequence[Any]) -> None:
    """Raises a ValueError unless the value is one of those allowed."""
    if value not in allowed:
        listed = ", ".join(repr(a) for a in allowed)
        raise ValueError(f"{caller}: {argument} must be one of {listed}, got {value!r}.")
