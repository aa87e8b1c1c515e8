"""Copies of elements from one buffer to another."""

from __future__ import annotations

from thalweg.compiler.ir.program import Copy
from thalweg.compiler.render.wgsl.expressions import Emitter
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader
from thalweg.compiler.render.wgsl.layout import Room

__all__ = ["render"]

_SIZE = 64


def render(launch: Copy, room: Room) -> list[KernelShader]:
    """A copy as a shader: one invocation for each element, whose word goes as it is."""
    e = Emitter(room.places)
    source = e.index(launch.source_offset, {})
    target = e.index(launch.target_offset, {})
    e.line(f"let i = group * {_SIZE} + thread;")
    with e.block(f"if (i < {e.length(launch.length)})"):
        begin, end = e.base(launch.source), e.base(launch.target)
        e.line(f"m[i + {target} + {end}] = m[i + {source} + {begin}];")
    moved = launch.length.times(8)
    return [e.shader((Count(launch.length, _SIZE),), _SIZE, bytes=moved)]
