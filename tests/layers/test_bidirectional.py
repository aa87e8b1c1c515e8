"""Bidirectional and TimeDistributed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.harness import run_layer_test, sample
from thalweg.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Dense,
    Dropout,
    Masking,
    SimpleRNN,
    TimeDistributed,
)

X = sample((2, 4, 3))
MASK = np.array([[True, True, False, False], [False, True, True, True]])


def both(cls, *, merge="concat", backward=None, **options):
    def make(dtype=None, **kwargs):
        other = backward and backward(2, go_backwards=True, dtype=dtype)
        inner = cls(2, dtype=dtype, **options)
        return Bidirectional(inner, merge, backward_layer=other, dtype=dtype, **kwargs)

    return make


@pytest.mark.parametrize(
    ("make", "call", "expected"),
    [
        (both(LSTM), {}, (2, 4)),
        (both(GRU, merge="sum", return_sequences=True), {"mask": MASK}, (2, 4, 2)),
        (both(SimpleRNN, merge="mul", return_state=True), {}, [(2, 2)] * 3),
        (both(LSTM, merge=None, return_state=True), {}, [(2, 2)] * 6),
        (both(LSTM, merge="ave", backward=GRU), {}, (2, 2)),
    ],
)
def test_bidirectional(make, call, expected):
    run_layer_test(make, {}, X, call_kwargs=call, expected_output_shape=expected, weights=6)


def test_directions_are_those_of_two_layers():
    layer = Bidirectional(LSTM(3, return_sequences=True, name="lstm"), name="b")
    y = layer(X).numpy()
    forward, backward = LSTM(3, return_sequences=True), LSTM(3, return_sequences=True)
    for one, inner in ((forward, layer.forward_layer), (backward, layer.backward_layer)):
        one(X)
        one.set_weights(inner.get_weights())
    np.testing.assert_allclose(y[..., :3], forward(X).numpy(), atol=1e-6)
    reverse = backward(X[:, ::-1]).numpy()[:, ::-1]
    np.testing.assert_allclose(y[..., 3:], reverse, atol=1e-6)
    paths = [v.path for v in layer.weights]
    assert paths[0] == "b/forward_lstm/lstm_cell/kernel"
    assert paths[3] == "b/backward_lstm/lstm_cell/kernel"
    assert (layer.weights[0].numpy() != layer.weights[3].numpy()).any()


def test_masked_steps_give_zeros_in_both_directions():
    y = Bidirectional(LSTM(3, return_sequences=True))(X, mask=MASK).numpy()
    assert not y[~MASK].any()
    assert y[MASK].all()


def test_weights_and_states():
    arrays = Bidirectional(GRU(2))
    arrays(X)
    again = Bidirectional(GRU(2), weights=arrays.get_weights())
    np.testing.assert_array_equal(again(X).numpy(), arrays(X).numpy())
    layer = Bidirectional(LSTM(2, stateful=True))
    first = layer(X).numpy()
    assert len(layer.states) == 4
    assert (layer(X).numpy() != first).any()
    layer.reset_state()
    np.testing.assert_array_equal(layer(X).numpy(), first)
    states = [sample((2, 2), seed=i) for i in range(4)]
    continued = Bidirectional(LSTM(2))
    continued(X)
    assert (continued(X, initial_state=states).numpy() != continued(X).numpy()).any()


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: Bidirectional(Dense(2), name="b"), "layer must be a recurrent layer"),
        (lambda: Bidirectional(LSTM(2), "max", name="b"), "merge_mode must be 'sum'"),
        (
            lambda: Bidirectional(LSTM(2), backward_layer=LSTM(2), name="b"),
            "must have opposite go_backwards",
        ),
        (
            lambda: Bidirectional(
                LSTM(2), backward_layer=LSTM(2, go_backwards=True, return_state=True), name="b"
            ),
            "the same return_state, got False and True",
        ),
    ],
)
def test_errors(run, message):
    with pytest.raises(ValueError, match=f"Layer 'b': .*{message}"):
        run()


def distributed(inner):
    def make(dtype=None, **kwargs):
        return TimeDistributed(inner(dtype), dtype=dtype, **kwargs)

    return make


@pytest.mark.parametrize(
    ("make", "x", "expected"),
    [
        (distributed(lambda d: Dense(2, dtype=d)), X, (2, 4, 2)),
        (distributed(lambda d: Conv1D(2, 2, dtype=d)), sample((2, 3, 4, 2)), (2, 3, 3, 2)),
        (distributed(lambda d: LSTM(2, dtype=d)), sample((2, 3, 4, 2)), (2, 3, 2)),
        (distributed(lambda d: Dropout(0.5, seed=1, dtype=d)), X, (2, 4, 3)),
        (distributed(lambda d: BatchNormalization(dtype=d)), X, (2, 4, 3)),
    ],
)
def test_time_distributed(make, x, expected):
    run_layer_test(make, {}, x, expected_output_shape=expected)


def test_time_distributed_is_the_layer_at_each_step():
    inner = Conv1D(2, 2)
    x = sample((2, 3, 4, 2))
    y = TimeDistributed(inner)(x).numpy()
    for t in range(3):
        np.testing.assert_allclose(y[:, t], inner(x[:, t]).numpy(), atol=1e-6)


def test_time_distributed_keeps_the_mask():
    masked = Masking()(X * MASK[..., None])
    y = TimeDistributed(Dense(2))(masked)
    np.testing.assert_array_equal(y._keras_mask.numpy(), MASK)


def test_time_distributed_needs_steps():
    with pytest.raises(ValueError, match="Layer 't': its input must have at least 3 axes"):
        TimeDistributed(Dense(2), name="t")(X[0])
    with pytest.raises(ValueError, match="Layer 't': layer must be a layer, got 3"):
        TimeDistributed(3, name="t")
