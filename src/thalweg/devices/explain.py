"""Explaining: from a Program and measured times to an Explanation, in words for people.

A product of matrices, a convolution and attention are measured by the rate that large products
reach on this machine, anything else by the rate at which memory is copied.
"""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.program import (
    Contract,
    Copy,
    HostCall,
    Loops,
    Special,
)
from thalweg.compiler.ir.statement import Loop, Statement
from thalweg.devices.executable import Executable, Leaf
from thalweg.devices.explanation import Explanation, KernelRow
from thalweg.devices.limit import Limit

__all__ = ["explain"]

Array = np.ndarray[Any, Any]

# What people call the primitives that tell what a kernel is for.
_HEAVY = {
    "contract": "matmul",
    "conv": "convolution",
    "conv_input_gradient": "conv input gradient",
    "conv_filter_gradient": "conv filter gradient",
    "attention": "attention",
    "attention_gradient": "attention gradient",
    "window_max": "max pool",
    "window_scatter": "max pool gradient",
    "window_select": "max pool selection",
    "window_sum": "average pool",
    "window_sum_gradient": "average pool gradient",
    "random_bits": "random numbers",
    "scatter": "scatter",
    "reduce_sum": "sum",
    "reduce_prod": "product",
    "reduce_max": "largest",
    "reduce_min": "smallest",
    "reduce_and": "all",
    "reduce_or": "any",
    "argmax": "argmax",
    "argmin": "argmin",
    "gather": "gather",
}
_WORDS = _HEAVY | {
    "number": "fill",
    "select": "where",
    "iota": "arange",
    "concat": "concatenate",
    "dynamic_slice": "slice",
    "dynamic_update_slice": "slice update",
    "top_k": "top k",
}
# What is not work of its own.
_SILENT = frozenset(
    {"reshape", "transpose", "broadcast_to", "stop_gradient", "slice", "reverse", "tied"}
)
_SOFTMAX = {"reduce_max", "exp", "reduce_sum"}


def explain(
    executable: Executable,
    states: Sequence[Array],
    inputs: Sequence[Array],
    n: int = 1,
    repeats: int = 20,
) -> Explanation:
    """Run a Program with clocks around its kernels; states stay as they are.

    What the Program prints is not shown.

    Args:
        executable: what runs.
        states, inputs, n: as for `Executable.run`.
        repeats: how many runs are measured.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        times = executable.profile(states, inputs, n, repeats)
    reach = executable.limit()
    program = executable.program
    names = dict(zip(program.states, executable.names, strict=False))
    rows = tuple(
        _row(leaf, seconds, n, reach, names, inside)
        for leaf, seconds, inside in zip(
            executable.leaves, times, executable.around(n), strict=True
        )
    )
    held = [*program.states, *program.inputs, *program.outputs, *(b for b, _ in program.constants)]
    whole = sum(b.size.at(n) * b.dtype.itemsize for b in held)
    return Explanation(
        executable.title,
        rows,
        n if program.capacity > 1 else 0,
        executable.workers(n),
        executable.arena,
        executable.arena + whole,
        reach,
    )


def _row(
    leaf: Leaf,
    seconds: float,
    n: int,
    reach: Limit,
    names: dict[Buffer, str],
    inside: tuple[str, ...],
) -> KernelRow:
    launch = leaf.launch
    flops, size = leaf.flops().at(n) * leaf.times, leaf.bytes().at(n) * leaf.times
    touched, written = leaf.reads_and_writes
    bound, ideal = "memory", size / reach.bandwidth
    if isinstance(launch, HostCall):
        bound, ideal = "", 0.0
    elif isinstance(launch, Contract):
        # Vectors hold half as many float64.
        bound, ideal = "matmul", flops / reach.flops * max(1, launch.dtype.itemsize // 4)
    elif isinstance(launch, Special) and launch.family.startswith("attention"):
        bound, ideal = "matmul", flops / reach.flops
    return KernelRow(
        leaf.number + 1,
        _name(leaf),
        _shape(leaf, n),
        flops,
        size,
        seconds,
        bound,
        ideal / seconds if seconds else 0.0,
        _fused(launch.fused),
        tuple(name for b, name in names.items() if b in touched and b not in written),
        tuple(name for b, name in names.items() if b in written),
        inside,
        leaf.times,
    )


def _name(leaf: Leaf) -> str:
    launch = leaf.launch
    if isinstance(launch, Copy):
        return "copy"
    working = [name for name in launch.fused if name not in _SILENT]
    if isinstance(launch, HostCall):
        first = next(iter(working), launch.title)
        return f"{_WORDS.get(first, first)} (NumPy)"
    if not isinstance(launch, Contract) and set(working) >= _SOFTMAX:
        return "softmax"
    heavy = sorted(set(working) & set(_HEAVY), key=list(_HEAVY).index)
    if heavy:
        return _HEAVY[heavy[0]]
    if len(set(working)) == 1:
        return _WORDS.get(working[0], working[0])
    return "elementwise" if working else "copy"


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
