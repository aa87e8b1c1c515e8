"""What is around the kernels of a Program: loops and branches, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from thalweg.compiler.ir.program import Cond, Launch, Scan, While

__all__ = ["around"]


def around(
    launches: Sequence[Launch], n: int, outside: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """The loops and branches around each leaf, in the order of the leaves.

    Args:
        launches: the Program's.
        n: the batch size.
        outside: what is around all of them.
    """
    for launch in launches:
        if isinstance(launch, Scan):
            yield from around(launch.block, n, (*outside, f"{launch.length.at(n):,} times:"))
        elif isinstance(launch, While):
            yield from around(launch.test, n, (*outside, "while:"))
            yield from around(launch.block, n, (*outside, "do:"))
        elif isinstance(launch, Cond):
            yield from around(launch.then, n, (*outside, "if:"))
            yield from around(launch.otherwise, n, (*outside, "else:"))
        else:
            yield outside
