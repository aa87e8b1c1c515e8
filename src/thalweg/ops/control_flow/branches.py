"""One of several functions: cond and switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.ops.arguments import cast_to
from thalweg.ops.control_flow.checks import holds, known, one_bool
from thalweg.ops.dispatch import op
from thalweg.ops.nested import Form, form_of, leaves_of
from thalweg.ops.shaping import reshape
from thalweg.primitives.control_flow import bind_cond
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import int32
from thalweg.tensor.tensor import Tensor

__all__ = ["cond", "switch"]


@op
def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one of two functions returns.

    Args:
        pred: one bool (or number: 0 is False).
        true_fn: a function without arguments, called where `pred` is true; in a trace both are.
        false_fn: the other one; it must return the same structure, shapes and dtypes.

    >>> from thalweg import ops
    >>> ops.cond(ops.convert_to_tensor(2) > 1, lambda: "yes", lambda: "no")
    'yes'
    """
    choice = one_bool("cond", "pred", pred)
    if known(choice):
        return true_fn() if holds(choice) else false_fn()
    forms: list[Form] = []

    def flat(function: Callable[[], Any]) -> Callable[[], list[Tensor]]:
        def run() -> list[Tensor]:
            result = function()
            forms.append(form_of(result))
            if forms[0] != forms[-1]:
                raise ValueError(
                    "cond: both branches must return the same structure, true_fn returns "
                    f"{forms[0]} and false_fn {forms[-1]}."
                )
            return leaves_of(result)

        return run

    found = bind_cond(choice, flat(true_fn), flat(false_fn))
    return forms[0].filled(found)


@op
def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What one of several functions returns.

    Args:
        index: an integer; one out of range is moved to the nearest branch.
        branches: functions that take the operands and return the same structure, shapes, dtypes.
        operands: given to the branch.

    >>> from thalweg import ops
    >>> ops.switch(1, [lambda x, y: x + y, lambda x, y: x - y], 2.0, 0.5)
    1.5
    """
    if not branches:
        raise ValueError("switch: branches must hold at least one function, got none.")
    place = convert_to_tensor(index)
    if place.size != 1 or place.dtype.kind not in "iub":
        raise ValueError(
            f"switch: index must be one integer, got shape {place.shape} of {place.dtype.name}."
        )
    if known(place):
        chosen = min(max(int(place._value.item()), 0), len(branches) - 1)
        return branches[chosen](*operands)
    return _switch(cast_to(reshape(place, ()), int32), 0, branches, operands)


def _switch(
    index: Tensor, first: int, branches: Sequence[Callable[..., Any]], operands: Sequence[Any]
) -> Any:
    """By halves: the depth of the nesting is the logarithm of the number of branches."""
    if len(branches) == 1:
        return branches[0](*operands)
    half = len(branches) // 2
    middle = first + half
    return cond(
        index < middle,
        lambda: _switch(index, first, branches[:half], operands),
        lambda: _switch(index, middle, branches[half:], operands),
    )
