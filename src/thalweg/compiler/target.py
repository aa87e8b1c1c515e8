"""What the kernels must know of the processor they are rendered for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AVX2", "AVX512", "NEON", "SIMD128", "SSE", "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """A family of processors.

    Attributes:
        name: `avx512`, `avx2`, `sse`, `neon` or `simd128`.
        vector_bytes: width of a vector register.
        registers: number of vector registers.
        fma: whether multiply-add is one instruction.
        masks: whether masked loads and stores are single instructions.
        narrow_is_as_fast: whether vectors of half the width reach the same rate (two half-width
            units that together make a wide one), so that narrower tiles cost nothing.
        l1, l2: bytes of cache that one core has for itself.
    """

    name: str
    vector_bytes: int
    registers: int
    fma: bool
    masks: bool
    narrow_is_as_fast: bool = False
    l1: int = 32 * 1024
    l2: int = 512 * 1024

    def lanes(self, itemsize: int) -> int:
        """How many elements of a size fill a register."""
        return max(1, self.vector_bytes // itemsize)


AVX512 = Target("avx512", 64, 32, True, True, l1=32 * 1024, l2=1024 * 1024)
AVX2 = Target("avx2", 32, 16, True, True)
SSE = Target("sse", 16, 16, False, False, l2=256 * 1024)
NEON = Target("neon", 16, 32, True, False)
SIMD128 = Target("simd128", 16, 16, False, False, l2=256 * 1024)
