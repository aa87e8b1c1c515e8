"""Lion: steps of one size, by the sign of a momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg import ops
from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import HyperParameter, OptionsWithDecay
from thalweg.optimizers.schedules.schedule import LearningRateSchedule
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Lion"]


@serializable(MODULE)
class Lion(Optimizer):
    """`w = w - learning_rate * sign(beta_1 * m + (1 - beta_1) * g)`.

    Afterwards `m = beta_2 * m + (1 - beta_2) * g`. It needs half the memory of Adam and learning
    rates 3 to 10 times smaller.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        beta_1: how much the momentum decides the step, above 0; a number or a schedule.
        beta_2: how much of the momentum stays; a number or a schedule.
        options: as in `Optimizer`.

    Source: X. Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: HyperParameter = 0.9,
        beta_2: HyperParameter = 0.99,
        **options: Unpack[OptionsWithDecay],
    ) -> None:
        super().__init__(learning_rate, **options)
        if not isinstance(beta_1, LearningRateSchedule) and not 0 < beta_1 <= 1:
            raise ValueError(
                f"Optimizer '{self.name}': beta_1 must be above 0 and at most 1, got {beta_1!r}."
            )
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        dtype = variable.dtype
        beta_1, beta_2 = self._at_step(self.beta_1, dtype), self._at_step(self.beta_2, dtype)
        m = self._momentums[self._get_variable_index(variable)]
        variable.assign_sub(learning_rate * ops.sign(m * beta_1 + gradient * (1.0 - beta_1)))
        m.assign(m * beta_2 + gradient * (1.0 - beta_2))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._described("beta_1", "beta_2")}
