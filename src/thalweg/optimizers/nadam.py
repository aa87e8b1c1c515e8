"""Nadam: Adam with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg import config as settings
from thalweg import ops
from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import HyperParameter, OptionsWithDecay
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Nadam"]


@serializable(MODULE)
class Nadam(Optimizer):
    """Adam whose step looks ahead, with a momentum that grows as training goes on.

    With `u(t) = beta_1 * (1 - 0.5 * 0.96^t)` and `U(t)` the product of all `u` up to step t:
    `w = w - learning_rate * (u(t+1) * m / (1 - U(t+1)) + (1 - u(t)) * g / (1 - U(t)))
    / (sqrt(v / (1 - beta_2^t)) + epsilon)`, where `m` and `v` are means of `g` and `g²`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        beta_1: how much of the mean of the gradients stays; a number or a schedule.
        beta_2: how much of the mean of their squares stays; a number or a schedule.
        epsilon: keeps the division finite.
        options: as in `Optimizer`.

    Source: T. Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
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
        dtype = variables[0].dtype if variables else settings.floatx()
        self._u_product = self.add_variable((), "ones", dtype, "u_product")

    def _u(self, beta_1: Any, t: Tensor) -> Any:
        return beta_1 * (1.0 - 0.5 * ops.power(0.96, t))

    def _begin_update(self) -> None:
        dtype = self._u_product.dtype
        t = ops.cast(self.iterations + 1, dtype)
        self._u_product.assign(self._u_product * self._u(self._at_step(self.beta_1, dtype), t))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        i, dtype = self._get_variable_index(variable), variable.dtype
        beta_1, beta_2 = self._at_step(self.beta_1, dtype), self._at_step(self.beta_2, dtype)
        t = ops.cast(self.iterations + 1, dtype)
        u, next_u = self._u(beta_1, t), self._u(beta_1, t + 1.0)
        product = ops.cast(self._u_product, dtype)
        m, v = self._momentums[i], self._velocities[i]
        mean = m.assign_add((gradient - m) * (1.0 - beta_1))
        square = v.assign_add((ops.square(gradient) - v) * (1.0 - beta_2))
        ahead = next_u * mean / (1.0 - product * next_u) + (1.0 - u) * gradient / (1.0 - product)
        spread = square / (1.0 - ops.power(beta_2, t))
        variable.assign_sub(ahead * learning_rate / (ops.sqrt(spread) + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._described("beta_1", "beta_2", "epsilon")}
