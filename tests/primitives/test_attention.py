"""attention and attention_gradient against the formula, row by row, and against differences."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gradients import check_gradients
from tests.primitives.applied import apply
from thalweg import ops
from thalweg.primitives.attention import attention, attention_gradient
from thalweg.primitives.attention_formula import lowest
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import as_dtype

COVERED = {"attention", "attention_gradient"}

Array = np.ndarray[Any, Any]


class Problem(NamedTuple):
    """One attention: query, key, value, the gradient of the output, perhaps a mask."""

    arrays: tuple[Array, Array, Array, Array]
    mask: tuple[Array, ...]
    params: dict[str, Any]


def numbers(shape: tuple[int, ...], seed: int, dtype: str = "float64") -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(as_dtype(dtype))


@st.composite
def problems(
    draw: st.DrawFn, dtypes: tuple[str, ...] = ("float64",), longest: int = 6, largest: int = 4
) -> Problem:
    """Attention of times and sources up to `longest`, of sizes up to `largest`."""
    length, size = st.integers(1, longest), st.integers(1, largest)
    batch, groups, repeats = (draw(st.integers(1, 3)) for _ in range(3))
    times, sources = draw(length), draw(length)
    inner, outer = draw(size), draw(size)
    heads, dtype, seed = groups * repeats, draw(st.sampled_from(dtypes)), draw(st.integers(0, 99))
    shapes = [
        (batch, times, heads, inner),
        (batch, sources, groups, inner),
        (batch, sources, groups, outer),
        (batch, times, heads, outer),
    ]
    q, k, v, g = (numbers(s, seed + i, dtype) for i, s in enumerate(shapes))
    mask: tuple[Array, ...] = ()
    if draw(st.booleans()):
        full = (batch, heads, times)
        kept = [n if draw(st.booleans()) else 1 for n in full]
        chosen = np.random.default_rng(seed).random((*kept, sources)) > 0.3
        if draw(st.booleans()):
            chosen[0, 0, 0] = False  # who may attend to nothing
        mask = (chosen,)
    params = {"scale": draw(st.sampled_from([1.0, 0.3])), "causal": draw(st.booleans())}
    return Problem((q, k, v, g), mask, params)


def rows(p: Problem) -> tuple[Array, Array]:
    """Output and logarithm, one time of one head after the other."""
    q, k, v, _ = p.arrays
    batch, times, heads, _ = q.shape
    repeats = heads // k.shape[2]
    out = np.zeros((batch, times, heads, v.shape[3]))
    logarithm = np.zeros((batch, heads, times))
    shape = (batch, heads, times, k.shape[1])
    mask = np.broadcast_to(p.mask[0] if p.mask else True, shape)
    for b, t, h in np.ndindex(batch, times, heads):
        scores = k[b, :, h // repeats] @ q[b, t, h] * p.params["scale"]
        seen = mask[b, h, t].copy()
        if p.params["causal"]:
            seen[t + 1 :] = False
        powers = np.exp(np.where(seen, scores, -np.inf))
        with np.errstate(divide="ignore"):
            logarithm[b, h, t] = np.log(powers.sum())
        weights = powers / powers.sum() if seen.any() else np.full(len(seen), 1 / len(seen))
        out[b, t, h] = weights @ v[b, :, h // repeats]
    return out, logarithm


@given(problems())
@settings(max_examples=60, deadline=None)
def test_rows(p: Problem) -> None:
    q, k, v, _ = p.arrays
    found = apply(attention, q, k, v, *p.mask, **p.params)
    for x, y in zip(found, rows(p), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)


def finite(x: Tensor) -> Tensor:
    return ops.where(ops.isfinite(x), x, 0.0)


MASKS = [
    (),
    (np.array([1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0], bool).reshape(1, 1, 3, 4),),
    (np.array([1, 0, 1, 1, 0, 1, 0, 0], bool).reshape(2, 1, 1, 4),),
    (np.zeros((1, 4, 1, 4), bool),),
]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("causal", [False, True])
def test_gradients(causal: bool, mask: tuple[Array, ...]) -> None:
    shapes = (2, 3, 4, 2), (2, 4, 2, 2), (2, 4, 2, 3)

    def function(*inputs: Tensor) -> list[Tensor]:
        out, logarithm = attention(*inputs, scale=0.7, causal=causal)
        return [out, finite(logarithm)]

    check_gradients(function, *(numbers(s, i) for i, s in enumerate(shapes)), *mask, order=2)


def test_third_order() -> None:
    mask = np.array([1, 0, 1, 1, 0, 0], bool).reshape(1, 1, 2, 3)
    inputs = [numbers(s, i) for i, s in enumerate([(1, 2, 2, 1), (1, 3, 1, 1), (1, 3, 1, 1)])]
    check_gradients(lambda *xs: attention(*xs, scale=0.7, causal=False)[0], *inputs, mask, order=3)


@given(problems(("float16", "bfloat16", "float32")))
@settings(max_examples=30, deadline=None)
def test_dtypes(p: Problem) -> None:
    """Halves are computed in float32 and rounded once."""
    q, k, v, g = p.arrays
    wide = [x.astype(np.float64) for x in p.arrays]
    out, logarithm = apply(attention, q, k, v, *p.mask, **p.params)
    assert out.dtype == q.dtype
    assert logarithm.dtype == np.float32
    rtol = {"float16": 1e-3, "bfloat16": 8e-3, "float32": 1e-5}[q.dtype.name]
    expected, reference = attention.evaluate(*wide[:3], *p.mask, **p.params)
    np.testing.assert_allclose(out.astype(np.float64), expected, rtol, rtol)
    np.testing.assert_allclose(logarithm, reference, 1e-5, 1e-5)
    found = apply(attention_gradient, q, k, v, out, logarithm, g, *p.mask, **p.params)
    wanted = attention_gradient.evaluate(
        *wide[:3], expected, reference, wide[3], *p.mask, **p.params
    )
    for x, y in zip(found, wanted, strict=True):
        assert x.dtype == q.dtype
        np.testing.assert_allclose(x.astype(np.float64), y, 20 * rtol, 20 * rtol)


def test_lowest_is_finite() -> None:
    """The difference of two of them must be a number."""
    for name in ("float32", "float64"):
        assert np.isfinite(np.asarray(lowest(as_dtype(name)), name))


def test_nan_and_infinity_stay_in_their_rows() -> None:
    q, k, v = numbers((1, 3, 1, 2), 0), numbers((1, 3, 1, 2), 1), numbers((1, 3, 1, 2), 2)
    q[0, 1, 0, 0] = np.nan
    with np.errstate(invalid="ignore"):
        out, _ = attention.evaluate(q, k, v, scale=1.0, causal=False)
    np.testing.assert_array_equal(np.isnan(out[0, :, 0, 0]), [False, True, False])


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(2, 3, 4), (2, 3, 4), (2, 3, 4)], "must have 4 axes"),
        ([(2, 3, 4, 5), (2, 3, 4, 6), (2, 3, 4, 5)], "do not fit together"),
        ([(2, 3, 4, 5), (2, 3, 3, 5), (2, 3, 3, 5)], "do not fit together"),
        ([(2, 3, 4, 5), (2, 0, 4, 5), (2, 0, 4, 5)], "something to attend to"),
        ([(2, 3, 4, 5), (2, 6, 4, 5), (2, 6, 4, 5), (2, 4, 3, 1)], "mask must be bool"),
        ([(2, 3, 4, 5), (2, 6, 4, 5), (2, 6, 4, 5), (2, 2, 3, 6)], "mask must be bool"),
    ],
)
def test_errors(shapes: list[tuple[int, ...]], message: str) -> None:
    inputs = [np.zeros(s, np.float32) for s in shapes[:3]] + [np.zeros(s, bool) for s in shapes[3:]]
    with pytest.raises(ValueError, match=message):
        attention(*map(Tensor, inputs), scale=1.0, causal=False)


def test_dtypes_must_agree() -> None:
    x, y = np.zeros((1, 2, 1, 2), np.float32), np.zeros((1, 2, 1, 2), np.float64)
    with pytest.raises(TypeError, match="floats of one dtype"):
        attention(Tensor(x), Tensor(y), Tensor(x), scale=1.0, causal=False)
    out, logarithm = attention(*[Tensor(x)] * 3, scale=1.0, causal=False)
    inputs = [Tensor(x)] * 3
    with pytest.raises(ValueError, match="output, logarithm and gradient must be"):
        attention_gradient(*inputs, out, logarithm, Tensor(y), scale=1.0, causal=False)
