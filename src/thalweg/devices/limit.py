"""Limit: what a machine can reach at most, for explanations to set a Program beside."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limit"]


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits of a processor on some number of threads, or those of a GPU.

    Attributes:
        threads: how many; of a GPU, that one of this machine tells it what to do.
        flops: float32 operations a second: on a processor in products of large matrices (NumPy's
            BLAS), on a GPU in fused multiply-adds in registers.
        bandwidth: bytes a second read and written by copies that no cache holds.
        gpu: the name of the GPU; empty for a processor.
    """

    threads: int
    flops: float
    bandwidth: float
    gpu: str = ""
