"""Which target, loss and metric belongs to which output of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.tensor.tree import flatten, is_nested

__all__ = ["Outputs"]


class Outputs:
    """The outputs of a model as a flat list, and how other structures fit to them.

    Args:
        y_pred: the outputs, in any structure.
        names: the names of the outputs where the model has some; keys of a dict go first.

    Attributes:
        count: the number of outputs.
        names: the name of each output, None where it has none.
    """

    def __init__(self, y_pred: Any, names: Sequence[str] | None = None) -> None:
        self.structure = y_pred
        self.count = len(flatten(y_pred))
        self.names: list[str | None] = [None] * self.count
        if isinstance(y_pred, dict) and len(y_pred) == self.count:
            self.names = sorted(y_pred)
        elif names is not None and len(names) == self.count:
            self.names = list(names)

    def described(self) -> str:
        """The outputs as messages name them."""
        if self.count == 1:
            return "1 output"
        named = [n for n in self.names if n is not None]
        return f"{self.count} outputs" + (f" ({', '.join(named)})" if named else "")

    def spread(self, setting: Any, what: str) -> list[Any]:
        """A setting for each output from one for all, a list of them, or a dict by name.

        Args:
            setting: the argument that the user gave.
            what: the argument's name, for messages.
        """
        if not is_nested(setting):
            return [setting] * self.count
        if isinstance(setting, dict):
            return self._by_name(setting, what)
        if len(setting) == self.count:
            return list(setting)
        leaves = flatten(setting)
        if len(leaves) == self.count:  # a structure like that of the outputs
            return leaves
        raise ValueError(f"{what} has {len(setting)} entries for {self.described()}.")

    def _by_name(self, setting: dict[Any, Any], what: str) -> list[Any]:
        known = [n for n in self.names if n is not None]
        unknown = [key for key in setting if key not in known]
        if unknown and len(flatten(setting)) == self.count and not known:
            return flatten(setting)
        if unknown:
            names = f"; the names are {known}" if known else ", which have no names: use a list"
            raise ValueError(
                f"{what} names {unknown[0]!r}, but there is {self.described()}{names}."
            )
        return [setting.get(name) for name in self.names]

    def match(self, y: Any, what: str, wanted: Sequence[bool] | None = None) -> list[Any]:
        """The targets (or sample weights) in the order of the outputs.

        Args:
            y: a target for each output, in the outputs' structure, as a list, or as a dict by
                name; None where nothing is given.
            what: the argument's name, for messages.
            wanted: which outputs need one; if the others have none, they get None.
        """
        if y is None:
            return [None] * self.count
        if isinstance(y, dict) and set(y) <= set(self.names) and len(flatten(y)) == len(y):
            return [y.get(name) for name in self.names]
        leaves = flatten(y)
        misnamed = isinstance(y, dict) and not self._has_keys(y)
        if len(leaves) == self.count and not misnamed:
            return leaves
        if misnamed and any(n is not None for n in self.names):
            raise ValueError(
                f"The model has {self.described()}, got a dict with {sorted(y)} for {what}."
            )
        if wanted is not None and len(leaves) == sum(wanted):
            rest = iter(leaves)
            return [next(rest) if needed else None for needed in wanted]
        raise ValueError(f"The model has {self.described()}, got {len(leaves)} for {what}.")

    def _has_keys(self, y: dict[Any, Any]) -> bool:
        return isinstance(self.structure, dict) and set(y) == set(self.structure)
