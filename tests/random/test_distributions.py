"""Random numbers have the distributions they claim: Kolmogorov-Smirnov and chi-square tests.

Seeds are fixed, so a test that passes once passes always; a p-value below 1e-3 would be bad luck.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from thalweg import ops, random

Array = np.ndarray[Any, Any]
N = 20_000


def ks(sample: Any, distribution: Any) -> float:
    return float(stats.kstest(np.asarray(sample, np.float64).ravel(), distribution.cdf).pvalue)


def chi_square(sample: Any, distribution: Any) -> float:
    """Compare counts of integers, joined at the ends so that each is expected often enough."""
    x = np.asarray(sample, np.float64).ravel().astype(int)
    low, high = (int(distribution.ppf(q)) for q in (1e-3, 1 - 1e-3))
    edges = [-np.inf, *range(low, high), np.inf]
    expected = np.diff([distribution.cdf(e) for e in edges]) * x.size
    found = np.histogram(x, bins=[-np.inf, *(e + 0.5 for e in range(low, high)), np.inf])[0]
    keep = expected > 5
    rest = found[~keep].sum(), expected[~keep].sum()
    if rest[1] > 5:
        found, expected = np.append(found[keep], rest[0]), np.append(expected[keep], rest[1])
    else:
        found, expected = found[keep], expected[keep]
        found = found * (expected.sum() / found.sum())
    return float(stats.chisquare(found, expected * found.sum() / expected.sum()).pvalue)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_continuous(dtype: str) -> None:
    assert ks(random.uniform((N,), dtype=dtype, seed=1), stats.uniform()) > 1e-3
    assert ks(random.uniform((N,), -2.0, 5.0, dtype=dtype, seed=2), stats.uniform(-2, 7)) > 1e-3
    assert ks(random.normal((N,), dtype=dtype, seed=3), stats.norm()) > 1e-3
    assert ks(random.normal((N,), 1.0, 2.0, dtype=dtype, seed=4), stats.norm(1, 2)) > 1e-3
    found = random.truncated_normal((N,), 1.0, 2.0, dtype=dtype, seed=5)
    assert ks(found, stats.truncnorm(-2, 2, 1, 2)) > 1e-3
    assert np.abs(np.asarray(found) - 1).max() <= 4


def test_tails_of_the_normal() -> None:
    x = np.asarray(random.normal((2_000_000,), seed=1), np.float64)
    assert abs((np.abs(x) > 4).mean() / stats.norm.sf(4) / 2 - 1) < 0.2
    assert abs((np.abs(x) < 1e-4).mean() / 7.979e-5 - 1) < 0.2
    assert np.isfinite(x).all()


@pytest.mark.parametrize("alpha", [0.05, 0.3, 1.0, 2.5, 50.0, 1e4])
def test_gamma(alpha: float) -> None:
    assert ks(random.gamma((N,), alpha, dtype="float64", seed=1), stats.gamma(alpha)) > 1e-3
    if alpha >= 0.3:
        assert ks(random.gamma((N,), alpha, seed=2), stats.gamma(alpha)) > 1e-3


@pytest.mark.parametrize(("alpha", "beta"), [(0.1, 0.2), (0.5, 0.5), (1, 1), (2, 3), (50, 1)])
def test_beta(alpha: float, beta: float) -> None:
    found = random.beta((N,), alpha, beta, dtype="float64", seed=1)
    assert ks(found, stats.beta(alpha, beta)) > 1e-3
    tiny = random.beta((1000,), 1e-3, 1e-3, seed=2)
    assert np.isfinite(np.asarray(tiny)).all()


@pytest.mark.parametrize("n", [1, 5, 15, 100, 5000])
@pytest.mark.parametrize("p", [0.02, 0.3, 0.5, 0.9])
def test_binomial(n: int, p: float) -> None:
    assert chi_square(random.binomial((N,), n, p, seed=1), stats.binom(n, p)) > 1e-3


def test_binomial_ends() -> None:
    found = random.binomial((5,), [3, 3, 0, 2, 4], [0.0, 1.0, 0.5, 1.5, np.nan], seed=1)
    np.testing.assert_array_equal(found, [0, 3, 0, np.nan, np.nan])


@pytest.mark.parametrize(("low", "high"), [(0, 2), (-3, 4), (0, 10), (5, 105)])
def test_randint(low: int, high: int) -> None:
    x = np.asarray(random.randint((N,), low, high, seed=1))
    assert x.dtype == np.int32
    assert x.min() >= low
    assert x.max() < high
    assert stats.chisquare(np.bincount(x - low, minlength=high - low)).pvalue > 1e-3


def test_randint_over_wide_ranges() -> None:
    for low, high in ((0, 3_000_000_000), (-(2**31), 2**31)):
        x = np.asarray(random.randint((N,), low, high, dtype="int64", seed=1), np.float64)
        assert stats.kstest(x, stats.uniform(low, high - low).cdf).pvalue > 1e-3


def test_categorical() -> None:
    chance = np.array([[0.1, 0.2, 0.7], [0.5, 0.0, 0.5]])
    with np.errstate(divide="ignore"):
        found = np.asarray(random.categorical(np.log(chance), N, seed=1))
    assert found.shape == (2, N)
    assert found.dtype == np.int32
    assert stats.chisquare(np.bincount(found[0]), chance[0] * N).pvalue > 1e-3
    assert (found[1] != 1).all()
    assert random.categorical(chance, 3, dtype="int64", seed=1).dtype == np.int64


def test_dropout() -> None:
    x = ops.ones((N,))
    found = np.asarray(random.dropout(x, 0.3, seed=1))
    kept = found != 0
    np.testing.assert_allclose(found[kept], 1 / 0.7, rtol=1e-6)
    assert stats.binomtest(int(kept.sum()), N, 0.7).pvalue > 1e-3
    rows = np.asarray(random.dropout(ops.ones((50, 8)), 0.5, noise_shape=(None, 1), seed=1))
    assert (rows == rows[:, :1]).all()
    assert random.dropout(x, 0.0, seed=1) is x
    assert not np.asarray(random.dropout(x, 1.0, seed=1)).any()


def test_shuffle() -> None:
    x = np.arange(12).reshape(2, 6)
    counts = np.zeros((6, 6))
    for seed in range(600):
        found = np.asarray(random.shuffle(x, axis=1, seed=seed))
        assert (found[1] == found[0] + 6).all()
        counts[found[0], np.arange(6)] += 1
    assert stats.chisquare(counts.ravel(), 100, ddof=10).pvalue > 1e-3


def test_places_are_independent() -> None:
    x = np.asarray(random.uniform((N,), seed=1), np.float64)
    for lag in (1, 2, 7):
        assert abs(np.corrcoef(x[:-lag], x[lag:])[0, 1]) < 4 / np.sqrt(N)
    y = np.asarray(random.uniform((N,), seed=2), np.float64)
    assert abs(np.corrcoef(x, y)[0, 1]) < 4 / np.sqrt(N)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype: str) -> None:
    for function in (random.uniform, random.normal, random.truncated_normal):
        found = function((N,), dtype=dtype, seed=1)
        assert found.dtype.name == dtype
        wide = np.asarray(found, np.float64)
        assert np.isfinite(wide).all()
    uniform = np.asarray(random.uniform((N,), dtype=dtype, seed=1), np.float64)
    assert uniform.max() < 1
    assert uniform.min() >= 0
    assert abs(uniform.mean() - 0.5) < 0.01
    assert random.gamma((3,), 2.0, dtype=dtype, seed=1).dtype.name == dtype
    assert random.beta((3,), 2.0, 1.0, dtype=dtype, seed=1).dtype.name == dtype
    assert random.binomial((3,), 9, 0.5, dtype=dtype, seed=1).dtype.name == dtype
