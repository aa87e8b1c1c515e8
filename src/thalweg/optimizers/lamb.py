"""LAMB: Adam whose step for each variable is as long as the variable; for large batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg import ops
from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import HyperParameter, OptionsWithDecay
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Lamb"]


@serializable(MODULE)
class Lamb(Optimizer):
    """`w = w - learning_rate * |w| / |u| * u`, where `u` is Adam's step with both means corrected.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        beta_1: how much of the mean of the gradients stays; a number or a schedule.
        beta_2: how much of the mean of their squares stays; a number or a schedule.
        epsilon: keeps the division finite.
        options: as in `Optimizer`.

    Source: Y. You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76
    minutes", 2020.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: HyperParameter = 0.9,
        beta_2: HyperParameter = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[OptionsWithDecay],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(
            variables, ["momentum", "velocity"]
        )

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        i, dtype = self._get_variable_index(variable), variable.dtype
        beta_1, beta_2 = self._at_step(self.beta_1, dtype), self._at_step(self.beta_2, dtype)
        t = ops.cast(self.iterations + 1, dtype)
        m, v = self._momentums[i], self._velocities[i]
        mean = m.assign_add((gradient - m) * (1.0 - beta_1))
        square = v.assign_add((ops.square(gradient) - v) * (1.0 - beta_2))
        spread = ops.sqrt(square / (1.0 - ops.power(beta_2, t))) + self.epsilon
        update = mean / (1.0 - ops.power(beta_1, t)) / spread
        length = ops.sqrt(ops.sum(ops.square(variable)))
        step = ops.sqrt(ops.sum(ops.square(update)))
        both = ops.logical_and(length > 0, step > 0)
        ratio = ops.where(both, length / step, 1.0)
        variable.assign_sub(ratio * learning_rate * update)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._described("beta_1", "beta_2", "epsilon")}
