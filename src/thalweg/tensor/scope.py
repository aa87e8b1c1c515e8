"""StatelessScope: run code that assigns to variables as a pure function of their values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from thalweg.tensor.context import CONTEXT, VariableScope
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["StatelessScope"]


class StatelessScope:
    """Inside the `with` block, variables have the given values and assignments stay in the scope.

    Args:
        state_mapping: pairs of a variable and its value inside; other variables keep theirs.

    >>> import thalweg as tw
    >>> v = tw.Variable(1.0)
    >>> with StatelessScope([(v, 5.0)]) as scope:
    ...     _ = v.assign_add(1.0)
    >>> scope.get_current_value(v).numpy(), v.numpy()
    (np.float32(6.0), np.float32(1.0))
    """

    def __init__(self, state_mapping: Iterable[tuple[Variable, Any]] = ()) -> None:
        # By identity, with the variable kept alive: `==` of variables compares elements.
        self._values: dict[int, tuple[Variable, Tensor]] = {}
        self._outer: VariableScope | None = None
        for variable, value in state_mapping:
            tensor = convert_to_tensor(value, variable.dtype)
            if tensor.shape != variable.shape:
                raise ValueError(
                    f"StatelessScope: the value for Variable '{variable.name}' has shape "
                    f"{tensor.shape}, expected {variable.shape}."
                )
            self._values[id(variable)] = variable, tensor

    def __enter__(self) -> Self:
        self._outer = CONTEXT.variables
        CONTEXT.variables = self
        return self

    def __exit__(self, *error: object) -> None:
        CONTEXT.variables = self._outer

    def read(self, variable: Variable) -> Tensor:
        """The value of a variable inside the scope."""
        known = self._values.get(id(variable))
        if known is not None:
            return known[1]
        return variable._tensor if self._outer is None else self._outer.read(variable)

    def write(self, variable: Variable, value: Tensor) -> None:
        """Keep an assignment."""
        self._values[id(variable)] = variable, value

    def items(self) -> list[tuple[Variable, Tensor]]:
        """The variables that were given or assigned, with their values."""
        return list(self._values.values())

    def get_current_value(self, variable: Variable) -> Tensor:
        """The value that a variable has inside the scope now, or had at its end."""
        return self.read(variable)
