"""Convolution and pooling: Thalweg's kernels beside the machine's limit, shape by shape.

Run it as `python -m benchmarks.convolution [--threads 1 2] [--json] [--only NAME ...]`. For each
shape and direction (forward, gradient of the input, gradient of the filters) it prints GFLOP/s and
the share of the float32 limit, which is that of large matrix products by NumPy's OpenBLAS or by
Thalweg on as many threads; for pooling, which computes little, GB/s of what must be read and
written. Kernels run from a native loop, and threads meet at a barrier after each of them.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.matmul import aligned, best, drivers, limit
from thalweg.compiler.dims import Dim, product
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.ir.expression import Buffer, Expression, Load, Product
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Statement, Store
from thalweg.compiler.lower.geometry import linear
from thalweg.compiler.lower.window import Place, loop_nest, lower_window
from thalweg.compiler.render.llvm import kernels
from thalweg.compiler.render.llvm.kernel import NAME, KernelText
from thalweg.devices.cpu import jit
from thalweg.devices.cpu.host import host
from thalweg.primitives import window
from thalweg.tensor.dtypes import as_dtype
from thalweg.tensor.tensor import TensorSpec

FLOAT = as_dtype("float32")


@dataclass(frozen=True)
class Shape:
    """A layer to measure.

    Attributes:
        name: for the table.
        image: (batch, *spatial, channels).
        kernel: the window; of pooling, too.
        filters: how many; 0 for pooling.
        stride: along every axis.
        same: whether there is padding, so that the output is as large as the image / stride.
        groups: of channels.
    """

    name: str
    image: tuple[int, ...]
    kernel: tuple[int, ...]
    filters: int
    stride: int = 1
    same: bool = False
    groups: int = 1

    @property
    def params(self) -> dict[str, Any]:
        """Strides and padding."""
        padding = []
        for n, k in zip(self.image[1:-1], self.kernel, strict=True):
            total = max(0, (-(-n // self.stride) - 1) * self.stride + k - n) if self.same else 0
            padding.append((total // 2, total - total // 2))
        return {"strides": (self.stride,) * len(self.kernel), "padding": tuple(padding)}

    def operations(self) -> Iterator[tuple[str, Any, list[tuple[int, ...]], dict[str, Any]]]:
        """For each direction: its name, primitive, the shapes of its inputs, its parameters."""
        x = self.image
        if not self.filters:
            params = {"window": self.kernel, **self.params}
            y = window.window_max.specs(TensorSpec(x, FLOAT), **params)[0].shape
            yield "max", window.window_max, [x], params
            yield "max gradient", window.window_scatter, [x, y], params
            yield "sum", window.window_sum, [x], params
            yield "sum gradient", window.window_sum_gradient, [y], {"input_shape": x, **params}
            return
        w = (*self.kernel, x[-1] // self.groups, self.filters)
        dilation = (1,) * len(self.kernel)
        params = {**self.params, "dilation": dilation, "groups": self.groups}
        y = window.conv.specs(TensorSpec(x, FLOAT), TensorSpec(w, FLOAT), **params)[0].shape
        yield "forward", window.conv, [x, w], params
        if x[-1] > 3:
            own = {"input_shape": x, **params}
            yield "input gradient", window.conv_input_gradient, [y, w], own
        own = {"kernel": self.kernel, **params}
        yield "filter gradient", window.conv_filter_gradient, [x, y], own


SHAPES = [
    Shape("cnn 1", (128, 28, 28, 1), (3, 3), 32),
    Shape("cnn 2", (128, 13, 13, 32), (3, 3), 64),
    Shape("resnet 16", (32, 32, 32, 16), (3, 3), 16, same=True),
    Shape("resnet 16-32 /2", (32, 32, 32, 16), (3, 3), 32, stride=2, same=True),
    Shape("resnet 32", (32, 16, 16, 32), (3, 3), 32, same=True),
    Shape("resnet 64", (32, 8, 8, 64), (3, 3), 64, same=True),
    Shape("resnet 1x1 /2", (32, 32, 32, 16), (1, 1), 32, stride=2),
    Shape("1x1", (32, 14, 14, 128), (1, 1), 128),
    Shape("256 at 14", (8, 14, 14, 256), (3, 3), 256, same=True),
    Shape("512 at 7", (8, 7, 7, 512), (3, 3), 512, same=True),
    Shape("7x7 /2 of 3", (4, 112, 112, 3), (7, 7), 64, stride=2, same=True),
    Shape("5x5 of 6", (64, 14, 14, 6), (5, 5), 16),
    Shape("64 to 1", (32, 28, 28, 64), (3, 3), 1, same=True),
    Shape("64 to 3", (32, 28, 28, 64), (3, 3), 3, same=True),
    Shape("1-D", (32, 256, 64), (5,), 64, same=True),
    Shape("depthwise", (32, 28, 28, 96), (3, 3), 96, same=True, groups=96),
    Shape("pool 2x2", (128, 26, 26, 32), (2, 2), 0, stride=2),
    Shape("pool 2x2 of 11", (128, 11, 11, 64), (2, 2), 0, stride=2),
    Shape("pool 3x3 /2", (32, 32, 32, 32), (3, 3), 0, stride=2, same=True),
]
# Whatever buffers a kernel has, the drivers give it three.
_WRAPPER = """
define void @kernel(ptr %p0, ptr %p1, ptr %p2, i64 %n, i64 %worker, i64 %workers, ptr %scratch) {{
  call void @{name}({given}i64 %n, i64 %worker, i64 %workers, ptr %scratch)
  ret void
}}
"""


def lowered(
    primitive: Any, inputs: list[tuple[int, ...]], params: dict[str, Any]
) -> tuple[list[Any], list[Buffer]]:
    """The kernels of an operation, and its buffers: inputs, output, temporaries.

    The first axis of images is known at run time only, as in a program.
    """
    (spec,) = primitive.specs(*(TensorSpec(s, FLOAT) for s in inputs), **params)
    batch = inputs[0][0]

    def dims(shape: tuple[int, ...]) -> tuple[Dim, ...]:
        first = Dim(1, 0) if shape[0] == batch else Dim(0, shape[0])
        return (first, *(Dim(0, n) for n in shape[1:]))

    values = [Value(dims(s), FLOAT) for s in inputs]
    to = Value(dims(spec.shape), FLOAT)
    bound = dict(params)
    if "input_shape" in bound:
        bound["input_shape"] = dims(bound["input_shape"])
    buffers = {v: Buffer("input", FLOAT, product(v.shape)) for v in values}
    output = Buffer("output", FLOAT, product(to.shape))
    temporaries: list[Buffer] = []

    def temporary(dtype: Any, size: Dim) -> Buffer:
        temporaries.append(Buffer("temporary", dtype, size))
        return temporaries[-1]

    def read(value: Value, place: Place) -> Expression:
        return Load(buffers[value], linear(place, value.shape))

    def store(place: Place, value: Expression) -> tuple[Statement, ...]:
        return (Store(output, linear(place, to.shape), value),)

    operation = Operation(primitive, tuple(values), (to,), bound)
    parts = lower_window(operation, read, temporary)
    found: list[Any] = list(parts.setup)
    for c in parts.contractions:
        stores = store(c.place, Product(FLOAT))
        found.append(
            Contract(c.batch, c.m, c.n, c.k, c.left, c.right, stores, FLOAT, window=c.window)
        )
    if parts.nests:
        found.append(loop_nest(parts.nests, store))
    return found, [*buffers.values(), output, *temporaries]


class Ours:
    """A compiled kernel that takes three pointers whatever it needs."""

    def __init__(self, kernel: Any) -> None:
        begin = time.thread_time()
        self.text: KernelText = kernels.render(kernel, host().target)
        self.render_ms = 1e3 * (time.thread_time() - begin)
        given = "".join(f"ptr %p{i}, " for i in range(len(self.text.buffers)))
        wrapper = _WRAPPER.format(name="inner", given=given)
        module = [*self.text.declarations.values(), self.text.text.replace(NAME, "inner"), wrapper]
        begin = time.thread_time()
        self.code = jit.load("\n".join(module), ("kernel",), host())
        self.compile_ms = 1e3 * (time.thread_time() - begin)


def seconds_of(
    ours: Ours, arrays: dict[Buffer, Any], n: int, threads: int, flops: int, seconds: float
) -> float:
    """Seconds for one run of a kernel."""
    native = drivers()
    scratch = [aligned(ours.text.scratch.at(n) // 4 + 16) for _ in range(threads)]
    pointers = [arrays[buffer].ctypes.data for buffer in ours.text.buffers]
    pointers += [0] * (3 - len(pointers))
    ignored = np.zeros(threads, np.uint64)

    def run(groups: int, turns: int, ticks: int) -> None:
        sync = np.zeros(16, np.int64)

        def worker(number: int, to: int) -> None:
            native.drive(
                ours.code.addresses["kernel"], *pointers, number, threads,
                scratch[number].ctypes.data, n, groups, turns, sync.ctypes.data, to,
            )  # fmt: skip

        others = [
            threading.Thread(target=worker, args=(w, ignored[w:].ctypes.data))
            for w in range(1, threads)
        ]
        for other in others:
            other.start()
        worker(0, ticks)
        for other in others:
            other.join()

    return best(run, flops, seconds, threads)


def measure(
    shape: Shape, threads: int, seconds: float, most: float, only: list[str] | None = None
) -> Iterator[dict[str, Any]]:
    """A row for each direction.

    Args:
        most: the machine's limit in GFLOP/s.
        only: directions; all if None.

    Raises:
        AssertionError: if a result is not NumPy's.
    """
    n = shape.image[0]
    for direction, primitive, inputs, params in shape.operations():
        if only and direction not in only:
            continue
        wanted, buffers = lowered(primitive, inputs, params)
        arrays: dict[Buffer, Any] = {b: aligned(b.size.at(n)).view(b.dtype) for b in buffers}
        values = [
            arrays[b].reshape(s) for b, s in zip(buffers, inputs, strict=False) if b.kind == "input"
        ]
        expected = primitive.evaluate(*values, **params)
        output = arrays[next(b for b in buffers if b.kind == "output")]
        # Multiplications and additions with the padding count, as they do elsewhere.
        places = np.prod(expected.shape) if direction == "forward" else np.prod(inputs[0])
        if direction == "filter gradient":
            places = np.prod(inputs[1])
        channels = shape.image[-1] // shape.groups
        flops = int(2 * places * np.prod(shape.kernel) * channels) if shape.filters else 0
        bytes_ = 4 * sum(int(np.prod(s)) for s in (*inputs, expected.shape))
        took = render = compile_ = 0.0
        compiled = [Ours(kernel) for kernel in wanted]
        for ours in compiled:
            took += seconds_of(ours, arrays, n, threads, flops or bytes_, seconds)
            render, compile_ = render + ours.render_ms, compile_ + ours.compile_ms
        scale = float(np.max(np.abs(expected)))
        np.testing.assert_allclose(output.reshape(expected.shape), expected, atol=2e-5 * scale)
        yield {
            "shape": shape.name,
            "direction": direction,
            "threads": threads,
            "gflops": round(flops / took / 1e9, 1),
            "share": round(flops / took / 1e9 / most, 3),
            "gbytes": round(bytes_ / took / 1e9, 1),
            "us": round(took * 1e6, 1),
            "kernels": len(compiled),
            "render_ms": round(render, 1),
            "compile_ms": round(compile_, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--only", nargs="*", help="names of shapes")
    parser.add_argument("--seconds", type=float, default=0.15, help="for each kernel")
    parser.add_argument("--json", action="store_true", help="a JSON line for each row")
    options = parser.parse_args()
    shapes = [s for s in SHAPES if not options.only or s.name in options.only]
    for threads in options.threads:
        most = limit(threads)
        if not options.json:
            print(f"{threads} threads: the limit is {most:.0f} GFLOP/s")
            print(
                f"{'shape':>16} {'direction':>16} {'GFLOP/s':>8} share   GB/s        us  kernels "
                "render compile"
            )
        for shape in shapes:
            for row in measure(shape, threads, options.seconds, most):
                if options.json:
                    print(json.dumps(row), flush=True)
                    continue
                print(
                    f"{row['shape']:>16} {row['direction']:>16} {row['gflops']:8.1f} "
                    f"{row['share']:5.2f} {row['gbytes']:6.1f} {row['us']:9.1f} "
                    f"{row['kernels']:8} {row['render_ms']:6.1f} {row['compile_ms']:7.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
