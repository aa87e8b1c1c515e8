"""Loads and stores of tensors' elements by index, for one value or for the lanes of a vector.

Nothing outside of a buffer is ever read. Where a guard, the same for all lanes, forbids a read, the
address is replaced by that of zeros; lanes that a mask leaves out are not read.
"""

from __future__ import annotations

from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.ir.expression import Load
from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.addresses import Addresses
from thalweg.compiler.render.llvm.builder import PTR, Builder, Value
from thalweg.compiler.render.llvm.lanes import Place
from thalweg.compiler.target import Target
from thalweg.tensor.dtypes import DType

__all__ = ["Memory"]

_ZEROS = "thalweg.zeros"
# The widest vector there is: 32 lanes of 8 bytes.
_ZEROS_BYTES = 256
_MINUS_ONE = Dim(0, -1)


class Memory:
    """Reads and writes elements."""

    def __init__(self, b: Builder, target: Target, addresses: Addresses) -> None:
        self.b = b
        self.target = target
        self.addresses = addresses

    def load(self, pointer: Value, e: Load, place: Place) -> Value:
        """An element in computing form; one for each lane where the index differs."""
        b, dtype, lanes = self.b, e.dtype, place.lanes
        if e.buffer.size == ZERO:
            return elementwise.constant(b, dtype, 0)
        stride = self.addresses.stride(e.index, place)
        if lanes is None or stride == ZERO:
            where = self._at(pointer, self.addresses.value(e.index, place), dtype)
            return elementwise.load(b, self._safe(where, self._any(place)), dtype)
        if stride == ONE:
            where = self._at(pointer, self.addresses.value(e.index, place), dtype)
            # WebAssembly reads all lanes of a vector of which any are wanted.
            some = self._any(place) if self.target.wasm else place.guard
            where = self._safe(where, some)
            return elementwise.load(b, where, dtype, lanes.count, place.mask)
        if stride == _MINUS_ONE and place.mask is None:
            last = b.sub(self.addresses.value(e.index, place), lanes.count - 1)
            where = self._safe(self._at(pointer, last, dtype), place.guard)
            found = elementwise.load(b, where, dtype, lanes.count)
            return b.shuffle(found, found, range(lanes.count - 1, -1, -1))
        return self._gather(pointer, e, stride, place)

    def _gather(self, pointer: Value, e: Load, stride: Dim | None, place: Place) -> Value:
        b, dtype = self.b, e.dtype
        assert place.lanes is not None
        count = place.lanes.count
        held = elementwise.memory(dtype, count)
        mask = place.mask
        # Where lanes are evenly apart, loading them one by one is twice as fast on AMD's Zen 4.
        gathers = self.target.masks and not self.target.wasm
        if gathers and held.bits >= 32 and (mask is not None or stride is None):
            if place.guard is not None:
                common = b.splat(place.guard, count)
                mask = common if mask is None else b.binary("and", mask, common)
            offsets = self.addresses.lanes(e.index, place)
            return elementwise.from_memory(b, b.gather(pointer, offsets, held, mask), dtype)
        found = Value("poison", held)
        first = self.addresses.value(e.index, place)
        for i in range(count):
            where = self._at(pointer, self._of_lane(first, stride, i), dtype)
            allowed = place.guard
            if mask is not None:
                lane = b.extract(mask, i)
                allowed = lane if allowed is None else b.binary("and", allowed, lane)
            one = b.load(self._safe(where, allowed), held.with_lanes(1))
            found = b.insert(found, one, i)
        return elementwise.from_memory(b, found, dtype)

    def store(
        self, pointer: Value, dtype: DType, index: Formula, value: Value, place: Place
    ) -> None:
        """Write a value, or one for each lane that the mask lets through."""
        b, lanes = self.b, place.lanes
        first = self.addresses.value(index, place)
        stride = self.addresses.stride(index, place)
        if lanes is None:
            elementwise.store(b, value, self._at(pointer, first, dtype), dtype)
        elif stride == ONE:
            where = self._at(pointer, first, dtype)
            elementwise.store(b, value, where, dtype, lanes.mask)
        else:
            held = elementwise.to_memory(b, value, dtype)
            for i in range(lanes.count):
                where = self._at(pointer, self._of_lane(first, stride, i), dtype)
                one = b.extract(held, i)
                if lanes.mask is None:
                    b.store(one, where)
                else:
                    with b.when(b.extract(lanes.mask, i)):
                        b.store(one, where)

    def _of_lane(self, first: Value | int, stride: Dim | None, lane: int) -> Value | int:
        b = self.b
        if isinstance(first, Value) and first.type.lanes > 1:
            return b.extract(first, lane)
        assert stride is not None
        return b.add(first, b.mul(self.addresses.length(stride), lane))

    def _at(self, pointer: Value, offset: Value | int, dtype: DType) -> Value:
        return self.b.at(pointer, offset, elementwise.memory(dtype).element)

    def _any(self, place: Place) -> Value | None:
        """Whether an element that all lanes share may be read."""
        if not place.partial or place.mask is None:
            return place.guard
        some = self.b.reduce("or", place.mask)
        return some if place.guard is None else self.b.binary("and", place.guard, some)

    def _safe(self, where: Value, allowed: Value | None) -> Value:
        """An address that may be read: that of zeros where the one asked for may not."""
        if allowed is None:
            return where
        self.b.declarations[_ZEROS] = (
            f"@{_ZEROS} = internal constant [{_ZEROS_BYTES} x i8] zeroinitializer, align 64"
        )
        return self.b.select(allowed, where, Value(f"@{_ZEROS}", PTR))
