"""Matrix products on WebGPU: GFLOP/s by shape, on the adapter at hand, with the chosen plan.

Run it as `python -m benchmarks.matmul_webgpu [--profile gpu software] [--json]
[--sizes 512x10x128:tn ...]`. A size is MxNxK; `:tn` and `:nt` say that the left or the right
operand is stored transposed. Kernels run through the `wgpu` package, many in one submission, so
that the way to the GPU and back is not measured.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.matmul import MODELS, SQUARES, Size, kernel
from thalweg.compiler.ir.expression import Buffer, Load
from thalweg.compiler.render.wgsl.contract import MACHINES, shaders
from thalweg.compiler.render.wgsl.contract.choose import choose
from thalweg.compiler.render.wgsl.contract.plan import Plan
from thalweg.compiler.render.wgsl.contract.problem import Problem
from thalweg.compiler.render.wgsl.kernel import KernelShader, module
from thalweg.compiler.render.wgsl.layout import Place, Room, words
from thalweg.devices.webgpu.gpu import NUMBERS, Gpu, gpu, grid

# About this many operations in one submission, and not more dispatches than this.
_WORK, _MOST = 2e8, 64


@dataclass(frozen=True)
class Ours:
    """A product rendered for a profile, with its operands in the memory of the GPU."""

    plan: Plan
    shaders: list[KernelShader]
    memory: Any
    left: np.ndarray[Any, Any]
    right: np.ndarray[Any, Any]
    out: Place
    sums: int

    @staticmethod
    def of(size: Size, profile: str, at: Gpu) -> Ours:
        """Render a product and send random operands."""
        launch = kernel(size, known=True)
        buffers: list[Buffer] = []
        for load in (launch.left, launch.right):
            assert isinstance(load, Load)
            buffers.append(load.buffer)
        problem = Problem.of(launch)
        buffers.append(problem.epilogue[0].buffer)
        places: dict[Buffer, Place] = {}
        end = 0
        for buffer in buffers:
            places[buffer] = Place(end)
            end += words(buffer, 1)
        room = Room(places, 1, end, profile=profile)
        plan = choose(problem, MACHINES[profile], 1)
        rendered = shaders(problem, plan, room)
        memory = at.storage(4 * room.end)
        rng = np.random.default_rng(0)
        values = [rng.standard_normal(b.size.at(1), np.float32) for b in buffers[:2]]
        for buffer, array in zip(buffers, values, strict=False):
            at.queue.write_buffer(memory, 4 * places[buffer].base, array)
        out = places[buffers[2]]
        left, right = values
        return Ours(plan, rendered, memory, left, right, out, buffers[2].size.at(1))

    def found(self, at: Gpu) -> np.ndarray[Any, Any]:
        """The product as the GPU has it."""
        data = at.queue.read_buffer(self.memory, 4 * self.out.base, 4 * self.sums)
        return np.frombuffer(data, np.float32)


def expected(size: Size, ours: Ours) -> np.ndarray[Any, Any]:
    """What NumPy gives."""
    a = ours.left.reshape(size.batch, *((size.k, size.m) if size.left else (size.m, size.k)))
    b = ours.right.reshape(size.batch, *((size.n, size.k) if size.right else (size.k, size.n)))
    a = a.swapaxes(1, 2) if size.left else a
    b = b.swapaxes(1, 2) if size.right else b
    product: np.ndarray[Any, Any] = np.matmul(a, b)
    return product.reshape(-1)


def measure(size: Size, profile: str, seconds: float) -> dict[str, Any]:
    """One row of the table.

    Raises:
        AssertionError: if the GPU and NumPy disagree.
    """
    at = gpu()
    begin = time.thread_time()
    ours = Ours.of(size, profile, at)
    render_ms = 1e3 * (time.thread_time() - begin)
    numbers = at.numbers(NUMBERS)
    group = at.group(ours.memory, numbers)
    begin = time.perf_counter()
    pipelines = [at.pipeline(module(shader)) for shader in ours.shaders]
    compile_ms = 1e3 * (time.perf_counter() - begin)
    turns = max(1, min(_MOST, int(_WORK / size.flops)))

    def run(turns: int) -> float:
        encoder = at.device.create_command_encoder()
        work = encoder.begin_compute_pass()
        work.set_bind_group(0, group, [0], 0, 1)
        for _ in range(turns):
            for pipeline, shader in zip(pipelines, ours.shaders, strict=True):
                work.set_pipeline(pipeline)
                work.dispatch_workgroups(*grid(shader.count(1)))
        work.end()
        begin = time.perf_counter()
        at.queue.submit([encoder.finish()])
        at.queue.read_buffer(ours.memory, 0, 4)  # comes back when all is done
        return (time.perf_counter() - begin) / turns

    run(1)
    np.testing.assert_allclose(
        ours.found(at), expected(size, ours), rtol=1e-4, atol=2e-6 * size.k + 1e-5
    )
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        times.append(run(turns))
    plan = ours.plan
    return {
        "size": size.text,
        "profile": profile,
        "gflops": round(size.flops / min(times) / 1e9, 2),
        "us": round(min(times) * 1e6, 1),
        "plan": f"{plan.rows}x{plan.columns} of {plan.tall}x{plan.wide}"
        + (f" slices {plan.slices}" if plan.slices > 1 else "")
        + (f" parts {plan.parts}" if plan.parts > 1 else "")
        + (" staged" if plan.staged else "")
        + (" swapped" if plan.swapped else ""),
        "render_ms": round(render_ms, 1),
        "compile_ms": round(compile_ms, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    usual = "software" if gpu().software else "gpu"
    parser.add_argument("--profile", nargs="*", default=[usual], choices=sorted(MACHINES))
    squares = [f"{x}x{x}x{x}" for x in SQUARES if x <= (512 if gpu().software else 2048)]
    parser.add_argument("--sizes", nargs="*", default=squares + MODELS)
    parser.add_argument("--seconds", type=float, default=0.2, help="for each row")
    parser.add_argument("--json", action="store_true", help="a JSON line for each row")
    options = parser.parse_args()
    if not options.json:
        print(gpu().name)
        print(f"{'size':>18} {'profile':>9} GFLOP/s         us  compile  plan")
    for text in options.sizes:
        for profile in options.profile:
            row = measure(Size.of(text), profile, options.seconds)
            if options.json:
                print(json.dumps(row), flush=True)
                continue
            print(
                f"{row['size']:>18} {profile:>9} {row['gflops']:7.2f} {row['us']:10.1f} "
                f"{row['compile_ms']:8.1f}  {row['plan']}",
                flush=True,
            )


if __name__ == "__main__":
    main()
