"""The files of the built runtime, which exports and sites bring along."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from thalweg.saving.atomic import write_file

__all__ = ["RUNTIME", "copy_runtime", "drop_runtime"]

RUNTIME = ("thalweg.js", "webgpu.js", "thalweg.d.ts")
"""The runtime, its part for WebGPU, and its types."""


def copy_runtime(folder: Path, *, webgpu: bool = True, types: bool = True) -> None:
    """Write the runtime into a folder, and remove what is not wanted of another one there.

    Args:
        folder: where to write.
        webgpu: whether the part for WebGPU is wanted.
        types: whether the types are.
    """
    source = resources.files("thalweg.web").joinpath("runtime", "dist")
    for name, wanted in zip(RUNTIME, (True, webgpu, types), strict=True):
        if wanted:
            write_file(folder / name, source.joinpath(name).read_bytes())
        else:
            (folder / name).unlink(missing_ok=True)


def drop_runtime(folder: Path) -> None:
    """Remove an export's own copy of the runtime, where a site has one for all."""
    for name in RUNTIME:
        (folder / name).unlink(missing_ok=True)
