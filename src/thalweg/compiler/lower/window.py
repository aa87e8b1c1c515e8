"""Convolution and pooling: from an operation of the window family to the parts of its kernels.

What can be computed element by element has `element`, so that it can stand inside other kernels;
`lower_window` serves every operation.
"""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.dims import ONE
from thalweg.compiler.graph import Operation
from thalweg.compiler.lower import convolution, depthwise, pooling, pooling_gradients, single
from thalweg.compiler.lower.folding import Folded, few
from thalweg.compiler.lower.geometry import (
    Contraction,
    Lowered,
    Nest,
    Place,
    Read,
    Temporary,
    axes_of,
    element_nest,
    loop_nest,
)

__all__ = [
    "Contraction",
    "Lowered",
    "Nest",
    "Place",
    "Read",
    "Temporary",
    "element",
    "has_elements",
    "loop_nest",
    "lower_window",
]

_ELEMENTS: dict[str, Callable[[Operation, Read, Place], Folded]] = {
    "conv": depthwise.forward,
    "window_max": pooling.maximum,
    "window_select": pooling.select,
    "window_sum": pooling.total,
    "window_sum_gradient": pooling_gradients.total_gradient,
}
_CONTRACTIONS: dict[str, Callable[[Operation, Read], Lowered]] = {
    "conv": convolution.forward,
    "conv_input_gradient": convolution.input_gradient,
    "conv_filter_gradient": convolution.filter_gradient,
}
_DEPTHWISE: dict[str, Callable[[Operation, Read], Lowered]] = {
    "conv_input_gradient": depthwise.input_gradient,
    "conv_filter_gradient": depthwise.filter_gradient,
}


_SINGLE: dict[str, Callable[[Operation, Read], Lowered]] = {
    "conv": single.forward,
    "conv_filter_gradient": single.filter_gradient,
}


def has_elements(operation: Operation) -> bool:
    """Whether elements of the output can be computed one by one (then `element` does)."""
    if operation.name == "conv":
        return _is_depthwise(operation)
    if operation.name == "window_select":
        return few([a.window for a in axes_of(operation, operation.params["window"])])
    return operation.name in _ELEMENTS


def element(operation: Operation, read: Read, place: Place) -> Folded:
    """The statements to run first, and then the value of the output at a place.

    Args:
        operation: one that `has_elements`.
        read: gives elements of the operands.
        place: where in the output.

    Raises:
        NotAffineError: if another length than that of the first axis depends on the batch.
    """
    return _ELEMENTS[operation.name](operation, read, place)


def lower_window(operation: Operation, read: Read, temporary: Temporary) -> Lowered:
    """The parts of the kernels; together they give every element of the output once.

    Args:
        operation: of the window family.
        read: gives elements of the operands.
        temporary: gives buffers of the arena.

    Raises:
        NotAffineError: if another length than that of the first axis depends on the batch.
    """
    if has_elements(operation):
        shape = operation.outputs[0].shape
        return Lowered(nests=(element_nest(shape, lambda p: element(operation, read, p)),))
    if operation.name == "window_scatter":
        return pooling_gradients.scatter(operation, read, temporary)
    if operation.name == "window_select":
        return pooling.large_select(operation, read, temporary)
    rules = _CONTRACTIONS
    if _is_depthwise(operation):
        rules = _DEPTHWISE
    elif single.is_single(operation):
        rules = _SINGLE
    return rules[operation.name](operation, read)


def _is_depthwise(operation: Operation) -> bool:
    """Whether each channel has filters of its own."""
    filters = operation.inputs[1].shape
    if operation.name == "conv_filter_gradient":
        filters = operation.outputs[0].shape
    return bool(operation.params["groups"] > 1 and filters[-2] == ONE)
