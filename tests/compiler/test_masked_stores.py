"""Masked stores of narrow elements write no lane too many, whatever LLVM finds out of the mask.

LLVM 22 makes one wide store of a truncation that is stored under a constant mask of one lane, which
writes over the elements behind it.
"""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from tests.compiler.jit import TARGETS, Compiled, function
from thalweg.compiler.render.llvm.builder import I64, PTR, Builder, Type
from thalweg.compiler.target import Target

CONVERSIONS = [
    ("i64", "i32", "trunc"),
    ("i64", "i8", "trunc"),
    ("i32", "i16", "trunc"),
    ("i32", "i8", "trunc"),
    ("i16", "i8", "trunc"),
    ("double", "float", "fptrunc"),
]
LANES = (4, 16)


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
@pytest.mark.parametrize(("wide", "narrow", "how"), CONVERSIONS, ids=lambda x: x)
def test_lanes_outside_the_mask_stay(target: Target, wide: str, narrow: str, how: str) -> None:
    texts: list[str] = []
    declarations: dict[str, str] = {}
    for lanes in LANES:
        for count in range(lanes + 1):
            b = Builder(target)
            places = [(PTR, "from"), (PTR, "to")]
            with b.function(f"store_{lanes}_{count}", places, linkage="") as (first, to):
                # A number that LLVM knows and the builder does not.
                known = b.result(I64, f"add i64 {count}, 0")
                value = b.convert(how, b.load(first, Type(wide, lanes)), narrow)
                b.masked_store(value, to, b.mask(known, lanes))
            texts.append(b.text)
            declarations |= b.declarations
    compiled = Compiled("\n".join(texts), declarations)
    size = Type(narrow).bits // 8
    for lanes in LANES:
        source = np.full(lanes * Type(wide).bits // 8, 0x3F, np.uint8)
        for count in range(lanes + 1):
            found = np.zeros((lanes + 1) * size, np.uint8)
            store = function(compiled, f"store_{lanes}_{count}", *[ctypes.c_void_p] * 2)
            store(source.ctypes.data, found.ctypes.data)
            assert found[: count * size].all(), (lanes, count)
            assert not found[count * size :].any(), (lanes, count)
