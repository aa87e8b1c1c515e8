"""Builder: writes LLVM IR text for one function, with values that know their type.

Index arithmetic takes Python integers too and folds them, so generators can be written once for
lengths known at compile time and at run time. Indices are as wide as addresses are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from thalweg.compiler.render.llvm.values import (
    BOOL,
    F32,
    F64,
    I32,
    I64,
    PTR,
    Index,
    Type,
    Value,
    literal,
    suffix,
)
from thalweg.compiler.target import AVX2, Target

__all__ = ["BOOL", "F32", "F64", "I32", "I64", "PTR", "Builder", "Index", "Loop", "Type", "Value"]


@dataclass(slots=True)
class Loop:
    """A loop under construction; see `Builder.loop`.

    Attributes:
        index: the counter.
        carried: the values that go round, as seen inside the body.
        results: after the loop, their last values.
    """

    index: Value
    carried: list[Value]
    results: list[Value] = field(default_factory=list)
    _next: list[Value] | None = None

    def next(self, values: Sequence[Value]) -> None:
        """Say, once and last in the body, what the carried values are in the next turn."""
        self._next = list(values)


class Builder:
    """Writes one function. `text` is the whole definition once `function` was left.

    Constants: `number(type, 1.5)`. Everything else is an instruction that appends a line and
    returns a Value. Masks are `<lanes x i1>` values.
    """

    def __init__(self, target: Target = AVX2) -> None:
        self.target = target
        # The type of lengths and indices.
        self.index_type = Type(target.index)
        self.lines: list[str] = []
        # Declarations of intrinsics and outside functions that the text needs, by name.
        self.declarations: dict[str, str] = {}
        # What comparisons of floats compare.
        self._compared: dict[str, set[str]] = {}
        # What the function gives, if anything.
        self.returned: Value | None = None
        self._count = 0
        self._block = "entry"

    # --- text

    def fresh(self, hint: str = "v") -> str:
        """A name not used before in this function."""
        self._count += 1
        return f"%{hint}{self._count}"

    def line(self, text: str) -> None:
        """Append an instruction."""
        self.lines.append("  " + text)

    def result(self, type_: Type, text: str) -> Value:
        """Append an instruction that gives a value."""
        name = self.fresh()
        self.line(f"{name} = {text}")
        return Value(name, type_)

    def block(self, label: str) -> None:
        """Begin a block; the previous one must have ended with a branch."""
        self.lines.append(f"{label}:")
        self._block = label

    @property
    def current(self) -> str:
        """The label of the block being written."""
        return self._block

    def label(self, hint: str) -> str:
        """A fresh label (without %)."""
        return self.fresh(hint)[1:]

    @contextmanager
    def function(
        self,
        name: str,
        parameters: Sequence[tuple[Type, str]],
        linkage: str = "internal",
        attributes: str = "nounwind noinline",
    ) -> Iterator[list[Value]]:
        """Write a function; gives the parameters as values. Pointers are `noalias`-free.

        It returns what `returned` is at the end, or nothing.
        """
        if self.target.wasm:  # code travels there, and calls that fill a few bytes are slow
            attributes += ' optsize "no-builtins"'
        values = [Value(f"%{n}", t) for t, n in parameters]
        arguments = ", ".join(map(str, values))
        place = len(self.lines)
        self.lines.append("")
        self.block("entry")
        yield values
        kind = "void" if self.returned is None else str(self.returned.type)
        self.lines[place] = f"define {linkage} {kind} @{name}({arguments}) {attributes} {{"
        self.line("ret void" if self.returned is None else f"ret {self.returned}")
        self.lines.append("}")

    @property
    def text(self) -> str:
        """What was written."""
        return "\n".join(self.lines)

    # --- constants

    def number(self, type_: Type, value: float | int | bool) -> Value:
        """A constant, the same in every lane."""
        text = literal(type_, value)
        if type_.lanes > 1:
            text = f"splat ({type_.element} {text})"
        return Value(text, type_)

    def ints(self, element: str, values: Sequence[int]) -> Value:
        """A vector of integer constants."""
        body = ", ".join(f"{element} {v}" for v in values)
        return Value(f"<{body}>", Type(element, len(values)))

    def zero(self, type_: Type) -> Value:
        """Zero (false, null)."""
        return Value("zeroinitializer" if type_.lanes > 1 else literal(type_, 0), type_)

    # --- arithmetic

    def binary(self, instruction: str, a: Value, b: Value) -> Value:
        """Any two-operand instruction, with its flags: `binary("fadd contract", a, b)`."""
        return self.result(a.type, f"{instruction} {a}, {b.text}")

    def fadd(self, a: Value, b: Value) -> Value:
        return self.binary("fadd contract", a, b)

    def fsub(self, a: Value, b: Value) -> Value:
        return self.binary("fsub contract", a, b)

    def fmul(self, a: Value, b: Value) -> Value:
        return self.binary("fmul contract", a, b)

    def fdiv(self, a: Value, b: Value) -> Value:
        return self.binary("fdiv", a, b)

    def fneg(self, a: Value) -> Value:
        return self.result(a.type, f"fneg {a}")

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """a * b + c, rounded once where the processor can; elsewhere `llvm.fma` would call libm."""
        if self.target.fma:
            return self.call("llvm.fma", a.type, [a, b, c])
        if self.target.relaxed and a.type.bits * a.type.lanes == 128:
            return self.call("llvm.wasm.relaxed.madd", a.type, [a, b, c])
        return self.binary("fadd", self.binary("fmul", a, b), c)

    def fcmp(self, predicate: str, a: Value, b: Value) -> Value:
        """`oeq une olt ole ogt oge uno ord ...`."""
        found = self.result(a.type.with_element("i1"), f"fcmp {predicate} {a}, {b.text}")
        self._compared[found.text] = {a.text, b.text}
        return found

    def icmp(self, predicate: str, a: Value, b: Value) -> Value:
        """`eq ne slt sle sgt sge ult ule ugt uge`."""
        return self.result(Type("i1", a.type.lanes), f"icmp {predicate} {a}, {b.text}")

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        """a where an i1 holds, else b."""
        if self.target.relaxed and self._compared.get(condition.text) == {a.text, b.text}:
            # LLVM 22 would make it a relaxed minimum or maximum, which may forget a NaN.
            a, b = self._hidden_number(a), self._hidden_number(b)
        return self.result(a.type, f"select {condition}, {a}, {b}")

    def convert(self, instruction: str, a: Value, element: str) -> Value:
        """`fpext fptrunc sitofp uitofp fptosi fptoui sext zext trunc bitcast` to an element."""
        to = Type(element, a.type.lanes)
        return self.result(to, f"{instruction} {a} to {to}")

    def call(
        self, intrinsic: str, type_: Type, arguments: Sequence[Value], flags: str = ""
    ) -> Value:
        """An intrinsic overloaded on its result type only: `call("llvm.sqrt", t, [x])`."""
        name = f"{intrinsic}.{suffix(type_)}"
        types = ", ".join(str(a.type) for a in arguments)
        self.declarations[name] = f"declare {type_} @{name}({types})"
        values = ", ".join(map(str, arguments))
        return self.result(type_, f"call {flags} {type_} @{name}({values})")

    # --- lanes

    def splat(self, scalar: Value, lanes: int) -> Value:
        """A scalar in every lane."""
        if lanes == 1 or scalar.type.lanes > 1:
            return scalar
        to = scalar.type.with_lanes(lanes)
        if not scalar.text.startswith("%"):
            return Value(f"splat ({scalar})", to)
        first = self.result(to, f"insertelement {to} poison, {scalar}, i64 0")
        return self.shuffle(first, first, [0] * lanes)

    def shuffle(self, a: Value, b: Value, lanes: Sequence[int]) -> Value:
        """Lanes picked from a (0..) and b (after those of a); -1: any."""
        mask = ", ".join("i32 poison" if i < 0 else f"i32 {i}" for i in lanes)
        to = a.type.with_lanes(len(lanes))
        text = f"shufflevector {a}, {b}, <{len(lanes)} x i32> <{mask}>"
        return self.result(to, text)

    def extract(self, a: Value, lane: int) -> Value:
        if a.type.lanes == 1:
            return a
        return self.result(a.type.with_lanes(1), f"extractelement {a}, i64 {lane}")

    def insert(self, a: Value, scalar: Value, lane: int) -> Value:
        return self.result(a.type, f"insertelement {a}, {scalar}, i64 {lane}")

    def reduce(self, operation: str, a: Value) -> Value:
        """All lanes into one: `fadd fmul fmax fmin add mul smax smin umax umin and or`.

        `fmax`/`fmin` here propagate NaN (llvm.vector.reduce.fmaximum / fminimum).
        """
        if a.type.lanes == 1:
            return a
        to = a.type.with_lanes(1)
        known = {"fmax": "fmaximum", "fmin": "fminimum"}
        name = f"llvm.vector.reduce.{known.get(operation, operation)}.{suffix(a.type)}"
        start = ""
        if operation in ("fadd", "fmul"):
            # Any order of the lanes: a tree, not a chain.
            start = f"{to} {literal(to, -0.0 if operation == 'fadd' else 1.0)}, "
            self.declarations[name] = f"declare {to} @{name}({to}, {a.type})"
            return self.result(to, f"call reassoc {to} @{name}({start}{a})")
        self.declarations[name] = f"declare {to} @{name}({a.type})"
        return self.result(to, f"call {to} @{name}({a})")

    # --- index arithmetic: values and Python integers

    def index(self, value: Index) -> Value:
        """An index as a value."""
        return Value(str(value), self.index_type) if isinstance(value, int) else value

    def as_index(self, value: Value, signed: bool) -> Value:
        """Integers as indices; those that are too large for one become the largest one."""
        bits, own = value.type.bits, self.index_type.bits
        if signed and bits > own:
            low, high = (
                self.number(value.type, x) for x in (-(2 ** (own - 1)), 2 ** (own - 1) - 1)
            )
            value = self.call("llvm.smin", value.type, [value, high])
            value = self.call("llvm.smax", value.type, [value, low])
        elif not signed and bits >= own:
            high = self.number(value.type, 2 ** (own - 1) - 1)
            value = self.call("llvm.umin", value.type, [value, high])
        return self.integer(value, self.target.index, signed)

    def integer(self, value: Value, element: str, signed: bool = True) -> Value:
        """Integers with as many bits as an element has."""
        bits, wanted = value.type.bits, int(element[1:])
        if bits == wanted:
            return value
        return self.convert(
            "trunc" if wanted < bits else "sext" if signed else "zext", value, element
        )

    def add(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a == 0:
            return b
        if b == 0:
            return a
        return self.binary("add nsw", self.index(a), self.index(b))

    def sub(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        return a if b == 0 else self.binary("sub nsw", self.index(a), self.index(b))

    def mul(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if a == 0 or b == 0:
            return 0
        if a == 1:
            return b
        if b == 1:
            return a
        return self.binary("mul nsw", self.index(a), self.index(b))

    def div(self, a: Index, b: Index) -> Index:
        """a // b of numbers that are not negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        return a if b == 1 else self.binary("udiv", self.index(a), self.index(b))

    def rem(self, a: Index, b: Index) -> Index:
        """a % b of numbers that are not negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a % b
        return 0 if b == 1 else self.binary("urem", self.index(a), self.index(b))

    def min(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self.call("llvm.smin", self.index_type, [self.index(a), self.index(b)])

    def max(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        return self.call("llvm.smax", self.index_type, [self.index(a), self.index(b)])

    def less(self, a: Index, b: Index) -> Value:
        """a < b, an i1."""
        return self.icmp("slt", self.index(a), self.index(b))

    def mask(self, count: Index, lanes: int) -> Value:
        """The first `count` of `lanes` lanes."""
        if isinstance(count, int) and lanes > 1:
            body = ", ".join(f"i1 {'true' if i < count else 'false'}" for i in range(lanes))
            return Value(f"<{body}>", Type("i1", lanes))
        counts = self.splat(self.index(count), lanes)
        return self.icmp("slt", self.ints(self.target.index, range(lanes)), counts)

    # --- memory

    def at(self, pointer: Value, offset: Index, element: str) -> Value:
        """The address of an element, counted from a pointer."""
        if offset == 0:
            return pointer
        return self.result(
            PTR, f"getelementptr inbounds {element}, {pointer}, {self.index(offset)}"
        )

    def anchor(self, pointer: Value) -> Value:
        """The same address, which constant offsets from it are to be added to in loads and stores.

        On WebAssembly they are lost where LLVM knows how the address changes in a loop: it then
        computes a sum for each of them. Elsewhere it knows best.
        """
        if not self.target.wasm or not pointer.text.startswith("%"):
            return pointer
        return self.result(PTR, f'call ptr asm "", "=r,0"({pointer})')

    def load(self, pointer: Value, type_: Type, align: int | None = None) -> Value:
        """A load; by default aligned to the element only."""
        return self.result(type_, f"load {type_}, {pointer}, align {align or self._bytes(type_)}")

    def store(self, value: Value, pointer: Value, align: int | None = None) -> None:
        self.line(f"store {value}, {pointer}, align {align or self._bytes(value.type)}")

    def _bytes(self, type_: Type) -> int:
        """Of an element."""
        return self.target.pointer if type_.element == "ptr" else type_.bits // 8

    def masked_load(self, pointer: Value, mask: Value, type_: Type) -> Value:
        """Lanes outside the mask are not read; they are zero.

        On WebAssembly they are read: some lane must be inside the mask, and there must be memory
        for a vector behind the buffer (there is always some before it).
        """
        if self.target.wasm:
            return self.select(mask, self.load(pointer, type_), self.zero(type_))
        name = f"llvm.masked.load.{suffix(type_)}.p0"
        self.declarations[name] = f"declare {type_} @{name}(ptr, i32, {mask.type}, {type_})"
        zero = self.zero(type_)
        align = type_.bits // 8
        return self.result(type_, f"call {type_} @{name}({pointer}, i32 {align}, {mask}, {zero})")

    def masked_store(self, value: Value, pointer: Value, mask: Value) -> None:
        """Lanes outside the mask are not written."""
        if self.target.wasm:
            return self._store_lanes(value, pointer, mask)
        if mask.text.startswith("<") and mask.text.count("true") == 1:
            # LLVM 22 makes one store of these, as wide as what the elements were truncated from.
            lane = mask.text[: mask.text.index("true")].count(",")
            where = self.at(pointer, lane, value.type.element)
            self.store(self.extract(value, lane), where)
            return
        if value.type.bits < 64 and not value.type.floating and not mask.text.startswith("<"):
            mask = self._hidden(mask)
        name = f"llvm.masked.store.{suffix(value.type)}.p0"
        self.declarations[name] = f"declare void @{name}({value.type}, ptr, i32, {mask.type})"
        self.line(f"call void @{name}({value}, {pointer}, i32 {value.type.bits // 8}, {mask})")

    def _store_lanes(self, value: Value, pointer: Value, mask: Value) -> None:
        """A masked store by a function that all of a module share, but for whole vectors."""
        lanes, element = value.type.lanes, value.type.element
        if mask.text.startswith("<"):
            inside = [part.endswith("true") for part in mask.text.strip("<>").split(",")]
            for lane in range(lanes):
                if inside[lane]:
                    self.store(self.extract(value, lane), self.at(pointer, lane, element))
            return
        name = f"thalweg_store_{suffix(value.type)}"
        bits = self.result(Type(f"i{lanes}"), f"bitcast {mask} to i{lanes}")
        bits = self.integer(bits, "i32", signed=False)
        whole = self.icmp("eq", bits, self.number(I32, 2**lanes - 1))
        full, some, done = self.label("full"), self.label("some"), self.label("stored")
        self.line(f"br {whole}, label %{full}, label %{some}")
        self.block(full)
        self.store(value, pointer)
        self.line(f"br label %{done}")
        self.block(some)
        self.line(f"call void @{name}({value}, {pointer}, {bits})")
        self.line(f"br label %{done}")
        self.block(done)
        if name in self.declarations:
            return
        b = Builder(self.target)
        with b.function(name, [(value.type, "v"), (PTR, "p"), (I32, "bits")]) as (v, p, given):
            for lane in range(lanes):
                bit = b.binary("and", given, b.number(I32, 1 << lane))
                with b.when(b.icmp("ne", bit, b.zero(I32))):
                    b.store(b.extract(v, lane), b.at(p, lane, element))
        self.declarations[name] = b.text

    def _hidden_number(self, value: Value) -> Value:
        """The same number, of which LLVM cannot find out what it is."""
        lanes, size = value.type.lanes, value.type.bits * value.type.lanes
        if lanes == 1 or not value.text.startswith("%"):
            return value
        if size < 128:
            all_lanes = [i if i < lanes else -1 for i in range(128 // value.type.bits)]
            wide = self._hidden_number(self.shuffle(value, value, all_lanes))
            return self.shuffle(wide, wide, range(lanes))
        if size > 128:
            half = lanes // 2
            low, high = (self.shuffle(value, value, range(k, k + half)) for k in (0, half))
            low, high = self._hidden_number(low), self._hidden_number(high)
            return self.shuffle(low, high, range(lanes))
        return self.result(value.type, f'call {value.type} asm "", "=r,0"({value})')

    def _hidden(self, mask: Value) -> Value:
        """The same mask, of which LLVM cannot find out that it has one lane; see `masked_store`."""
        bits = self.result(Type(f"i{mask.type.lanes}"), f"bitcast {mask} to i{mask.type.lanes}")
        wide = self.convert("zext", bits, "i64")
        wide = self.result(I64, f'call i64 asm "", "=r,0"({wide})')
        bits = self.convert("trunc", wide, bits.type.element)
        return self.result(mask.type, f"bitcast {bits} to {mask.type}")

    def gather(
        self, pointer: Value, offsets: Value, type_: Type, mask: Value | None = None
    ) -> Value:
        """Elements at `offsets` (a vector of indices, counted in elements) from a pointer."""
        pointers = self.result(
            Type("ptr", type_.lanes), f"getelementptr {type_.element}, {pointer}, {offsets}"
        )
        name = f"llvm.masked.gather.{suffix(type_)}.v{type_.lanes}p0"
        mask = mask or self.number(Type("i1", type_.lanes), True)
        self.declarations[name] = (
            f"declare {type_} @{name}({pointers.type}, i32, {mask.type}, {type_})"
        )
        zero, align = self.zero(type_), type_.bits // 8
        return self.result(type_, f"call {type_} @{name}({pointers}, i32 {align}, {mask}, {zero})")

    def prefetch(self, pointer: Value, write: bool) -> None:
        """Bring a line of memory into the cache, to be written if `write`; any address will do."""
        name = "llvm.prefetch.p0"
        self.declarations[name] = f"declare void @{name}(ptr, i32 immarg, i32 immarg, i32 immarg)"
        self.line(f"call void @{name}({pointer}, i32 {int(write)}, i32 3, i32 1)")

    # --- control

    @contextmanager
    def loop(
        self, begin: Index, end: Index, step: Index = 1, carried: Sequence[Value] = ()
    ) -> Iterator[Loop]:
        """`for index in range(begin, end, step)`; may run zero times.

        With `carried` values the body must call `loop.next(...)`; `loop.results` are their last
        values.

            with b.loop(0, length, carried=[total]) as loop:
                loop.next([b.fadd(loop.carried[0], ...)])
            total = loop.results[0]
        """
        certain = isinstance(begin, int) and isinstance(end, int) and begin < end
        body, done = self.label("loop"), self.label("done")
        before = self._block
        if certain:
            self.line(f"br label %{body}")
        else:
            some = self.less(begin, end)
            self.line(f"br {some}, label %{body}, label %{done}")
        self.block(body)
        place = len(self.lines)
        names = [self.fresh("c") for _ in carried]
        counter = Value(self.fresh("i"), self.index_type)
        self.lines.extend([""] * (1 + len(names)))
        inner = [Value(name, v.type) for name, v in zip(names, carried, strict=True)]
        loop = Loop(counter, inner)
        yield loop
        after = list(loop._next or ())
        if len(after) != len(inner):
            raise ValueError("loop.next must be called with one value for each carried one.")
        # nuw nsw: counters never wrap, which lets LLVM simplify addresses.
        following = self.result(self.index_type, f"add nuw nsw {counter}, {self.index(step).text}")
        again = self.less(following, end)
        latch = self._block
        self.line(f"br {again}, label %{body}, label %{done}")
        self.lines[place] = (
            f"  {counter.text} = phi {self.index_type} [{self.index(begin).text}, %{before}], "
            f"[{following.text}, %{latch}]"
        )
        for k, (name, start, last) in enumerate(zip(names, carried, after, strict=True)):
            self.lines[place + 1 + k] = (
                f"  {name} = phi {start.type} [{start.text}, %{before}], [{last.text}, %{latch}]"
            )
        self.block(done)
        if certain:
            loop.results = after
        else:
            loop.results = [
                self.result(s.type, f"phi {s.type} [{s.text}, %{before}], [{last.text}, %{latch}]")
                for s, last in zip(carried, after, strict=True)
            ]

    def repeat(
        self,
        carried: Sequence[Value],
        body: Callable[[list[Value]], tuple[Value, Sequence[Value]]],
    ) -> list[Value]:
        """Write `body` to run once, and again as long as the i1 that it gives holds.

        It takes the values that go round and gives the next ones; the last ones are returned.
        """
        again, done, before = self.label("again"), self.label("done"), self._block
        self.line(f"br label %{again}")
        self.block(again)
        place = len(self.lines)
        inner = [Value(self.fresh("c"), v.type) for v in carried]
        self.lines.extend([""] * len(inner))
        more, after = body(inner)
        last = self._block
        self.line(f"br {more}, label %{again}, label %{done}")
        for k, (value, start, end) in enumerate(zip(inner, carried, after, strict=True)):
            self.lines[place + k] = (
                f"  {value.text} = phi {value.type} [{start.text}, %{before}], "
                f"[{end.text}, %{last}]"
            )
        self.block(done)
        return list(after)

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Run the block only where an i1 holds; values made inside cannot be used outside."""
        inside, done = self.label("then"), self.label("end")
        self.line(f"br {condition}, label %{inside}, label %{done}")
        self.block(inside)
        yield
        self.line(f"br label %{done}")
        self.block(done)

    def rarely(
        self,
        condition: Value,
        compute: Callable[[], Sequence[Value]],
        otherwise: Sequence[Value],
    ) -> list[Value]:
        """What `compute` writes where an i1 holds, in a block of its own; else values at hand."""
        inside, done = self.label("rare"), self.label("usual")
        before = self._block
        self.line(f"br {condition}, label %{inside}, label %{done}")
        self.block(inside)
        values = compute()
        last = self._block
        self.line(f"br label %{done}")
        self.block(done)
        return [
            self.result(v.type, f"phi {v.type} [{o.text}, %{before}], [{v.text}, %{last}]")
            for v, o in zip(values, otherwise, strict=True)
        ]
