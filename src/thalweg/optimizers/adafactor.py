"""Adafactor: running means of squared gradients kept by row and column; for large models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg import ops
from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import OptionsWithDecay
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Adafactor"]


def _rms(x: Any) -> Tensor:
    return ops.sqrt(ops.mean(ops.square(x)))


@serializable(MODULE)
class Adafactor(Optimizer):
    """`w = w - max(epsilon_2, rms(w)) * rate * u / max(1, rms(u) / clip_threshold)`.

    Here `u = g / sqrt(v)`, `v` a running mean of `g² + epsilon_1` (for two axes and more the outer
    product of its means over rows and columns), and `rate = min(learning_rate, 1 / sqrt(t))`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        beta_2_decay: at step t, `1 - t^beta_2_decay` of the running mean stays.
        epsilon_1: keeps the division finite.
        epsilon_2: the least size of a variable that steps are measured by.
        clip_threshold: the largest root mean square of `u`.
        relative_step: accepted for compatibility: the rate is bounded by `1 / sqrt(t)` either way,
            as in Keras.
        options: as in `Optimizer`.

    Source: N. Shazeer, M. Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost",
    2018.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **options: Unpack[OptionsWithDecay],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._r: list[Variable] = []
        self._c: list[Variable] = []
        self._v: list[Variable] = []
        for v in variables:
            rows: tuple[int, ...] = v.shape[:-1]
            columns = (*v.shape[:-2], *v.shape[-1:])
            dtype: Any = v.dtype
            if v.ndim < 2:
                # Nothing to split; Keras keeps two idle numbers here, and the order of the state
                # must be the same for saved models to go both ways.
                rows, columns, dtype = (), (), "int32"
            self._r.append(self.add_variable(rows, "zeros", dtype, v.name))
            self._c.append(self.add_variable(columns, "zeros", dtype, v.name))
            self._v.append(self.add_variable_from_reference(v, "velocity"))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        i, dtype = self._get_variable_index(variable), variable.dtype
        t = ops.cast(self.iterations + 1, dtype)
        rate = ops.minimum(learning_rate, 1.0 / ops.sqrt(t))
        kept = 1.0 - ops.power(t, self.beta_2_decay)
        square = ops.square(gradient) + self.epsilon_1
        velocity = self._v[i]
        if variable.ndim >= 2:
            r, c = self._r[i], self._c[i]
            row = r.assign(kept * r + (1.0 - kept) * ops.mean(square, axis=-1))
            column = c.assign(kept * c + (1.0 - kept) * ops.mean(square, axis=-2))
            share = row / ops.mean(row, axis=-1, keepdims=True)
            v = velocity.assign(ops.expand_dims(share, -1) * ops.expand_dims(column, -2))
        else:
            v = velocity.assign(kept * velocity + (1.0 - kept) * square)
        update = gradient / ops.sqrt(v)
        update = update / ops.maximum(_rms(update) / self.clip_threshold, 1.0)
        variable.assign_sub(ops.maximum(_rms(variable), self.epsilon_2) * rate * update)

    def get_config(self) -> dict[str, Any]:
        own = self._described(
            "beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step"
        )
        return {**super().get_config(), **own}
