"""Casts, slices, scattering, segments, special functions, windows and rearranging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special
from scipy.signal import windows

from tests.gradients import check_gradients
from tests.traced import check_traced, run_traced
from thalweg import config, ops
from thalweg.autodiff import GradientTape
from thalweg.tensor import Tensor, Variable, convert_to_tensor

Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


# --- what a tensor is -----------------------------------------------------------------------------


def test_queries() -> None:
    x = ops.ones((2, 3), "bfloat16")
    assert ops.dtype(x) == "bfloat16"
    assert ops.dtype(Variable([1.0])) == "float32"
    assert ops.dtype([1]) == "int32"
    assert ops.shape(x) == (2, 3)
    assert ops.shape([[1], [2]]) == (2, 1)
    assert ops.is_tensor(x)
    assert not ops.is_tensor(np.ones(2))
    assert not ops.is_tensor(Variable(1.0))
    found = ops.convert_to_numpy(Variable([1.0, 2.0]))
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [1, 2]


def test_stop_gradient() -> None:
    v = Variable(3.0)
    with GradientTape() as tape:
        y = v * ops.stop_gradient(v * v)
    assert float(tape.gradient(y, v)) == 9


def test_unstack() -> None:
    x = values(2, 3, 4)
    for axis in (0, 1, -1):
        parts = ops.unstack(x, axis=axis)
        assert len(parts) == x.shape[axis]
        np.testing.assert_array_equal(parts[1], x.take(1, axis))
    check_gradients(lambda t: ops.unstack(t, axis=1), x)
    with pytest.raises(ValueError, match=r"unstack: axis 0 of shape .* has length 2, not 3"):
        ops.unstack(x, 3)


INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


@given(
    st.sampled_from(["float16", "bfloat16", "float32", "float64", *INTEGERS]),
    st.sampled_from(INTEGERS),
    st.lists(
        st.floats(-1e20, 1e20) | st.sampled_from([0.0, -1.5, 127.5, 255.0, 65504.0]), max_size=4
    ),
)
def test_saturate_cast_to_integers(source: str, target: str, numbers: list[float]) -> None:
    x = ops.saturate_cast(np.array(numbers, np.float64), source)
    limits = np.iinfo(target)
    found = np.asarray(ops.saturate_cast(x, target))
    for a, b in zip(np.asarray(x).tolist(), found.tolist(), strict=True):
        exact = min(max(int(a), limits.min), limits.max)
        # The top of the range may not be a number of the source.
        top = 1 if source in INTEGERS else 2 ** max(limits.max.bit_length() - 8, 0)
        assert b == exact or (exact > limits.max - top and limits.max - top < b <= limits.max)


def test_saturate_cast_elsewhere() -> None:
    found = ops.saturate_cast(np.array([-1e6, 1.5, 1e6, np.inf]), "float16")
    assert np.asarray(found).tolist() == [-65504, 1.5, 65504, 65504]
    assert np.asarray(ops.saturate_cast([np.nan, 2.7], "int32")).tolist() == [0, 2]
    assert np.asarray(ops.saturate_cast([-3.0, 0.0, 2.0], "bool")).tolist() == [False, False, True]
    assert np.asarray(ops.saturate_cast([True], "int8")).tolist() == [1]
    assert np.asarray(ops.saturate_cast(np.float64([1e300]), "bfloat16"), np.float64) < 3.4e38


# --- slices and scattering ------------------------------------------------------------------------


def test_slice() -> None:
    x = values(5, 6)
    np.testing.assert_array_equal(ops.slice(x, (1, 2), (3, 2)), x[1:4, 2:4])
    np.testing.assert_array_equal(ops.slice(x, np.array([1, 2]), (-1, 2)), x[1:, 2:4])
    np.testing.assert_array_equal(ops.slice(x, (4, 5), (3, 2)), x[2:5, 4:6])  # moved back
    check_gradients(lambda t: ops.slice(t, (1, 2), (3, 2)), x, order=2)

    def moving(t: Tensor, at: Tensor) -> Tensor:
        return ops.slice(t, [at, at + 1], (2, 3))

    check_traced(moving, x, 1)
    check_gradients(moving, x, 1)
    with pytest.raises(ValueError, match="slice: start_indices must be 2 integers"):
        ops.slice(x, (1,), (3, 2))
    with pytest.raises(ValueError, match="slice: a piece of shape"):
        ops.slice(x, (0, 0), (6, 2))
    with pytest.raises(ValueError, match="slice: a piece of shape"):
        run_traced(lambda t, at: ops.slice(t, [at, at], (-1, 2)), x, 1)


def test_slice_update() -> None:
    x, new = values(5, 6), values(2, 3, seed=1)
    expected = x.copy()
    expected[3:, 1:4] = new
    np.testing.assert_array_equal(ops.slice_update(x, (3, 1), new), expected)
    np.testing.assert_array_equal(ops.slice_update(x, (9, 1), new), expected)
    check_gradients(lambda t, u: ops.slice_update(t, (3, 1), u), x, new, order=2)
    check_traced(lambda t, u, at: ops.slice_update(t, [at, at], u), x, new, 2)
    assert ops.slice_update(np.zeros(2, np.int8), [0], [1]).dtype == np.int8


def test_scatter() -> None:
    indices, new = np.array([[0, 1], [2, 3], [0, 1], [9, 9]]), values(4)
    expected = np.zeros((3, 4))
    expected[0, 1], expected[2, 3] = new[0] + new[2], new[1]
    np.testing.assert_allclose(ops.scatter(indices, new, (3, 4)), expected)
    check_gradients(lambda v: ops.scatter(indices, v, (3, 4)), new, order=2)
    rows = ops.scatter([[1], [2]], values(2, 5), (4, 5))
    np.testing.assert_allclose(np.asarray(rows)[1:3], values(2, 5))


@pytest.mark.parametrize("reduction", [None, "add", "max", "min", "mul"])
def test_scatter_update(reduction: str | None) -> None:
    x, new = values(3, 4, 2), values(5, 2, seed=1)
    indices = np.array([[0, 1], [2, -1], [0, 1], [-3, 0], [3, 0]])
    expected = x.copy()
    function: dict[str | None, Callable[[Any, Any], Any]] = {
        None: lambda a, b: b,
        "add": np.add,
        "max": np.maximum,
        "min": np.minimum,
        "mul": np.multiply,
    }
    for (i, j), u in zip(indices[:4], new, strict=False):
        expected[i, j] = function[reduction](expected[i, j], u)
    found = ops.scatter_update(x, indices, new, reduction)
    np.testing.assert_allclose(found, expected)
    check_gradients(lambda t, u: ops.scatter_update(t, indices, u, reduction), x, new, order=2)
    check_traced(lambda t, i, u: ops.scatter_update(t, i, u, reduction), x, indices, new)


def test_scatter_errors() -> None:
    with pytest.raises(ValueError, match="reduction must be None, 'add'"):
        ops.scatter_update(values(2), [[0]], [1.0], "mean")
    with pytest.raises(ValueError, match="indices must be integers with up to 1"):
        ops.scatter_update(values(2), [[0, 0]], [1.0])
    with pytest.raises(ValueError, match=r"the new values must have shape \(1, 3\)"):
        ops.scatter_update(values(2, 3), [[0]], [1.0])


# --- segments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "function", "empty"),
    [
        ("segment_sum", np.sum, 0),
        ("segment_prod", np.prod, 1),
        ("segment_max", np.max, -np.inf),
        ("segment_min", np.min, np.inf),
    ],
)
def test_segments(name: str, function: Callable[..., Any], empty: float) -> None:
    data, ids = values(6, 2), np.array([0, 3, 3, 0, 1, 7])
    op = getattr(ops, name)
    found = np.asarray(op(data, ids, 4))
    for i in range(4):
        rows = data[ids == i]
        np.testing.assert_allclose(found[i], function(rows, axis=0) if len(rows) else empty)
    assert op(data, ids).shape == (8, 2)
    check_gradients(lambda t: op(t, ids[:5] % 2, 2), data[:5], order=2)
    check_traced(lambda t, i: op(t, i, 4), data, ids)
    with pytest.raises(ValueError, match=f"{name}: num_segments is needed"):
        run_traced(op, data, ids)
    with pytest.raises(ValueError, match=f"{name}: segment_ids must be one integer"):
        op(data, ids[:4])


def test_segments_of_integers() -> None:
    found = ops.segment_max(np.array([3, 5], np.int16), [1, 1], 2)
    assert found.dtype == np.int16
    assert np.asarray(found).tolist() == [-(2**15), 5]


# --- special functions, order, distances ----------------------------------------------------------


@given(arrays(np.float64, st.integers(0, 5), elements=st.floats(-6, 6)))
def test_error_functions(x: Array) -> None:
    np.testing.assert_allclose(ops.erf(x), special.erf(x), rtol=1e-13)
    np.testing.assert_allclose(ops.erfc(x), special.erfc(x), rtol=1e-12)
    inside = np.tanh(x / 2)
    np.testing.assert_allclose(ops.erfinv(inside), special.erfinv(inside), rtol=1e-12)


def test_gradients_of_special_functions() -> None:
    x = np.array([-0.7, -0.2, 0.1, 0.6])
    for name in ("erf", "erfc", "erfinv"):
        check_gradients(getattr(ops, name), x, order=2)
    check_gradients(ops.rsqrt, np.array([0.3, 2.0]), order=2)


@given(
    arrays(np.float64, 4, elements=st.floats(0.05, 60)),
    arrays(np.float64, 4, elements=st.floats(0, 90)),
)
@settings(max_examples=8)
def test_gammainc(a: Array, x: Array) -> None:
    np.testing.assert_allclose(ops.gammainc(a, x), special.gammainc(a, x), rtol=1e-9, atol=1e-13)


def test_gammainc_at_the_ends_and_gradient() -> None:
    found = ops.gammainc([1.0, 1.0, 2.0, -1.0, 1.0], [0.0, np.inf, -1.0, 1.0, 500.0])
    np.testing.assert_allclose(found, [0, 1, np.nan, np.nan, 1])
    assert ops.gammainc(2, 3).dtype == np.float32
    a, x = np.array([0.5, 2.0, 3.0, 9.0]), np.array([0.3, 4.0, 1.0, 12.0])
    check_gradients(ops.gammainc, a, x, rtol=1e-4)
    check_traced(ops.gammainc, a, x)


def test_top_k_and_in_top_k() -> None:
    x = values(3, 6)
    x[0, 2] = x[0, 4]
    top, places = ops.top_k(x, 3)
    np.testing.assert_array_equal(top, -np.sort(-x)[:, :3])
    np.testing.assert_array_equal(np.take_along_axis(x, np.asarray(places), 1), top)
    assert places.dtype == np.int32
    check_gradients(lambda t: ops.top_k(t, 3)[0], x, order=2)
    targets = np.array([4, 0, 5])
    for k in range(1, 7):
        expected = [(x[i] > x[i, t]).sum() < k for i, t in enumerate(targets)]
        assert np.asarray(ops.in_top_k(targets, x, k)).tolist() == expected
    assert not np.asarray(ops.in_top_k([0], [[np.nan, 1.0]], 1)).any()
    with pytest.raises(ValueError, match="in_top_k: targets must be integers of shape"):
        ops.in_top_k([0, 1], x, 1)


def test_cdist() -> None:
    x, y = values(2, 4, 3), values(2, 5, 3, seed=1)
    expected = np.linalg.norm(x[:, :, None] - y[:, None], axis=-1)
    np.testing.assert_allclose(ops.cdist(x, y), expected)
    check_gradients(ops.cdist, x, y, order=2)
    t = convert_to_tensor(x)
    with GradientTape() as tape:
        tape.watch(t)
        d = ops.cdist(t, t)
    assert np.isfinite(np.asarray(tape.gradient(d, t))).all()
    with pytest.raises(ValueError, match="cdist: x and y"):
        ops.cdist(x, y[..., :2])


def test_extract_sequences() -> None:
    x = values(2, 11)
    expected = np.stack([x[:, i : i + 4] for i in range(0, 8, 3)], 1)
    np.testing.assert_array_equal(ops.extract_sequences(x, 4, 3), expected)
    check_gradients(lambda t: ops.extract_sequences(t, 4, 3), x)
    with pytest.raises(ValueError, match=r"sequence_length must lie in 1..11"):
        ops.extract_sequences(x, 12, 1)


def test_views_of_complex_numbers() -> None:
    x = values(3, 2)
    z = ops.view_as_complex(x)
    np.testing.assert_array_equal(z, x[:, 0] + 1j * x[:, 1])
    np.testing.assert_array_equal(ops.view_as_real(z), x)
    check_gradients(ops.view_as_complex, x)
    check_gradients(ops.view_as_real, np.asarray(z))
    with pytest.raises(ValueError, match="view_as_complex: x must be real"):
        ops.view_as_complex(values(3))


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8])
def test_windows(count: int) -> None:
    for name in ("bartlett", "blackman", "hamming"):
        found = getattr(ops, name)(count)
        expected = getattr(windows, name)(count)
        np.testing.assert_allclose(found, expected, atol=1e-7)
        assert found.dtype.name == config.floatx()
    np.testing.assert_allclose(ops.hanning(count), windows.hann(count), atol=1e-7)
    np.testing.assert_allclose(ops.kaiser(count, 3.0), windows.kaiser(count, 3.0), atol=1e-7)
    with pytest.raises(ValueError, match="hanning: x must be the number of weights"):
        ops.hanning(2.5)


def test_rearrange() -> None:
    x = values(2, 6, 4, 3)
    np.testing.assert_array_equal(ops.rearrange(x, "b h w c -> b c h w"), x.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(ops.rearrange(x, "b h w c->(b h w c)"), x.ravel())
    split = x.reshape(2, 2, 3, 2, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(8, 3, 2, 3)
    found = ops.rearrange(x, "b (h1 h) (w1 w) c -> (b h1 w1) h w c", h1=2, w1=2)
    np.testing.assert_array_equal(found, split)
    np.testing.assert_array_equal(ops.rearrange(x[:1], "1 h w c -> h (w c) 1").shape, (6, 12, 1))
    check_gradients(lambda t: ops.rearrange(t, "b (h k) w c -> k b (c h) w", k=3), x)


@pytest.mark.parametrize(
    ("pattern", "lengths", "message"),
    [
        ("a b", {}, "must have one '->'"),
        ("a b -> a", {}, "must name the same axes"),
        ("a a -> a a", {}, "each once"),
        ("a b c -> a b c", {}, "is for 3 axes"),
        ("(a b) c -> a b c", {"a": 4}, "an axis of length 6 cannot be split into"),
        ("(a b) c -> a b c", {}, "an axis of length 6 cannot be split into"),
        ("a b -> b a", {"z": 2}, "has no axis named 'z'"),
        ("a [b] -> a b", {}, "cannot read"),
    ],
)
def test_rearrange_errors(pattern: str, lengths: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=f"rearrange: .*{message}".replace("(", "\\(")):
        ops.rearrange(values(6, 4), pattern, **lengths)
