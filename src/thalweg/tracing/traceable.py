"""The code of users that layers, losses, metrics and models call, made fit to be traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg.tensor.context import CONTEXT

__all__ = ["traceable"]


def traceable(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function as it is, or, while a graph is traced, what AutoGraph makes of it.

    Where there is no source to convert (in a console) it runs as it is; a condition on a tensor
    then raises the error of the symbolic tensor.
    """
    if CONTEXT.graph is None:
        return function
    from thalweg.tracing.autograph import convert

    return convert(function, warn=False)
