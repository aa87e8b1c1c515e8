"""What layers check of their arguments; every error is one sentence that names the layer."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg import config
from thalweg.tensor.tensor import Tensor

if TYPE_CHECKING:
    from thalweg.layers.layer import Layer

__all__ = [
    "check_labels",
    "data_format_of",
    "error",
    "known_length",
    "not_negative",
    "one_of",
    "positive",
    "rate_of",
    "refuse",
    "tuple_of",
]


_NUMBER = (int, float, np.floating)


def error(layer: Layer, sentence: str) -> ValueError:
    """The error to raise, with the layer's name before the sentence."""
    return ValueError(f"Layer '{layer.name}': {sentence}")


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def positive(layer: Layer, name: str, value: Any) -> int:
    """A positive integer."""
    number = _integer(value)
    if number is None or number < 1:
        raise error(layer, f"{name} must be a positive integer, got {value!r}.")
    return number


def not_negative(layer: Layer, name: str, value: Any) -> float:
    """A number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, _NUMBER) or not value >= 0:
        raise error(layer, f"{name} must be a number that is not negative, got {value!r}.")
    return float(value)


def rate_of(layer: Layer, name: str, value: Any) -> float:
    """A share of values to drop: at least 0, below 1."""
    if isinstance(value, bool) or not isinstance(value, _NUMBER) or not 0 <= value < 1:
        raise error(
            layer, f"{name} must be a number from 0 up to but not including 1, got {value!r}."
        )
    return float(value)


def one_of(layer: Layer, name: str, value: Any, choices: Sequence[Any]) -> Any:
    """One of the choices; strings in any case."""
    found = value.lower() if isinstance(value, str) else value
    if found not in choices:
        *others, last = map(repr, choices)
        listed = f"{', '.join(others)} or {last}" if others else last
        raise error(layer, f"{name} must be {listed}, got {value!r}.")
    return found


def tuple_of(layer: Layer, name: str, value: Any, rank: int, *, least: int = 1) -> tuple[int, ...]:
    """An integer for each of `rank` axes, from one for all of them or a sequence."""
    values = [value] * rank if _integer(value) is not None else value
    if isinstance(values, (list, tuple)) and len(values) == rank:
        numbers = [_integer(v) for v in values]
        found = tuple(n for n in numbers if n is not None and n >= least)
        if len(found) == rank:
            return found
    wanted = "a positive integer" if least == 1 else f"an integer from {least} on"
    many = f" or {rank} of them" if rank > 1 else ""
    raise error(layer, f"{name} must be {wanted}{many}, got {value!r}.")


def data_format_of(layer: Layer, value: str | None) -> str:
    """`'channels_last'` or `'channels_first'`; None is the setting of `thalweg.config`."""
    if value is None:
        return config.image_data_format()
    found: str = one_of(layer, "data_format", value, ("channels_last", "channels_first"))
    return found


def refuse(layer: Layer, **arguments: Any) -> None:
    """Raise for Keras arguments that this library does not have, where they ask for something."""
    for name, value in arguments.items():
        if value is not None and value is not False:
            raise error(layer, f"{name} is not supported, got {value!r}.")


def known_length(layer: Layer, shape: Sequence[int | None], axis: int = -1) -> int:
    """The length of an axis that weights depend on."""
    length = shape[axis]
    if length is None:
        raise error(
            layer,
            f"the length of axis {axis} of its input must be known, got shape {tuple(shape)}.",
        )
    return length


def check_labels(layer: Layer, name: str, labels: Tensor, count: int) -> None:
    """Raise where a label is not from 0 to `count - 1`, the value of the argument `name`.

    Only what has values can be checked: while a graph is traced this does nothing.
    """
    if type(labels) is not Tensor or not labels.size:
        return
    low, high = labels._value.min(), labels._value.max()
    if not 0 <= low <= high < count:
        raise error(
            layer,
            f"inputs must be from 0 to {count - 1} ({name}={count}), got values from {low} to "
            f"{high}.",
        )
