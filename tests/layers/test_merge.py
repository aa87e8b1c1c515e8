"""Layers of several inputs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg import layers
from thalweg.layers import (
    Add,
    Average,
    Concatenate,
    Dot,
    Embedding,
    Input,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)

A, B, C = sample((2, 4, 3)), sample((2, 4, 3), seed=1), sample((2, 4, 3), seed=2)


@pytest.mark.parametrize(
    ("cls", "options", "inputs", "expected"),
    [
        (Add, {}, [A, B, C], A + B + C),
        (Add, {}, [A, B[:, 0]], A + B[:, :1]),
        (Subtract, {}, [A, B], A - B),
        (Multiply, {}, [A, B[:, :1], C], A * B[:, :1] * C),
        (Average, {}, [A, B, C], (A + B + C) / 3),
        (Maximum, {}, [A, B, C], np.maximum(np.maximum(A, B), C)),
        (Minimum, {}, [A, B], np.minimum(A, B)),
        (Concatenate, {}, [A, B[..., :2]], np.concatenate([A, B[..., :2]], -1)),
        (Concatenate, {"axis": 1}, [A, B[:, :2], C], np.concatenate([A, B[:, :2], C], 1)),
        (Dot, {"axes": 1}, [A[:, 0], B[:, 0]], (A[:, 0] * B[:, 0]).sum(-1, keepdims=True)),
        (Dot, {"axes": (2, 2)}, [A, B], np.einsum("bik,bjk->bij", A, B)),
        (
            Dot,
            {"axes": (1, -1)},
            [A, B.transpose(0, 2, 1)],
            np.einsum("bki,bjk->bij", A, np.swapaxes(B, 1, 2)),
        ),
    ],
)
def test_merging(cls, options, inputs, expected):
    layer = run_layer_test(cls, options, inputs, expected_output_shape=expected.shape, weights=0)
    np.testing.assert_allclose(layer(inputs).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_cosine():
    y = Dot(1, normalize=True)([A[:, 0], A[:, 0] * 3]).numpy()
    np.testing.assert_allclose(y, [[1], [1]], rtol=1e-5)


def test_function_forms():
    pairs = [
        (layers.add, A + B),
        (layers.subtract, A - B),
        (layers.multiply, A * B),
        (layers.average, (A + B) / 2),
        (layers.maximum, np.maximum(A, B)),
        (layers.minimum, np.minimum(A, B)),
    ]
    for function, expected in pairs:
        np.testing.assert_allclose(function([A, B]).numpy(), expected, rtol=1e-6)
    assert layers.concatenate([A, B], axis=1).shape == (2, 8, 3)
    assert layers.dot([A, B], axes=2).shape == (2, 4, 4)
    symbols = [Input((4, 3)), Input((4, 3))]
    assert layers.add(symbols).shape == (None, 4, 3)
    assert layers.dot(symbols, axes=1, normalize=True).shape == (None, 3, 3)


def test_masks_are_merged():
    table = Embedding(5, 3, mask_zero=True)
    x, y = table(np.array([[1, 0, 0, 2]])), table(np.array([[1, 1, 0, 0]]))
    np.testing.assert_array_equal(Add()([x, y])._keras_mask.numpy(), [[True, True, False, True]])
    joined = Concatenate(axis=1)([x, y])._keras_mask.numpy()
    np.testing.assert_array_equal(joined, [[True, False, False, True, True, True, False, False]])
    half = Concatenate(axis=1)([x, A[:1]])._keras_mask.numpy()
    np.testing.assert_array_equal(half, [[True, False, False, True, True, True, True, True]])
    assert Add()([x, A[:1]])._keras_mask is None
    assert Dot(2)([x, y])._keras_mask is None


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: Add(name="m")([A, B[:, :3]]), "cannot be merged"),
        (lambda: Add(name="m")(A), "must be a list of tensors"),
        (lambda: Subtract(name="m")([A, B, C]), "takes two inputs, got 3"),
        (lambda: Concatenate(name="m")([A, B[:, :3]]), "cannot be joined along axis -1"),
        (lambda: Concatenate(axis=3, name="m")([A, B]), "axis 3 is out of range"),
        (lambda: Dot((1, 2), name="m")([A, B]), r"different lengths on axes \(1, 2\)"),
        (lambda: Dot((1, 2, 3), name="m"), "axes must be an integer or two of them"),
    ],
)
def test_errors(run, message):
    with pytest.raises(ValueError, match=f"Layer 'm': .*{message}"):
        run()
