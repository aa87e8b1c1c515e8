"""What the kernels must know of the processor they are rendered for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AVX2", "AVX512", "NEON", "RELAXED", "SIMD128", "SSE", "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """A family of processors.

    Attributes:
        name: `avx512`, `avx2`, `sse`, `neon`, `simd128` or `relaxed`.
        vector_bytes: width of a vector register.
        registers: number of vector registers.
        fma: whether multiply-add is one instruction that rounds once.
        relaxed: whether vectors have a multiply-add that rounds once or twice, as it comes.
        masks: whether what a vector has too much is best left out by masked loads and stores.
        narrow_is_as_fast: whether vectors of half the width reach the same rate (two half-width
            units that together make a wide one), so that narrower tiles cost nothing.
        pointer: bytes of an address; lengths and indices are computed with as many.
        l1, l2: bytes of cache that one core has for itself.
    """

    name: str
    vector_bytes: int
    registers: int
    fma: bool
    masks: bool
    narrow_is_as_fast: bool = False
    relaxed: bool = False
    pointer: int = 8
    l1: int = 32 * 1024
    l2: int = 512 * 1024

    @property
    def index(self) -> str:
        """LLVM's integer for lengths and indices."""
        return f"i{8 * self.pointer}"

    @property
    def features(self) -> str:
        """What LLVM is told of the processor; of native ones the device knows more."""
        if not self.wasm:
            return ""
        found = "+simd128,+bulk-memory,+nontrapping-fptoint,+sign-ext,+mutable-globals,+atomics"
        return found + (",+relaxed-simd" if self.relaxed else "")

    @property
    def wasm(self) -> bool:
        """Whether it is WebAssembly."""
        return self.pointer == 4

    def lanes(self, itemsize: int) -> int:
        """How many elements of a size fill a register."""
        return max(1, self.vector_bytes // itemsize)


AVX512 = Target("avx512", 64, 32, True, True, l1=32 * 1024, l2=1024 * 1024)
AVX2 = Target("avx2", 32, 16, True, True)
SSE = Target("sse", 16, 16, False, False, l2=256 * 1024)
NEON = Target("neon", 16, 32, True, False)
# WebAssembly, as V8 runs it on processors with 16 registers.
SIMD128 = Target("simd128", 16, 16, False, True, pointer=4)
RELAXED = Target("relaxed", 16, 16, False, True, relaxed=True, pointer=4)
