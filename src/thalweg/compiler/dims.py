"""Dim: a length that is known up to the number of samples in a batch.

One Program serves every batch size, so a length is `scale * n + offset`, where n, the batch
size, is known only when the Program runs. A static length has scale 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["ONE", "ZERO", "Dim", "NotAffineError", "fit", "product"]


class NotAffineError(Exception):
    """A length would not be of the form scale * n + offset; the batch size must be fixed then."""


class Dim(NamedTuple):
    """The length `scale * n + offset` for a batch of n."""

    scale: int
    offset: int

    @staticmethod
    def of(length: Dim | int) -> Dim:
        """A length as a Dim."""
        return length if isinstance(length, Dim) else Dim(0, int(length))

    @property
    def static(self) -> bool:
        """Whether the length does not depend on the batch."""
        return self.scale == 0

    def at(self, n: int) -> int:
        """The length for a batch of n."""
        return self.scale * n + self.offset

    def plus(self, other: Dim | int) -> Dim:
        """The sum of two lengths."""
        b = other if type(other) is Dim else Dim.of(other)
        return Dim(self.scale + b.scale, self.offset + b.offset)

    def minus(self, other: Dim | int) -> Dim:
        """The difference of two lengths."""
        b = other if type(other) is Dim else Dim.of(other)
        return Dim(self.scale - b.scale, self.offset - b.offset)

    def times(self, other: Dim | int) -> Dim:
        """The product of two lengths; at most one of them may depend on the batch.

        Raises:
            NotAffineError: if both do.
        """
        b = other if type(other) is Dim else Dim.of(other)
        if not self.scale and not b.scale:
            return Dim(0, self.offset * b.offset)
        if self.scale and b.scale:
            raise NotAffineError
        scale = self.scale * b.offset + b.scale * self.offset
        return Dim(scale, self.offset * b.offset)

    def divided(self, other: Dim | int) -> Dim | None:
        """The quotient if this is a multiple of the other for every n, else None."""
        b = Dim.of(other)
        if b.scale:
            # (s n + o) / (t n + p) is the same number for every n only if it is s / t and o / p.
            if self.scale % b.scale or self.offset != b.offset * (self.scale // b.scale):
                return None
            return Dim(0, self.scale // b.scale)
        if b.offset == 0 or self.scale % b.offset or self.offset % b.offset:
            return None
        return Dim(self.scale // b.offset, self.offset // b.offset)

    def at_most(self, other: Dim | int) -> bool:
        """Whether this is <= the other for every batch of one or more (a proof, not a guess)."""
        b = Dim.of(other)
        return self.scale <= b.scale and self.at(1) <= b.at(1)

    def __str__(self) -> str:
        if self.static:
            return str(self.offset)
        n = "n" if self.scale == 1 else f"{self.scale}n"
        return n if not self.offset else f"{n}{self.offset:+d}"


ZERO = Dim(0, 0)
ONE = Dim(0, 1)


def product(lengths: tuple[Dim, ...]) -> Dim:
    """The product of lengths.

    Raises:
        NotAffineError: if two of them depend on the batch.
    """
    total = ONE
    for length in lengths:
        total = total.times(length)
    return total


def fit(lengths: Sequence[int], sizes: Sequence[int]) -> Dim | None:
    """The Dim with these lengths for batches of these sizes; None if there is none.

    Two sizes decide it, the others are a check; with one size the length is static.
    """
    if len(set(lengths)) == 1:
        return Dim(0, int(lengths[0]))
    scale, rest = divmod(lengths[1] - lengths[0], sizes[1] - sizes[0])
    found = Dim(int(scale), int(lengths[0] - scale * sizes[0]))
    exact = rest == 0 and all(found.at(n) == v for v, n in zip(lengths, sizes, strict=True))
    return found if exact else None
