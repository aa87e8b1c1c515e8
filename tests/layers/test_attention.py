"""MultiHeadAttention, GroupedQueryAttention, Attention, AdditiveAttention."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg import GradientTape, Variable, ops
from thalweg.layers import (
    AdditiveAttention,
    Attention,
    Embedding,
    GroupQueryAttention,
    Input,
    MultiHeadAttention,
)

QUERY, VALUE, KEY = sample((2, 3, 4)), sample((2, 5, 4), seed=1), sample((2, 5, 3), seed=2)
SCORES = {"return_attention_scores": True}


@pytest.mark.parametrize(
    ("options", "inputs", "call", "expected"),
    [
        ({}, (QUERY, VALUE), {}, (2, 3, 4)),
        (
            {"value_dim": 3, "output_shape": 5, "dropout": 0.3, "use_gate": True, "seed": 1},
            (QUERY, VALUE, KEY),
            SCORES,
            [(2, 3, 5), (2, 2, 3, 5)],
        ),
        ({"use_bias": False}, (QUERY, QUERY), {"use_causal_mask": True}, (2, 3, 4)),
        ({"sliding_window": 2}, (QUERY, QUERY), SCORES, [(2, 3, 4), (2, 2, 3, 3)]),
        (
            {"attention_axes": (1,)},
            (sample((1, 2, 2, 3)), sample((1, 4, 2, 3), seed=1)),
            {},
            (1, 2, 2, 3),
        ),
        ({}, (sample((1, 2, 2, 3)), sample((1, 2, 2, 3), seed=1)), {}, (1, 2, 2, 3)),
    ],
)
def test_multi_head_attention(options, inputs, call, expected):
    run_layer_test(
        MultiHeadAttention,
        {"num_heads": 2, "key_dim": 2, **options},
        inputs,
        call_kwargs=call,
        expected_output_shape=expected,
    )


@pytest.mark.parametrize("options", [{}, {"use_gate": True, "dropout": 0.2, "seed": 1}])
def test_grouped_query_attention(options):
    run_layer_test(
        GroupQueryAttention,
        {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 2, **options},
        (QUERY, VALUE),
        expected_output_shape=(2, 3, 4),
    )


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def written_out(weights, query, value, hide=None):
    """One head after the other, in NumPy."""
    (wq, bq, wk, bk, wv, bv, wo, bo) = weights
    total = np.zeros_like(query) + bo
    for n in range(wq.shape[1]):
        q, k, v = (
            query @ wq[:, n] + bq[n],
            value @ wk[:, n] + bk[n],
            value @ wv[:, n] + bv[n],
        )
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
        if hide is not None:
            scores = np.where(hide, -np.inf, scores)
        total = total + softmax(scores) @ v @ wo[n]
    return total


def test_written_out():
    layer = MultiHeadAttention(2, 3, bias_initializer="normal", name="m")
    found = layer(QUERY, VALUE).numpy()
    weights = layer.get_weights()
    np.testing.assert_allclose(found, written_out(weights, QUERY, VALUE), atol=1e-6)
    by_hand, scores = layer(QUERY, VALUE, return_attention_scores=True)
    np.testing.assert_allclose(by_hand.numpy(), found, atol=1e-6)
    np.testing.assert_allclose(scores.numpy().sum(-1), 1, rtol=1e-5)
    paths = [v.path for v in layer.weights]
    names = ("query", "key", "value", "attention_output")
    assert paths == [f"m/{n}/{w}" for n in names for w in ("kernel", "bias")]
    assert [w.shape for w in weights[::2]] == [(4, 2, 3)] * 3 + [(2, 3, 4)]


@pytest.mark.parametrize("more", [{}, SCORES])
def test_what_is_hidden_changes_nothing(more):
    layer = MultiHeadAttention(2, 3)
    layer(QUERY, QUERY)
    weights = layer.get_weights()

    def run(**call):
        found = layer(QUERY, QUERY, **call, **more)
        return (found[0] if more else found).numpy()

    causal = np.triu(np.ones((3, 3), bool), 1)
    expected = written_out(weights, QUERY, QUERY, causal)
    np.testing.assert_allclose(run(use_causal_mask=True), expected, atol=1e-6)
    seen = np.array([[[1, 0, 1], [0, 1, 1], [1, 1, 0]]] * 2, bool)
    expected = written_out(weights, QUERY, QUERY, ~seen)
    np.testing.assert_allclose(run(attention_mask=seen), expected, atol=1e-6)
    expected = written_out(weights, QUERY, QUERY, ~seen | causal)
    np.testing.assert_allclose(run(attention_mask=seen, use_causal_mask=True), expected, atol=1e-6)
    padding = np.array([[True, True, False], [True, False, True]])
    expected = written_out(weights, QUERY, QUERY, ~padding[:, None])
    np.testing.assert_allclose(run(value_mask=padding), expected, atol=1e-6)


def test_masks_come_with_the_inputs():
    table = Embedding(4, 4, mask_zero=True)
    tokens = np.array([[1, 2, 0], [3, 0, 0]])
    x = table(tokens)
    layer = MultiHeadAttention(2, 3)
    y = layer(x, x)
    np.testing.assert_array_equal(y._keras_mask.numpy(), tokens != 0)
    hide = (tokens == 0)[:, None]
    expected = written_out(layer.get_weights(), x.numpy(), x.numpy(), hide)
    real = tokens != 0
    np.testing.assert_allclose(y.numpy()[real], expected[real], atol=1e-6)


def test_projections_start_differently():
    layer = MultiHeadAttention(2, 3)
    layer(QUERY, QUERY)
    assert (layer.query_dense.kernel.numpy() != layer.key_dense.kernel.numpy()).any()
    limit = np.sqrt(6 / (4 + 2 * 3))
    assert np.abs(layer.query_dense.kernel.numpy()).max() <= limit


def test_grouped_heads_share_keys():
    grouped = GroupQueryAttention(3, num_query_heads=4, num_key_value_heads=2)
    found = grouped(QUERY, VALUE).numpy()
    weights = grouped.get_weights()
    wide = [np.repeat(w, 2, axis=-2) if 2 <= i < 6 else w for i, w in enumerate(weights)]
    np.testing.assert_allclose(found, written_out(wide, QUERY, VALUE), atol=1e-6)


@pytest.mark.parametrize(
    ("cls", "options", "call", "expected"),
    [
        (Attention, {"use_scale": True}, {}, (2, 3, 4)),
        (Attention, {"score_mode": "concat", "use_scale": True}, SCORES, [(2, 3, 4), (2, 3, 5)]),
        (Attention, {"dropout": 0.2, "seed": 1}, {"use_causal_mask": True}, (2, 3, 4)),
        (AdditiveAttention, {}, {}, (2, 3, 4)),
        (AdditiveAttention, {"use_scale": False}, SCORES, [(2, 3, 4), (2, 3, 5)]),
    ],
)
def test_attention(cls, options, call, expected):
    run_layer_test(cls, options, [QUERY, VALUE], call_kwargs=call, expected_output_shape=expected)


def test_attention_written_out():
    expected = softmax(QUERY @ VALUE.transpose(0, 2, 1)) @ VALUE
    np.testing.assert_allclose(Attention()([QUERY, VALUE]).numpy(), expected, atol=1e-6)
    sums = np.tanh(QUERY[:, :, None] + VALUE[:, None]).sum(-1)
    found = AdditiveAttention(use_scale=False)([QUERY, VALUE]).numpy()
    np.testing.assert_allclose(found, softmax(sums) @ VALUE, atol=1e-6)
    mask = [np.array([[True, True, False]] * 2), np.array([[True, False, True, True, False]] * 2)]
    found = Attention()([QUERY, VALUE], mask=mask).numpy()
    scores = np.where(mask[1][:, None], QUERY @ VALUE.transpose(0, 2, 1), -np.inf)
    expected = np.where(mask[0][..., None], softmax(scores) @ VALUE, 0)
    np.testing.assert_allclose(found, expected, atol=1e-6)


LONG = sample((2, 66, 8))
PADDING = np.arange(66) < np.array([[60], [66]])


def gradients(layer, inputs, **call):
    """The output, and gradients of the input and of all weights."""
    x = Variable(inputs)
    with GradientTape() as tape:
        found = layer(x, x, **call)
        y = found[0] if isinstance(found, (tuple, list)) else found
        loss = ops.sum(y * y)
    return [y, *tape.gradient(loss, [x, *layer.trainable_variables])]


@pytest.mark.parametrize(
    "layer",
    [
        MultiHeadAttention(2, 3),
        MultiHeadAttention(2, 3, value_dim=5, dropout=0.5, use_gate=True),
        GroupQueryAttention(3, num_query_heads=4, num_key_value_heads=2),
        GroupQueryAttention(3, num_query_heads=4, num_key_value_heads=2, sliding_window=9),
    ],
)
@pytest.mark.parametrize(
    "call", [{}, {"use_causal_mask": True}, {"use_causal_mask": True, "value_mask": PADDING}]
)
def test_long_sequences(layer, call):
    """Without its weights attention is computed in another way, to the same result."""
    layer(LONG, LONG)
    expected = gradients(layer, LONG, return_attention_scores=True, **call)
    for x, y in zip(gradients(layer, LONG, **call), expected, strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("causal", [False, True])
def test_long_sequences_without_heads(causal):
    layer = Attention(use_scale=True)
    layer([LONG, LONG])
    layer.scale.assign(0.7)
    expected, _ = layer([LONG, LONG], use_causal_mask=causal, return_attention_scores=True)
    found = layer([LONG, LONG], use_causal_mask=causal)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-5)


def test_unknown_lengths():
    x = Input((None, 4))
    y, scores = MultiHeadAttention(2, 3)(x, x, return_attention_scores=True)
    assert y.shape == (None, None, 4)
    assert scores.shape == (None, 2, None, None)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: MultiHeadAttention(0, 2, name="a"), "num_heads must be a positive integer"),
        (lambda: MultiHeadAttention(2, 2, dropout=1, name="a"), "dropout must be a number"),
        (lambda: MultiHeadAttention(2, 2, flash_attention=True, name="a"), "is not supported"),
        (lambda: MultiHeadAttention(2, 2, name="a")(QUERY, VALUE, KEY[:, :4]), "same axes between"),
        (lambda: MultiHeadAttention(2, 2, name="a")(QUERY, VALUE[:, None]), "number of axes"),
        (lambda: GroupQueryAttention(2, 3, 2, name="a"), "multiple of num_key_value_heads=2"),
        (lambda: Attention(name="a")([QUERY]), "must be a list"),
        (lambda: Attention(score_mode="cosine", name="a"), "score_mode must be 'dot' or 'concat'"),
    ],
)
def test_errors(run, message):
    with pytest.raises(ValueError, match=f"Layer 'a': .*{message}"):
        run()
