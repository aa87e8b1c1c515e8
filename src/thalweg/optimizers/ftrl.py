"""FTRL-Proximal: follows the regularized leader; with L1 it sets weights to exactly zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg import initializers, ops
from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import OptionsWithDecay
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Ftrl"]


@serializable(MODULE)
class Ftrl(Optimizer):
    """For large, sparse linear models.

    With `n' = n + g²` and `s = (n'^-p - n^-p) / learning_rate` for the power p:
    `z = z + g + 2 * l2_shrinkage * w - s * w` and
    `w = (clip(z, -l1, l1) - z) / (n'^-p / learning_rate + 2 * l2 + beta / learning_rate)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        learning_rate_power: p, at most 0; 0 keeps the learning rate fixed.
        initial_accumulator_value: the first `n`, at least 0.
        l1_regularization_strength: `l1`, at least 0.
        l2_regularization_strength: `l2`, at least 0.
        l2_shrinkage_regularization_strength: `l2_shrinkage`, at least 0: an L2 penalty on the
            size, where `l2` is one on the change.
        beta: the paper's beta.
        options: as in `Optimizer`.

    Source: H. B. McMahan et al., "Ad Click Prediction: a View from the Trenches", 2013.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Unpack[OptionsWithDecay],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        if learning_rate_power > 0:
            raise ValueError(
                f"Optimizer '{self.name}': learning_rate_power must be <= 0, got "
                f"{learning_rate_power!r}."
            )
        for argument in (
            "initial_accumulator_value",
            "l1_regularization_strength",
            "l2_regularization_strength",
            "l2_shrinkage_regularization_strength",
        ):
            if getattr(self, argument) < 0:
                raise ValueError(
                    f"Optimizer '{self.name}': {argument} must be >= 0, got "
                    f"{getattr(self, argument)!r}."
                )

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        start = initializers.Constant(self.initial_accumulator_value)
        self._accumulators, self._linears = self.add_optimizer_variables(
            variables, ["accumulator", "linear"], [start, "zeros"]
        )

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        i = self._get_variable_index(variable)
        accumulator, linear = self._accumulators[i], self._linears[i]
        total = accumulator + ops.square(gradient)
        before = ops.power(accumulator, -self.learning_rate_power)
        after = ops.power(total, -self.learning_rate_power)
        shrinkage = 2.0 * self.l2_shrinkage_regularization_strength * variable
        z = linear.assign_add(gradient + shrinkage - (after - before) / learning_rate * variable)
        curve = after / learning_rate + 2.0 * self.l2_regularization_strength
        if self.beta:
            curve = curve + self.beta / learning_rate
        l1 = self.l1_regularization_strength
        variable.assign((ops.clip(z, -l1, l1) - z) / curve)
        accumulator.assign(total)

    def get_config(self) -> dict[str, Any]:
        own = self._described(
            "learning_rate_power",
            "initial_accumulator_value",
            "l1_regularization_strength",
            "l2_regularization_strength",
            "l2_shrinkage_regularization_strength",
            "beta",
        )
        return {**super().get_config(), **own}
