"""Losses against hand-computed numbers and against their definitions in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.losses import definitions as by_definition
from thalweg import losses, ops

Array = np.ndarray[Any, Any]


def close(found: Any, expected: Any, rtol: float = 2e-5, atol: float = 2e-6) -> None:
    found = np.asarray(found)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


# name, y_true, y_pred, arguments, the loss of each sample, worked out by hand
BY_HAND: list[tuple[str, Any, Any, dict[str, Any], list[float]]] = [
    ("mean_squared_error", [[1.0, 2.0]], [[3.0, 5.0]], {}, [6.5]),
    ("mean_absolute_error", [[1.0, 2.0]], [[3.0, 5.0]], {}, [2.5]),
    ("mean_absolute_percentage_error", [[2.0, -4.0]], [[3.0, -5.0]], {}, [37.5]),
    ("mean_squared_logarithmic_error", [[0.0, np.e - 1]], [[np.e - 1, -5.0]], {}, [1.0]),
    ("huber", [[0.0, 0.0]], [[0.5, -3.0]], {}, [(0.125 + 2.5) / 2]),
    ("huber", [[0.0, 0.0]], [[1.0, -3.0]], {"delta": 2.0}, [(0.5 + 4.0) / 2]),
    ("log_cosh", [[0.0]], [[2.0]], {}, [np.log(np.cosh(2.0))]),
    ("log_cosh", [[0.0]], [[-500.0]], {}, [500 - np.log(2)]),
    ("poisson", [[1.0, 2.0]], [[1.0, np.e]], {}, [(1 + np.e - 2) / 2]),
    ("hinge", [[1.0, -1.0]], [[0.5, 0.5]], {}, [(0.5 + 1.5) / 2]),
    ("hinge", [[1.0, 0.0]], [[0.5, 0.5]], {}, [(0.5 + 1.5) / 2]),
    ("squared_hinge", [[1.0, -1.0]], [[0.5, 0.5]], {}, [(0.25 + 2.25) / 2]),
    ("categorical_hinge", [[0.0, 1.0]], [[0.6, 0.4]], {}, [1.2]),
    ("kl_divergence", [[0.5, 0.5]], [[0.25, 0.75]], {}, [0.5 * np.log(2) + 0.5 * np.log(2 / 3)]),
    ("cosine_similarity", [[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [2.0, 2.0]], {}, [0.0, -1.0]),
    ("binary_crossentropy", [[0.0, 1.0]], [[0.25, 0.5]], {}, [-(np.log(0.75) + np.log(0.5)) / 2]),
    ("binary_crossentropy", [[1.0]], [[0.0]], {"from_logits": True}, [np.log(2)]),
    ("categorical_crossentropy", [[0.0, 1.0]], [[1.0, 3.0]], {}, [-np.log(0.75)]),
    (
        "categorical_crossentropy",
        [[0.0, 1.0]],
        [[0.25, 0.75]],
        {"label_smoothing": 0.2},
        [-0.9 * np.log(0.75) - 0.1 * np.log(0.25)],
    ),
    (
        "sparse_categorical_crossentropy",
        [1, 0],
        [[0.25, 0.75]] * 2,
        {},
        list(-np.log([0.75, 0.25])),
    ),
    ("binary_focal_crossentropy", [[1.0]], [[0.5]], {}, [0.25 * np.log(2)]),
    (
        "binary_focal_crossentropy",
        [[1.0, 0.0]],
        [[0.5, 0.5]],
        {"apply_class_balancing": True, "alpha": 0.75},
        [0.25 * np.log(2) * (0.75 + 0.25) / 2],
    ),
    ("categorical_focal_crossentropy", [[0.0, 1.0]], [[0.5, 0.5]], {}, [0.0625 * np.log(2)]),
    ("categorical_generalized_cross_entropy", [1], [[0.75, 0.25]], {"q": 0.5}, [1.0]),
    ("dice", [[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], {"axis": -1}, [1 / 3]),
    (
        "tversky",
        [[1.0, 1.0, 0.0]],
        [[1.0, 0.0, 1.0]],
        {"alpha": 0.2, "beta": 0.8, "axis": -1},
        [0.5],
    ),
]


@pytest.mark.parametrize(("name", "y_true", "y_pred", "arguments", "expected"), BY_HAND)
def test_by_hand(name: str, y_true: Any, y_pred: Any, arguments: Any, expected: Any) -> None:
    close(getattr(losses, name)(y_true, y_pred, **arguments), expected)


def numbers(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def chances(seed: int, *shape: int) -> Array:
    return by_definition.softmax(numbers(seed, *shape))


shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
seeds = st.integers(0, 10_000)


@settings(max_examples=20)
@given(shapes, seeds)
def test_regression_by_definition(shape: tuple[int, ...], seed: int) -> None:
    y, p = numbers(seed, *shape), numbers(seed + 1, *shape)
    close(losses.mean_squared_error(y, p), ((y - p) ** 2).mean(-1))
    close(losses.mean_absolute_error(y, p), np.abs(y - p).mean(-1))
    far = np.where(np.abs(y) < 0.1, 1.0, y)
    close(losses.mean_absolute_percentage_error(far, p), 100 * np.abs((far - p) / far).mean(-1))
    a, b = np.abs(y), np.abs(p)
    close(
        losses.mean_squared_logarithmic_error(a, b),
        ((np.log1p(np.maximum(a, 1e-7)) - np.log1p(np.maximum(b, 1e-7))) ** 2).mean(-1),
    )
    close(losses.huber(y, p, delta=0.7), by_definition.huber(y, p, 0.7))
    close(losses.log_cosh(y, p), np.log(np.cosh(p - y)).mean(-1))
    close(losses.poisson(a, b), (b - a * np.log(b + 1e-7)).mean(-1))


@settings(max_examples=20)
@given(st.lists(st.integers(2, 4), min_size=1, max_size=3).map(tuple), seeds)
def test_crossentropies_by_definition(shape: tuple[int, ...], seed: int) -> None:
    logits = numbers(seed, *shape)
    labels = np.random.default_rng(seed).integers(0, shape[-1], shape[:-1])
    one_hot = np.eye(shape[-1])[labels]
    for from_logits, p in ((True, logits), (False, chances(seed, *shape))):
        close(
            losses.categorical_crossentropy(one_hot, p, from_logits, 0.1),
            by_definition.categorical_crossentropy(one_hot, p, from_logits, 0.1),
        )
        expected = by_definition.categorical_crossentropy(one_hot, p, from_logits)
        close(losses.categorical_crossentropy(one_hot, p, from_logits), expected)
        close(losses.sparse_categorical_crossentropy(labels, p, from_logits), expected)
        close(losses.sparse_categorical_crossentropy(labels[..., None], p, from_logits), expected)
        first = np.moveaxis(p, -1, 0)
        close(
            losses.categorical_crossentropy(
                np.moveaxis(one_hot, -1, 0), first, from_logits, axis=0
            ),
            expected,
        )
    close(
        losses.binary_crossentropy(one_hot, logits, True, 0.2),
        by_definition.binary_crossentropy(one_hot, logits, True, 0.2),
    )


def test_focal_without_focus_is_crossentropy() -> None:
    logits = numbers(0, 5, 3)
    one_hot = np.eye(3)[[0, 1, 2, 1, 0]]
    close(
        losses.categorical_focal_crossentropy(one_hot, logits, 1.0, 0.0, from_logits=True),
        by_definition.categorical_crossentropy(one_hot, logits, True),
    )
    close(
        losses.binary_focal_crossentropy(one_hot, logits, gamma=0.0, from_logits=True),
        by_definition.binary_crossentropy(one_hot, logits, True),
    )


@settings(max_examples=10)
@given(st.integers(0, 1), seeds)
def test_cosine_by_definition(axis: int, seed: int) -> None:
    y, p = numbers(seed, 3, 4), numbers(seed + 1, 3, 4)
    close(losses.cosine_similarity(y, p, axis), by_definition.cosine(y, p, axis))


@pytest.mark.parametrize("remove_diagonal", [True, False])
def test_circle_by_definition(remove_diagonal: bool) -> None:
    p = numbers(3, 6, 4)
    p /= np.linalg.norm(p, axis=1, keepdims=True)
    y = np.array([0, 1, 0, 2, 1, 0])
    found = losses.circle(y, p, remove_diagonal=remove_diagonal, gamma=4.0, margin=0.3)
    close(found, by_definition.circle(y, p, 4.0, 0.3, remove_diagonal))


def test_circle_with_references() -> None:
    p = numbers(3, 4, 3)
    p /= np.linalg.norm(p, axis=1, keepdims=True)
    y = np.array([0, 1, 0, 1])
    among_itself = losses.circle(y, p, remove_diagonal=False, gamma=2.0)
    close(losses.circle(y, p, y, p, remove_diagonal=False, gamma=2.0), np.asarray(among_itself))
    with pytest.raises(ValueError, match=r"circle: there must be one label .* 4 and 2 labels"):
        losses.circle(y, p, [0, 1], p)


def test_ctc_sums_over_all_spellings() -> None:
    logits = numbers(1, 1, 3, 3)
    p = by_definition.softmax(logits)[0]
    paths = [a + b + c for a in "012" for b in "012" for c in "012"]
    spelling = {"112", "122", "012", "102", "120"}
    total = sum(np.prod([p[t, int(k)] for t, k in enumerate(x)]) for x in paths if x in spelling)
    close(losses.ctc([[1, 2]], logits), [-np.log(total)])
    with pytest.raises(ValueError, match=r"^ctc: y_true must .* got \(2,\) and \(1, 3, 3\)\.$"):
        losses.ctc([1, 2], logits)


def test_last_axis_of_one_is_bridged() -> None:
    close(losses.mean_squared_error([1.0, 2.0, 3.0], [[1.0], [3.0], [5.0]]), [0.0, 1.0, 4.0])
    close(losses.MeanSquaredError()([1.0, 2.0, 3.0], [[1.0], [3.0], [5.0]]), 5 / 3)


def test_probabilities_of_zero_stay_finite() -> None:
    assert np.isfinite(losses.binary_crossentropy([[1.0]], [[0.0]]).numpy()).all()
    assert np.isfinite(losses.categorical_crossentropy([[1.0, 0.0]], [[0.0, 1.0]]).numpy()).all()
    assert np.isfinite(losses.kl_divergence([[1.0, 0.0]], [[0.0, 1.0]]).numpy()).all()


def test_large_logits_stay_finite() -> None:
    close(losses.binary_crossentropy([[0.0]], [[1000.0]], from_logits=True), [1000.0])
    close(losses.sparse_categorical_crossentropy([0], [[0.0, 1000.0]], from_logits=True), [1000.0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_dtype_of_predictions_is_kept(dtype: str) -> None:
    p = ops.cast([[0.2, 0.8]], dtype)
    for name in ("mean_squared_error", "huber", "binary_crossentropy", "log_cosh", "hinge", "dice"):
        assert getattr(losses, name)([[0, 1]], p).dtype.name == dtype, name


def test_shapes_that_do_not_fit_name_the_loss() -> None:
    with pytest.raises(ValueError, match=r"^huber: y_true has shape \(2, 3\).*\(2, 4\)\.$"):
        losses.huber(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"^binary_crossentropy: .*\(2, 1\) and \(2, 4\)\.$"):
        losses.binary_crossentropy(np.ones((2, 1)), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"^sparse_categorical_crossentropy: .*\(2,\), got \(3,\)"):
        losses.sparse_categorical_crossentropy([0, 1, 1], np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"axis must be an int, got True"):
        losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]], axis=True)


def test_one_class_only_warns() -> None:
    with pytest.warns(SyntaxWarning, match="one class only"):
        losses.categorical_crossentropy([[1.0]], [[0.5]])
