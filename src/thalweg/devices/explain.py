"""Explanation: the kernels of a Program as a table, with what they compute and how fast.

Each row is one kernel in the order in which it runs. The share compares it with what the machine
was measured to reach at most: a matrix product with the rate of large products, anything else with
the rate at which memory is copied (kernels whose data lie in the caches can go beyond that).
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import Contract, Copy, HostCall, Loops
from thalweg.compiler.ir.statement import Loop, Statement
from thalweg.compiler.render.llvm.leaves import Leaf
from thalweg.devices.cpu.executable import Executable
from thalweg.devices.cpu.limit import Limit, limit

__all__ = ["Explanation", "KernelRow", "explain"]

Array = np.ndarray[Any, Any]

# What people call the primitives.
_WORDS = {
    "contract": "matmul",
    "conv": "convolution",
    "conv_input_gradient": "convolution, gradient of the input",
    "conv_filter_gradient": "convolution, gradient of the filter",
    "window_max": "max pooling",
    "window_scatter": "max pooling, gradient",
    "window_sum": "average pooling",
    "window_sum_gradient": "average pooling, gradient",
    "reduce_sum": "sum",
    "reduce_max": "maximum",
    "random_bits": "random numbers",
    "stop_gradient": "copy",
    "number": "fill",
}
_HEAVY = tuple(name for name in _WORDS if name not in ("stop_gradient", "number"))
# What is not work of its own.
_SILENT = frozenset({"reshape", "transpose", "broadcast_to", "stop_gradient", "slice", "reverse"})


@dataclass(frozen=True, slots=True)
class KernelRow:
    """One kernel.

    Attributes:
        number: its place in the program, from 1.
        name: what it does above all.
        shape: over what: for a matrix product `rows x columns x summed`, else the loops.
        flops: floating-point operations of all its runs.
        bytes: of the tensors that it reads and writes, in all its runs.
        seconds: in all its runs; median of several programs' runs.
        share: of the machine's measured limit.
        fused: the operations that it computes.
        times: how often it runs in one run of the program.
    """

    number: int
    name: str
    shape: str
    flops: int
    bytes: int
    seconds: float
    share: float
    fused: tuple[str, ...]
    times: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a Program does and how fast; `print` shows it as a table.

    Attributes:
        rows: the kernels in order.
        batch: the batch size that was measured; 0 where there is none.
        workers: threads that take part.
        arena: bytes of memory for what lives only inside of a run.
        peak: bytes of arena, states, constants, inputs and outputs together.
        limit: what the machine reaches at most.
    """

    rows: tuple[KernelRow, ...]
    batch: int
    workers: int
    arena: int
    peak: int
    limit: Limit

    @property
    def seconds(self) -> float:
        """Of one run, in kernels."""
        return sum(row.seconds for row in self.rows)

    @property
    def flops(self) -> int:
        """Floating-point operations of one run."""
        return sum(row.flops for row in self.rows)

    def __str__(self) -> str:
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, header_style="bold", pad_edge=False, expand=False)
        table.add_column("#", justify="right")
        table.add_column("kernel", overflow="fold")
        table.add_column("over", overflow="fold")
        for title in ("MFLOP", "KB", "us", "GFLOP/s", "of limit"):
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("computes", overflow="fold", ratio=1)
        for row in self.rows:
            table.add_row(
                str(row.number),
                row.name if row.times == 1 else f"{row.name}, {row.times} times",
                row.shape,
                _figure(row.flops / 1e6),
                _figure(row.bytes / 1024),
                _figure(row.seconds * 1e6),
                _figure(row.flops / row.seconds / 1e9) if row.seconds and row.flops else "",
                f"{row.share:.0%}",
                ", ".join(row.fused),
            )
        text = io.StringIO()
        console = Console(file=text, width=120, force_terminal=False)
        console.print(table)
        for line in self._summary():
            console.print(line, highlight=False, soft_wrap=True)
        return text.getvalue().rstrip()

    def _summary(self) -> list[str]:
        seconds = self.seconds
        rate = self.flops / seconds / 1e9 if seconds else 0.0
        batch = f" with a batch of {self.batch}" if self.batch else ""
        return [
            f"{len(self.rows)} kernels{batch} take {seconds * 1e6:,.1f} us on {self.workers} "
            f"thread{'s' if self.workers > 1 else ''}: {self.flops / 1e6:,.2f} MFLOP, "
            f"{rate:,.1f} GFLOP/s, {rate * 1e9 / self.limit.flops:.0%} of the "
            f"{self.limit.flops / 1e9:,.0f} GFLOP/s that large matrix products reach here.",
            f"Memory: {self.arena / 1024:,.1f} KB for values inside of a run, "
            f"{self.peak / 1024:,.1f} KB with weights, inputs and outputs.",
        ]

    __repr__ = __str__


