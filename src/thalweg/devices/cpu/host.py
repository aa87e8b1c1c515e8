"""Host: the processor of this machine, as LLVM names it, and what the kernels must know of it."""

from __future__ import annotations

import dataclasses
import functools
import os
from dataclasses import dataclass
from pathlib import Path

from thalweg.compiler.target import AVX2, AVX512, NEON, SSE, Target

__all__ = ["Host", "host"]


@dataclass(frozen=True, slots=True)
class Host:
    """A processor.

    Attributes:
        cpu: LLVM's name of it.
        features: LLVM's list of what it can do (`+avx2,-avx512f,...`).
        target: the family that kernels are rendered for.
    """

    cpu: str
    features: str
    target: Target


# What a family can count on, for processors that can do more.
_GENERIC = {"avx512": "x86-64-v4", "avx2": "x86-64-v3", "sse": "x86-64-v2"}


def host() -> Host:
    """This machine's processor; the environment's THALWEG_TARGET may ask for an older family.

    Raises:
        ValueError: if THALWEG_TARGET names a family that this processor does not have.
    """
    return _host(os.environ.get("THALWEG_TARGET", ""))


@functools.cache
def _host(wanted: str) -> Host:
    import llvmlite.binding as llvm

    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features()
    present = {name for name, has in features.items() if has}
    families = _families(present)
    if wanted not in ("", *families):
        raise ValueError(
            f"THALWEG_TARGET is {wanted!r}; this processor can run {', '.join(families)}."
        )
    name = wanted or next(iter(families))
    l1, l2 = _cache(1) or families[name].l1, _cache(2) or families[name].l2
    target = dataclasses.replace(families[name], l1=l1, l2=l2)
    if not wanted or wanted == next(iter(families)):
        # Zen 4 executes a vector of 512 bits as two halves.
        target = dataclasses.replace(target, narrow_is_as_fast=cpu == "znver4")
        return Host(cpu, features.flatten(), target)
    return Host(_GENERIC[name], "", target)


def _families(present: set[str]) -> dict[str, Target]:
    """The families that a processor belongs to, the best one first."""
    if "neon" in present:
        return {"neon": NEON}
    found = {}
    if present >= {"avx512f", "avx512bw", "avx512dq", "avx512vl"}:
        found["avx512"] = AVX512
    if present >= {"avx2", "fma"}:
        found["avx2"] = AVX2
    return {**found, "sse": SSE}


def _cache(level: int) -> int:
    """Bytes of a core's data cache of a level; 0 where the system does not say."""
    for place in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            found = (place / "level").read_text().strip()
            kind = (place / "type").read_text().strip()
            size = (place / "size").read_text().strip()
        except OSError:
            continue
        if found == str(level) and kind != "Instruction" and size.endswith("K"):
            return int(size[:-1]) * 1024
    return 0
