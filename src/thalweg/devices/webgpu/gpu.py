"""Gpu: the adapter that Programs run on, and what is made once for it: pipelines and layouts."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

__all__ = ["NUMBERS", "Gpu", "gpu", "grid"]

# What dispatches read and write: the memory of a Program, and the numbers of a run (see
# `compiler.render.wgsl.kernel`).
NUMBERS = 32
# More workgroups are laid out in rows.
_ROW = 65535
# Pipelines that are made at a time.
_TOGETHER = 8
# Asked for where the adapter has more than the default.
_SIZES = ("max-buffer-size", "max-storage-buffer-binding-size")
_FEATURES = ("timestamp-query", "shader-f16", "subgroup")


class Gpu:
    """A GPU.

    Attributes:
        name: for people.
        device, queue: those of `wgpu`.
        binding: bytes that a shader can see of a buffer at most.
        alignment: bytes between two places that the numbers of a run may be at.
        software: whether it is a processor that does the work of one.
        subgroups: whether shaders may use subgroup operations.
        times: whether it measures how long a pass takes.
        tick: seconds between two counts of its clock.
        process: the number of the process that has it.
    """

    def __init__(self) -> None:
        import wgpu
        from wgpu.backends.wgpu_native import lib

        self._wgpu, self.process = wgpu, os.getpid()
        adapter = _adapter()
        features = [name for name in _FEATURES if name in adapter.features]
        sizes = {name: adapter.limits[name] for name in _SIZES}
        self.device = adapter.request_device_sync(required_features=features, required_limits=sizes)
        self.queue = self.device.queue
        self.name = adapter.info["device"] or adapter.info["description"]
        limits = self.device.limits
        self.binding = min(int(limits[name]) for name in _SIZES) // 256 * 256
        self.alignment = int(limits["min-uniform-buffer-offset-alignment"])
        self.software = adapter.info["adapter_type"] == "CPU"
        self.subgroups = "subgroup" in features
        self.times = "timestamp-query" in features
        # WebGPU counts nanoseconds, wgpu what the GPU counts.
        self.tick = 1e-9 * float(lib.wgpuQueueGetTimestampPeriod(self.queue._internal))
        self._lock = threading.Lock()
        self._pipelines: dict[tuple[str, int], Any] = {}
        self._layouts: dict[int, tuple[Any, Any]] = {}

    def check_process(self) -> None:
        """Refuse to work in a process that was forked from the one that has it.

        Raises:
            RuntimeError: if this is one.
        """
        if os.getpid() != self.process:
            raise RuntimeError(
                "A forked process cannot use the GPU of the one that it comes from: start it with "
                "the method 'spawn', or let it compute on the device 'cpu'."
            )

    # --- buffers

    def storage(self, size: int) -> Any:
        """A buffer of zeros that shaders work on, and that is copied to and from.

        Raises:
            ValueError: if it is larger than a shader can see.
        """
        if size > self.binding:
            raise ValueError(
                f"{size:,} bytes in one buffer are more than the GPU '{self.name}' can bind "
                f"({self.binding:,})."
            )
        usage = self._wgpu.BufferUsage
        flags = usage.STORAGE | usage.COPY_SRC | usage.COPY_DST
        return self.device.create_buffer(size=size, usage=flags)

    def numbers(self, size: int) -> Any:
        """A buffer for the numbers of runs."""
        usage = self._wgpu.BufferUsage
        return self.device.create_buffer(size=size, usage=usage.UNIFORM | usage.COPY_DST)

    def staging(self, size: int) -> Any:
        """A buffer that this machine can read."""
        usage = self._wgpu.BufferUsage
        return self.device.create_buffer(size=size, usage=usage.MAP_READ | usage.COPY_DST)

    def queries(self, count: int) -> tuple[Any, Any]:
        """Room for so many readings of its clock, and a buffer that they are read from."""
        usage = self._wgpu.BufferUsage
        flags = usage.QUERY_RESOLVE | usage.COPY_SRC
        queries = self.device.create_query_set(type="timestamp", count=count)
        return queries, self.device.create_buffer(size=8 * count, usage=flags)

    # --- shaders

    def pipeline(self, code: str, reads: int = 0) -> Any:
        """The pipeline of a shader; equal shaders share one.

        Args:
            code: with an entry point `main`.
            reads: how many buffers it reads besides the memory and the numbers of a run.
        """
        found = self._pipelines.get((code, reads))
        if found is None:
            # naga knows subgroup operations, and not the line that enables them.
            text = code.replace("enable subgroups;\n", "")
            module = self.device.create_shader_module(code=text)
            made = self.device.create_compute_pipeline(
                layout=self._layout(reads)[1], compute={"module": module, "entry_point": "main"}
            )
            found = self._pipelines.setdefault((code, reads), made)
        return found

    def pipelines(self, codes: Sequence[str]) -> list[Any]:
        """The pipelines of many shaders, several made at a time."""
        with ThreadPoolExecutor(min(os.cpu_count() or 1, _TOGETHER)) as threads:
            return list(threads.map(self.pipeline, codes))

    def group(self, memory: Any, numbers: Any, *reads: Any) -> Any:
        """The bind group of shaders that work on these buffers."""
        buffers = [
            {"buffer": memory},
            {"buffer": numbers, "offset": 0, "size": NUMBERS},
            *({"buffer": buffer} for buffer in reads),
        ]
        entries = [{"binding": k, "resource": resource} for k, resource in enumerate(buffers)]
        return self.device.create_bind_group(layout=self._layout(len(reads))[0], entries=entries)

    def _layout(self, reads: int) -> tuple[Any, Any]:
        with self._lock:
            return self._made_layout(reads)

    def _made_layout(self, reads: int) -> tuple[Any, Any]:
        found = self._layouts.get(reads)
        if found is None:
            kinds: list[dict[str, Any]] = [
                {"type": "storage"},
                {"type": "uniform", "has_dynamic_offset": True, "min_binding_size": NUMBERS},
                *[{"type": "read-only-storage"}] * reads,
            ]
            stage = self._wgpu.ShaderStage.COMPUTE
            group = self.device.create_bind_group_layout(
                entries=[
                    {"binding": k, "visibility": stage, "buffer": kind}
                    for k, kind in enumerate(kinds)
                ]
            )
            layout = self.device.create_pipeline_layout(bind_group_layouts=[group])
            found = self._layouts[reads] = group, layout
        return found


def grid(groups: int) -> tuple[int, int]:
    """The grid of so many workgroups, or a few more."""
    if groups <= _ROW:
        return groups, 1
    rows = -(-groups // _ROW)
    return -(-groups // rows), rows


def gpu() -> Gpu:
    """The GPU of this machine, the fast one where there are several.

    Raises:
        RuntimeError: if there is none that WebGPU can use, or none in this process.
    """
    found = _gpu()
    found.check_process()
    return found


@functools.cache
def _gpu() -> Gpu:
    return Gpu()


def _adapter() -> Any:
    import wgpu
    from wgpu.backends.wgpu_native.extras import set_instance_extras

    # OpenGL can do no more than these, and complains where there is no screen. Who has made the
    # instance before has chosen already.
    with contextlib.suppress(RuntimeError):
        set_instance_extras(backends=("Primary",))
    try:
        found = wgpu.gpu.request_adapter_sync(power_preference="high-performance")
    except RuntimeError:
        found = None
    if found is None:
        raise RuntimeError(
            "The device 'webgpu' needs a GPU with a driver for Vulkan, Metal or Direct3D 12 (or "
            "Mesa's software driver), and found none on this machine."
        )
    return found
