"""What a primitive is, and `bind`, the one door through which every operation goes.

A primitive has, side by side: its shape and dtype rule (which raises the error that users read),
its NumPy evaluation (the reference, and what eager mode runs), its gradient written in operations
(so gradients of gradients come free), and the compiler's kernel family.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.tensor.context import CONTEXT
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = ["PRIMITIVES", "Call", "Primitive", "bind"]

Array = np.ndarray[Any, Any]
Specs = TensorSpec | tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One application of a primitive, as its gradient rule sees it."""

    inputs: tuple[Tensor, ...]
    params: dict[str, Any]
    outputs: tuple[Tensor, ...]
    # Which inputs a gradient is wanted for; a rule may leave out the work for the others.
    wanted: tuple[bool, ...]


# From the call and the gradient of each output (None: nothing depends on that output; never so
# for the only output of a primitive) to the gradient of each input (None: no gradient flows there).
GradientRule = Callable[[Call, Any], "tuple[Tensor | None, ...]"]


@dataclass(frozen=True, eq=False)
class Primitive:
    """A member of the closed set of operations. Calling it binds it to its inputs.

    Attributes:
        name: unique name.
        rule: from input specs (anything with `shape` and `dtype`) and parameters to the output
            spec, or a tuple of them when `multiple`.
        evaluate: from NumPy arrays and parameters to an array, or a tuple when `multiple`.
        gradient: the reverse-mode rule; None where no gradient exists (integer results).
        family: which family of compiler kernels takes it.
        multiple: whether it has a tuple of outputs.
    """

    name: str
    rule: Callable[..., Specs]
    evaluate: Callable[..., Any]
    gradient: GradientRule | None
    family: str
    multiple: bool = False

    def __post_init__(self) -> None:
        if self.name in PRIMITIVES:
            raise ValueError(f"A primitive named {self.name!r} exists already.")
        PRIMITIVES[self.name] = self

    def __call__(self, *inputs: Tensor, **params: Any) -> Any:
        outputs = bind(self, inputs, params)
        return outputs if self.multiple else outputs[0]

    def specs(self, *inputs: Any, **params: Any) -> tuple[TensorSpec, ...]:
        """The specs of the outputs, always as a tuple."""
        found = self.rule(*inputs, **params)
        return found if isinstance(found, tuple) else (found,)

    def __repr__(self) -> str:
        return f"<Primitive {self.name}>"


PRIMITIVES: dict[str, Primitive] = {}


def bind(
    primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]
) -> tuple[Tensor, ...]:
    """Apply a primitive: add a node while a graph is traced, otherwise evaluate with NumPy.

    In both worlds the tapes that are recording hear of it.
    """
    context = CONTEXT
    if context.graph is not None:
        outputs = context.graph.add(primitive, inputs, params)
    else:
        primitive.rule(*inputs, **params)  # raises the user's error before any work is done
        # Overflow, division by zero and the like follow IEEE 754 in silence, as on every device.
        with np.errstate(all="ignore"):
            values = primitive.evaluate(*[x._value for x in inputs], **params)
        if primitive.multiple:
            outputs = tuple([Tensor(np.asarray(v)) for v in values])
        else:
            outputs = (Tensor(np.asarray(values)),)
    if context.recorders:
        for recorder in context.recorders:
            recorder.record(primitive, inputs, params, outputs)
    else:
        for x in inputs:
            if x._origin is not None:
                for y in outputs:
                    y._origin = x._origin
                break
    return outputs
