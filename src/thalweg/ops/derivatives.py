"""Keras's operations about derivatives; the tapes behind them live in `thalweg.autodiff`.

That room is above this one: it gives its functions to the table of operations when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg.tensor.operators import OPERATIONS

__all__ = ["custom_gradient", "jvp"]


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function a gradient of its own; see `thalweg.custom_gradient`."""
    return OPERATIONS["custom_gradient"](f)


def jvp(
    fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False
) -> tuple[Any, ...]:
    """The value of a function, and its derivative in one direction.

    Args:
        fun: takes one tensor for each of `primals`.
        primals: where to differentiate, a tuple or list of tensors.
        tangents: the direction, of the shapes of `primals`.
        has_aux: whether `fun` returns `(outputs, more)`, with `more` not differentiated.

    Returns:
        `(outputs, output_tangents)`, and `more` with `has_aux`.

    >>> import thalweg as tw
    >>> y, slope = tw.ops.jvp(lambda x: x * x, (tw.constant(3.0),), (tw.constant(2.0),))
    >>> float(y), float(slope)
    (9.0, 12.0)
    """
    return OPERATIONS["jvp"](fun, primals, tangents, has_aux)
