"""What can be changed in the page: small inputs by element, the weights of networks by scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thalweg import ops
from thalweg.tensor.dtypes import is_floating
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.viz.backprop.question import Question

__all__ = ["MOST", "Knob", "knobs_for"]

MOST = 12
"""More sliders than this nobody wants."""


@dataclass(frozen=True, eq=False)
class Knob:
    """An argument of the exported function.

    Attributes:
        label: what the page calls it.
        value: what it is at first.
        variable: the variable that it is, or that it is a factor of; None for an input.
        is_factor: whether the variable is multiplied by it.
    """

    label: str
    value: Tensor
    variable: Variable | None = None
    is_factor: bool = False

    def applied(self, given: Tensor) -> Tensor:
        """What takes the place of the input or the variable."""
        if not self.is_factor:
            return given
        assert self.variable is not None
        found: Tensor = ops.multiply(self.variable, given)
        return found


def knobs_for(question: Question, variables: Sequence[tuple[str, Variable]]) -> list[Knob]:
    """The knobs of a pass, no more than can be looked over.

    Args:
        question: what is asked.
        variables: those that are in the picture, with their names there.
    """
    room, found = MOST, []
    inputs = [Knob(name, x) for name, x in question.inputs.items() if is_floating(x.dtype)]
    small = [Knob(name, v.value, v) for name, v in variables]
    if question.model and sum(knob.value.size for knob in inputs) > MOST:
        inputs, small = [], []  # data, of which a few numbers more or less say nothing
    for knob in [*inputs, *small]:
        if 0 < knob.value.size <= room:
            found.append(knob)
            room -= knob.value.size
    if found:
        return found
    # Of a network one can see how gradients vanish or explode with the size of its weights.
    kernels = [(name, v) for name, v in variables if v.trainable and v.ndim > 1]
    return [
        Knob(f"{name}, times", Tensor(np.ones((), v.dtype)), v, is_factor=True)
        for name, v in kernels[:MOST]
    ]
