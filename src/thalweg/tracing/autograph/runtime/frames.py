"""What the bodies of loops change outside of local variables, and which options they set."""

from __future__ import annotations

from typing import Any

from thalweg.tensor.variable import Variable
from thalweg.tracing.autograph.errors import Again
from thalweg.tracing.autograph.runtime import places
from thalweg.tracing.autograph.runtime.growth import Growth
from thalweg.tracing.autograph.runtime.session import SESSION, Frame, born_since
from thalweg.tracing.autograph.runtime.state import State

__all__ = ["LoopFrame", "PythonLoop", "Reoptioned"]


class Reoptioned(Again):
    """Tells a loop that its body has set options."""


class PythonLoop(Frame):
    """A loop that Python runs, inside of which `set_loop_options` means nothing to others."""

    in_graph = False

    def __init__(self) -> None:
        super().__init__(len(SESSION.tries))
        self.outer = SESSION.frames[-1] if SESSION.frames else None
        self.options: dict[str, Any] = {}

    def writing(self, place: Any) -> None:
        if self.outer is not None:
            self.outer.writing(place)

    def variable_written(self, variable: Variable) -> None:
        if self.outer is not None:
            self.outer.variable_written(variable)


class LoopFrame(Frame):
    """Notes what a loop's body changes outside of local variables.

    What is not known to be carried is a suspect, and the body is traced again: what turns up in the
    next trace too is from outside, and is carried; what does not was made inside.
    """

    def __init__(self, state: State) -> None:
        super().__init__(len(SESSION.tries))
        self.cells = {id(cell) for cell in state.cells.values()}
        self.options: dict[str, Any] = {}
        self.places: dict[tuple[Any, ...], places.Place] = {}
        self.variables: dict[int, Variable] = {}
        # Of the last trace and of this one: the place, and what it held before.
        self.suspects: dict[tuple[Any, ...], tuple[places.Place, Any]] = {}
        self.old: dict[tuple[Any, ...], tuple[places.Place, Any]] = {}
        self.growths: dict[tuple[Any, ...], Growth] = {}

    def writing(self, place: places.Place) -> None:
        if place.key in self.places or place.key in self.growths:
            return
        if place.key[0] == "cell" and place.key[1] in self.cells:
            return
        if place.key not in self.old and not born_since(place.owner, self.births):
            self.old[place.key] = place, place.get()

    def starts(self) -> None:
        """Called before the body is traced."""
        self.births = SESSION.births
        self.suspects, self.old = self.old, {}

    def restore(self) -> None:
        """Called after it: what it changed elsewhere is as before."""
        for place, value in self.old.values():
            place.set(value)

    def knows_all(self) -> bool:
        """Whether everything from outside that changes is carried; what is not will be."""
        new = {key: place for key, (place, _) in self.old.items() if key in self.suspects}
        self.places.update(new)
        return not new and not (self.old and not self.suspects)

    def variable_written(self, variable: Variable) -> None:
        if id(variable) not in self.variables:
            self.variables[id(variable)] = variable
            raise Again(self)

    def set_options(self, options: dict[str, Any]) -> None:
        """Called by `set_loop_options` in the body."""
        if self.options != options:
            self.options = options
            raise Reoptioned(self)
