"""What a GPU can reach at most, measured: fused multiply-adds in registers, and copies."""

from __future__ import annotations

import functools

from thalweg.devices.limit import Limit
from thalweg.devices.webgpu.clock import Clock
from thalweg.devices.webgpu.gpu import Gpu, grid
from thalweg.devices.webgpu.recorder import Command
from thalweg.devices.webgpu.slots import Slots

__all__ = ["limit"]

# Each of so many threads does so many turns of eight independent multiply-adds of four numbers.
_GROUPS, _THREADS, _TURNS = 256, 64, 64
_FLOPS = _GROUPS * _THREADS * _TURNS * 8 * 4 * 2
_BYTES = 1 << 25
_TIMES = 5

_HEAD = """\
@group(0) @binding(0) var<storage, read_write> m: array<vec4<f32>>;
@group(0) @binding(1) var<uniform> u: array<vec4<u32>, 2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wg: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>,
        @builtin(local_invocation_index) lane: u32) {
  let i = (wg.x + wg.y * grid.x) * 64u + lane;
"""
_MULTIPLY = (
    _HEAD
    + "  let x = m[i % 64u]; let y = vec4<f32>(f32(u[0].x) * 0.5);\n"
    + "".join(f"  var s{k} = x + {k}.0;\n" for k in range(8))
    + f"  for (var t = 0; t < {_TURNS}; t++) {{\n"
    + "".join(f"    s{k} = fma(s{k}, y, x);\n" for k in range(8))
    + "  }\n  m[i] = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;\n}\n"
)
_COPY = _HEAD + f"  m[i + {_BYTES // 32}u] = m[i];\n}}\n"


@functools.cache
def limit(gpu: Gpu) -> Limit:
    """The limits of a GPU, measured once."""
    flops = _FLOPS / _seconds(gpu, _MULTIPLY, _GROUPS)
    bandwidth = _BYTES / _seconds(gpu, _COPY, _BYTES // 32 // _THREADS)
    return Limit(1, flops, bandwidth, gpu.name)


def _seconds(gpu: Gpu, code: str, groups: int) -> float:
    """Of the fastest run."""
    slots = Slots(gpu)
    clock = Clock(gpu, [slots], 1)
    group = gpu.group(gpu.storage(_BYTES), slots.buffer)
    command = Command(gpu.pipeline(code), group, slots.offset((1,)), *grid(groups), 0)
    times = []
    for _ in range(_TIMES):
        clock.dispatch([command])
        times.append(clock.take()[0])
    return float(min(times))
