"""Which dtypes kernels may compute with.

WebGPU has no elements of 64 bits. int64 is what NumPy gives labels, so tensors of it are taken as
int32 where that changes nothing: they may be moved, compared and cast to other dtypes. (Whoever
fills a buffer must refuse numbers that int32 does not hold.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from thalweg.compiler.ir.access import accesses, statements
from thalweg.compiler.ir.expression import Apply, Choose, Expression
from thalweg.compiler.ir.program import Contract, Copy, HostCall, Launch, Loops, Special
from thalweg.compiler.ir.statement import Accumulate, Statement, Store
from thalweg.compiler.render.wgsl.forms import supported
from thalweg.tensor.dtypes import DType, int64, uint32

__all__ = ["check", "unsupported"]

_EXACT = frozenset(
    ("eq", "ne", "lt", "le", "gt", "ge", "max", "min", "select", "stop_gradient", "tied")
)


def check(launch: Launch) -> None:
    """Refuse what WebGPU cannot compute.

    Raises:
        TypeError: if a kernel computes with a dtype that WebGPU does not have.
    """
    reason = unsupported(launch)
    if reason is not None:
        raise TypeError(f"{reason}: run it on the cpu device.")


def unsupported(launch: Launch) -> str | None:
    """Why WebGPU cannot compute a launch; None if it can."""
    for dtype in sorted(_computed(launch), key=str):
        if not supported(dtype):
            title = launch.title or type(launch).__name__.lower()
            return f"WebGPU has no {dtype.name}, which {title} computes with"
    return None


def _computed(launch: Launch) -> set[DType]:
    """The dtypes that a launch computes with."""
    reads, writes = accesses(launch)
    if isinstance(launch, (Special, HostCall)):
        return {b.dtype for b in reads} - {int64} | {b.dtype for b in writes}
    found = {b.dtype for b in reads | writes} - {int64}
    if isinstance(launch, Loops):
        found |= _dtypes(launch.body, ())
    elif isinstance(launch, Contract):
        found |= _dtypes(launch.epilogue, (launch.left, launch.right)) | {launch.dtype}
    elif isinstance(launch, Copy):
        found |= {launch.source.dtype} - {int64}
    return found


def _dtypes(body: Iterable[Statement], roots: Iterable[Expression]) -> set[DType]:
    """The dtypes that statements compute with."""
    found: set[DType] = set()
    roots = list(roots)
    for s in statements(body):
        if isinstance(s, Accumulate):
            roots.append(s.value)
            if s.accumulator.operation in ("sum", "prod"):
                found.add(s.accumulator.dtype)
        elif isinstance(s, Store):
            roots.append(s.value)
    for e in _values(roots):
        inexact = isinstance(e, Apply) and not _is_exact(e)
        inside = {x.dtype for x in e.inputs} if isinstance(e, Apply) else set[DType]()
        found |= (inside | {e.dtype}) - (set() if inexact else {int64})
    return found


def _is_exact(e: Apply) -> bool:
    """Whether it gives the same for 64 bits as for 32, if 32 hold the inputs."""
    if e.name != "cast":
        return e.name in _EXACT
    source = e.inputs[0].dtype
    return e.dtype != int64 or (source.kind != "f" and source != uint32)


def _values(roots: Iterable[Expression]) -> Iterator[Expression]:
    """The expressions below, without those that only say where an element lies."""
    seen: set[Expression] = set()
    stack = list(roots)
    while stack:
        e = stack.pop()
        if e in seen:
            continue
        seen.add(e)
        yield e
        if isinstance(e, Apply):
            stack.extend(e.inputs)
        elif isinstance(e, Choose):
            stack.extend((e.then, e.otherwise))
