"""Diagonals against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.ops.oracle import close, shapes, values
from thalweg import ops


@given(shape=shapes(4, min_rank=2), k=st.integers(-5, 5), data=st.data())
@settings(max_examples=60)
def test_diagonal(shape: tuple[int, ...], k: int, data: st.DataObject) -> None:
    x = values("int32", shape, 0, -99, 99)
    a, b = data.draw(st.permutations(range(x.ndim)))[:2]
    close(ops.diagonal(x, k), np.diagonal(x, k))
    close(ops.diagonal(x, k, a, b), np.diagonal(x, k, a, b))
    if x.ndim == 2:
        close(ops.diag(x, k), np.diag(x, k))


@given(n=st.integers(0, 4), k=st.integers(-3, 3))
@settings(max_examples=30)
def test_matrices(n: int, k: int) -> None:
    x = values("int32", (n,), 0, 1, 9)
    close(ops.diag(x, k), np.diag(x, k))
    close(ops.diagflat(np.stack([x, x]), k), np.diagflat(np.stack([x, x]), k))
    for count in (None, 0, 1, 3):
        for increasing in (False, True):
            found = ops.vander(x, count, increasing)
            close(found, np.vander(x, count, increasing))


def test_gradients() -> None:
    x, v = values("float64", (3, 4, 2), 0), values("float64", (3,), 1)
    check_gradients(lambda x: ops.diagonal(x, 1) ** 2, x, order=2)
    check_gradients(lambda x: ops.diag(x, -1) ** 2, v, order=2)
    check_gradients(lambda x: ops.diagflat(x, 1) ** 2, x[0, :2], order=2)
    check_gradients(lambda x: ops.vander(x, 4), v, order=2, atol=1e-5)


def test_errors() -> None:
    for call, message in (
        (lambda: ops.diagonal([1.0]), "diagonal: x needs at least two axes"),
        (lambda: ops.diagonal([[1.0]], 0, 1, -1), "diagonal: axis1 and axis2 must differ"),
        (lambda: ops.diag(1.0), "diag: x must have one or two axes"),
        (lambda: ops.vander([[1.0]]), "vander: x must have one axis"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
