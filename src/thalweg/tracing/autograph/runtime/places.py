"""Places outside of local variables that traced code may change, and what follows from a change.

A condition or loop on tensors must know every change made in its body: it runs the body of each
branch, puts the old values back, and afterwards sets what the graph gives.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CellType
from typing import Any, Protocol

from thalweg.tracing.autograph.runtime.session import SESSION
from thalweg.tracing.autograph.runtime.state import UNDEFINED, read, write

__all__ = ["Attribute", "Cell", "Contents", "Global", "Place", "writing"]


class Place(Protocol):
    """Something that holds a value and can be given another."""

    owner: Any

    @property
    def key(self) -> tuple[Any, ...]: ...

    @property
    def label(self) -> str: ...

    def get(self) -> Any: ...

    def set(self, value: Any) -> None: ...


class Attribute:
    """An attribute of an object."""

    def __init__(self, owner: Any, name: str) -> None:
        self.owner = owner
        self.name = name
        self.key = ("attribute", id(owner), name)
        self.label = f"attribute '{name}' of the {type(owner).__name__}"

    def get(self) -> Any:
        own = getattr(self.owner, "__dict__", None)
        if own is not None and not hasattr(type(self.owner), self.name):
            return own.get(self.name, UNDEFINED)
        return getattr(self.owner, self.name, UNDEFINED)

    def set(self, value: Any) -> None:
        if value is not UNDEFINED:
            setattr(self.owner, self.name, value)
        elif self.get() is not UNDEFINED:
            delattr(self.owner, self.name)


class Contents:
    """All that a list, dict or set holds."""

    def __init__(self, container: Any) -> None:
        self.owner = self.container = container
        self.key = ("contents", id(container))
        self.label = f"the {type(container).__name__}"

    def get(self) -> Any:
        found = self.container
        if isinstance(found, list):
            return list(found)
        return dict(found) if isinstance(found, dict) else set(found)

    def set(self, value: Any) -> None:
        if isinstance(self.container, list):
            self.container[:] = value
        else:
            self.container.clear()
            self.container.update(value)


class Cell:
    """A variable of an enclosing function."""

    def __init__(self, cell: CellType, name: str) -> None:
        self.owner = self.cell = cell
        self.key = ("cell", id(cell))
        self.label = f"variable '{name}'"

    def get(self) -> Any:
        return read(self.cell)

    def set(self, value: Any) -> None:
        write(self.cell, value)


class Global:
    """A global variable."""

    def __init__(self, names: dict[str, Any], name: str) -> None:
        self.owner = self.names = names
        self.name = name
        self.key = ("global", id(names), name)
        self.label = f"global variable '{name}'"

    def get(self) -> Any:
        return self.names.get(self.name, UNDEFINED)

    def set(self, value: Any) -> None:
        if value is UNDEFINED:
            self.names.pop(self.name, None)
        else:
            self.names[self.name] = value


def writing(make: Callable[[], Place]) -> None:
    """Called before a place is changed: the innermost construct on tensors takes note."""
    if SESSION.frames:
        SESSION.frames[-1].writing(make())
