"""Control flow on tensors: cond, switch, while_loop, fori_loop, scan, map, associative_scan.

Eager code runs Python's own `if` and `for`, so tapes record straight through. While a graph is
traced the same calls become the primitives of `thalweg.primitives.control_flow`, so that loops stay
loops. Both worlds want the same of the functions given: a branch returns what the other one would,
and a loop keeps the structure, shapes and dtypes of what it carries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg.ops.arguments import cast_to, splat
from thalweg.ops.dispatch import op
from thalweg.ops.joining import concatenate, stack
from thalweg.ops.nested import Form, form_of, leaves_of
from thalweg.ops.shaping import along, flip, moveaxis, reshape
from thalweg.primitives.control_flow import bind_cond, bind_scan, bind_while
from thalweg.primitives.graph import trace
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, int32
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tensor.variable import Variable

__all__ = [
    "associative_scan",
    "cond",
    "fori_loop",
    "map",
    "scan",
    "switch",
    "vectorized_map",
    "while_loop",
]


# --- what both worlds share -------------------------------------------------------------------


def _known(x: Tensor) -> bool:
    """Whether the tensor has values now: always in eager code, in a trace if it is a constant."""
    return type(x) is Tensor


def _truth(name: str, argument: str, x: Any) -> Tensor:
    """One bool, from a bool or a number (0 is False)."""
    tensor = convert_to_tensor(x)
    if tensor.size != 1:
        raise ValueError(f"{name}: {argument} must be one bool, got shape {tensor.shape}.")
    return reshape(cast_to(tensor, bool_), ())


def _holds(x: Tensor) -> bool:
    """The truth of a tensor with values; no tape needs to hear of it."""
    return bool(x._value)


class _NoWrites:
    """Lets the functions of control flow read variables in a trace; assigning is an error."""

    def __init__(self, name: str, outer: Any) -> None:
        self.name = name
        self.outer = outer

    def read(self, variable: Variable) -> Tensor:
        found: Tensor = self.outer.read(variable)
        return found

    def write(self, variable: Variable, value: Tensor) -> None:
        raise RuntimeError(
            f"{self.name}: inside a traced function its branches and bodies cannot assign to a "
            f"variable ('{variable.name}' here); return the value and assign it afterwards."
        )


@contextmanager
def _reading_only(name: str) -> Iterator[None]:
    outer = CONTEXT.variables
    if outer is not None:
        CONTEXT.variables = _NoWrites(name, outer)
    try:
        yield
    finally:
        CONTEXT.variables = outer


def _check_kept(name: str, what: str, before: Sequence[Tensor], after: Sequence[Tensor]) -> None:
    for i, (a, b) in enumerate(zip(before, after, strict=True)):
        if a.shape != b.shape or a.dtype != b.dtype:
            raise ValueError(
                f"{name}: {what} {i} must keep its shape and dtype, it was {a.shape} of "
                f"{a.dtype.name} and the body returns {b.shape} of {b.dtype.name}."
            )


def _checked(name: str, what: str, form: Form, before: Sequence[Tensor], new: Any) -> list[Tensor]:
    """The leaves of what a body returned, if they fit what it was given."""
    found = leaves_of(new)
    if form_of(new) != form:
        raise ValueError(
            f"{name}: the body must return the {what}s in the structure in which it gets them, "
            f"{form}, got {form_of(new)}."
        )
    _check_kept(name, what, before, found)
    return found


# --- branches ---------------------------------------------------------------------------------


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
    choice = _truth("cond", "pred", pred)
    if _known(choice):
        return true_fn() if _holds(choice) else false_fn()
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

    with _reading_only("cond"):
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
    if _known(place):
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


# --- loops ------------------------------------------------------------------------------------


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
        return _truth("while_loop", "the result of cond", cond(*form.filled(leaves)))

    def step(*leaves: Tensor) -> list[Tensor]:
        result = body(*form.filled(leaves))
        listed = several and isinstance(result, (tuple, list))
        new = tuple(result) if listed else (result,)
        return _checked("while_loop", "loop variable", form, leaves, new)

    if CONTEXT.graph is None:
        limit = None if maximum_iterations is None else int(maximum_iterations)
        count = 0
        while (limit is None or count < limit) and _holds(test(*carried)):
            carried = step(*carried)
            count += 1
    else:
        with _reading_only("while_loop"):
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
        return _checked("fori_loop", "value", form, leaves, body_fun(i, form.filled(leaves)))

    if _known(first) and _known(last):
        numbers = np.arange(int(first._value), int(last._value), dtype=np.int32)
        if CONTEXT.graph is None:
            for i in numbers:
                carried = step(Tensor(np.asarray(i)), *carried)
        else:
            with _reading_only("fori_loop"):
                carried = list(
                    bind_scan(
                        lambda *xs: step(xs[-1], *xs[:-1]), carried, [Tensor(numbers)], len(numbers)
                    )
                )
        return form.filled(carried)
    first, last = (cast_to(reshape(x, ()), int32) for x in (first, last))
    with _reading_only("fori_loop"):
        found = bind_while(
            lambda i, *xs: (i < last,), lambda i, *xs: (i + 1, *step(i, *xs)), (first, *carried)
        )
    return form.filled(found[1:])


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
    steps = _steps("scan", sequences, length)
    outputs: list[Form] = []

    def step(*leaves: Tensor) -> list[Tensor]:
        state, x = leaves[: len(carried)], leaves[len(carried) :]
        result = f(form.filled(state), element.filled(x))
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise ValueError("scan: f must return two things, the state and an output.")
        outputs.append(form_of(result[1]))
        return [*_checked("scan", "state", form, state, result[0]), *leaves_of(result[1])]

    if CONTEXT.graph is not None:
        with _reading_only("scan"):
            found = bind_scan(step, carried, sequences, steps, reverse)
        state, ys = list(found[: len(carried)]), list(found[len(carried) :])
    else:
        state, ys = _python_scan(step, carried, sequences, steps, reverse)
    return form.filled(state), outputs[0].filled(ys)


def _steps(name: str, sequences: Sequence[Tensor], length: int | None) -> int:
    lengths = {x.shape[0] if x.shape else None for x in sequences}
    if length is not None:
        lengths.add(int(length))
    if len(lengths) != 1 or None in lengths:
        raise ValueError(
            f"{name}: the sequences need a first axis of one length (and length, if given, must "
            f"equal it), got shapes {[x.shape for x in sequences]} and length {length}."
        )
    found = lengths.pop()
    assert found is not None
    return found


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


@op
def associative_scan(
    f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """All running results of an associative operation: x0, f(x0, x1), f(f(x0, x1), x2), ...

    Args:
        f: associative; takes two structures like `elems`, with many elements along the axis at
            once, and returns one.
        elems: tensors, possibly nested, of one length along the axis.
        reverse: whether to run from the end.
        axis: the axis to run along.

    It takes about 2 n applications in 2 log2(n) calls of `f` (Blelloch, 1990).
    """
    form = form_of(elems)
    leaves = [moveaxis(x, axis, 0) for x in leaves_of(elems)]
    _steps("associative_scan", leaves, None)
    if reverse:
        leaves = [flip(x, 0) for x in leaves]

    def combine(a: Sequence[Tensor], b: Sequence[Tensor]) -> list[Tensor]:
        return _checked("associative_scan", "element", form, a, f(form.filled(a), form.filled(b)))

    found = _associative(combine, leaves)
    if reverse:
        found = [flip(x, 0) for x in found]
    return form.filled([moveaxis(x, 0, axis) for x in found])


def _associative(
    combine: Callable[[Sequence[Tensor], Sequence[Tensor]], list[Tensor]], xs: list[Tensor]
) -> list[Tensor]:
    """Combine neighbours, scan the half as many pairs, and fill in what lies between."""
    n = xs[0].shape[0]
    if n < 2:
        return xs
    even = [along(x, 0, 0, n - 1, 2) for x in xs]
    odd = [along(x, 0, 1, n, 2) for x in xs]
    at_odd = _associative(combine, combine(even, odd))
    first = [along(x, 0, 0, 1) for x in xs]
    if n == 2:
        at_even = first
    else:
        before = [along(y, 0, 0, (n - 1) // 2) for y in at_odd]
        later = combine(before, [along(x, 0, 2, n, 2) for x in xs])
        at_even = [concatenate([a, b], axis=0) for a, b in zip(first, later, strict=True)]
    return [_interleaved(a, b) for a, b in zip(at_even, at_odd, strict=True)]


def _interleaved(a: Tensor, b: Tensor) -> Tensor:
    """a0, b0, a1, b1, ...; `a` may have one more."""
    n = b.shape[0]
    both = stack([along(a, 0, 0, n), b], axis=1)
    woven = reshape(both, (2 * n, *b.shape[1:]))
    return woven if a.shape[0] == n else concatenate([woven, along(a, 0, n, n + 1)], axis=0)
