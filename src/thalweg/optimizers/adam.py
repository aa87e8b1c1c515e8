"""Adam and AdamW: steps from running means of the gradient and of its square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg import ops
from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import HyperParameter, Options, OptionsWithDecay
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Adam", "AdamW"]


@serializable(MODULE)
class Adam(Optimizer):
    """`w = w - alpha * m / (sqrt(v) + epsilon)`, where `m` and `v` are means of `g` and `g²`.

    `m = beta_1 * m + (1 - beta_1) * g`, `v = beta_2 * v + (1 - beta_2) * g²` and, at step t,
    `alpha = learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        beta_1: how much of the mean of the gradients stays; a number or a schedule.
        beta_2: how much of the mean of their squares stays; a number or a schedule.
        epsilon: keeps the division finite ("epsilon hat" of the paper, before section 2.1).
        amsgrad: whether the largest `v` so far takes the place of `v` (S. Reddi et al., "On the
            Convergence of Adam and Beyond", 2018).
        options: as in `Optimizer`.

    Source: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015.

    >>> import thalweg as tw
    >>> v = tw.Variable([1.0, -1.0])
    >>> tw.optimizers.Adam(0.1).apply([tw.constant([5.0, -5.0])], [v])
    >>> v.numpy()
    array([ 0.9, -0.9], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: HyperParameter = 0.9,
        beta_2: HyperParameter = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptionsWithDecay],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(
            variables, ["momentum", "velocity"]
        )
        self._velocity_hats: list[Variable] = []
        if self.amsgrad:
            self._velocity_hats = self.add_optimizer_variables(variables, "velocity_hat")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        i, dtype = self._get_variable_index(variable), variable.dtype
        beta_1, beta_2 = self._at_step(self.beta_1, dtype), self._at_step(self.beta_2, dtype)
        t = ops.cast(self.iterations + 1, dtype)
        correction = ops.sqrt(1.0 - ops.power(beta_2, t)) / (1.0 - ops.power(beta_1, t))
        m, v = self._momentums[i], self._velocities[i]
        mean = m.assign_add((gradient - m) * (1.0 - beta_1))
        square = v.assign_add((ops.square(gradient) - v) * (1.0 - beta_2))
        if self._velocity_hats:
            largest = self._velocity_hats[i]
            square = largest.assign(ops.maximum(largest, square))
        alpha = learning_rate * correction
        variable.assign_sub(mean * alpha / (ops.sqrt(square) + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        own = self._described("beta_1", "beta_2", "epsilon", "amsgrad")
        return {**super().get_config(), **own}


@serializable(MODULE)
class AdamW(Adam):
    """Adam with weight decay: before each step `w = w - learning_rate * weight_decay * w`.

    Args:
        learning_rate: as in `Adam`, like `beta_1`, `beta_2`, `epsilon` and `amsgrad`.
        weight_decay: the strength of the decay.
        options: as in `Optimizer`.

    Source: I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", 2019.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: HyperParameter = 0.9,
        beta_2: HyperParameter = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            weight_decay=weight_decay,
            **options,
        )
        if weight_decay is None:
            raise ValueError(f"Optimizer '{self.name}': weight_decay must be a number, got None.")
