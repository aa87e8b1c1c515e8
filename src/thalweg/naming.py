"""Names that objects get by themselves: `dense`, `dense_1`, ..."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["auto_name", "clear_names", "names_kept", "to_snake_case", "uniquify"]


class _Counters(threading.local):
    def __init__(self) -> None:
        self.used: defaultdict[str, int] = defaultdict(int)


_COUNTERS = _Counters()


def to_snake_case(name: str) -> str:
    """`'MaxPooling2D'` -> `'max_pooling2d'`, as Keras does it.

    >>> to_snake_case("MultiHeadAttention"), to_snake_case("LSTM")
    ('multi_head_attention', 'lstm')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def uniquify(name: str) -> str:
    """The name, with a number behind it from its second use on."""
    count = _COUNTERS.used[name]
    _COUNTERS.used[name] += 1
    return name if count == 0 else f"{name}_{count}"


def auto_name(prefix: str) -> str:
    """A unique name for an object of a class."""
    return uniquify(to_snake_case(prefix))


def clear_names() -> None:
    """Start counting from the beginning."""
    _COUNTERS.used.clear()


@contextmanager
def names_kept() -> Iterator[None]:
    """After the block names are counted as if it had not run; what it made is not to stay.

    >>> with names_kept():
    ...     inside = auto_name("Ford")
    >>> inside == auto_name("Ford")
    True
    """
    before = dict(_COUNTERS.used)
    try:
        yield
    finally:
        _COUNTERS.used.clear()
        _COUNTERS.used.update(before)
