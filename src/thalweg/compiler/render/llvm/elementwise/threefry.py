"""Random bits from a counter: `thalweg.primitives.random`, vectorised.

Element i is word (i mod 2) of the Threefry block with counter (i div 2).
"""

from __future__ import annotations

from thalweg.compiler.render.llvm.builder import Builder, Type, Value
from thalweg.compiler.render.llvm.elementwise.lanes import Lanes, where
from thalweg.primitives.random import PARITY, ROTATIONS

__all__ = ["random_bits", "threefry"]


def threefry(b: Builder, key0: Value, key1: Value, low: Value, high: Value) -> tuple[Value, Value]:
    """The two words of the blocks (low, high), i32 of any number of lanes, under an i32 key."""
    t = low.type
    first, second = (Lanes(b, b.splat(k, t.lanes)) for k in (key0, key1))
    schedule = (first, second, first ^ second ^ int(PARITY))
    x, y = Lanes(b, low) + first, Lanes(b, high) + second
    for i in range(5):
        for rotation in ROTATIONS[i % 2]:
            x = x + y
            amount = b.number(t, rotation)
            y = Lanes(b, b.call("llvm.fshl", t, [y.value, y.value, amount])) ^ x
        x = x + schedule[(i + 1) % 3]
        y = y + (schedule[(i + 2) % 3] + (i + 1))
    return x.value, y.value


def _blocks(b: Builder, blocks: Lanes, key0: Value, key1: Value) -> tuple[Value, Value]:
    """The words of blocks whose counters are given."""
    if blocks.value.type.bits == 32:
        return threefry(b, key0, key1, blocks.value, blocks.like(0).value)
    low, high = blocks.to("trunc", "i32"), blocks.shift_unsigned(32).to("trunc", "i32")
    return threefry(b, key0, key1, low.value, high.value)


def _counters(b: Builder, start: Value, lanes: int) -> Lanes:
    """start, start + 1, ..."""
    if lanes == 1:
        return Lanes(b, start)
    return Lanes(b, b.splat(start, lanes)) + Lanes(b, b.ints(start.type.element, range(lanes)))


def random_bits(
    b: Builder, key0: Value, key1: Value, first_index: Value, lanes: int, even: bool = False
) -> Value:
    """Consecutive elements of the primitive `random_bits`, as i32 lanes.

    Args:
        b: where to write.
        key0: the key's first word, a scalar i32.
        key1: its second word.
        first_index: index of the first element.
        lanes: how many elements.
        even: whether the first index is known to be even: half the work then.
    """
    if not even or lanes == 1:
        indices = _counters(b, first_index, lanes)
        words = _blocks(b, indices.shift_unsigned(1), key0, key1)
        second = (indices & 1).differs(0)
        return where(second, Lanes(b, words[1]), Lanes(b, words[0])).value
    half = b.binary("lshr", first_index, b.number(first_index.type, 1))
    x, y = _blocks(b, _counters(b, half, lanes // 2), key0, key1)
    if lanes == 2:
        pair = b.insert(Value("poison", Type("i32", 2)), x, 0)
        return b.insert(pair, y, 1)
    order = [k // 2 + (lanes // 2) * (k % 2) for k in range(lanes)]
    return b.shuffle(x, y, order)
