"""Choice: whether an export gets shaders, and on which device it runs best, from what it costs.

The page takes WebGPU only where it finds a real GPU, see runtime/choose.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thalweg.compiler.dims import Dim
from thalweg.web.wasm.cost import Cost

__all__ = ["preferred", "too_small_for_webgpu"]

# What WebAssembly computes in a second on one thread, and what a browser on a fast GPU needs for
# each kernel that it launches: figures that favour the GPU.
_WASM_FLOPS, _WASM_BYTES, _LAUNCH_SECONDS = 2.5e10, 2e10, 2e-5


def too_small_for_webgpu(costs: Mapping[str, Cost], batch: int) -> str | None:
    """Why WebAssembly runs some Programs faster on every machine; None for others."""
    n = max(1, batch)
    for cost in costs.values():
        wasm = cost.flops.at(n) / _WASM_FLOPS + cost.bytes.at(n) / _WASM_BYTES
        if wasm > cost.kernels.at(n) * _LAUNCH_SECONDS:
            return None
    most = max(cost.flops.at(n) for cost in costs.values())
    return (
        f"it needs {most:,} operations for a batch of {n} at most, which WebAssembly has done "
        "before a GPU would have begun"
    )


# The same for the choice between the two, by cautious figures of common machines: seconds for a
# kernel of WebAssembly, for a dispatch, for reading results, and what a GPU does in a second.
_KERNEL_SECONDS, _DISPATCH_SECONDS, _READ_SECONDS = 3e-7, 3e-5, 2e-4
_GPU_FLOPS, _GPU_BYTES = 3e11, 3e10

# A worker is worth its meetings with the others if it has so much to do in each step.
_WORKER_SECONDS, _MOST_WORKERS = 5e-4, 8


def preferred(
    costs: Mapping[str, Cost], dispatches: Mapping[str, Dim] | None, batch: int, why_not: str | None
) -> dict[str, Any]:
    """What a page on a common machine had best do: the device, why, and how many workers.

    Args:
        costs: by Program; the training step counts where there is one, else predictions.
        dispatches: how many the WebGPU device makes for each Program; None without shaders.
        batch: the size of a batch.
        why_not: why there are no shaders.
    """
    name = next((name for name in ("train", "predict") if name in costs), next(iter(costs)))
    n, cost = max(1, batch), costs[name]
    flops, moved = cost.flops.at(n), cost.bytes.at(n)
    wasm = flops / _WASM_FLOPS + moved / _WASM_BYTES + cost.kernels.at(n) * _KERNEL_SECONDS
    workers = max(1, min(_MOST_WORKERS, int(wasm / _WORKER_SECONDS))) if name == "train" else 1
    what = {"train": "A training step", "predict": "A prediction"}.get(name, f"'{name}'")
    why = f"{what} for {n} takes about {_short(wasm)} in WebAssembly"
    if dispatches is None:
        return {"device": "wasm", "why": f"{why}; {why_not}.", "threads": workers}
    count = dispatches[name].at(n)
    gpu = _READ_SECONDS + count * _DISPATCH_SECONDS + max(flops / _GPU_FLOPS, moved / _GPU_BYTES)
    why = f"{why} and {_short(gpu)} ({count} dispatches) on a common GPU."
    return {"device": "webgpu" if gpu < wasm else "wasm", "why": why, "threads": workers}


def _short(seconds: float) -> str:
    return f"{seconds * 1e6:.2g} µs" if seconds < 1e-4 else f"{seconds * 1e3:.2g} ms"
