"""Adagrad: steps divided by the root of the sum of all squared gradients so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg import initializers, ops
from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import OptionsWithDecay
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Adagrad"]


@serializable(MODULE)
class Adagrad(Optimizer):
    """`s = s + g²; w = w - learning_rate * g / sqrt(s + epsilon)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        initial_accumulator_value: the first `s`.
        epsilon: keeps the division finite.
        options: as in `Optimizer`.

    Source: J. Duchi et al., "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization", 2011.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[OptionsWithDecay],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        start = initializers.Constant(self.initial_accumulator_value)
        self._accumulators = self.add_optimizer_variables(variables, "accumulator", start)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        accumulator = self._accumulators[self._get_variable_index(variable)]
        total = accumulator.assign_add(ops.square(gradient))
        variable.assign_sub(learning_rate * gradient / ops.sqrt(total + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        own = self._described("initial_accumulator_value", "epsilon")
        return {**super().get_config(), **own}
