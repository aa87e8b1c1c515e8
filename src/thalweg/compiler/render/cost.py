"""How many floating-point operations the statements of a kernel take."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.dims import ONE, ZERO, Dim, NotAffineError
from thalweg.compiler.ir.expression import Apply, Expression
from thalweg.compiler.ir.statement import Accumulate, Loop, Statement
from thalweg.compiler.render import uses

__all__ = ["flops"]

# One operation each; what is not here and not free counts as ten.
_SIMPLE = frozenset(
    ("add", "sub", "mul", "neg", "abs", "max", "min", "select", "sign", "floor", "ceil", "trunc")
    + ("round", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "xor", "not", "isfinite")
)
_FREE = frozenset(("cast", "bitcast", "stop_gradient"))
_LONG = 10


def flops(statements: Sequence[Statement]) -> Dim:
    """Additions, multiplications and comparisons count one, other functions ten."""
    return _block(statements, ONE, set())


def _block(statements: Sequence[Statement], turns: Dim, seen: set[Expression]) -> Dim:
    total = ZERO
    for s in statements:
        if isinstance(s, Loop):
            total = total.plus(_block(s.body, _times(turns, s.variable.extent), set(seen)))
            continue
        count = 1 if isinstance(s, Accumulate) else 0
        for e in uses.expressions((s,)):
            if isinstance(e, Apply) and e not in seen and e.name not in _FREE:
                seen.add(e)
                count += 1 if e.name in _SIMPLE else _LONG
        total = total.plus(turns.times(count))
    return total


def _times(a: Dim, b: Dim) -> Dim:
    try:
        return a.times(b)
    except NotAffineError:
        # An estimate: the square of the batch counts as a batch.
        return a.times(max(1, b.at(1)))
