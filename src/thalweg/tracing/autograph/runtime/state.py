"""The local variables that a construct changes, read and written through their cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import CellType
from typing import Any

from thalweg.tensor.tensor import Tensor

__all__ = ["EMPTY", "UNDEFINED", "Maybe", "State", "Undefined"]


class Undefined:
    """Stands for a variable without a value."""

    def __repr__(self) -> str:
        return "no value"


UNDEFINED = Undefined()


@dataclass(frozen=True, slots=True, eq=False)
class Maybe:
    """The value of a variable that has one only on some paths.

    Attributes:
        value: the value; zeros on paths without one.
        defined: one bool, known when the graph runs.
    """

    value: Any
    defined: Tensor


class State:
    """The variables that a construct assigns.

    Args:
        thunk: a function whose free variables are these; it is never called.
        live: those that are read after the construct, or in the next round of a loop.
        fragile: those that some read may find without a value.
    """

    def __init__(
        self,
        thunk: Callable[[], Any],
        live: Iterable[str] = (),
        fragile: Iterable[str] = (),
    ) -> None:
        cells = thunk.__closure__ or ()
        self.cells: dict[str, CellType] = dict(zip(thunk.__code__.co_freevars, cells, strict=True))
        self.live = [name for name in self.cells if name in set(live)]
        self.fragile = frozenset(fragile)

    def get(self) -> dict[str, Any]:
        """The present values."""
        return {name: read(cell) for name, cell in self.cells.items()}

    def set(self, values: dict[str, Any]) -> None:
        """Give the variables these values."""
        for name, value in values.items():
            write(self.cells[name], value)


def read(cell: CellType) -> Any:
    """The value in a cell."""
    try:
        return cell.cell_contents
    except ValueError:
        return UNDEFINED


def write(cell: CellType, value: Any) -> None:
    """Put a value into a cell, or empty it."""
    if value is not UNDEFINED:
        cell.cell_contents = value
    elif read(cell) is not UNDEFINED:
        del cell.cell_contents


EMPTY = State(lambda: None)
