"""Evenly spaced numbers and grids against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.gradients import check_gradients
from tests.ops.oracle import close
from thalweg import ops

ENDS: list[tuple[Any, Any]] = [
    (0.0, 1.0),
    (2.0, -3.0),
    (np.array([1.0, 2.0]), 5.0),
    (np.array([1.0, 2.0]), np.array([[3.0], [4.0]])),
]


@pytest.mark.parametrize(("start", "stop"), ENDS)
@pytest.mark.parametrize("num", [0, 1, 2, 7])
@pytest.mark.parametrize("endpoint", [False, True])
def test_linspace_and_logspace(start: Any, stop: Any, num: int, endpoint: bool) -> None:
    for axis in (0, -1):
        options: Any = {"num": num, "endpoint": endpoint, "axis": axis}
        start, stop = np.asarray(start), np.asarray(stop)
        close(ops.linspace(start, stop, **options), np.linspace(start, stop, **options))
        close(ops.logspace(start, stop, **options), np.logspace(start, stop, **options), scale=10)
        found = ops.logspace(start, stop, base=2.0, **options)
        close(found, np.logspace(start, stop, base=2.0, **options))


@pytest.mark.parametrize(
    ("start", "stop"),
    [(1.0, 1000.0), (-1.0, -8.0), (np.array([1.0, 2.0]), np.array([10.0, 0.5]))],
)
@pytest.mark.parametrize("num", [1, 2, 5])
@pytest.mark.parametrize("endpoint", [False, True])
def test_geomspace(start: Any, stop: Any, num: int, endpoint: bool) -> None:
    start, stop = np.asarray(start), np.asarray(stop)
    found = ops.geomspace(start, stop, num, endpoint)
    close(found, np.geomspace(start, stop, num, endpoint), scale=10)


def test_dtypes_step_and_ends() -> None:
    assert ops.linspace(0, 1, 5).dtype == np.float32
    close(ops.linspace(0, 10, 4, dtype="int32"), np.linspace(0, 10, 4, dtype=np.int32))
    close(ops.linspace(-10, 0, 4, dtype="int32"), np.linspace(-10, 0, 4, dtype=np.int32))
    found, step = ops.linspace(1.0, 2.0, 5, retstep=True)
    assert float(step) == 0.25
    x = ops.linspace(0.1, 0.7, 1000)
    assert x[0].item() == np.float32(0.1)
    assert x[-1].item() == np.float32(0.7)
    assert np.isnan(float(ops.linspace(1.0, 2.0, 1, retstep=True)[1]))
    assert found.shape == (5,)
    with pytest.raises(ValueError, match="linspace: num must not be negative, got -1"):
        ops.linspace(0, 1, -1)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
def test_meshgrid(indexing: Any) -> None:
    xs = [np.arange(2), np.arange(3.0), np.arange(4)]
    for count in (1, 2, 3):
        found = ops.meshgrid(*xs[:count], indexing=indexing)
        assert isinstance(found, list)
        for a, b in zip(found, np.meshgrid(*xs[:count], indexing=indexing), strict=True):
            close(a, b)
    assert ops.meshgrid() == []
    with pytest.raises(ValueError, match="meshgrid: indexing must be 'xy' or 'ij'"):
        ops.meshgrid([1], indexing="yx")
    with pytest.raises(ValueError, match="meshgrid: each argument must have one axis"):
        ops.meshgrid([[1]])


def test_gradients() -> None:
    a, b = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    check_gradients(lambda a, b: ops.linspace(a, b, 4) ** 2, a, b, order=2)
    check_gradients(lambda a, b: ops.logspace(a, b, 3, base=1.5), a, b, order=2, atol=1e-5)
    check_gradients(lambda a, b: ops.geomspace(a, b, 4), a, b, order=2, atol=1e-5)
    check_gradients(lambda a, b: [g**2 for g in ops.meshgrid(a, b)], a, b, order=2)
