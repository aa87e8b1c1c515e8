"""What is asked: which function of which tensors, whose gradients, and what is one box."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thalweg.tensor.tensor import Tensor
from thalweg.training.model import Model
from thalweg.viz.backprop.parts import Key
from thalweg.viz.backprop.record import Step

__all__ = ["Question"]


@dataclass(frozen=True, eq=False)
class Question:
    """A scalar and what it is computed from.

    Attributes:
        subject: what messages and captions call it.
        run: from the input tensors, in order, to the result; it is traced.
        inputs: the input tensors by name.
        names: by the id of a variable or constant tensor, what the function calls it.
        sources: the names of the inputs and variables whose gradients are wanted; None: all
            trainable variables, and the inputs of a function.
        model: whose loss it is, if it is one; then inputs are data, which have gradients only where
            `sources` says so.
        key: from all steps to what makes a box.
        layer: the layer to look into.
        by_layer: whether boxes are layers, with their variables inside.
    """

    subject: str
    run: Callable[[Sequence[Tensor]], Any]
    inputs: Mapping[str, Tensor]
    names: Mapping[int, str]
    sources: frozenset[str] | None
    key: Callable[[Sequence[Step]], Key]
    model: Model | None = None
    layer: str | None = None
    by_layer: bool = False
