"""Matrix products: Thalweg's kernels beside OpenBLAS, the library behind NumPy, size by size.

Run it as `python benchmarks/matmul.py [--threads 1 2] [--json] [--sizes 128x512x784 512x10x128:tn]`.
A size is MxNxK; `:tn` and `:nt` say that the left or the right operand is stored transposed. Both
sides run from a native loop, so that no time of Python's is measured; several threads of ours meet
at a barrier after each product, as they do in a program.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("THALWEG_CACHE_DIR", "")

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer, Load, Product
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.llvm import contract
from thalweg.compiler.render.llvm.kernel import NAME, KernelText
from thalweg.devices.cpu import jit
from thalweg.devices.cpu.host import host
from thalweg.tensor.dtypes import as_dtype

SQUARES = [32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048]
# What training the models of train_cpu.py and their like multiplies.
MODELS = (
    "40x50x13 40x50x50 13x50x40:tn 50x50x40:tn 40x50x50:nt 40x1x50 50x1x40:tn 40x50x1:nt "
    "128x512x784 784x512x128:tn 128x512x512 512x512x128:tn 128x512x512:nt "
    "128x10x512 512x10x128:tn 128x512x10:nt "
    "2048x384x128 128x384x2048:tn 2048x128x384:nt 2048x128x128 2048x512x128 2048x128x512 "
    "2048x65x128 128x65x2048:tn 2048x128x65:nt 32x512x128 1600x512x64 512x128x1600:tn "
    "64x128x128x32:nt 64x128x32x128"
).split()
# The driver of one worker: as many products as asked for, with a barrier after each.
_DRIVER = """
define void @drive(ptr %b0, ptr %b1, ptr %b2, i64 %worker, i64 %workers, ptr %scratch,
                   i64 %turns, ptr %sync) {
entry:
  br label %turn
turn:
  %i = phi i64 [0, %entry], [%next, %met]
  call void @kernel(ptr %b0, ptr %b1, ptr %b2, i64 1, i64 %worker, i64 %workers, ptr %scratch)
  %next = add i64 %i, 1
  %goal = mul i64 %next, %workers
  %old = atomicrmw add ptr %sync, i64 1 acq_rel
  br label %wait
wait:
  %seen = load atomic i64, ptr %sync acquire, align 8
  %enough = icmp sge i64 %seen, %goal
  br i1 %enough, label %met, label %wait
met:
  %more = icmp slt i64 %next, %turns
  br i1 %more, label %turn, label %done
done:
  ret void
}
define void @blas(ptr %f, i32 %ta, i32 %tb, i64 %m, i64 %n, i64 %k, ptr %a, i64 %lda, ptr %b,
                  i64 %ldb, ptr %c, i64 %turns) {
entry:
  br label %turn
turn:
  %i = phi i64 [0, %entry], [%next, %turn]
  call void %f(i32 101, i32 %ta, i32 %tb, i64 %m, i64 %n, i64 %k, float 1.0, ptr %a, i64 %lda,
               ptr %b, i64 %ldb, float 0.0, ptr %c, i64 %n)
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %turns
  br i1 %more, label %turn, label %done
done:
  ret void
}
"""


@dataclass(frozen=True)
class Size:
    """A product to measure: `batch` of m x n x k."""

    text: str
    batch: int
    m: int
    n: int
    k: int
    left: bool
    right: bool

    @staticmethod
    def of(text: str) -> Size:
        """A size as the command line gives it."""
        lengths, _, form = text.partition(":")
        *batch, m, n, k = (int(x) for x in lengths.split("x"))
        return Size(text, batch[0] if batch else 1, m, n, k, form == "tn", form == "nt")

    @property
    def flops(self) -> int:
        """Operations of all products."""
        return 2 * self.batch * self.m * self.n * self.k


def kernel(size: Size) -> Contract:
    """The contraction, as the compiler writes it."""
    m, n, k = (Var(x, Dim.of(e)) for x, e in (("m", size.m), ("n", size.n), ("k", size.k)))
    batch = Var("batch", Dim.of(size.batch))

    def place(kind: str, row: Var, column: Var) -> tuple[Buffer, Index]:
        area = row.extent.times(column.extent)
        index = Index.of(row).times(column.extent).plus(Index.of(column))
        buffer = Buffer(kind, as_dtype("float32"), area.times(batch.extent))
        return buffer, index.plus(Index.of(batch).times(area))

    left = Load(*place("input", k, m) if size.left else place("input", m, k))
    right = Load(*place("input", n, k) if size.right else place("input", k, n))
    to, index = place("output", m, n)
    stores = (Store(to, index, Product(to.dtype)),)
    return Contract((batch,), (m,), (n,), (k,), left, right, stores, to.dtype)


class Ours:
    """A compiled product."""

    def __init__(self, size: Size) -> None:
        begin = time.thread_time()
        wanted = kernel(size)
        self.text: KernelText = contract.render(wanted, host().target)
        self.render_ms = 1e3 * (time.thread_time() - begin)
        assert isinstance(wanted.left, Load)
        assert isinstance(wanted.right, Load)
        self.left, self.right = wanted.left.buffer, wanted.right.buffer
        (self.to,) = self.text.writes
        text = re.sub(NAME, "kernel", self.text.text)
        module = "\n".join([*self.text.declarations.values(), text, _DRIVER])
        begin = time.thread_time()
        self.code = jit.load(module, ("drive", "blas"), host())
        self.compile_ms = 1e3 * (time.thread_time() - begin)
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        types = [*[pointer] * 3, number, number, pointer, number, pointer]
        self.drive = ctypes.CFUNCTYPE(None, *types)(self.code["drive"])
        types = [pointer, ctypes.c_int32, ctypes.c_int32, *[number] * 3, pointer, number, pointer]
        types += [number, pointer, number]
        self.blas = ctypes.CFUNCTYPE(None, *types)(self.code["blas"])


def openblas() -> tuple[int, Callable[[int], None]]:
    """The address of NumPy's own sgemm, and a function that sets the number of its threads."""
    places = Path(np.__file__).parent.parent / "numpy.libs"
    library = ctypes.CDLL(str(next(places.glob("libscipy_openblas64*"))))
    address = ctypes.cast(library.scipy_cblas_sgemm64_, ctypes.c_void_p).value
    assert address is not None
    return address, library.scipy_openblas_set_num_threads64_


