"""Emitter: writes the values of expressions, one at a time or for the lanes of a vector.

What does not differ from lane to lane is computed once and spread over the lanes where it is used.
A `Load` stands for the element as it was when the load was first computed in a scope: an expression
that is used twice is one object and gives one value, also when its buffer is written in between.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Bits,
    Buffer,
    Choose,
    Constant,
    Expression,
    Load,
    Ordinal,
    Product,
)
from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.addresses import Addresses
from thalweg.compiler.render.llvm.builder import BOOL, Builder, Index, Type, Value
from thalweg.compiler.render.llvm.lanes import Lanes, Place
from thalweg.compiler.render.llvm.memory import Memory
from thalweg.compiler.target import Target
from thalweg.tensor.dtypes import real_of

__all__ = ["Emitter", "Lanes"]

_SMALL = 2**31


class Emitter:
    """Writes expressions and stores.

    Args:
        b: where to write.
        target: the processor.
        n: the batch size.
        pointers: where each buffer begins.

    Attributes:
        product: what `Product` gives.
        totals: what the accumulators have come to, in computing form.
        kept: scratch buffers that one statement writes: what it wrote in the same scope need not
            be read from memory again.
    """

    def __init__(
        self, b: Builder, target: Target, n: Value, pointers: Mapping[Buffer, Value]
    ) -> None:
        self.b = b
        self.target = target
        self.n = n
        self.pointers = pointers
        self.product: Value | None = None
        self.totals: Mapping[Accumulator, Value] = {}
        self.kept: frozenset[Buffer] = frozenset()
        self.cache = uses.UsesCache()
        self.addresses = Addresses(b, n, self._value, self._varies)
        self.memory = Memory(b, target, self.addresses)
        self._scopes: list[dict[Hashable, Value]] = []
        # The values known at the place where an expression is being computed.
        self._here: Place | None = None
        self._near: dict[Expression, Value] = {}

    # --- what others call

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Values computed inside are remembered until the end; open one in each block of code."""
        self._scopes.append({})
        yield
        self._scopes.pop()

    def index(self, index: Formula, env: Mapping[Var, Index], lanes: Lanes | None = None) -> Index:
        """An index: in the first lane where it is affine over the lanes, else a vector."""
        return self.addresses.value(index, self._place(env, lanes))

    def value(
        self, expression: Expression, env: Mapping[Var, Index], lanes: Lanes | None = None
    ) -> Value:
        """The value of an expression in computing form, in every lane."""
        place = self._place(env, lanes)
        if self._scopes:
            found = self._value(expression, place)
        else:
            with self.scope():
                found = self._value(expression, place)
        return found if lanes is None else self.b.splat(found, lanes.count)

    def once(self, expression: Expression, env: Mapping[Var, Index], lanes: Lanes | None) -> None:
        """Compute a value here, before a loop whose turns will find it remembered."""
        self._value(expression, self._place(env, lanes))

    def give(
        self, expression: Expression, env: Mapping[Var, Index], lanes: Lanes | None, value: Value
    ) -> None:
        """Say what the value of an expression is, until the end of the scope."""
        self._scopes[-1][self._key(expression, self._place(env, lanes))] = value

    def store(self, s: Store, env: Mapping[Var, Index], lanes: Lanes | None = None) -> None:
        """Write an element, or one for each lane."""
        place = self._place(env, lanes)
        value = self.value(s.value, env, lanes)
        with self.scope():
            self.memory.store(self.pointers[s.buffer], s.buffer.dtype, s.index, value, place)
        key = self._kept(s.buffer, s.index, place)
        if key is not None and self._scopes:
            self._scopes[-1][key] = elementwise.rounded(self.b, value, s.buffer.dtype)

    # --- values

    def _place(self, env: Mapping[Var, Index], lanes: Lanes | None) -> Place:
        return Place(env, lanes, mask=None if lanes is None else lanes.mask)

    def _varies(self, expression: Expression, place: Place) -> bool:
        """Whether a value differs from lane to lane."""
        if place.lanes is None:
            return False
        u = self.cache.of(expression)
        if place.lanes.variable in u.variables:
            return True
        if u.product and self.product is not None and self.product.type.lanes > 1:
            return True
        return any(self.totals[a].type.lanes > 1 for a in u.accumulators)

    def _value(self, expression: Expression, place: Place) -> Value:
        if place is self._here and expression in self._near:
            return self._near[expression]
        outside = self._here, self._near
        self._here, self._near = place, {}
        # Operands first, by hand, so that long chains do not become deep recursion.
        near, keys = self._near, dict[Expression, Hashable]()
        stack = [(expression, False)]
        while stack:
            e, ready = stack.pop()
            if e in near:
                continue
            if not ready:
                keys[e] = self._key(e, place)
                found = self._remembered(e, keys[e], place)
                if found is not None:
                    near[e] = found
                    continue
                needed = uses.certain(e)
                if needed:
                    stack.append((e, True))
                    stack.extend((x, False) for x in reversed(needed))
                    continue
            near[e] = self._compute(e, place)
            self._scopes[-1][keys[e]] = near[e]
        self._here, self._near = outside
        return near[expression]

    def _remembered(self, expression: Expression, key: Hashable, place: Place) -> Value | None:
        for scope in reversed(self._scopes):
            if key in scope:
                return scope[key]
        if place.guard is None and not place.partial:
            return None
        # What was computed whatever the guards say is right under them too.
        lanes = place.lanes
        free = Place(place.env, lanes, mask=None if lanes is None else lanes.mask)
        return self._remembered(expression, self._key(expression, free), free)

    def _key(self, expression: Expression, place: Place) -> Hashable:
        u = self.cache.of(expression)
        key: list[Hashable] = [expression]
        for variable in u.variables:
            value = place.env[variable]
            key.append(value if isinstance(value, int) else value.text)
        for accumulator in u.accumulators:
            key.append(self.totals[accumulator].text)
        if u.product and self.product is not None:
            key.append(self.product.text)
        varies = self._varies(expression, place)
        if varies:
            assert place.lanes is not None
            key.append((place.lanes.variable, place.lanes.count))
        if u.buffers:
            key.append(place.guard)
            if varies or place.partial:
                key.append(place.mask)
        return tuple(key)

    def _kept(self, buffer: Buffer, index: Formula, place: Place) -> Hashable | None:
        """A key for elements of a kept buffer at a place known now."""
        lanes = place.lanes
        if buffer not in self.kept or place.guard is not None or place.partial:
            return None
        if uses.data(index) or any(not isinstance(place.env[v], int) for v in index.variables()):
            return None
        if lanes is None:
            return (buffer, self.addresses.value(index, place), 1)
        if self.addresses.stride(index, place) != ONE:
            return None
        return (buffer, self.addresses.value(index, place), lanes.count, place.mask)

    def _compute(self, e: Expression, place: Place) -> Value:
        b = self.b
        if isinstance(e, Constant):
            if isinstance(e.value, Dim):
                return self._integer(self.addresses.length(e.value), e.dtype)
            return elementwise.constant(b, e.dtype, e.value)
        if isinstance(e, Load):
            kept = self._kept(e.buffer, e.index, place)
            for scope in reversed(self._scopes):
                if kept is not None and kept in scope:
                    return scope[kept]
            return self.memory.load(self.pointers[e.buffer], e, place)
        if isinstance(e, Apply):
            args = self._level([self._value(x, place) for x in e.inputs])
            return elementwise.emit(b, e.name, args, e.inputs[0].dtype, e.params)
        if isinstance(e, Ordinal):
            return self._ordinal(e, place)
        if isinstance(e, Choose):
            return self._choose(e, place)
        if isinstance(e, Bits):
            return self._bits(e, place)
        if isinstance(e, Product):
            assert self.product is not None
            return self.product
        return self.totals[e.accumulator]

    def _level(self, values: list[Value]) -> list[Value]:
        """Values with as many lanes as the widest of them."""
        count = max((v.type.lanes for v in values), default=1)
        return [self.b.splat(v, count) for v in values]

    # --- indices as numbers

    def _ordinal(self, e: Ordinal, place: Place) -> Value:
        found = self.addresses.value(e.index, place)
        if isinstance(found, Value) and found.type.lanes > 1:
            return self._convert(found, e.dtype, _fits(e.index))
        stride = self.addresses.stride(e.index, place)
        first = self._integer(found, e.dtype, _fits(e.index))
        if place.lanes is None or stride is None or stride == ZERO:
            return first
        count = place.lanes.count
        if not stride.static or e.dtype.kind not in "iu":
            return self._convert(
                self.addresses.spread(found, stride, count), e.dtype, _fits(e.index)
            )
        steps = self.b.ints(first.type.element, [stride.offset * i for i in range(count)])
        return self.b.binary("add", self.b.splat(first, count), steps)

    def _integer(self, index: Index, dtype: Any, fits: bool = True) -> Value:
        if isinstance(index, int):
            return elementwise.constant(self.b, dtype, index)
        return self._convert(index, dtype, fits)

    def _convert(self, value: Value, dtype: Any, fits: bool) -> Value:
        """Indices as numbers of a dtype."""
        b = self.b
        if dtype.kind == "c":  # the real part comes first
            real = self._convert(value, real_of(dtype), fits)
            low = b.convert("bitcast", real, f"i{real.type.bits}")
            return b.convert("zext", low, elementwise.computing(dtype).element)
        to = elementwise.computing(dtype)
        if to.floating:
            # Vectors of 32-bit integers are converted by one instruction everywhere.
            if fits and to.element == "float" and value.type.lanes > 1:
                value = b.integer(value, "i32")
            return elementwise.rounded(b, b.convert("sitofp", value, to.element), dtype)
        if to == BOOL:
            return b.icmp("ne", value, b.zero(value.type))
        return b.integer(value, to.element)

    # --- guards

    def _choose(self, e: Choose, place: Place) -> Value:
        b = self.b
        common: Value | None = None
        varying: Value | None = None
        for guard in e.guards:
            found = self.addresses.guard(guard, place)
            if found is None:
                continue
            if found.type.lanes > 1:
                varying = found if varying is None else b.binary("and", varying, found)
            else:
                common = found if common is None else b.binary("and", common, found)
        if common is None and varying is None:
            return self._value(e.then, place)
        then = self._value(e.then, self._under(place, common, varying))
        rest: tuple[Value | None, Value | None]
        if varying is None:
            assert common is not None
            chosen, rest = common, (common, None)
        else:
            lanes = varying.type.lanes
            chosen = varying
            if common is not None:
                chosen = b.binary("and", b.splat(common, lanes), varying)
            rest = (None, chosen)
        otherwise = place
        if self.cache.of(e.otherwise).buffers:
            otherwise = self._under(place, *(None if v is None else self._not(v) for v in rest))
        a, c = self._level([then, self._value(e.otherwise, otherwise)])
        if chosen.type.lanes > 1:
            a, c = b.splat(a, chosen.type.lanes), b.splat(c, chosen.type.lanes)
        return b.select(chosen, a, c)

    def _not(self, value: Value) -> Value:
        return self.b.binary("xor", value, self.b.number(value.type, True))

    def _under(self, place: Place, common: Value | None, varying: Value | None) -> Place:
        """A place where guards hold as well."""
        b = self.b
        guard = place.guard
        if common is not None:
            guard = common if guard is None else b.binary("and", guard, common)
        mask = place.mask
        if varying is not None:
            mask = varying if mask is None else b.binary("and", mask, varying)
        partial = place.partial or varying is not None
        return Place(place.env, place.lanes, guard, mask, partial)

    # --- random bits

    def _bits(self, e: Bits, place: Place) -> Value:
        b = self.b
        key0, key1 = (self._value(k, place) for k in e.key)
        found = self.addresses.value(e.counter, place)
        if place.lanes is None or self.addresses.stride(e.counter, place) == ZERO:
            return elementwise.random_bits(b, key0, key1, b.index(found), 1)
        count = place.lanes.count
        if self.addresses.stride(e.counter, place) == ONE:
            even = self.addresses.even(e.counter, place.lanes)
            return elementwise.random_bits(b, key0, key1, b.index(found), count, even)
        counters = self.addresses.lanes(e.counter, place)
        result = Value("poison", Type("i32", count))
        for i in range(count):
            one = elementwise.random_bits(b, key0, key1, b.extract(counters, i), 1)
            result = b.insert(result, one, i)
        return result


def _fits(index: Formula) -> bool:
    """Whether an index fits 32 bits; one that depends on the batch is taken to."""
    most = index.most()
    return most is None or not most.static or most.offset < _SMALL
