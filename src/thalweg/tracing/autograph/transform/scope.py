"""What is known of the names of a function while it is converted."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Scope"]


@dataclass(slots=True)
class Scope:
    """A function that is being converted.

    Attributes:
        name: its name, for messages.
        parameters: its parameters.
        own: its local variables, parameters included.
        fragile: those of them that some read may find without a value.
        globals: the names it declares global.
        nonlocals: the names it declares nonlocal.
        outer: the function around, if that is converted together with it.
        owner: the class in which the outermost function stands; private names belong to it.
        setters: the names for which a function is made that assigns them (`:=` inside a lambda).
        hidden: the names that lambdas around the present expression bind.
    """

    name: str
    parameters: list[str]
    own: set[str]
    fragile: set[str]
    globals: set[str]
    nonlocals: set[str]
    outer: Scope | None
    owner: str | None
    setters: set[str] = field(default_factory=set)
    hidden: list[set[str]] = field(default_factory=list)
    count: int = 0

    def fresh(self, what: str) -> str:
        """A name that nothing else has."""
        self.count += 1
        return f"ag__{what}_{self.count}"

    def mangled(self, name: str) -> str:
        """A private name as the compiler knows it."""
        if self.owner is None or not name.startswith("__") or name.endswith("__"):
            return name
        return f"_{self.owner.lstrip('_')}{name}" if self.owner.strip("_") else name

    def is_hidden(self, name: str) -> bool:
        """Whether a lambda around binds the name."""
        return any(name in names for names in self.hidden)

    def outer_fragile(self, name: str) -> bool:
        """Whether a name from a function around may be without a value."""
        scope = self.outer
        while scope is not None:
            if name in scope.own:
                return name in scope.fragile
            scope = scope.outer
        return False

    def is_converted_outside(self, name: str) -> bool:
        """Whether a function around that is converted too has the name as its own."""
        scope = self.outer
        while scope is not None:
            if name in scope.own:
                return True
            scope = scope.outer
        return False

    def from_outside(self, name: str) -> bool:
        """Whether what a name stands for may have existed before the traced call."""
        if name in self.parameters:
            return self.outer is None
        return name not in self.own and not self.is_converted_outside(name)