def _figure(value: float) -> str:
    if value == 0:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def explain(
    executable: Executable,
    states: Sequence[Array],
    inputs: Sequence[Array],
    n: int = 1,
    repeats: int = 20,
) -> Explanation:
    """Run a Program with clocks around its kernels; states stay as they are.

    Args:
        executable: what runs.
        states, inputs, n: as for `Executable.run`.
        repeats: how many runs are measured.
    """
    times = executable.profile(states, inputs, n, repeats)
    reach = limit()
    program = executable.program
    rows = tuple(
        _row(leaf, seconds, n, reach)
        for leaf, seconds in zip(executable.leaves, times, strict=True)
    )
    held = [*program.states, *program.inputs, *program.outputs, *(b for b, _ in program.constants)]
    whole = sum(b.size.at(n) * b.dtype.itemsize for b in held)
    return Explanation(
        rows,
        n if program.capacity > 1 else 0,
        executable.workers(n),
        program.arena,
        program.arena + whole,
        reach,
    )


def _row(leaf: Leaf, seconds: float, n: int, reach: Limit) -> KernelRow:
    launch = leaf.launch
    flops, size = leaf.flops().at(n) * leaf.times, leaf.bytes().at(n) * leaf.times
    ideal = flops / reach.flops if isinstance(launch, Contract) else size / reach.bandwidth
    return KernelRow(
        leaf.number + 1,
        _name(leaf),
        _shape(leaf, n),
        flops,
        size,
        seconds,
        ideal / seconds if seconds else 0.0,
        _fused(launch.fused),
        leaf.times,
    )


def _name(leaf: Leaf) -> str:
    launch = leaf.launch
    if isinstance(launch, Copy):
        return "copy"
    heavy = [name for name in launch.fused if name in _HEAVY]
    first = heavy[0] if heavy else next((f for f in launch.fused if f not in _SILENT), launch.title)
    if isinstance(launch, HostCall):
        return f"{first} (NumPy)"
    return _WORDS.get(first, first)


def _fused(names: Sequence[str]) -> tuple[str, ...]:
    """Each operation once, with how often it occurs."""
    counts = Counter(_WORDS.get(name, name) for name in names if name not in _SILENT)
    return tuple(name if count == 1 else f"{count} {name}" for name, count in counts.items())


def _shape(leaf: Leaf, n: int) -> str:
    launch = leaf.launch
    if isinstance(launch, Contract):
        groups = [_extent(g, n) for g in (launch.m, launch.n, launch.k)]
        text = " x ".join(map(str, groups))
        batch = _extent(launch.batch, n)
        return text if batch == 1 else f"{batch} of {text}"
    if isinstance(launch, Loops):
        found = [_loops(s, n) for s in launch.body]
        return " x ".join(map(str, _deepest(found)))
    if isinstance(launch, Copy):
        return str(launch.length.at(n))
    shape: tuple[Dim, ...] = launch.outputs[0][1] if launch.outputs else ()
    return " x ".join(str(d.at(n)) for d in shape)


def _extent(group: Sequence[Var], n: int) -> int:
    total = 1
    for variable in group:
        total *= variable.extent.at(n)
    return total


def _loops(statement: Statement, n: int) -> list[int]:
    """The lengths of nested loops, along the deepest nest."""
    if not isinstance(statement, Loop):
        return []
    inner = [_loops(s, n) for s in statement.body]
    return [statement.variable.extent.at(n), *_deepest(inner)]


def _deepest(nests: list[list[int]]) -> list[int]:
    return sorted(nests, key=len)[-1] if nests else []
