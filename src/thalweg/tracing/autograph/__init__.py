"""AutoGraph: Python's own control flow on tensors, by transforming the source of functions.

`convert` is what `thalweg.function` uses. In a converted function each `if`, `while`, `for`, `and`,
`assert`, ... asks when it runs whether it depends on a symbolic tensor. If so it becomes a part of
the graph being traced; if not, it does what Python does.

`source` finds the syntax tree, `analysis` what it reads and assigns, `transform` rewrites it,
`compiling` makes code of it that stands at the user's own lines, and `runtime` is what that code
calls.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import FunctionType
from typing import Any

from thalweg.tracing.autograph.conversion import convert, generated_tree
from thalweg.tracing.autograph.errors import AutoGraphError, TracingWarning
from thalweg.tracing.autograph.policy import do_not_convert
from thalweg.tracing.autograph.runtime import namespace as namespace
from thalweg.tracing.autograph.runtime.iteration import set_loop_options

__all__ = [
    "AutoGraphError",
    "TracingWarning",
    "convert",
    "do_not_convert",
    "set_loop_options",
    "to_code",
]


def to_code(entity: Callable[..., Any]) -> str:
    """The source of a function's converted form, to look at.

    Args:
        entity: a function, a method, or what `thalweg.function` made of one.

    Raises `ValueError` if it has no converted form.

    >>> from thalweg.tracing import autograph
    >>> def double(x):
    ...     return x * 2
    >>> "def ag__function(x)" in autograph.to_code(double)
    True
    """
    function = getattr(entity, "python_function", entity)
    function = getattr(function, "__wrapped__", function)
    function = getattr(function, "__func__", function)
    tree = generated_tree(function) if isinstance(function, FunctionType) else None
    if tree is None:
        raise ValueError(f"to_code: there is no converted form of {entity!r}.")
    return ast.unparse(tree)
