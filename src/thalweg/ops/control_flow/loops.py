"""Loops that carry values: while_loop and fori_loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.ops.arguments import cast_to
from thalweg.ops.control_flow.checks import checked, holds, known, one_bool
from thalweg.ops.dispatch import op
from thalweg.ops.nested import form_of, leaves_of
from thalweg.ops.shaping import reshape
from thalweg.primitives.control_flow import bind_cond, bind_scan, bind_while
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, int32
from thalweg.tensor.tensor import Tensor

__all__ = ["fori_loop", "while_loop"]


@op
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: Any = None,
) -> Any:
    """Call `body` again and again while `cond` is true.

    Args:
        cond: takes the loop variables and returns one bool.
        body: takes the loop variables and returns their new values, with the same structure,
            shapes and dtypes.
        loop_vars: a tuple or list of loop variables (each may be nested), or a single one.
        maximum_iterations: after how many steps to stop in any case. In a traced function a
            gradient needs it, as a Python integer.

    Returns:
        The last values: a tuple, or a single one if `loop_vars` is one.

    >>> from thalweg import ops
    >>> ops.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s + i), (0, 10))
    (<Tensor shape=() dtype=int32 4>, <Tensor shape=() dtype=int32 16>)
    """
    several = isinstance(loop_vars, (tuple, list))
    start = tuple(loop_vars) if several else (loop_vars,)
    form = form_of(start)
    carried = leaves_of(start)

    def test(*leaves: Tensor) -> Tensor:
        return one_bool("while_loop", "the result of cond", cond(*form.filled(leaves)))

    def step(*leaves: Tensor) -> list[Tensor]:
        result = body(*form.filled(leaves))
        listed = several and isinstance(result, (tuple, list))
        new = tuple(result) if listed else (result,)
        return checked("while_loop", "loop variable", form, leaves, new)

    if CONTEXT.graph is None:
        limit = None if maximum_iterations is None else int(maximum_iterations)
        count = 0
        while (limit is None or count < limit) and holds(test(*carried)):
            carried = step(*carried)
            count += 1
    else:
        carried = _traced_while(test, step, carried, maximum_iterations)
    found = form.filled(carried)
    return found if several else found[0]


def _traced_while(
    test: Callable[..., Tensor],
    step: Callable[..., list[Tensor]],
    carried: list[Tensor],
    maximum_iterations: Any,
) -> list[Tensor]:
    if maximum_iterations is None:
        return list(bind_while(lambda *xs: (test(*xs),), step, carried))
    if isinstance(maximum_iterations, (int, np.integer)):
        # With a known bound it is a scan whose last steps do nothing; a scan has a gradient.
        def bounded(*xs: Tensor) -> tuple[Tensor, ...]:
            return bind_cond(test(*xs), lambda: step(*xs), lambda: xs)

        return list(bind_scan(bounded, carried, (), int(maximum_iterations)))
    limit = cast_to(reshape(convert_to_tensor(maximum_iterations), ()), int32)

    def counting(*xs: Tensor) -> tuple[Tensor]:
        return (cast_to(xs[0] < limit, bool_) & test(*xs[1:]),)

    zero = Tensor(np.zeros((), np.int32))
    found = bind_while(counting, lambda *xs: (xs[0] + 1, *step(*xs[1:])), (zero, *carried))
    return list(found[1:])


@op
def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """`value = body_fun(i, value)` for i from `lower` to `upper - 1`.

    Args:
        lower: the first i.
        upper: the end, not reached. In a traced function a gradient needs both as Python integers.
        body_fun: takes i (an int32 tensor) and the value, and returns the next value with the same
            structure, shapes and dtypes.
        init_val: the first value, possibly nested.

    >>> from thalweg import ops
    >>> ops.fori_loop(0, 10, lambda i, s: s + i, 0)
    <Tensor shape=() dtype=int32 45>
    """
    form = form_of(init_val)
    carried = leaves_of(init_val)
    first, last = (convert_to_tensor(x) for x in (lower, upper))

    def step(i: Tensor, *leaves: Tensor) -> list[Tensor]:
        return checked("fori_loop", "value", form, leaves, body_fun(i, form.filled(leaves)))

    if known(first) and known(last):
        numbers = np.arange(int(first._value), int(last._value), dtype=np.int32)
        if CONTEXT.graph is None:
            for i in numbers:
                carried = step(Tensor(np.asarray(i)), *carried)
        else:
            carried = list(
                bind_scan(
                    lambda *xs: step(xs[-1], *xs[:-1]), carried, [Tensor(numbers)], len(numbers)
                )
            )
        return form.filled(carried)
    first, last = (cast_to(reshape(x, ()), int32) for x in (first, last))
    found = bind_while(
        lambda i, *xs: (i < last,), lambda i, *xs: (i + 1, *step(i, *xs)), (first, *carried)
    )
    return form.filled(found[1:])
