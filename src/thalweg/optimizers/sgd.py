"""Gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from thalweg.optimizers.optimizer import MODULE, Optimizer
from thalweg.optimizers.options import HyperParameter, OptionsWithDecay, check_share
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["SGD"]


@serializable(MODULE)
class SGD(Optimizer):
    """`w = w - learning_rate * g`; with momentum `m = momentum * m - learning_rate * g; w = w + m`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments.
        momentum: from 0 (none) to 1, or a schedule.
        nesterov: whether to step with Nesterov's momentum,
            `w = w + momentum * m - learning_rate * g` (with the new `m`).
        options: as in `Optimizer`.

    >>> import thalweg as tw
    >>> v = tw.Variable(1.0)
    >>> optimizer = tw.optimizers.SGD(learning_rate=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     optimizer.apply([tw.constant(1.0)], [v])
    >>> v.numpy()
    np.float32(0.75)
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: HyperParameter = 0.0,
        nesterov: bool = False,
        **options: Unpack[OptionsWithDecay],
    ) -> None:
        super().__init__(learning_rate, **options)
        check_share(self.name, "momentum", momentum)
        self.momentum = momentum
        self.nesterov = nesterov

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums: list[Variable] = []
        if self.momentum != 0:
            self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        step = gradient * learning_rate
        if not self._momentums:
            variable.assign_sub(step)
            return
        momentum = self._at_step(self.momentum, variable.dtype)
        slot = self._momentums[self._get_variable_index(variable)]
        m = slot.assign(slot * momentum - step)
        variable.assign_add(m * momentum - step if self.nesterov else m)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._described("momentum", "nesterov")}
