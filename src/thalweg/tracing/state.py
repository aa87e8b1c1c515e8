"""Code that reads and assigns variables, turned into a pure function of their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.primitives.elementwise import stop_gradient
from thalweg.tensor.scope import StatelessScope
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["commit", "functionalize", "present_values"]


class _State(StatelessScope):
    """A variable scope in which only the variables of the state may be assigned."""

    def write(self, variable: Variable, value: Tensor) -> None:
        if id(variable) not in self._values:
            raise RuntimeError(
                f"Variable '{variable.path}' is assigned in a step but does not belong to its "
                "state; make it an attribute of the model, or of one of its layers, metrics or "
                "optimizers, before the step runs."
            )
        # As outside of a scope, no gradient flows through an assignment, and two variables never
        # share one tensor: tapes tell values apart by object.
        kept = Tensor(value._value) if type(value) is Tensor else stop_gradient(value)
        super().write(variable, kept)


def functionalize(
    function: Callable[..., Any], variables: Sequence[Variable]
) -> Callable[..., tuple[Any, list[Tensor]]]:
    """A pure function `pure(values, *args) -> (outputs, new_values)` from one with side effects.

    Inside, the variables have the given values, and what is assigned to them becomes the new
    values; the variables themselves stay as they are. The result can be run, traced and compiled.

    Args:
        function: any code on tensors that reads and assigns `variables`.
        variables: the state; assigning any other variable is an error.

    >>> import thalweg as tw
    >>> v = tw.Variable(1.0)
    >>> pure = functionalize(lambda x: v.assign_add(x), [v])
    >>> outputs, values = pure(present_values([v]), 2.0)
    >>> values[0].numpy(), v.numpy()
    (np.float32(3.0), np.float32(1.0))
    """
    variables = list(variables)

    def pure(values: Sequence[Tensor], *args: Any) -> tuple[Any, list[Tensor]]:
        with _State(zip(variables, values, strict=True)) as scope:
            outputs = function(*args)
        return outputs, [scope.get_current_value(v) for v in variables]

    return pure


def present_values(variables: Sequence[Variable]) -> list[Tensor]:
    """The values of the variables, as `functionalize` takes them."""
    return [v._tensor for v in variables]


def commit(variables: Sequence[Variable], values: Sequence[Tensor]) -> None:
    """Give the variables the new values that a pure function returned."""
    for variable, value in zip(variables, values, strict=True):
        variable._tensor = value
