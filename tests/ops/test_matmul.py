"""Products of tensors against NumPy's functions of the same names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from thalweg.ops.einsum import einsum
from thalweg.ops.matmul import cross, dot, inner, kron, matmul, outer, tensordot, trace, vdot

Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def close(found: Any, expected: Any) -> None:
    found = np.asarray(found)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


MATMULS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (1, 6, 3, 4)),
    ((6, 2, 3), (5, 1, 3, 4)),
    ((1, 2, 3), (1, 3, 4)),
    ((1, 1, 2, 3), (5, 3, 4)),
    ((0, 2, 3), (3, 4)),
    ((2, 0), (0, 4)),
]


@pytest.mark.parametrize(("a", "b"), MATMULS)
def test_matmul(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = values(*a), values(*b, seed=1)
    close(matmul(x, y), np.matmul(x, y))


@given(
    st.lists(st.integers(1, 3), max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.integers(0, 3),
    st.integers(0, 3),
)
@settings(max_examples=40)
def test_matmul_broadcasts(
    batch: list[int], keep_a: list[bool], keep_b: list[bool], cut_a: int, cut_b: int
) -> None:
    a = [n if k else 1 for n, k in zip(batch, keep_a, strict=False)][cut_a:]
    b = [n if k else 1 for n, k in zip(batch, keep_b, strict=False)][cut_b:]
    x, y = values(*a, 2, 3), values(*b, 3, 4, seed=1)
    close(matmul(x, y), np.matmul(x, y))


@pytest.mark.parametrize(("a", "b"), MATMULS[:12])
def test_matmul_gradients(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    check_gradients(matmul, values(*a), values(*b, seed=1), order=2)


def test_matmul_dtypes() -> None:
    eight = np.full((2, 100), 100, np.int8)
    found = matmul(eight, eight.T)
    assert found.dtype == np.int32
    assert np.asarray(found)[0, 0] == 1_000_000
    assert matmul(np.ones((2, 2), np.int8), np.ones((2, 2), np.int16)).dtype == np.int16
    assert matmul(np.ones((2, 2), np.float16), np.ones((2, 2), np.int32)).dtype == np.float16
    assert matmul(np.ones((2, 2), np.float32), np.ones((2, 2), np.complex64)).dtype == np.complex64
    assert matmul([[1]], [[1.5]]).dtype == np.float32


def test_matmul_errors() -> None:
    with pytest.raises(ValueError, match=r"matmul: the last axis of x1 .* \(2, 3\) and \(4, 5\)"):
        matmul(values(2, 3), values(4, 5))
    with pytest.raises(ValueError, match=r"matmul: shapes .* do not broadcast"):
        matmul(values(2, 2, 3), values(3, 3, 5))
    with pytest.raises(ValueError, match="at least one axis"):
        matmul(1.0, values(3))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((), ()),
        ((), (2, 3)),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (6, 3, 4)),
    ],
)
def test_dot(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = values(*a), values(*b, seed=1)
    close(dot(x, y), np.dot(x, y))
    check_gradients(dot, x, y)


@pytest.mark.parametrize(
    ("a", "b"), [((), (3,)), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((5, 2, 3), (4, 3))]
)
def test_inner(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = values(*a), values(*b, seed=1)
    close(inner(x, y), np.inner(x, y))
    check_gradients(inner, x, y)


def test_vdot_conjugates_the_first() -> None:
    x = values(2, 3) + 1j * values(2, 3, seed=1)
    y = values(3, 2, seed=2) + 1j * values(3, 2, seed=3)
    close(vdot(x, y), np.vdot(x, y))
    check_gradients(vdot, values(2, 3), values(3, 2, seed=1))
    with pytest.raises(ValueError, match="vdot: x1 and x2"):
        vdot(values(2), values(3))


def test_outer() -> None:
    x, y = values(2, 3), values(4, seed=1)
    close(outer(x, y), np.outer(x, y))
    check_gradients(outer, x, y)


@pytest.mark.parametrize(
    "axes", [0, 1, 2, ([1, 2], [0, 1]), ([2, 1], [1, 0]), (0, 2), ([-1], [-2]), (1, 0)]
)
def test_tensordot(axes: Any) -> None:
    x, y = values(5, 3, 4), values(3, 4, 5, seed=1)
    if axes == 1:
        y = values(4, 3, 2, seed=1)
    close(tensordot(x, y, axes), np.tensordot(x, y, axes))
    check_gradients(lambda a, b: tensordot(a, b, axes), x, y)


def test_tensordot_errors() -> None:
    with pytest.raises(ValueError, match="tensordot: shapes"):
        tensordot(values(2, 3), values(2, 3), 1)
    with pytest.raises(ValueError, match="tensordot: axes must lie"):
        tensordot(values(2, 3), values(3), 2)


@pytest.mark.parametrize(
    ("a", "b"), [((2, 3), (4, 5)), ((3,), (2, 2)), ((2, 1, 3), (2, 2)), ((), (2,))]
)
def test_kron(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = values(*a), values(*b, seed=1)
    close(kron(x, y), np.kron(x, y))
    check_gradients(kron, x, y)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (3, 2, 4)])
@pytest.mark.parametrize("offset", [-5, -2, -1, 0, 1, 2, 5])
def test_trace(shape: tuple[int, ...], offset: int) -> None:
    x = values(*shape)
    close(trace(x, offset, -1, 0), np.trace(x, offset, -1, 0))
    check_gradients(lambda a: trace(a, offset, -1, 0), x)


def test_trace_adds_small_integers_in_int32() -> None:
    assert trace(np.eye(2, dtype=np.int8)).dtype == np.int32
    assert trace(np.eye(2, dtype=np.uint8)).dtype == np.uint32
    assert trace(np.eye(2, dtype=np.bool_)).dtype == np.int32
    with pytest.raises(ValueError, match="trace: axis1 and axis2"):
        trace(np.eye(2), axis1=0, axis2=-2)


def test_cross() -> None:
    x, y = values(4, 3), values(4, 3, seed=1)
    close(cross(x, y), np.cross(x, y))
    close(cross(x, y[0]), np.cross(x, y[0]))
    close(cross(x.T, y, axisa=0, axisc=0), np.cross(x.T, y, axisa=0, axisc=0))
    close(cross(x.T, y.T, axis=0), np.cross(x.T, y.T, axis=0))
    check_gradients(cross, x, y)


def test_cross_in_the_plane() -> None:
    x, y = values(4, 2), values(4, 2, seed=1)
    close(cross(x, y), x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0])
    wide = np.concatenate([x, np.zeros((4, 1))], 1)
    z = values(4, 3, seed=2)
    close(cross(x, z), np.cross(wide, z))
    close(cross(z, x), np.cross(z, wide))
    with pytest.raises(ValueError, match="cross: the axis"):
        cross(values(4), values(4))


EINSUMS = [
    ("ij->ji", (2, 3)),
    ("ij", (2, 3)),
    ("ji", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iijj->ij", (3, 3, 2, 2)),
    ("iii->i", (3, 3, 3)),
    ("ij->", (2, 3)),
    ("...ij->...ji", (4, 2, 3)),
    ("i...->...", (4, 2, 3)),
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    ("bij,bjk->ikb", (5, 2, 3), (5, 3, 4)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("ij,ij", (2, 3), (2, 3)),
    ("i,j->ij", (2,), (3,)),
    ("ij,kl->il", (2, 3), (4, 5)),
    ("...ij,...jk->...ik", (5, 1, 2, 3), (6, 3, 4)),
    ("...ij,jk", (5, 2, 3), (3, 4)),
    ("a...,b...->ab...", (2, 1, 4), (3, 5, 4)),
    ("iij,jk->ik", (3, 3, 2), (2, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ij,jk,kl,lm->im", (2, 6), (6, 3), (3, 5), (5, 2)),
    ("ab,cb,db->acd", (2, 3), (4, 3), (5, 3)),
    ("btnh,bsnh->bnts", (2, 3, 4, 5), (2, 6, 4, 5)),
    (" i j , j k -> i k ", (2, 3), (3, 4)),
    (",i->i", (), (3,)),
    ("i...,i...->...", (3, 2), (3, 2)),
]


@pytest.mark.parametrize("case", EINSUMS, ids=lambda c: c[0])
def test_einsum(case: tuple[Any, ...]) -> None:
    subscripts, *shapes = case
    xs = [values(*shape, seed=i) for i, shape in enumerate(shapes)]
    close(einsum(subscripts, *xs), np.einsum(subscripts, *xs))
    check_gradients(lambda *a: einsum(subscripts, *a), *xs)


def test_einsum_second_order() -> None:
    check_gradients(
        lambda a, b: einsum("...ij,jk->...ki", a, b), values(2, 2, 3), values(3, 2), order=2
    )


def test_einsum_dtypes() -> None:
    eight = np.full((1, 100), 100, np.int8)
    assert einsum("ij,kj->ik", eight, eight).dtype == np.int32
    assert einsum("ij,kj->ik", eight, eight.astype(np.float16)).dtype == np.float16


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3)], "name 2 operands, got 1"),
        ("ij->ik", [(2, 3)], "must name letters of the operands"),
        ("ij->ii", [(2, 3)], "each once"),
        ("ij,jk->ik", [(2, 3), (4, 5)], "axis 'j' of .* has the lengths 3 and 4"),
        ("ijk", [(2, 3)], "does not fit an operand with 2 axes"),
        ("i1", [(2, 3)], "does not fit"),
        ("...ij,...jk->...ik", [(2, 2, 3), (3, 3, 4)], "axis '...' of"),
    ],
)
def test_einsum_errors(subscripts: str, shapes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"einsum: .*{message}"):
        einsum(subscripts, *[values(*shape) for shape in shapes])
