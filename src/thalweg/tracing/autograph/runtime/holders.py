"""What a loop on tensors carries: local variables, places elsewhere, `Variable`s."""

from __future__ import annotations

from typing import Any, Protocol

from thalweg.tensor.context import CONTEXT
from thalweg.tensor.variable import Variable
from thalweg.tracing.autograph.runtime import places
from thalweg.tracing.autograph.runtime.state import State, read, write

__all__ = ["Assigned", "Elsewhere", "Holder", "Local"]


class Holder(Protocol):
    """Something that the loop carries: a variable, or a place."""

    label: str
    fragile: bool
    numbers: bool

    def get(self) -> Any: ...

    def set(self, value: Any) -> None: ...


class Local:
    """A local variable."""

    numbers = True

    def __init__(self, state: State, name: str) -> None:
        self.cell = state.cells[name]
        self.label = f"variable '{name}'"
        self.fragile = name in state.fragile

    def get(self) -> Any:
        return read(self.cell)

    def set(self, value: Any) -> None:
        write(self.cell, value)


class Elsewhere:
    """An attribute, a container's contents, a global or enclosing variable."""

    fragile = True

    def __init__(self, place: places.Place) -> None:
        self.place = place
        self.label = place.label
        self.is_contents = isinstance(place, places.Contents)
        # In a container most numbers stay as they are.
        self.numbers = not self.is_contents

    def get(self) -> Any:
        return self.place.get()

    def set(self, value: Any) -> None:
        places.writing(lambda: self.place)
        self.place.set(value)


class Assigned:
    """A `Variable`."""

    fragile = False
    numbers = True

    def __init__(self, variable: Variable) -> None:
        self.variable = variable
        self.label = f"Variable '{variable.name}'"

    def get(self) -> Any:
        return self.variable._read()

    def set(self, value: Any) -> None:
        if CONTEXT.variables is None:
            self.variable.assign(value)
        else:
            CONTEXT.variables.write(self.variable, value)
