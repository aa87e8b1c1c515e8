"""List comprehensions and generator expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.iteration import for_
from thalweg.tracing.autograph.runtime.places import Contents, writing
from thalweg.tracing.autograph.runtime.sequences import as_sequence
from thalweg.tracing.autograph.runtime.session import is_symbolic, user_line
from thalweg.tracing.autograph.runtime.state import EMPTY

__all__ = ["comprehension", "generator", "keeps"]


def comprehension(iterable: Any, element: Callable[[Any], list[Any]]) -> list[Any]:
    """A list comprehension.

    Args:
        iterable: what it runs over.
        element: from an item to the list of elements that it gives (none if a condition fails).
    """
    sequence = as_sequence(iterable)
    if sequence is None:
        return [x for item in iterable for x in element(item)]
    found: list[Any] = []

    def body(item: Any) -> None:
        items = element(item)
        writing(lambda: Contents(found))
        found.extend(items)

    for_(sequence, body, EMPTY)
    return found


def generator(iterable: Any, element: Callable[[Any], list[Any]]) -> Any:
    """A generator expression: over a tensor a list, else as lazy as in Python."""
    if as_sequence(iterable) is not None:
        return comprehension(iterable, element)
    return (x for item in iterable for x in element(item))


def keeps(condition: Any) -> bool:
    """The condition of a comprehension."""
    if is_symbolic(condition):
        filename, line = user_line()
        raise AutoGraphError(
            f"{filename}:{line}: the `if` of a comprehension depends on a tensor, so the length of "
            "the list would too; keep all elements and use ops.where for those that do not count."
        )
    return bool(condition)
