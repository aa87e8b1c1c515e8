"""Choice: whether an export gets shaders, from what its Programs cost.

A page makes the choice between the two devices when it knows the machine, see runtime/choose.js.
Here it is told whether any machine could choose WebGPU.
"""

from __future__ import annotations

from collections.abc import Mapping

from thalweg.web.wasm.cost import Cost

__all__ = ["too_small_for_webgpu"]

# What WebAssembly computes in a second on one thread, and what a browser on a fast GPU needs for
# each kernel that it launches: figures that favour the GPU.
_WASM_FLOPS, _WASM_BYTES, _LAUNCH_SECONDS = 2.5e10, 2e10, 2e-5


def too_small_for_webgpu(costs: Mapping[str, Cost], batch: int) -> str | None:
    """A sentence for Programs that WebAssembly runs faster on every machine; None for others."""
    n = max(1, batch)
    for cost in costs.values():
        wasm = cost.flops.at(n) / _WASM_FLOPS + cost.bytes.at(n) / _WASM_BYTES
        if wasm > cost.kernels.at(n) * _LAUNCH_SECONDS:
            return None
    most = max(cost.flops.at(n) for cost in costs.values())
    return (
        f"It needs {most / 1e6:.3g} million operations for a batch of {n} at most, which "
        "WebAssembly has done before a GPU would have begun."
    )
