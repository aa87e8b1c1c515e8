"""RMSprop: steps divided by a running mean of the gradient's size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg import ops
from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import HyperParameter, OptionsWithDecay
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["RMSprop"]


@serializable(MODULE)
class RMSprop(Optimizer):
    """`v = rho * v + (1 - rho) * g²; w = w - learning_rate * g / sqrt(v + epsilon)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        rho: how much of the old mean stays; a number or a schedule.
        momentum: from 0 (none) to 1, or a schedule; the steps are added up with it.
        epsilon: keeps the division finite.
        centered: whether the variance of the gradient takes the place of its mean square.
        options: as in `Optimizer`.

    Source: G. Hinton, "Neural Networks for Machine Learning", lecture 6e, 2012; centered:
    A. Graves, "Generating Sequences With Recurrent Neural Networks", 2013.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: HyperParameter = 0.9,
        momentum: HyperParameter = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[OptionsWithDecay],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        self._momentums: list[Variable] = []
        if self.momentum != 0:
            self._momentums = self.add_optimizer_variables(variables, "momentum")
        self._average_gradients: list[Variable] = []
        if self.centered:
            self._average_gradients = self.add_optimizer_variables(variables, "average_gradient")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        i = self._get_variable_index(variable)
        rho = self._at_step(self.rho, variable.dtype)
        velocity = self._velocities[i]
        spread = velocity.assign(rho * velocity + (1.0 - rho) * ops.square(gradient))
        if self._average_gradients:
            average = self._average_gradients[i]
            mean = average.assign(rho * average + (1.0 - rho) * gradient)
            spread = spread - ops.square(mean)
        step = learning_rate * gradient / ops.sqrt(spread + self.epsilon)
        if self._momentums:
            slot = self._momentums[i]
            step = slot.assign(self._at_step(self.momentum, variable.dtype) * slot + step)
        variable.assign_sub(step)

    def get_config(self) -> dict[str, Any]:
        own = self._described("rho", "momentum", "epsilon", "centered")
        return {**super().get_config(), **own}
