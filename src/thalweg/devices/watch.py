"""Watch: which Programs run, how often and with what, for whoever wants to explain them later."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from thalweg.devices.executable import Executable

__all__ = ["Watched", "note", "watchers", "watching"]

Array = np.ndarray[Any, Any]


@dataclass(slots=True, eq=False)
class Watched:
    """A Program that ran.

    Attributes:
        executable: what runs it; held, so that it can be explained when the model is gone.
        states: its states.
        inputs: those of its largest batch.
        n: the size of that batch.
        runs: how often it ran.
    """

    executable: Executable
    states: tuple[Any, ...]
    inputs: list[Array]
    n: int
    runs: int = 0


watchers: list[dict[int, Watched]] = []


@contextlib.contextmanager
def watching() -> Iterator[dict[int, Watched]]:
    """Gives a dict that comes to hold what runs within."""
    found: dict[int, Watched] = {}
    watchers.append(found)
    try:
        yield found
    finally:
        watchers.remove(found)


def note(
    executable: Executable, states: tuple[Any, ...], inputs: Sequence[Array], n: int, runs: int
) -> None:
    """Tell who watches that a Program ran.

    Args:
        executable: what ran.
        states, n: as it ran.
        inputs: as it ran; of arrays with a row for each sample, the first n are taken.
        runs: how often.
    """
    for found in watchers:
        known = found.get(id(executable))
        if known is None or n > known.n:
            count = 0 if known is None else known.runs
            known = found[id(executable)] = Watched(
                executable, states, _rows(executable, inputs, n), n, count
            )
        known.runs += runs


def _rows(executable: Executable, inputs: Sequence[Array], n: int) -> list[Array]:
    buffers = executable.image.inputs
    return [
        array[:n] if buffer.size.scale and array.size > buffer.size.at(n) else array
        for array, buffer in zip(inputs, buffers, strict=True)
    ]
