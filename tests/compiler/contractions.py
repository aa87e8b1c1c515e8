"""Matrix products as the compiler's IR has them: what the tests of contractions share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.compiler.kernels import Array, Kernel, buffer
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Apply, Buffer, Expression, Load, Product
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.program import Contract
from thalweg.compiler.ir.statement import Store
from thalweg.compiler.target import Target
from thalweg.tensor.dtypes import as_dtype, bfloat16, float16

Length = Dim | int


@dataclass
class Case:
    """A product of two operands, stored as they are or transposed.

    Attributes:
        lengths: batch, m, n and k.
        left, right: whether the operand is stored transposed.
    """

    lengths: tuple[Length, Length, Length, Length]
    left: bool = False
    right: bool = False
    dtype: str = "float32"

    def __post_init__(self) -> None:
        names = ("batch", "m", "n", "k")
        self.batch, self.m, self.n, self.k = (
            Var(name, Dim.of(length)) for name, length in zip(names, self.lengths, strict=True)
        )
        self.a, left = self.operand("input", *((self.k, self.m) if self.left else (self.m, self.k)))
        self.b, right = self.operand(
            "input", *((self.n, self.k) if self.right else (self.k, self.n))
        )
        self.out, self.place = self.operand("output", self.m, self.n)
        self.values: tuple[Expression, Expression] = (Load(self.a, left), Load(self.b, right))

    def operand(self, kind: str, row: Var, column: Var) -> tuple[Buffer, Index]:
        """A dense tensor of matrices, and the place of an element."""
        lengths = (self.batch.extent, row.extent, column.extent)
        index = Index.of(self.batch).times(row.extent.times(column.extent))
        index = index.plus(Index.of(row).times(column.extent)).plus(Index.of(column))
        return buffer(kind, self.dtype, *lengths), index

    def product(self) -> Expression:
        """The sum, as a value of the epilogue."""
        dtype = as_dtype(self.dtype)
        if dtype in (float16, bfloat16):
            return Apply("cast", (Product(as_dtype("float32")),), dtype, {"dtype": dtype})
        return Product(dtype)

    def kernel(self, *stores: Store) -> Contract:
        """The contraction, with the plain store if no others are given."""
        stores = stores or (Store(self.out, self.place, self.product()),)
        variables = ((self.batch,), (self.m,), (self.n,), (self.k,))
        return Contract(*variables, *self.values, stores, as_dtype(self.dtype))

    def arrays(self, n: int = 1) -> tuple[Array, Array]:
        """Random operands."""
        rng = np.random.default_rng(7)
        batch, m, nn, k = (v.extent.at(n) for v in (self.batch, self.m, self.n, self.k))
        left = (batch, k, m) if self.left else (batch, m, k)
        right = (batch, nn, k) if self.right else (batch, k, nn)
        dtype = as_dtype(self.dtype)

        def random(shape: tuple[int, ...]) -> Array:
            if dtype.kind in "iub":
                return rng.integers(0, 2 if dtype.kind == "b" else 100, shape).astype(dtype)
            return rng.standard_normal(shape).astype(dtype)

        return random(left), random(right)

    def expected(self, a: Array, b: Array) -> Array:
        """What NumPy gives, halves summed in float32."""
        if as_dtype(self.dtype) in (float16, bfloat16):
            a, b = a.astype(np.float32), b.astype(np.float32)
        a = a.swapaxes(1, 2) if self.left else a
        b = b.swapaxes(1, 2) if self.right else b
        return np.matmul(a, b)


def run(case: Case, target: Target, n: int = 1, workers: int = 1) -> tuple[Array, Array]:
    """What the kernel gives and what NumPy gives."""
    kernel = Kernel(case.kernel(), target)
    a, b = case.arrays(n)
    expected = case.expected(a, b)
    found = np.zeros(expected.shape, as_dtype(case.dtype))
    kernel({case.a: a, case.b: b, case.out: found}, n, workers)
    return found, expected


def close(found: Array, expected: Array, depth: int, dtype: Any = np.float32) -> None:
    """Assert that sums of `depth` products agree to rounding."""
    epsilon = float(np.finfo(np.float32 if dtype != np.float64 else np.float64).eps)
    if as_dtype(dtype) in (float16, bfloat16):
        epsilon = 2.0**-8 if as_dtype(dtype) == bfloat16 else 2.0**-11
    # Running sums grow like the root of their length, and each step rounds once.
    tolerance = 2 * epsilon * (depth + 4)
    np.testing.assert_allclose(
        found.astype(np.float64), expected.astype(np.float64), rtol=4 * epsilon, atol=tolerance
    )
