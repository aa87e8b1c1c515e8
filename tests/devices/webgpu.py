"""What tests of the device `webgpu` share: programs that know their temporaries, and models."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

import thalweg as tw
from thalweg.compiler.ir.access import accesses
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Cond, Program, Scan, While
from thalweg.devices.webgpu.executable import Executable
from thalweg.devices.webgpu.load import load


@contextlib.contextmanager
def device(name: str) -> Iterator[None]:
    """Programs compiled within run there."""
    before = tw.config.device()
    tw.config.set_device(name)
    try:
        yield
    finally:
        tw.config.set_device(before)


def executable(program: Program) -> Executable:
    """A hand-made Program on the GPU."""
    return load(replace(program, temporaries=sorted(_temporaries(program.launches), key=id)))


def _temporaries(launches) -> set[Buffer]:
    found: set[Buffer] = set()
    for launch in launches:
        if isinstance(launch, Scan):
            found |= _temporaries(launch.block)
        elif isinstance(launch, While):
            found |= _temporaries((*launch.test, *launch.block)) | {launch.flag}
        elif isinstance(launch, Cond):
            found |= _temporaries((*launch.then, *launch.otherwise)) | {launch.flag}
        else:
            found |= set().union(*accesses(launch))
    return {b for b in found if b.kind == "temporary"}


def line() -> tw.Model:
    """The smallest model that trains, and keeps means of what it sees."""
    tw.set_random_seed(3)
    model = tw.Sequential([tw.Input((3,)), tw.layers.BatchNormalization(), tw.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def points(count: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Data for it."""
    generator = np.random.default_rng(7)
    x = generator.normal(size=(count, 3)).astype(np.float32)
    return x, (x @ [[1.0], [-2.0], [0.5]] + 3).astype(np.float32)
