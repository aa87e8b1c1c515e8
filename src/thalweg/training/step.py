"""A step of training, testing or prediction as one pure function of (state, batch)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.tracing.state import commit, functionalize, present_values

__all__ = ["Step"]


class Step:
    """`step(values, data) -> (outputs, new_values)`, and `run(data)`, which keeps the new values.

    Args:
        method: what the step does with a batch, for example `model.train_step`.
        variables: all state that it may change: weights, statistics, random generators, the
            optimizer's variables, metrics.
        after: called when the step is over, whether it failed or not.
    """

    def __init__(
        self,
        method: Callable[[Any], Any],
        variables: Sequence[Variable],
        after: Callable[[], None],
    ) -> None:
        def cleaned(data: Any) -> Any:
            try:
                return method(data)
            finally:
                after()

        self.variables = list(variables)
        self._pure = functionalize(cleaned, self.variables)

    def __call__(self, values: Sequence[Tensor], data: Any) -> tuple[Any, list[Tensor]]:
        """The outputs for this state and batch, and the state after it; nothing is changed."""
        return self._pure(values, data)

    def run(self, data: Any) -> Any:
        """Take the step: only if it succeeds does the state change."""
        outputs, values = self._pure(present_values(self.variables), data)
        commit(self.variables, values)
        return outputs
