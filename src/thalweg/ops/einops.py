"""rearrange: axes split, moved and merged by a pattern of their names."""

from __future__ import annotations

import math
import re
from typing import Any

from thalweg.ops.dispatch import op
from thalweg.ops.shaping import reshape, transpose
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor

__all__ = ["rearrange"]


@op
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Tensor:
    """Split, move and merge axes by name.

    Args:
        tensor: the input.
        pattern: names of the axes before and after `->`; names in parentheses share an axis, and
            `1` is an axis of length 1.
        **axes_lengths: lengths of axes that share one; one of them may be left out.

    >>> from thalweg import ops
    >>> ops.rearrange(ops.arange(6), "(h w) -> w h", h=2).numpy()
    array([[0, 3],
           [1, 4],
           [2, 5]], dtype=int32)
    """
    x = convert_to_tensor(tensor)
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ValueError(f"rearrange: pattern must have one '->', got {pattern!r}.")
    before, after = (_groups(pattern, side) for side in sides)
    names = [name for group in before for name in group]
    wanted = [name for group in after for name in group]
    if len(set(names)) != len(names) or sorted(names) != sorted(wanted):
        raise ValueError(
            f"rearrange: both sides of {pattern!r} must name the same axes, each once."
        )
    if len(before) != x.ndim:
        raise ValueError(
            f"rearrange: {pattern!r} is for {len(before)} axes, got a tensor of shape {x.shape}."
        )
    unknown = set(axes_lengths) - set(names)
    if unknown:
        raise ValueError(f"rearrange: {pattern!r} has no axis named {sorted(unknown)[0]!r}.")
    lengths: dict[str, int] = {}
    for group, n in zip(before, x.shape, strict=True):
        lengths |= _lengths(pattern, group, n, axes_lengths)
    split = reshape(x, tuple(lengths[name] for name in names))
    moved = transpose(split, tuple(names.index(name) for name in wanted)) if names else split
    return reshape(moved, tuple(math.prod(lengths[name] for name in group) for group in after))


def _groups(pattern: str, side: str) -> list[list[str]]:
    """The names on each axis; an axis written `1` has none."""
    found = []
    rest = side.strip()
    while rest:
        match = re.match(r"\(([\w\s]*)\)|(\w+)", rest)
        if match is None:
            raise ValueError(f"rearrange: cannot read {rest!r} in the pattern {pattern!r}.")
        found.append([name for name in match.group().strip("()").split() if name != "1"])
        rest = rest[match.end() :].lstrip()
    return found


def _lengths(pattern: str, group: list[str], n: int, given: dict[str, int]) -> dict[str, int]:
    """The lengths of the names that share an axis of length n."""
    known = {name: int(given[name]) for name in group if name in given}
    product = math.prod(known.values())
    missing = [name for name in group if name not in known]
    fits = n == product if not missing else product > 0 and n % product == 0
    if len(missing) > 1 or not fits:
        raise ValueError(
            f"rearrange: an axis of length {n} cannot be split into ({' '.join(group)}) of the "
            f"pattern {pattern!r} with the lengths {given}."
        )
    return known | dict.fromkeys(missing, n // product)
