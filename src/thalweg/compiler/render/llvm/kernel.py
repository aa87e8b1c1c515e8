"""KernelText: one kernel as an LLVM function, and how workers share its turns.

    define internal void @NAME(ptr %b0, ..., i64 %n, i64 %worker, i64 %workers, ptr %scratch)

`b0...` are its buffers, `n` the batch size, `worker` of `workers` the share to do, `scratch` memory
of the worker's own (64-byte aligned). Two kernels with the same text are one function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.render.llvm.builder import PTR, Builder, Index, Type, Value

__all__ = ["NAME", "KernelText", "length", "parameters", "share"]

# Stands for the function's name in the text.
NAME = "KERNEL_NAME"


@dataclass(slots=True, eq=False)
class KernelText:
    """A rendered kernel.

    Attributes:
        text: the function, named `NAME`, and helpers of its own whose names begin with `NAME`.
        declarations: what it calls from outside, by name.
        buffers: what is passed for `b0...`, in order (scratch buffers are not among them).
        writes: those of them that it writes.
        scratch: bytes of scratch that each worker needs.
        turns: how many turns of the shared loop there are; ONE: only worker 0 has work.
        flops: floating-point operations, for the cost model and `explain`.
        bytes: what it reads and writes, where that is not all of its buffers.
    """

    text: str
    declarations: dict[str, str]
    buffers: tuple[Buffer, ...]
    writes: tuple[Buffer, ...]
    scratch: Dim = ZERO
    turns: Dim = ONE
    flops: Dim = field(default=ZERO)
    bytes: Dim | None = None


def parameters(b: Builder, buffers: Sequence[Buffer]) -> list[tuple[Type, str]]:
    """The parameters of a kernel over these buffers, for `Builder.function`."""
    pointers = [(PTR, f"b{i}") for i in range(len(buffers))]
    lengths = [(b.index_type, name) for name in ("n", "worker", "workers")]
    return [*pointers, *lengths, (PTR, "scratch")]


def length(b: Builder, dim: Dim, n: Value) -> Index:
    """A length as an index: an integer where it is static."""
    return b.add(b.mul(n, dim.scale), dim.offset) if dim.scale else dim.offset


def share(b: Builder, turns: Index, worker: Value, workers: Value) -> tuple[Index, Index]:
    """The turns [begin, end) of a worker: neighbours, as even as can be."""
    if turns == 1:
        # Worker 0 alone: [0, 1) for it, nothing for the others.
        only = b.icmp("eq", worker, b.index(0))
        return 0, b.convert("zext", only, b.target.index)
    begin = b.div(b.mul(turns, worker), workers)
    return begin, b.div(b.mul(turns, b.add(worker, 1)), workers)
