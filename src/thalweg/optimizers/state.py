"""The variables that an optimizer keeps: made, listed, saved and loaded."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from thalweg import config as settings
from thalweg import initializers
from thalweg.tensor.stored import assign_stored, store_variables
from thalweg.tensor.variable import Variable

__all__ = ["OptimizerState"]


class OptimizerState:
    """The part of an optimizer that keeps variables.

    Args:
        name: the optimizer's name, which stands before the paths of its variables.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._variables: list[Variable] = []

    @property
    def variables(self) -> list[Variable]:
        """The state: iteration, learning rate (if not a schedule), averages, slots."""
        return list(self._variables)

    def _own(self, variable: Variable) -> Variable:
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new variable of the optimizer's state."""
        return self._own(
            Variable(
                initializers.get(initializer),
                shape=tuple(shape),
                dtype=dtype or settings.floatx(),
                trainable=False,
                name=name,
            )
        )

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A new variable of the state with the shape and dtype of another variable."""
        head = reference_variable.path.replace("/", "_")
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            f"{head}_{name or 'var'}",
        )

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """A new variable of the state (a "slot") for each variable.

        Args:
            trainable_variables: the variables.
            name: the slot's name, or a list of names for several slots each.
            initializer: how they start, or a list with one for each name.

        Returns:
            The list of slots; with a list of names, a tuple of lists.
        """
        names = [name] if isinstance(name, str) else list(name)
        starts = initializer if isinstance(initializer, list) else [initializer] * len(names)
        slots: tuple[list[Variable], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for kind, slot_name, start in zip(slots, names, starts, strict=True):
                kind.append(self.add_variable_from_reference(variable, slot_name, start))
        return slots[0] if isinstance(name, str) else slots

    def save_own_variables(self, store: Any) -> None:
        """Write the state into a mapping, under "0", "1", ..."""
        store_variables(self._variables, store)

    def load_own_variables(self, store: Any) -> None:
        """Read the state from a mapping that `save_own_variables` filled.

        One with another number of entries is left out, with a warning.
        """
        count = len(store.keys())
        if count != len(self._variables):
            warnings.warn(
                f"Optimizer '{self.name}': its state was not loaded, because it has "
                f"{len(self._variables)} variables and the saved one {count}; call "
                "build(variables) before.",
                stacklevel=2,
            )
            return
        assign_stored(f"optimizer '{self.name}'", self._variables, store)
