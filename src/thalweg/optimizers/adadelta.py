"""Adadelta: steps in the units of the variable, from running means of steps and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg import ops
from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import HyperParameter, OptionsWithDecay
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Adadelta"]


@serializable(MODULE)
class Adadelta(Optimizer):
    """`d = -sqrt(D + epsilon) / sqrt(G + epsilon) * g; w = w + learning_rate * d`.

    `G` and `D` are running means of `g²` and `d²`: `G = rho * G + (1 - rho) * g²`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments; 1.0 is the paper's.
        rho: how much of the old means stays; a number or a schedule.
        epsilon: starts the steps, and keeps the division finite.
        options: as in `Optimizer`.

    Source: M. D. Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: HyperParameter = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[OptionsWithDecay],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._accumulated_grads, self._accumulated_delta_vars = self.add_optimizer_variables(
            variables, ["accumulated_grad", "accumulated_delta_var"]
        )

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        i = self._get_variable_index(variable)
        rho = self._at_step(self.rho, variable.dtype)
        grads, deltas = self._accumulated_grads[i], self._accumulated_delta_vars[i]
        grad_square = grads.assign(rho * grads + (1.0 - rho) * ops.square(gradient))
        scale = ops.sqrt(deltas + self.epsilon) / ops.sqrt(grad_square + self.epsilon)
        delta = -scale * gradient
        deltas.assign(rho * deltas + (1.0 - rho) * ops.square(delta))
        variable.assign_add(learning_rate * delta)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._described("rho", "epsilon")}