def aligned(*lengths: int) -> np.ndarray[Any, Any]:
    """Random float32 numbers that begin at a cache line."""
    count = int(np.prod(lengths))
    whole = np.random.default_rng(0).standard_normal(count + 16, np.float32)
    first = -whole.ctypes.data // 4 % 16
    return whole[first : first + count].reshape(lengths)


def best(run: Callable[[int], None], flops: int, seconds: float) -> float:
    """Seconds for one turn: the fastest of several measurements, as others disturb."""
    turns = max(1, int(2e8 / flops))
    run(turns)
    found, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(found) < 3:
        begin = time.perf_counter()
        run(turns)
        found.append((time.perf_counter() - begin) / turns)
    return min(found)


def measure(size: Size, threads: int, seconds: float) -> dict[str, Any]:
    """One row of the table.

    Raises:
        AssertionError: if the two sides disagree.
    """
    ours = Ours(size)
    a = aligned(size.batch, size.k, size.m) if size.left else aligned(size.batch, size.m, size.k)
    b = aligned(size.batch, size.n, size.k) if size.right else aligned(size.batch, size.k, size.n)
    c, expected = aligned(size.batch, size.m, size.n), aligned(size.batch, size.m, size.n)
    room = ours.text.scratch.at(1)
    scratch = [aligned(room // 4 + 16) for _ in range(threads)]
    arrays = dict(zip((ours.left, ours.right, ours.to), (a, b, c), strict=True))
    pointers = [arrays[buffer].ctypes.data for buffer in ours.text.buffers]

    def run(turns: int) -> None:
        sync = np.zeros(16, np.int64)
        workers = [
            threading.Thread(
                target=ours.drive,
                args=(*pointers, w, threads, scratch[w].ctypes.data, turns, sync.ctypes.data),
            )
            for w in range(1, threads)
        ]
        for w in workers:
            w.start()
        ours.drive(*pointers, 0, threads, scratch[0].ctypes.data, turns, sync.ctypes.data)
        for w in workers:
            w.join()

    address, set_threads = openblas()
    set_threads(threads)

    def run_blas(turns: int) -> None:
        forms = 112 if size.left else 111, 112 if size.right else 111
        lda, ldb = size.m if size.left else size.k, size.k if size.right else size.n
        for _ in range(turns if size.batch > 1 else 1):
            for i in range(size.batch):
                ours.blas(
                    address, *forms, size.m, size.n, size.k, a[i].ctypes.data, lda,
                    b[i].ctypes.data, ldb, expected[i].ctypes.data,
                    1 if size.batch > 1 else turns,
                )  # fmt: skip

    mine, theirs = best(run, size.flops, seconds), best(run_blas, size.flops, seconds)
    np.testing.assert_allclose(c, expected, rtol=1e-4, atol=1e-4 * size.k**0.5)
    return {
        "size": size.text,
        "threads": threads,
        "gflops": round(size.flops / mine / 1e9, 1),
        "openblas": round(size.flops / theirs / 1e9, 1),
        "ratio": round(theirs / mine, 2),
        "us": round(mine * 1e6, 2),
        "render_ms": round(ours.render_ms, 1),
        "compile_ms": round(ours.compile_ms, 1),
    }


def limit(threads: int, seconds: float = 0.3) -> float:
    """The float32 products of this machine at their best, by either side, in GFLOP/s."""
    rows = [measure(Size.of(f"{x}x{x}x{x}"), threads, seconds) for x in (384, 512, 1024)]
    return max(max(row["gflops"], row["openblas"]) for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--sizes", nargs="*", default=[f"{x}x{x}x{x}" for x in SQUARES] + MODELS)
    parser.add_argument("--seconds", type=float, default=0.15, help="for each side of a row")
    parser.add_argument("--json", action="store_true", help="a JSON line for each row")
    parser.add_argument("--limit", action="store_true", help="only this machine's limit")
    options = parser.parse_args()
    if options.limit:
        for threads in options.threads:
            print(f"{threads} threads: {limit(threads):.0f} GFLOP/s")
        return
    heading = f"{'size':>20} threads  GFLOP/s OpenBLAS  ratio        us  render  compile"
    if not options.json:
        print(heading)
    for threads in options.threads:
        for text in options.sizes:
            row = measure(Size.of(text), threads, options.seconds)
            if options.json:
                print(json.dumps(row), flush=True)
                continue
            print(
                f"{row['size']:>20} {row['threads']:7} {row['gflops']:8.1f} {row['openblas']:8.1f} "
                f"{row['ratio']:6.2f} {row['us']:9.2f} {row['render_ms']:7.1f} "
                f"{row['compile_ms']:8.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
