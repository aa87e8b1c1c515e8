"""Large products ask early for what their epilogues touch, and compute the same."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiler.contractions import Case, Length, close
from tests.compiler.jit import TARGETS
from tests.compiler.kernels import Kernel, apply
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Load, Product
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.render.llvm import contract
from thalweg.compiler.target import AVX512, Target
from thalweg.tensor.dtypes import as_dtype

N = Dim(1, 0)
F32 = as_dtype("float32")
# All of k at a time, k in blocks, and with m or k known only at run time; edges of all kinds.
CASES: list[tuple[tuple[Length, Length, Length, Length], bool, int]] = [
    ((1, 301, 250, 70), False, 1),
    ((2, 129, 260, 67), True, 1),
    ((1, 50, 1300, 2100), True, 1),
    ((1, N, 250, 99), False, 303),
    ((1, 200, 333, N), True, 2111),
]


def updated(case: Case) -> tuple[Contract, list[Store]]:
    """`total += product` in place, and the product itself."""
    total, place = case.operand("state", case.m, case.n)
    value = apply("add", Load(total, place), Product(F32))
    stores = [Store(total, place, value), Store(case.out, case.place, Product(F32))]
    return case.kernel(*stores), stores


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
@pytest.mark.parametrize(("lengths", "left", "n"), CASES, ids=str)
def test_values(
    target: Target, lengths: tuple[Length, Length, Length, Length], left: bool, n: int
) -> None:
    case = Case(lengths, left)
    kernel, stores = updated(case)
    a, b = case.arrays(n)
    expected = case.expected(a, b)
    total, found = np.full_like(expected, 0.5), np.zeros_like(expected)
    arrays = {case.a: a, case.b: b, stores[0].buffer: total, case.out: found}
    Kernel(kernel, target)(arrays, n, workers=2)
    depth = a.shape[1 if left else 2]
    close(found, expected, depth)
    close(total, expected + np.float32(0.5), depth)


def test_only_large_tensors_and_long_sums_are_asked_for() -> None:
    def asked(m: int, n: int, k: int) -> bool:
        kernel, _ = updated(Case((1, m, n, k)))
        return "prefetch" in contract.render(kernel, AVX512).text

    assert asked(512, 512, 128)
    assert not asked(64, 64, 128)
    assert not asked(512, 512, 16)
