"""What can be changed in the page: small inputs by element, the weights of networks by scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thalweg import ops
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.viz.backprop.question import Question

__all__ = ["MOST", "Knob", "knobs_for"]

MOST = 12
"""More sliders than this nobody wants."""

_WRITABLE = ("float32", "float64")
"""What a page can hand to a program as a number."""


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
    data = list(question.inputs.items())
    # Of a network's batch, a few numbers more or less say nothing.
    batch = question.model is not None and sum(x.size for _, x in data) > MOST
    if not batch:
        knobs = [Knob(name, x) for name, x in data]
        for knob in [*knobs, *(Knob(name, v.value, v) for name, v in variables)]:
            if 0 < knob.value.size <= room and knob.value.dtype.name in _WRITABLE:
                found.append(knob)
                room -= knob.value.size
    if found:
        return found
    # Of a network one can see how gradients vanish or explode with the size of its weights.
    kernels = [(n, v) for n, v in variables if v.ndim > 1 and v.dtype.name in _WRITABLE]
    return [
        Knob(name, Tensor(np.ones((), v.dtype)), v, is_factor=True) for name, v in kernels[:MOST]
    ]
