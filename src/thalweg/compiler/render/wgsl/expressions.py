"""Emitter: writes the values of expressions as lines of WGSL.

Values are `let`s, remembered in the block that they were written in and those inside of it. A
`Load` stands for the element as it was when the load was first computed: an expression that is used
twice is one object and gives one value, also when its buffer is written in between.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Bits,
    Buffer,
    Choose,
    Constant,
    Expression,
    Guard,
    Load,
    Ordinal,
    Product,
    Total,
    operands,
)
from thalweg.compiler.ir.index import Atom, Datum, Index, Quotient, Var
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.wgsl import elementwise
from thalweg.compiler.render.wgsl.forms import (
    constant,
    from_memory,
    kind,
    literal,
    pick,
    rounded,
    to_memory,
)
from thalweg.compiler.render.wgsl.layout import Place
from thalweg.compiler.render.wgsl.lines import Lines
from thalweg.tensor.dtypes import DType, int32

__all__ = ["Emitter"]

_SUM = re.compile(r"(\w+) ([+-]) (\d+)")
# A side of a Choose that costs no more than this is computed whatever the guards say: to branch
# costs more. What it reads beyond its buffer does not matter: it is some word of the one buffer.
_CHEAP = 6


class Emitter(Lines):
    """Writes expressions and stores.

    Args:
        places: where each buffer lies.
        element: of the memory `m`, which everything is read and written through: `u32` or `f32`.

    Attributes:
        product: what `Product` gives.
        totals: what the accumulators have come to.
        locals: buffers that are variables of the kernel, by name.
        bases: where other buffers begin than their places say.
        cache: what expressions depend on.
    """

    def __init__(self, places: Mapping[Buffer, Place], element: str = "u32") -> None:
        super().__init__(element)
        self.places = places
        self.product: str | None = None
        self.totals: dict[Accumulator, str] = {}
        self.locals: dict[Buffer, str] = {}
        self.bases: dict[Buffer, str] = {}
        self.cache = uses.UsesCache()

    # --- memory

    def base(self, buffer: Buffer) -> str:
        """Where a buffer begins, as an i32 number of words."""
        if buffer in self.bases:
            return self.bases[buffer]
        place = self.places[buffer]
        text = str(place.base)
        for depth, size in place.turns:
            text += f" + {self.turn(depth)} * {self.length(size)}"
        return text if not place.turns else self.first(text, "base")

    def load(self, buffer: Buffer, at: str) -> str:
        """The element at an index, in computing form: a text, to be given a name with `let`."""
        if buffer in self.locals:
            return f"{self.locals[buffer]}[{at}]"
        return from_memory(f"m[{self._address(buffer, at)}]", buffer.dtype, self.element)

    def put(self, buffer: Buffer, at: str, value: str) -> None:
        """Write an element, rounded to what its dtype can hold."""
        if buffer in self.locals:
            self.line(f"{self.locals[buffer]}[{at}] = {rounded(self, value, buffer.dtype)};")
            return
        held = to_memory(self, value, buffer.dtype, self.element)
        self.line(f"m[{self._address(buffer, at)}] = {held};")

    def _address(self, buffer: Buffer, at: str) -> str:
        base = self.base(buffer)
        if base == "0":
            return at
        if base.isdigit() and at.isdigit():
            return str(int(base) + int(at))
        # One number is added, not two.
        split = _SUM.fullmatch(at)
        if split and base.isdigit():
            total = int(base) + int(f"{split[2]}{split[3]}")
            return f"{split[1]} {'-' if total < 0 else '+'} {abs(total)}" if total else split[1]
        return base if at == "0" else f"{at} + {base}"

    # --- indices

    def index(self, index: Index, env: Mapping[Var, str]) -> str:
        """An index as an i32: a name or a number."""
        return self.pure(self._index(index, env))

    def _index(self, index: Index, env: Mapping[Var, str]) -> str:
        """An index as a number, a name, or a name and a number: neighbours share the name."""
        parts: list[str] = []
        known = index.offset.offset if index.offset.static else 0
        for atom, coefficient in index.terms:
            text = self._atom(atom, env)
            if coefficient.static and _whole(text):
                known += int(text) * coefficient.offset
            elif coefficient == ONE:
                parts.append(text)
            elif text != "0":
                parts.append(f"{text} * {self._signed(coefficient)}")
        if not index.offset.static:
            parts.append(self._signed(index.offset))
        if not parts:
            return str(known)
        name = self.pure(" + ".join(parts))
        if not known:
            return name
        return f"{name} {'-' if known < 0 else '+'} {abs(known)}"

    def _signed(self, dim: Dim) -> str:
        text = self.length(dim)
        return f"({text})" if text.startswith("-") and not _whole(text) else text

    def _atom(self, atom: Atom, env: Mapping[Var, str]) -> str:
        if isinstance(atom, Var):
            return env[atom]
        if isinstance(atom, Datum):
            value = self.value(atom.expression, env)
            return value if atom.expression.dtype.kind == "i" else self.pure(f"i32({value})")
        inner, by = self.index(atom.index, env), self.length(atom.divisor)
        sign = "/" if isinstance(atom, Quotient) else "%"
        if _whole(inner) and _whole(by):
            quotient = int(inner) // int(by)
            return str(quotient if sign == "/" else int(inner) - quotient * int(by))
        return self.quotient(inner, by) if sign == "/" else self.remainder(inner, by)

    def guards(self, guards: tuple[Guard, ...], env: Mapping[Var, str]) -> str:
        """Whether all guards hold: a text; `true` where that is known."""
        parts: list[str] = []
        for guard in guards:
            index, least, most = guard.index, guard.low, guard.index.most()
            at = self.index(index, env)
            below = most is not None and most.plus(1).at_most(guard.high)
            above = least == ZERO and index.not_negative()
            # One comparison for both sides; WGSL refuses u32 of a negative literal.
            if not above and not below and least == ZERO and not _whole(at):
                high = self.length(guard.high)
                parts.append(f"u32({at}) < {high}u" if _whole(high) else f"u32({at}) < u32({high})")
                continue
            if not above:
                parts.append(f"{at} >= {self.length(least)}")
            if not below:
                parts.append(f"{at} < {self.length(guard.high)}")
        if len(parts) < 2:
            return parts[0] if parts else "true"
        # Not `&&`, which branches.
        return f"({' & '.join(f'({part})' for part in parts)})"

    # --- values

    def value(self, expression: Expression, env: Mapping[Var, str]) -> str:
        """The value of an expression in computing form: a name or a literal."""
        # Operands first, by hand, so that long chains do not become deep recursion.
        stack = [(expression, False)]
        near: dict[Expression, str] = {}
        while stack:
            e, ready = stack.pop()
            if e in near:
                continue
            if not ready:
                found = self.known(self._key(e, env))
                if found is not None:
                    near[e] = found
                    continue
                needed = uses.certain(e)
                if needed:
                    stack.append((e, True))
                    stack.extend((x, False) for x in reversed(needed))
                    continue
            near[e] = self._compute(e, env, near)
            self.remember(self._key(e, env), near[e])
        return near[expression]

    def give(self, expression: Expression, env: Mapping[Var, str], value: str) -> None:
        """Say what the value of an expression is, until the end of the scope."""
        self.remember(self._key(expression, env), value)

    def store(self, s: Store, env: Mapping[Var, str]) -> None:
        """Write an element."""
        value = self.value(s.value, env)
        self.put(s.buffer, self._index(s.index, env), value)

    def _key(self, expression: Expression, env: Mapping[Var, str]) -> Hashable:
        u = self.cache.of(expression)
        key: list[Hashable] = [expression]
        key += sorted((variable.name, id(variable), env[variable]) for variable in u.variables)
        key += sorted((id(a), self.totals[a]) for a in u.accumulators)
        if u.product:
            key.append(self.product)
        return tuple(key)

    def _compute(
        self, e: Expression, env: Mapping[Var, str], near: Mapping[Expression, str]
    ) -> str:
        if isinstance(e, Constant):
            if isinstance(e.value, Dim):
                return self.let(self._number(self.length(e.value), e.dtype))
            return constant(self, e.dtype, e.value)
        if isinstance(e, Load):
            return self.let(self.load(e.buffer, self._index(e.index, env)))
        if isinstance(e, Apply):
            args = [near[x] for x in e.inputs]
            if all(map(literal, args)):
                # What WGSL computes from numbers alone it refuses where the result is not finite.
                args[0] = self.var(kind(e.inputs[0].dtype), args[0])
            return self.let(elementwise.emit(self, e.name, args, e.inputs[0].dtype, e.params))
        if isinstance(e, Ordinal):
            return self.let(self._number(self.index(e.index, env), e.dtype))
        if isinstance(e, Choose):
            return self._choose(e, env)
        if isinstance(e, Bits):
            self.needs("random_bits")
            counter = self.index(e.counter, env)
            words = [f"u32({near[k]})" for k in e.key]
            return self.let(f"random_bits({', '.join(words)}, u32({counter}))")
        if isinstance(e, Product):
            assert self.product is not None
            return self.product
        assert isinstance(e, Total)
        return self.totals[e.accumulator]

    def _number(self, at: str, dtype: DType) -> str:
        """An index as a number of a dtype."""
        return elementwise.emit(self, "cast", [at], int32, {"dtype": dtype})

    def _choose(self, e: Choose, env: Mapping[Var, str]) -> str:
        condition = self.guards(e.guards, env)
        if condition == "true":
            return self.value(e.then, env)
        cheap = all(_cost(side) <= _CHEAP for side in (e.then, e.otherwise))
        if cheap:
            then, otherwise = self.value(e.then, env), self.value(e.otherwise, env)
            return self.let(pick(condition, then, otherwise))
        result = self.fresh("c")
        self.line(f"var {result}: {kind(e.dtype)};")
        with self.block(f"if ({condition})"):
            self.line(f"{result} = {self.value(e.then, env)};")
        with self.block("else"):
            self.line(f"{result} = {self.value(e.otherwise, env)};")
        return result

    def rounded(self, value: str, dtype: DType) -> str:
        """A value rounded to what its dtype can hold."""
        return self.let(rounded(self, value, dtype))


def _whole(text: str) -> bool:
    return text.removeprefix("-").isdigit()


def _cost(e: Expression) -> int:
    """About how much there is to compute, up to a little more than what is cheap."""
    total, stack = 0, [e]
    while stack and total <= _CHEAP:
        current = stack.pop()
        if isinstance(current, (Constant, Total, Product)):
            continue
        if isinstance(current, Apply):
            total += elementwise.cost(current.name)
        elif isinstance(current, Bits):
            total += 2 * _CHEAP
        else:
            total += 2
        stack.extend(uses.certain(current) if isinstance(current, Choose) else operands(current))
        if isinstance(current, Choose):
            stack.extend((current.then, current.otherwise))
    return total
