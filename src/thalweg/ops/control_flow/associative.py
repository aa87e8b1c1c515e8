"""All running results of an associative operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.ops.control_flow.checks import checked, step_count
from thalweg.ops.dispatch import op
from thalweg.ops.joining import concatenate, stack
from thalweg.ops.nested import form_of, leaves_of
from thalweg.ops.shaping import along, flip, moveaxis, reshape
from thalweg.tensor.tensor import Tensor

__all__ = ["associative_scan"]


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
    step_count("associative_scan", leaves, None)
    if reverse:
        leaves = [flip(x, 0) for x in leaves]

    def combine(a: Sequence[Tensor], b: Sequence[Tensor]) -> list[Tensor]:
        return checked("associative_scan", "element", form, a, f(form.filled(a), form.filled(b)))

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
