"""Random bits from a counter: the same key gives the same bits on every device.

Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11):
only 32-bit additions, rotations and exclusive ors, so it is exact in NumPy, LLVM and WGSL alike.
Element i of the output is word (i mod 2) of the block with counter (i div 2).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg.primitives.primitive import Primitive
from thalweg.tensor.dtypes import uint32
from thalweg.tensor.tensor import TensorSpec

__all__ = ["random_bits", "threefry"]

Array = np.ndarray[Any, Any]

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = np.uint32(0x1BD11BDA)


def threefry(key: Array | tuple[Array, Array], low: Array, high: Array) -> tuple[Array, Array]:
    """The two 32-bit words of each block (low, high) under a key of two words.

    The words of the key may be arrays too; all are broadcast.
    """
    k0, k1 = np.uint32(key[0]), np.uint32(key[1])
    schedule = (k0, k1, k0 ^ k1 ^ PARITY)
    with np.errstate(over="ignore"):
        a, b = low + k0, high + k1
        for i in range(5):
            for rotation in ROTATIONS[i % 2]:
                a = a + b
                b = (b << np.uint32(rotation)) | (b >> np.uint32(32 - rotation))
                b = b ^ a
            a = a + schedule[(i + 1) % 3]
            b = b + schedule[(i + 2) % 3] + np.uint32(i + 1)
    return a, b


def _rule(key: Any, shape: tuple[int, ...]) -> TensorSpec:
    if key.shape != (2,) or key.dtype != uint32:
        raise ValueError(
            f"random_bits: the key must be two uint32, got shape {key.shape} of {key.dtype.name}."
        )
    return TensorSpec(shape, uint32)


def _evaluate(key: Array, shape: tuple[int, ...]) -> Array:
    count = math.prod(shape)
    blocks = np.arange((count + 1) // 2, dtype=np.uint64)
    low = blocks.astype(np.uint32)
    high = (blocks >> np.uint64(32)).astype(np.uint32)
    words = np.stack(threefry(key, low, high), axis=-1).reshape(-1)
    return words[:count].reshape(shape)


random_bits = Primitive("random_bits", _rule, _evaluate, None, "random")
