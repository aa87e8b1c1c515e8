"""`and`, `or`, `not`, comparisons and `in` on tensors."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.primitives.host import has_effects
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.bodies import inside, new_builder
from thalweg.tracing.autograph.runtime.branches import BranchFrame, choose, one_bool
from thalweg.tracing.autograph.runtime.session import is_symbolic, user_line
from thalweg.tracing.autograph.runtime.state import EMPTY, State

__all__ = ["and_", "chain", "in_", "not_", "not_exited", "or_"]


def not_exited(*flags: Any) -> Any:
    """Whether none of the flags of `break`, `continue` and `return` is set."""
    if any(flag is True for flag in flags):
        return False
    symbols = [flag for flag in flags if flag is not False]
    if not symbols:
        return True
    found = ops.logical_not(symbols[0])
    for flag in symbols[1:]:
        found = ops.logical_and(found, ops.logical_not(flag))
    return found


def _pure(run: Callable[[], Any]) -> bool:
    """Whether an operand can be computed though Python might not: it acts on nothing around it."""
    builder = new_builder(())
    frame = BranchFrame()
    try:
        with inside(builder, frame) as scope:
            run()
    except Exception:
        return False
    finally:
        for place, old in frame.old.values():
            place.set(old)
    return not (scope.values or frame.old or any(map(has_effects, builder.graph.nodes)))


def and_(first: Any, rest: Callable[[], Any], state: State = EMPTY) -> Any:
    """`first and rest()`."""
    if not is_symbolic(first):
        return first and rest()
    return _logical(one_bool(first), first, rest, state, conjunction=True)


def or_(first: Any, rest: Callable[[], Any], state: State = EMPTY) -> Any:
    """`first or rest()`."""
    if not is_symbolic(first):
        return first or rest()
    return _logical(one_bool(first), first, rest, state, conjunction=False)


def _logical(
    pred: Tensor, first: Any, rest: Callable[[], Any], state: State, conjunction: bool
) -> Any:
    start = state.get()
    pure = not state.cells and _pure(rest)
    state.set(start)
    if pure:
        second = rest()
        if _is_bool(first) and _is_bool(second):
            combine = ops.logical_and if conjunction else ops.logical_or
            return combine(pred, one_bool(second))

    def same() -> Any:
        return convert_to_tensor(first)

    what = f"the operand of '{'and' if conjunction else 'or'}'"
    branches = (rest, same) if conjunction else (same, rest)
    return choose(pred, *branches, state, None, what)


def _is_bool(x: Any) -> bool:
    if isinstance(x, (bool, np.bool_)):
        return True
    return isinstance(x, (Tensor, Variable)) and x.dtype == bool_ and x.shape == ()


def not_(x: Any) -> Any:
    """`not x`."""
    return ops.logical_not(one_bool(x)) if is_symbolic(x) else not x


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
    "In": lambda a, b: in_(a, b),
    "NotIn": lambda a, b: not_(in_(a, b)),
}


def chain(left: Any, names: tuple[str, ...], *rest: Callable[[], Any]) -> Any:
    """`left < a() < b()`: each operand is computed once, and as far as needed."""
    right = rest[0]()
    found = _OPERATORS[names[0]](left, right)
    if len(names) == 1:
        return found
    return and_(found, lambda: chain(right, names[1:], *rest[1:]))


def in_(x: Any, container: Any) -> Any:
    """`x in container`."""
    if is_symbolic(container):
        return ops.any(ops.equal(convert_to_tensor(container), x))
    if isinstance(container, (list, tuple)) and (
        is_symbolic(x) or any(map(is_symbolic, container))
    ):
        found: Any = False
        for item in container:
            if item is x:
                return True
            same = x == item
            if is_symbolic(same):
                found = ops.logical_or(found, one_bool(same))
            elif same:
                return True
        return found
    if is_symbolic(x):
        filename, line = user_line()
        raise AutoGraphError(
            f"{filename}:{line}: whether a tensor is in a {type(container).__name__} cannot become "
            "part of a graph; compare it with a list, a tuple or a tensor."
        )
    return x in container
