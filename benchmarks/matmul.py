"""Matrix products: Thalweg's kernels beside OpenBLAS, the library behind NumPy, size by size.

Run it as `python benchmarks/matmul.py [--threads 1 2] [--json] [--sizes 512x10x128:tn ...]`.
A size is MxNxK; `:tn` and `:nt` say that the left or the right operand is stored transposed. Both
sides run from a native loop, so that no time of Python's is measured; several threads of ours meet
at a barrier after each product, as they do in a program.
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import json
import os
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
MODELS = [
    "40x50x13",
    "40x50x50",
    "13x50x40:tn",
    "50x50x40:tn",
    "40x50x50:nt",
    "40x1x50",
    "50x1x40:tn",
    "40x50x1:nt",
    "128x512x784",
    "784x512x128:tn",
    "128x512x512",
    "512x512x128:tn",
    "128x512x512:nt",
    "128x10x512",
    "512x10x128:tn",
    "128x512x10:nt",
    "2048x384x128",
    "128x384x2048:tn",
    "2048x128x384:nt",
    "2048x128x128",
    "2048x512x128",
    "2048x128x512",
    "2048x65x128",
    "128x65x2048:tn",
    "2048x128x65:nt",
    "32x512x128",
    "1600x512x64",
    "512x128x1600:tn",
    "64x128x128x32:nt",
    "64x128x32x128",
]
# Drivers of one worker: groups of products, with a barrier after each product; they leave the
# number of processor ticks that the fastest group took.
_DRIVERS = """
declare i64 @llvm.readcyclecounter()
declare i64 @llvm.umin.i64(i64, i64)
define void @ticks(ptr %to) {
  %now = call i64 @llvm.readcyclecounter()
  store i64 %now, ptr %to
  ret void
}
define void @drive(ptr %f, ptr %b0, ptr %b1, ptr %b2, i64 %worker, i64 %workers, ptr %scratch,
                   i64 %n, i64 %groups, i64 %turns, ptr %sync, ptr %best) {
entry:
  br label %group
group:
  %g = phi i64 [0, %entry], [%g2, %end]
  %least = phi i64 [-1, %entry], [%less, %end]
  %count = phi i64 [0, %entry], [%next, %end]
  %before = call i64 @llvm.readcyclecounter()
  br label %turn
turn:
  %i = phi i64 [0, %group], [%i2, %met]
  %c = phi i64 [%count, %group], [%next, %met]
  call void %f(ptr %b0, ptr %b1, ptr %b2, i64 %n, i64 %worker, i64 %workers, ptr %scratch)
  %i2 = add i64 %i, 1
  %next = add i64 %c, 1
  %goal = mul i64 %next, %workers
  %old = atomicrmw add ptr %sync, i64 1 acq_rel
  br label %wait
wait:
  %seen = load atomic i64, ptr %sync acquire, align 8
  %enough = icmp sge i64 %seen, %goal
  br i1 %enough, label %met, label %wait
met:
  %more = icmp slt i64 %i2, %turns
  br i1 %more, label %turn, label %end
end:
  %after = call i64 @llvm.readcyclecounter()
  %took = sub i64 %after, %before
  %less = call i64 @llvm.umin.i64(i64 %took, i64 %least)
  %g2 = add i64 %g, 1
  %again = icmp slt i64 %g2, %groups
  br i1 %again, label %group, label %done
done:
  store i64 %less, ptr %best
  ret void
}
define void @blas(ptr %f, i32 %ta, i32 %tb, i64 %m, i64 %n, i64 %k, ptr %a, i64 %lda, ptr %b,
                  i64 %ldb, ptr %c, i64 %batch, i64 %groups, i64 %turns, ptr %best) {
entry:
  %as = mul i64 %m, %k
  %bs = mul i64 %n, %k
  %cs = mul i64 %m, %n
  br label %group
group:
  %g = phi i64 [0, %entry], [%g2, %end]
  %least = phi i64 [-1, %entry], [%less, %end]
  %before = call i64 @llvm.readcyclecounter()
  br label %turn
turn:
  %i = phi i64 [0, %group], [%i2, %turned]
  br label %one
one:
  %j = phi i64 [0, %turn], [%j2, %one]
  %ao = mul i64 %as, %j
  %bo = mul i64 %bs, %j
  %co = mul i64 %cs, %j
  %ap = getelementptr float, ptr %a, i64 %ao
  %bp = getelementptr float, ptr %b, i64 %bo
  %cp = getelementptr float, ptr %c, i64 %co
  call void %f(i32 101, i32 %ta, i32 %tb, i64 %m, i64 %n, i64 %k, float 1.0, ptr %ap, i64 %lda,
               ptr %bp, i64 %ldb, float 0.0, ptr %cp, i64 %n)
  %j2 = add i64 %j, 1
  %others = icmp slt i64 %j2, %batch
  br i1 %others, label %one, label %turned
turned:
  %i2 = add i64 %i, 1
  %more = icmp slt i64 %i2, %turns
  br i1 %more, label %turn, label %end
end:
  %after = call i64 @llvm.readcyclecounter()
  %took = sub i64 %after, %before
  %less = call i64 @llvm.umin.i64(i64 %took, i64 %least)
  %g2 = add i64 %g, 1
  %again = icmp slt i64 %g2, %groups
  br i1 %again, label %group, label %done
done:
  store i64 %less, ptr %best
  ret void
}
"""
# Groups are of about this many operations: short, as something else may run at any time.
_GROUP = 2e7


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


def kernel(size: Size, known: bool) -> Contract:
    """The contraction, as the compiler writes it.

    Args:
        known: whether all lengths are known; else m (k where the left operand is transposed, as in
            the gradient of weights) is the batch size, which is known only at run time.
    """
    lengths = {"m": size.m, "n": size.n, "k": size.k}
    batch_axis = "" if known else "k" if size.left else "m"
    m, n, k = (Var(x, Dim(1, 0) if x == batch_axis else Dim(0, e)) for x, e in lengths.items())
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


class Drivers:
    """The drivers as functions.

    Attributes:
        seconds: of one processor tick.
    """

    def __init__(self) -> None:
        self.code = jit.load(_DRIVERS, ("drive", "blas", "ticks"), host())
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        types = [*[pointer] * 4, number, number, pointer, *[number] * 3, pointer, pointer]
        self.drive = ctypes.CFUNCTYPE(None, *types)(self.code.addresses["drive"])
        types = [pointer, ctypes.c_int32, ctypes.c_int32, *[number] * 3, pointer, number, pointer]
        types += [number, pointer, number, number, number, pointer]
        self.blas = ctypes.CFUNCTYPE(None, *types)(self.code.addresses["blas"])
        ticks = ctypes.CFUNCTYPE(None, pointer)(self.code.addresses["ticks"])
        counts = np.zeros(2, np.uint64)
        begin = time.perf_counter()
        ticks(counts.ctypes.data)
        time.sleep(0.05)
        ticks(counts.ctypes.data + 8)
        self.seconds = (time.perf_counter() - begin) / float(counts[1] - counts[0])


@functools.cache
def drivers() -> Drivers:
    """The drivers, compiled once."""
    return Drivers()


class Ours:
    """A compiled product."""

    def __init__(self, size: Size, known: bool) -> None:
        begin = time.thread_time()
        wanted = kernel(size, known)
        self.text: KernelText = contract.render(wanted, host().target)
        self.render_ms = 1e3 * (time.thread_time() - begin)
        assert isinstance(wanted.left, Load)
        assert isinstance(wanted.right, Load)
        self.left, self.right = wanted.left.buffer, wanted.right.buffer
        (self.to,) = self.text.writes
        text = self.text.text.replace("define internal", "define", 1).replace(NAME, "kernel")
        module = "\n".join([*self.text.declarations.values(), text])
        begin = time.thread_time()
        self.code = jit.load(module, ("kernel",), host())
        self.compile_ms = 1e3 * (time.thread_time() - begin)


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


def best(run: Callable[[int, int, int], None], flops: int, seconds: float, threads: int) -> float:
    """Seconds for one turn: the fastest group of turns, as others disturb.

    One thread's long turns are measured in processor time, which goes on only while it runs.

    Args:
        run: does so many groups of so many turns, and leaves the ticks of the best at an address.
        flops: of one turn.
        seconds: how long to go on.
        threads: how many take part.
    """
    turns = max(1, int(_GROUP / flops))
    groups = max(2, int(2e8 / (flops * turns)))
    long = threads == 1 and flops > _GROUP
    found, end = [], time.perf_counter() + seconds
    ticks = np.zeros(1, np.uint64)
    run(1, turns, ticks.ctypes.data)
    while time.perf_counter() < end or len(found) < 3:
        begin = time.thread_time()
        run(1 if long else groups, turns, ticks.ctypes.data)
        took = time.thread_time() - begin if long else int(ticks[0]) * drivers().seconds
        found.append(took / turns)
    return min(found)


def measure(size: Size, threads: int, seconds: float, known: bool = True) -> dict[str, Any]:
    """One row of the table.

    Raises:
        AssertionError: if the two sides disagree.
    """
    ours, native = Ours(size, known), drivers()
    n = size.k if size.left else size.m
    a = aligned(size.batch, size.k, size.m) if size.left else aligned(size.batch, size.m, size.k)
    b = aligned(size.batch, size.n, size.k) if size.right else aligned(size.batch, size.k, size.n)
    c, expected = aligned(size.batch, size.m, size.n), aligned(size.batch, size.m, size.n)
    scratch = [aligned(ours.text.scratch.at(n) // 4 + 16) for _ in range(threads)]
    arrays = dict(zip((ours.left, ours.right, ours.to), (a, b, c), strict=True))
    buffers = [arrays[buffer].ctypes.data for buffer in ours.text.buffers]
    ignored = np.zeros(threads, np.uint64)

    def run(groups: int, turns: int, ticks: int) -> None:
        sync = np.zeros(16, np.int64)

        def worker(number: int, to: int) -> None:
            room = scratch[number].ctypes.data
            native.drive(
                ours.code.addresses["kernel"], *buffers, number, threads, room, n, groups,
                turns, sync.ctypes.data, to,
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

    address, set_threads = openblas()
    set_threads(threads)

    def run_blas(groups: int, turns: int, ticks: int) -> None:
        forms = 112 if size.left else 111, 112 if size.right else 111
        lda, ldb = size.m if size.left else size.k, size.k if size.right else size.n
        native.blas(
            address, *forms, size.m, size.n, size.k, a.ctypes.data, lda, b.ctypes.data, ldb,
            expected.ctypes.data, size.batch, groups, turns, ticks,
        )  # fmt: skip

    mine = best(run, size.flops, seconds, threads)
    theirs = best(run_blas, size.flops, seconds, threads)
    np.testing.assert_allclose(c, expected, rtol=1e-4, atol=1e-6 * size.k)
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
    parser.add_argument("--batch", action="store_true", help="m (k in :tn) known at run time only")
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
            row = measure(Size.of(text), threads, options.seconds, not options.batch)
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
