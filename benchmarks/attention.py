"""Attention and its gradient: the fused operation beside the same written out, and PyTorch's.

Run it as `python benchmarks/attention.py [--threads N] [--causal] [BxTxHxD ...]`. All are compiled
and timed in turn; the best of several rounds counts, and on one thread its processor time, as
others may use the machine. GFLOP/s are of the products alone, half of them where attention is
causal. PyTorch is reported where installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import time
from collections.abc import Callable
from typing import Any

os.environ["THALWEG_COMPILE"] = "always"

import numpy as np

import thalweg as tw
from thalweg import config, ops

SIZES = ["16x16x4x16", "16x64x4x32", "16x128x4x32", "16x128x4x64", "4x512x4x64", "1x1024x4x64"]
Array = np.ndarray[Any, Any]


def fused(q: Any, k: Any, v: Any, causal: bool) -> Any:
    """The operation."""
    return ops.dot_product_attention(q, k, v, is_causal=causal)


def written_out(q: Any, k: Any, v: Any, causal: bool) -> Any:
    """The same of other operations, with a matrix of scores for each head."""
    scores = ops.einsum("bthd,bshd->bhts", q, k) * q.shape[-1] ** -0.5
    if causal:
        past = np.tri(q.shape[1], k.shape[1], dtype=bool)
        scores = ops.where(past, scores, -1e30)
    return ops.einsum("bhts,bshd->bthd", ops.softmax(scores), v)


def thalweg(function: Callable[..., Any], causal: bool, arrays: list[Array]) -> Callable[[], Any]:
    """A compiled step, which hands out sums of squares only: no new memory is touched."""

    @tw.function(autograph=False)
    def step(q: Any, k: Any, v: Any, g: Any) -> Any:
        with tw.GradientTape() as tape:
            tape.watch([q, k, v])
            y = function(q, k, v, causal)
        found = [y, *tape.gradient(y, [q, k, v], output_gradients=g)]
        return [ops.sum(x * x, axis=(0, 1, 2)) for x in found]

    tensors = [tw.convert_to_tensor(a) for a in arrays]
    return lambda: step(*tensors)


def torch(causal: bool, arrays: list[Array], threads: int) -> Callable[[], Any] | None:
    """PyTorch's step, which wants the axes of times and heads the other way round."""
    if importlib.util.find_spec("torch") is None:
        return None
    module = importlib.import_module("torch")
    module.set_num_threads(threads)
    *inputs, g = (
        module.tensor(a).transpose(1, 2).contiguous().requires_grad_(i < 3)
        for i, a in enumerate(arrays)
    )
    attention = module.nn.functional.scaled_dot_product_attention

    def step() -> list[Any]:
        y = attention(*inputs, is_causal=causal)
        return [y, *module.autograd.grad(y, inputs, g)]

    return step


def measure(size: str, causal: bool, threads: int, rounds: int) -> str:
    """One row of the table.

    Raises:
        AssertionError: if two of them disagree.
    """
    batch, times, heads, depth = (int(x) for x in size.split("x"))
    generator = np.random.default_rng(0)
    shape = batch, times, heads, depth
    arrays = [generator.standard_normal(shape, np.float32) for _ in range(4)]
    steps = [
        thalweg(fused, causal, arrays),
        thalweg(written_out, causal, arrays),
        torch(causal, arrays, threads),
    ]
    best = [float("inf")] * len(steps)
    results: list[Any] = [step() if step else None for step in steps]
    for x, y in zip(results[0], results[1], strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-3)
    clock = time.thread_time if threads == 1 else time.perf_counter
    for _ in range(rounds):
        for i, step in enumerate(steps):
            if step is not None:
                begin = clock()
                step()
                best[i] = min(best[i], clock() - begin)
    # Two products forward and five backward, of which a causal mask hides half.
    flops = 14 * batch * heads * times * times * depth / (2 if causal else 1)
    cells = [
        f"{1e6 * t:10.0f} {flops / t / 1e9:8.1f}" if t < float("inf") else f"{'missing':>19}"
        for t in best
    ]
    return f"{size:>14} {' '.join(cells)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", default=SIZES)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--causal", action="store_true")
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    config.set_threads(options.threads)
    columns = "".join(f"{name:>12} GFLOP/s" for name in ("fused us", "written out", "PyTorch"))
    print(f"{'B x T x H x D':>14}{columns}")
    for size in options.sizes:
        print(measure(size, options.causal, options.threads, options.rounds), flush=True)


if __name__ == "__main__":
    main()
