"""Flows and Programs as text, for people who look inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from thalweg.compiler.graph import ArrayConstant, Flow, Number, Value
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Bits,
    Buffer,
    Constant,
    Expression,
    Load,
    Ordinal,
    Product,
    Total,
)
from thalweg.compiler.ir.program import (
    Cond,
    Contract,
    Copy,
    HostCall,
    Launch,
    Loops,
    Program,
    Scan,
    Special,
    While,
)
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Statement, Store

__all__ = ["describe_flow", "describe_program"]


def describe_flow(flow: Flow) -> str:
    """One line for each operation; `n` is the batch size."""
    names: dict[Value, str] = {}
    return "\n".join(_flow(flow, names, ""))


def _flow(flow: Flow, names: dict[Value, str], indent: str) -> Iterator[str]:
    def name(x: Value) -> str:
        return names.setdefault(x, f"%{len(names)}")

    yield f"{indent}inputs {', '.join(f'{name(x)}: {x}' for x in flow.inputs)}"
    for operation in flow.operations:
        outputs = ", ".join(f"{name(y)}: {y}" for y in operation.outputs)
        if isinstance(operation.kind, Number):
            yield f"{indent}{outputs} = {operation.kind.value}"
            continue
        if isinstance(operation.kind, ArrayConstant):
            yield f"{indent}{outputs} = {_array(operation.kind.array)}"
            continue
        bodies = {k: p for k, p in operation.params.items() if isinstance(p, Flow)}
        params = "".join(
            f" {k}={_param(p)}" for k, p in operation.params.items() if k not in bodies
        )
        inputs = ", ".join(map(name, operation.inputs))
        yield f"{indent}{outputs} = {operation.name}({inputs}){params}"
        for key, body in bodies.items():
            yield f"{indent}  {key}:"
            yield from _flow(body, names, indent + "    ")
    yield f"{indent}return {', '.join(map(name, flow.outputs))}"


def _array(array: Any) -> str:
    first = ", ".join(str(x) for x in array.reshape(-1)[:4])
    return f"[{first}{', ...' if array.size > 4 else ''}]"


def _param(param: Any) -> str:
    if isinstance(param, tuple) and not hasattr(param, "scale"):
        return f"({', '.join(map(_param, param))})"
    return getattr(param, "name", None) or str(param)


def describe_program(program: Program) -> str:
    """The kernels in the order of their launch, with their loops and what they store."""
    lines = [
        f"capacity {program.capacity}, arena {program.arena} bytes, "
        f"{len(program.temporaries)} temporaries"
    ]
    groups = (
        ("states", program.states),
        ("inputs", program.inputs),
        ("outputs", program.outputs),
        ("constants", [buffer for buffer, _ in program.constants]),
        ("temporaries", program.temporaries),
    )
    for title, buffers in groups:
        if buffers:
            lines.append(f"{title}: {', '.join(map(_buffer, buffers))}")
    return "\n".join([*lines, *_Text().block(program.launches, "")])


def _buffer(buffer: Buffer) -> str:
    place = f" at {buffer.offset}" if buffer.offset >= 0 else ""
    return f"{buffer!r}{place}"


def _tensor(pair: tuple[Buffer, Any]) -> str:
    buffer, shape = pair
    return f"{buffer!r} as ({', '.join(map(str, shape))})"


class _Text:
    """Launches as lines; accumulators are numbered as they come."""

    def __init__(self) -> None:
        self.numbers: dict[Accumulator, int] = {}

    def block(self, launches: Iterable[Launch], indent: str) -> Iterator[str]:
        for launch in launches:
            yield from self.launch(launch, indent)

    def launch(self, launch: Launch, indent: str) -> Iterator[str]:
        inner = indent + "  "
        names: tuple[str, ...] = getattr(launch, "fused", ())
        fused = f" (fused: {', '.join(names)})" if names else ""
        head = f"{indent}{launch.title or type(launch).__name__.lower()}"
        if isinstance(launch, Loops):
            yield f"{head}: loops{fused}"
            yield from self.statements(launch.body, inner)
        elif isinstance(launch, Contract):
            groups = ("batch", "m", "n", "k")
            sizes = ", ".join(f"{g} {list(getattr(launch, g))}" for g in groups)
            yield f"{head}: contract {launch.dtype.name} {sizes}{fused}"
            yield f"{inner}left {self.expression(launch.left)}"
            yield f"{inner}right {self.expression(launch.right)}"
            yield from self.statements(launch.epilogue, inner)
        elif isinstance(launch, (Special, HostCall)):
            family = launch.family if isinstance(launch, Special) else "host"
            read = ", ".join(map(_tensor, launch.inputs))
            yield f"{head}: {family}({read}) -> {', '.join(map(_tensor, launch.outputs))}{fused}"
        elif isinstance(launch, Copy):
            yield (
                f"{head}: {launch.length} of {launch.source}[{launch.source_offset}] to "
                f"{launch.target}[{launch.target_offset}]"
            )
        else:
            yield from self.structure(launch, head, indent)

    def structure(self, launch: Scan | While | Cond, head: str, indent: str) -> Iterator[str]:
        inner = indent + "  "
        if isinstance(launch, Scan):
            way = "from the end" if launch.reverse else "from the front"
            yield f"{head}: {launch.length} turns {way}"
            for piece in launch.pieces:
                yield f"{inner}{piece.inside} is a piece of {piece.whole}"
            yield from self.block(launch.block, inner)
        elif isinstance(launch, While):
            yield f"{head}: as long as {launch.flag}"
            yield from self.block(launch.test, inner)
            yield f"{indent}do"
            yield from self.block(launch.block, inner)
        else:
            yield f"{head}: if {launch.flag}"
            yield from self.block(launch.then, inner)
            yield f"{indent}else"
            yield from self.block(launch.otherwise, inner)

    def statements(self, statements: Iterable[Statement], indent: str) -> Iterator[str]:
        for s in statements:
            if isinstance(s, Loop):
                yield f"{indent}{s.kind} for {s.variable}"
                yield from self.statements(s.body, indent + "  ")
            elif isinstance(s, Store):
                yield f"{indent}{s.buffer!r}[{s.index}] = {self.expression(s.value)}"
            elif isinstance(s, Reset):
                yield f"{indent}begin {self.accumulator(s.accumulator)}"
            elif isinstance(s, Accumulate):
                name = self.accumulator(s.accumulator)
                yield f"{indent}{name} <- {self.expression(s.value)}"

    def accumulator(self, accumulator: Accumulator) -> str:
        number = self.numbers.setdefault(accumulator, len(self.numbers))
        return f"{accumulator.operation}{number}"

    def expression(self, e: Expression, depth: int = 8) -> str:
        """An expression as a formula; what lies deep inside is cut short."""
        if isinstance(e, Constant):
            return str(e.value)
        if isinstance(e, Load):
            return f"{e.buffer!r}[{e.index}]"
        if isinstance(e, Ordinal):
            return f"number({e.index})"
        if isinstance(e, Bits):
            return f"bits({e.counter})"
        if isinstance(e, Total):
            return self.accumulator(e.accumulator)
        if isinstance(e, Product):
            return "product"
        if depth == 0:
            return "..."
        if isinstance(e, Apply):
            return f"{e.name}({', '.join(self.expression(x, depth - 1) for x in e.inputs)})"
        guards = " and ".join(f"{g.low} <= {g.index} < {g.high}" for g in e.guards)
        then, otherwise = (self.expression(x, depth - 1) for x in (e.then, e.otherwise))
        return f"({then} if {guards} else {otherwise})"
