"""Adamax: Adam with the largest gradient so far in place of the mean of squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg import ops
from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import HyperParameter, OptionsWithDecay
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Adamax"]


@serializable(MODULE)
class Adamax(Optimizer):
    """`w = w - learning_rate / (1 - beta_1^t) * m / (u + epsilon)` at step t.

    `m = beta_1 * m + (1 - beta_1) * g` and `u = max(beta_2 * u, |g|)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        beta_1: how much of the mean of the gradients stays; a number or a schedule.
        beta_2: how fast the largest gradient is forgotten; a number or a schedule.
        epsilon: keeps the division finite.
        options: as in `Optimizer`.

    Source: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015, section 7.
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
        self._m, self._u = self.add_optimizer_variables(variables, ["momentum", "norm"])

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        i, dtype = self._get_variable_index(variable), variable.dtype
        beta_1, beta_2 = self._at_step(self.beta_1, dtype), self._at_step(self.beta_2, dtype)
        t = ops.cast(self.iterations + 1, dtype)
        m, u = self._m[i], self._u[i]
        mean = m.assign_add((gradient - m) * (1.0 - beta_1))
        largest = u.assign(ops.maximum(beta_2 * u, ops.absolute(gradient)))
        alpha = learning_rate / (1.0 - ops.power(beta_1, t))
        variable.assign_sub(alpha * mean / (largest + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._described("beta_1", "beta_2", "epsilon")}
