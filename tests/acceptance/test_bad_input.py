"""Bad input is refused in one sentence, before training, and leaves the model as it was."""

import re

import numpy as np
import pytest

import thalweg as tw

X = np.random.default_rng(0).standard_normal((12, 4), dtype=np.float32)
LABELS = np.arange(12) % 3


def classifier() -> tw.Model:
    model = tw.Sequential([tw.Input((4,)), tw.layers.Dense(3, activation="softmax", name="scores")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def with_nan() -> np.ndarray:
    x = X.copy()
    x[3, 1] = np.nan
    return x


CASES = {
    "labels out of range": ((X, LABELS + 1), {}, r"label"),
    "negative labels": ((X, LABELS - 1), {}, r"label"),
    "mismatched batch sizes": ((X, LABELS[:-1]), {}, r"\bx has 12, y has 11\b"),
    "NaN in the data": ((with_nan(), LABELS), {}, r"^x contains NaN at sample 3, feature 1"),
    "zero samples": ((X[:0], LABELS[:0]), {}, r"no samples"),
    "wrong number of features": ((X[:, :3], LABELS), {}, r"\(None, 4\)"),
    "a callback that is not one": ((X, LABELS), {"callbacks": ["stop"]}, r"callback"),
}


def assert_one_sentence(error: BaseException) -> None:
    message = str(error)
    assert "\n" not in message
    assert re.fullmatch(r".+[.?]", message), message


@pytest.mark.parametrize("case", CASES)
def test_fit_refuses(case: str) -> None:
    data, options, expected = CASES[case]
    model = classifier()
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=expected) as caught:
        model.fit(*data, **options, verbose=0)
    assert_one_sentence(caught.value)
    for weight, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)
    assert int(model.optimizer.iterations) == 0


def test_wrong_rank_into_dense_names_the_layer() -> None:
    layer = tw.layers.Dense(2, name="head")
    with pytest.raises(ValueError, match="head") as caught:
        layer(tw.constant([1.0, 2.0, 3.0]))
    assert_one_sentence(caught.value)
    assert layer.weights == []


def test_unknown_optimizer_is_named() -> None:
    model = tw.Sequential([tw.Input((4,)), tw.layers.Dense(1)])
    with pytest.raises(ValueError, match="'sdg'") as caught:
        model.compile(optimizer="sdg", loss="mse")
    assert_one_sentence(caught.value)
