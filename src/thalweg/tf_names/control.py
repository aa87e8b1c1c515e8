"""TensorFlow's names for control flow on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg import ops

__all__ = ["map_fn", "while_loop"]


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """Run `body` on the loop variables while `cond` of them is true.

    >>> import thalweg as tw
    >>> i, total = tw.while_loop(
    ...     lambda i, total: i < 5, lambda i, total: (i + 1, total + i), (tw.constant(0), 0)
    ... )
    >>> int(total)
    10
    """
    return ops.while_loop(cond, body, loop_vars, maximum_iterations=maximum_iterations)


def map_fn(fn: Callable[[Any], Any], elems: Any) -> Any:
    """`fn` of each element along the first axis, stacked."""
    return ops.map(fn, elems)
