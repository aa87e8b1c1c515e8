"""Smoothing, divergence and marks of a range test, against what defines them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.viz.rate.marks import _slopes, divergence, find_marks, smooth
from thalweg.viz.rate.search import search_of

RATES = np.geomspace(1e-5, 10, 181)
REACH = 6.0


def valley(fall_at=1e-2, rise_at=1.0, noise=0.0, seed=0):
    """A loss that falls from 2 to 0.5 around one rate and rises around another."""
    x = np.log10(RATES)
    falls = 1.5 / (1 + np.exp(6 * (x - np.log10(fall_at))))
    rises = np.exp(6 * (x - np.log10(rise_at)))
    rng = np.random.default_rng(seed)
    return 0.5 + falls + rises + noise * rng.standard_normal(len(x))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40),
    st.floats(0.5, 20.0),
)
def test_smoothing_is_the_mean_with_its_weights(losses, reach):
    losses = np.array(losses)
    places = np.arange(len(losses))
    weights = np.exp(-np.abs(places[:, np.newaxis] - places) / reach)
    expected = weights @ losses / weights.sum(axis=1)
    np.testing.assert_allclose(smooth(losses, reach), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("reach", [1.0, 4.0, 50.0])
def test_the_slope_of_a_line_is_that_of_the_line(reach):
    slopes = _slopes(3.0 - 0.25 * np.arange(60), reach)
    np.testing.assert_allclose(slopes[1:-1], -0.25, rtol=1e-9)


def test_the_steepest_descent_and_the_minimum_are_where_they_are():
    losses = valley()
    marks = find_marks(losses, REACH)
    assert marks is not None
    assert RATES[marks.steepest] == pytest.approx(1e-2, rel=0.1)
    # Smoothing blurs by about REACH steps, which are a fifth of a power of ten.
    assert RATES[marks.minimum] == pytest.approx(RATES[losses.argmin()], rel=0.6)


@pytest.mark.parametrize("seed", range(5))
def test_noise_moves_the_marks_little(seed):
    clean, noisy = find_marks(valley(), REACH), find_marks(valley(noise=0.1, seed=seed), REACH)
    assert clean is not None
    assert noisy is not None
    assert abs(clean.steepest - noisy.steepest) <= 8
    assert abs(clean.minimum - noisy.minimum) <= 16


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_is_no_fall(seed):
    flat = 2 + 0.3 * np.random.default_rng(seed).standard_normal(181)
    assert find_marks(flat, REACH) is None
    assert find_marks(np.full(181, 2.0), REACH) is None
    assert find_marks(2 + np.arange(181) / 100, REACH) is None


def test_divergence_is_where_the_smoothed_loss_passes_the_factor():
    # With almost no reach the smoothed losses are the losses.
    losses = np.array([10.0, 8.0, 2.0, 7.9, 8.1, 50.0])
    assert divergence(losses, 0.01, factor=4.0) == 4
    assert divergence(losses, 0.01, factor=30.0) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_has_diverged(bad):
    assert divergence(np.array([2.0, 1.0, bad, 1.0]), REACH, factor=4.0) == 2


def test_small_noise_above_a_loss_near_zero_is_no_divergence():
    losses = np.concatenate([np.linspace(100, 0.001, 50), [0.01, 0.05, 0.002]])
    assert divergence(losses, 0.01, factor=4.0) is None


def test_a_negative_loss_may_fall_further():
    assert divergence(np.linspace(1, -5, 100), REACH, factor=4.0) is None
    assert divergence(np.array([-1.0, -5.0, 20.0]), 0.01, factor=4.0) == 2


def test_the_suggestion_is_halfway_on_the_scale_of_logarithms():
    found = search_of("m", RATES, valley(noise=0.02), REACH, stop_factor=4.0)
    assert found.suggestion == pytest.approx(np.sqrt(found.steepest * found.minimum))
    assert found.steepest < found.suggestion < found.minimum
    assert found.diverged_at is not None
    assert found.rates[-1] == pytest.approx(found.diverged_at)
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < len(RATES)
    np.testing.assert_array_equal(found.losses, valley(noise=0.02)[: len(found.losses)])


def test_steps_beyond_the_divergence_change_nothing():
    losses = valley(noise=0.02)
    whole = search_of("m", RATES, losses, REACH, stop_factor=4.0)
    less = search_of("m", RATES, losses[: len(whole.losses) + 3], REACH, stop_factor=4.0)
    np.testing.assert_array_equal(whole.smoothed, less.smoothed)
    assert whole.suggestion == less.suggestion


def test_how_far_the_loss_jumps_at_the_end_does_not_matter():
    found = []
    for last in (2.5, 1e30, np.inf):
        losses = valley(rise_at=1e9)
        losses[-1] = last
        found.append(search_of("m", RATES, losses, REACH, stop_factor=1.1))
    for other in found[1:]:
        assert other.diverged_at == pytest.approx(10.0)
        np.testing.assert_allclose(other.smoothed, found[0].smoothed)
        assert other.suggestion == found[0].suggestion


def test_a_loss_that_never_falls_is_an_error():
    with pytest.raises(ValueError, match="loss of model 'm' does not fall clearly in the 181"):
        search_of("m", RATES, np.full(181, 2.0), REACH, stop_factor=4.0)


def test_data_that_end_too_early_are_an_error():
    with pytest.raises(ValueError, match="data ended after 90 batches, 181 steps"):
        search_of("m", RATES, valley()[:90], REACH, stop_factor=4.0)


def test_noise_before_the_fall_is_not_the_steepest_descent():
    rates = np.geomspace(1e-7, 10, 100)
    x = np.log10(rates)
    for seed in range(60):
        noise = 0.5 * np.random.default_rng(seed).standard_normal(100)
        losses = 0.5 + 1.5 / (1 + np.exp(6 * (x + 2))) + np.exp(6 * x) + noise
        marks = find_marks(np.minimum(losses, losses[:3].max()), 0.2 * 99 / 8)
        if marks is not None:
            assert rates[marks.steepest] > 2e-4
