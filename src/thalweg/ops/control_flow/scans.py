"""Loops along a sequence: scan, map and vectorized_map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.ops.arguments import splat
from thalweg.ops.control_flow.checks import checked, step_count
from thalweg.ops.dispatch import op
from thalweg.ops.joining import stack
from thalweg.ops.nested import Form, form_of, leaves_of
from thalweg.primitives.control_flow import bind_scan
from thalweg.primitives.graph import trace
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = ["map", "scan", "vectorized_map"]


@op
def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """Carry a state along a sequence, and collect what each step gives.

    Args:
        f: takes the state and one element of `xs`, and returns the next state (same structure,
            shapes, dtypes) and an output.
        init: the first state, possibly nested.
        xs: tensors, possibly nested, whose first axis is the step; None with `length` steps.
        length: the number of steps, needed without `xs`.
        reverse: whether to run from the last step to the first; outputs stay in the order of `xs`.
        unroll: for Keras's sake: how loops are laid out is the compiler's to decide.

    Returns:
        The last state, and the outputs stacked along a new first axis.

    >>> from thalweg import ops
    >>> total, sums = ops.scan(lambda s, x: (s + x, s + x), 0, ops.convert_to_tensor([1, 2, 3]))
    >>> int(total), sums.numpy()
    (6, array([1, 3, 6], dtype=int32))
    """
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise ValueError(f"scan: unroll must be a positive integer or a bool, got {unroll!r}.")
    form, element = form_of(init), form_of(xs)
    carried, sequences = leaves_of(init), leaves_of(xs)
    steps = step_count("scan", sequences, length)
    outputs: list[Form] = []

    def step(*leaves: Tensor) -> list[Tensor]:
        state, x = leaves[: len(carried)], leaves[len(carried) :]
        result = f(form.filled(state), element.filled(x))
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise ValueError("scan: f must return two things, the state and an output.")
        outputs.append(form_of(result[1]))
        return [*checked("scan", "state", form, state, result[0]), *leaves_of(result[1])]

    if CONTEXT.graph is not None:
        found = bind_scan(step, carried, sequences, steps, reverse)
        state, ys = list(found[: len(carried)]), list(found[len(carried) :])
    else:
        state, ys = _python_scan(step, carried, sequences, steps, reverse)
    return form.filled(state), outputs[0].filled(ys)


def _python_scan(
    step: Callable[..., list[Tensor]],
    carried: list[Tensor],
    sequences: Sequence[Tensor],
    steps: int,
    reverse: bool,
) -> tuple[list[Tensor], list[Tensor]]:
    count = len(carried)
    if not steps:  # what a step would give is known from tracing one
        specs: list[Any] = [*carried, *(TensorSpec(x.shape[1:], x.dtype) for x in sequences)]
        traced = trace(step, specs).outputs[count:]
        return carried, [splat(0, (0, *y.shape), y.dtype) for y in traced]
    columns: list[list[Tensor]] = []
    for i in reversed(range(steps)) if reverse else range(steps):
        found = step(*carried, *(x[i] for x in sequences))
        carried = found[:count]
        columns.append(found[count:])
    if reverse:
        columns.reverse()
    return carried, [stack(column) for column in zip(*columns, strict=True)]


@op
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Apply a function to each element along the first axis, and stack the results.

    Args:
        f: takes one element, of the structure of `xs`.
        xs: tensors, possibly nested, with first axes of one length.

    >>> from thalweg import ops
    >>> ops.map(lambda x: x * x, ops.convert_to_tensor([1, 2, 3])).numpy()
    array([1, 4, 9], dtype=int32)
    """
    if not leaves_of(xs):
        raise ValueError("map: xs must hold at least one tensor, got none.")
    return scan(lambda _, x: (None, f(x)), None, xs)[1]


@op
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Apply a function to each element along the first axis, and stack the results.

    Args:
        function: takes one element, of the structure of `elements`; calls do not depend on each
            other.
        elements: tensors, possibly nested, with first axes of one length.
    """
    return map(function, elements)
