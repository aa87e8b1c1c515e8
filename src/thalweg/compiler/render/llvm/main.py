"""The main function: launches one after the other, loops and branches around them, barriers.

    define internal void @thalweg_main(ptr %table, i64 %n, i64 %worker, i64 %workers, ptr %sync)

Every worker runs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Cond, HostCall, Launch, Program, Scan, While
from thalweg.compiler.render.llvm.barriers import Barriers
from thalweg.compiler.render.llvm.builder import I32, I64, PTR, Builder, Type, Value
from thalweg.compiler.render.llvm.kernel import length
from thalweg.compiler.render.llvm.leaves import Leaf, Leaves
from thalweg.compiler.render.llvm.synchronize import ERROR
from thalweg.compiler.render.llvm.table import Table
from thalweg.compiler.target import Target

__all__ = ["MAIN", "main"]

MAIN = "thalweg_main"

_LEAVE = "leave"


def main(
    program: Program,
    leaves: Leaves,
    barriers: Barriers,
    target: Target,
    timed: bool = False,
    name: str = MAIN,
) -> Builder:
    """Write the main function.

    With `timed` all workers meet after each leaf, and the nanoseconds that it took are added up in
    the table of times.
    """
    b = Builder(target)
    with b.function(name, _parameters(b)) as values:
        _Main(b, values, program, leaves, barriers, timed).write()
    return b


def _parameters(b: Builder) -> list[tuple[Type, str]]:
    lengths = [(b.index_type, name) for name in ("n", "worker", "workers")]
    return [(PTR, "table"), *lengths, (PTR, "sync")]


class _Main:
    def __init__(
        self,
        b: Builder,
        parameters: list[Value],
        program: Program,
        leaves: Leaves,
        barriers: Barriers,
        timed: bool,
    ) -> None:
        self.b = b
        self.table, self.n, self.worker, self.workers, self.sync = parameters
        self.program, self.leaves, self.barriers, self.timed = program, leaves, barriers, timed
        self.layout = Table.of(program)
        self.slots = self.layout.slots(program)
        self.pieces: dict[Buffer, Value] = {}  # where the pieces of the present turn begin

    def write(self) -> None:
        b = self.b
        self.arena = self.slot(self.layout.arena)
        scratch = b.mul(self.worker, self.leaves.scratch())
        self.scratch = b.at(self.slot(self.layout.scratch), scratch, "i8")
        calls = [x.launch for x in self.leaves.all if isinstance(x.launch, HostCall)]
        self.numbers = {id(call): number for number, call in enumerate(calls)}
        if calls:
            most = max(len(call.inputs) + len(call.outputs) for call in calls)
            # Once and here: inside of a loop the stack would grow with each turn.
            self.addresses = b.result(PTR, f"alloca ptr, i64 {max(1, most)}, align 8")
            self.host, self.context = self.slot(self.layout.host), self.slot(self.layout.context)
        if self.timed:
            self.clock = b.result(PTR, "alloca i64, i64 3, align 8")
            b.store(self.now(), b.at(self.clock, 2, "i64"))
        self.first = b.icmp("eq", self.worker, b.index(0))
        self.block(self.program.launches)
        b.line(f"br label %{_LEAVE}")
        b.block(_LEAVE)

    # --- addresses

    def slot(self, number: int) -> Value:
        return self.b.load(self.b.at(self.table, number, "ptr"), PTR)

    def address(self, buffer: Buffer) -> Value:
        if buffer in self.pieces:
            return self.pieces[buffer]
        if buffer.kind == "temporary":
            return self.b.at(self.arena, buffer.offset, "i8")
        return self.slot(self.slots[buffer])

    # --- launches

    def block(self, launches: Iterable[Launch]) -> None:
        for launch in launches:
            if isinstance(launch, Scan):
                self.scan(launch)
            elif isinstance(launch, While):
                self.while_(launch)
            elif isinstance(launch, Cond):
                self.cond(launch)
            else:
                self.leaf(self.leaves[launch], launch)

    def leaf(self, leaf: Leaf, launch: Launch) -> None:
        self.meet(launch)
        if isinstance(launch, HostCall):
            with self.alone():
                self.call_host(launch)
            self.meet_always()
            self.leave_on_error()
        else:
            assert leaf.kernel is not None
            if leaf.alone:
                with self.alone():
                    self.call(leaf, self.b.index(0), self.b.index(1))
            else:
                self.call(leaf, self.worker, self.workers)
        if self.timed:
            self.take_time(leaf)

    def call(self, leaf: Leaf, worker: Value, workers: Value) -> None:
        assert leaf.kernel is not None
        buffers = [self.address(buffer) for buffer in leaf.kernel.buffers]
        function, lengths = self.leaves.functions.call(leaf.function)
        arguments = [*buffers, self.n, worker, workers, self.scratch]
        arguments += [self.b.index(x) for x in lengths]
        self.b.line(f"call void @{function}({', '.join(map(str, arguments))})")

    def call_host(self, launch: HostCall) -> None:
        b = self.b
        for k, (buffer, _) in enumerate((*launch.inputs, *launch.outputs)):
            b.store(self.address(buffer), b.at(self.addresses, k, "ptr"))
        number = b.index(self.numbers[id(launch)])
        arguments = [self.context, number, self.n, self.addresses]
        code = b.result(I32, f"call i32 {self.host.text}({', '.join(map(str, arguments))})")
        # The barrier that follows makes it visible to the others.
        b.line(f"store atomic {code}, {b.at(self.sync, ERROR, 'i8')} monotonic, align 4")

    def scan(self, launch: Scan) -> None:
        b = self.b
        turns = length(b, launch.length, self.n)
        outside = self.pieces
        wholes = {piece.inside: self.address(piece.whole) for piece in launch.pieces}
        with b.loop(0, turns) as loop:
            step = b.sub(b.sub(turns, 1), loop.index) if launch.reverse else loop.index
            self.pieces = dict(outside)
            for piece in launch.pieces:
                size = length(b, piece.inside.size, self.n)
                offset = b.mul(step, b.mul(size, piece.inside.dtype.itemsize))
                self.pieces[piece.inside] = b.at(wholes[piece.inside], offset, "i8")
            self.block(launch.block)
        self.pieces = outside

    def while_(self, launch: While) -> None:
        b = self.b
        test, body, done = b.label("test"), b.label("turn"), b.label("over")
        b.line(f"br label %{test}")
        b.block(test)
        self.block(launch.test)
        b.line(f"br {self.flag(launch.flag, launch)}, label %{body}, label %{done}")
        b.block(body)
        self.block(launch.block)
        b.line(f"br label %{test}")
        b.block(done)

    def cond(self, launch: Cond) -> None:
        b = self.b
        then, otherwise, done = b.label("if"), b.label("else"), b.label("fi")
        b.line(f"br {self.flag(launch.flag, launch)}, label %{then}, label %{otherwise}")
        for label, block in ((then, launch.then), (otherwise, launch.otherwise)):
            b.block(label)
            self.block(block)
            b.line(f"br label %{done}")
        b.block(done)

    def flag(self, buffer: Buffer, launch: Launch) -> Value:
        self.meet(launch)
        byte = self.b.load(self.address(buffer), I32.with_element("i8"))
        return self.b.icmp("ne", byte, self.b.zero(byte.type))

    # --- workers

    @contextmanager
    def alone(self) -> Iterator[None]:
        """What worker 0 does alone."""
        with self.b.when(self.first):
            yield

    def meet(self, launch: Launch) -> None:
        if launch in self.barriers:
            self.meet_always()

    def meet_always(self) -> None:
        self.b.line(f"call void @thalweg_barrier({self.sync}, {self.workers})")

    def leave_on_error(self) -> None:
        b = self.b
        code = b.result(I32, f"load atomic i32, {b.at(self.sync, ERROR, 'i8')} monotonic, align 4")
        on = b.label("on")
        failed = b.icmp("ne", code, b.zero(I32))
        b.line(f"br {failed}, label %{_LEAVE}, label %{on}")
        b.block(on)

    # --- times

    def now(self) -> Value:
        """Nanoseconds of the monotonic clock."""
        b = self.b
        b.declarations["clock_gettime"] = "declare i32 @clock_gettime(i32, ptr)"
        room = self.clock
        b.result(I32, f"call i32 @clock_gettime(i32 1, {room})")
        whole = b.mul(b.load(room, I64), 1_000_000_000)
        return b.index(b.add(whole, b.load(b.at(room, 1, "i64"), I64)))

    def take_time(self, leaf: Leaf) -> None:
        b = self.b
        self.meet_always()
        with self.alone():
            now, last = self.now(), b.at(self.clock, 2, "i64")
            place = b.at(self.slot(self.layout.times), leaf.number, "i64")
            spent = b.sub(now, b.load(last, I64))
            b.store(b.index(b.add(b.load(place, I64), spent)), place)
            b.store(self.now(), last)
