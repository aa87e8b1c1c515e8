"""Kernels built by hand and run in this process: what the tests of the renderer share."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.compiler.jit import Compiled, function
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Apply, Buffer, Expression, Load
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.render.llvm import kernels
from thalweg.compiler.render.llvm.kernel import NAME, KernelText
from thalweg.compiler.target import AVX2, AVX512, NEON, SSE, Target
from thalweg.tensor.dtypes import as_dtype

TARGETS = [AVX512, AVX2, SSE, NEON]
Array = np.ndarray[Any, Any]


def buffer(kind: str, dtype: str, *lengths: Dim | int) -> Buffer:
    """A buffer for a tensor of these lengths."""
    size = Dim(0, 1)
    for length in lengths:
        size = size.times(length)
    return Buffer(kind, as_dtype(dtype), size)


def at(*terms: Any) -> Index:
    """`at(i, 3, j)`: i * 3 + j, as nested places of a dense tensor."""
    total = Index.of(terms[0])
    for extent, place in zip(terms[1::2], terms[2::2], strict=True):
        total = total.times(extent).plus(Index.of(place))
    return total


def apply(name: str, *inputs: Expression, dtype: Any = None) -> Apply:
    return Apply(name, inputs, dtype or inputs[-1].dtype)


def load(buffer: Buffer, *terms: Any) -> Load:
    return Load(buffer, at(*terms))


def var(name: str, extent: Dim | int) -> Var:
    return Var(name, Dim.of(extent))


class Kernel:
    """A compiled kernel."""

    def __init__(self, kernel: kernels.Kernel, target: Target = AVX512) -> None:
        self.rendered: KernelText = kernels.render(kernel, target)
        text = self.rendered.text.replace("define internal", "define", 1)
        self.module = Compiled(text, self.rendered.declarations)
        count = len(self.rendered.buffers)
        types = [ctypes.c_void_p] * count + [ctypes.c_int64] * 3 + [ctypes.c_void_p]
        self.call = function(self.module, NAME, *types)

    def __call__(self, arrays: Mapping[Buffer, Array], n: int = 1, workers: int = 1) -> None:
        """Run all workers, one after the other, on arrays that are written in place."""
        pointers = []
        for b in self.rendered.buffers:
            array = arrays[b]
            assert array.flags.c_contiguous
            assert array.dtype == b.dtype
            assert array.size == b.size.at(n)
            pointers.append(array.ctypes.data)
        for worker in range(workers):
            scratch = np.zeros(self.rendered.scratch.at(n) + 64, np.uint8)
            place = -(-scratch.ctypes.data // 64) * 64
            self.call(*pointers, n, worker, workers, place)
