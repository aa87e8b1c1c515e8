"""Cost: what one run of a Program costs, from which the page chooses a device."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from thalweg.compiler.dims import ZERO, Dim
from thalweg.compiler.render.llvm.leaves import Leaf

__all__ = ["Cost"]


class Cost(NamedTuple):
    """Floating-point operations, bytes that are touched, and kernels."""

    flops: Dim
    bytes: Dim
    kernels: Dim

    @staticmethod
    def of(leaves: Iterable[Leaf]) -> Cost:
        """The sum over all launches."""
        flops, touched, kernels = ZERO, ZERO, ZERO
        for leaf in leaves:
            flops = flops.plus(leaf.flops().times(leaf.times))
            touched = touched.plus(leaf.bytes().times(leaf.times))
            kernels = kernels.plus(leaf.times)
        return Cost(flops, touched, kernels)
