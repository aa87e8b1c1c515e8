"""SimpleRNN, GRU, LSTM, RNN, and their cells."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from tests.layers.harness import run_layer_test, sample
from thalweg import ops
from thalweg.layers import (
    GRU,
    LSTM,
    RNN,
    GRUCell,
    Input,
    Layer,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
)
from thalweg.primitives.graph import trace
from thalweg.tensor import TensorSpec

X = sample((2, 4, 3))
MASK = np.array([[True, True, False, False], [False, True, True, True]])
LAYERS = [SimpleRNN, GRU, LSTM]


@pytest.mark.parametrize("cls", LAYERS)
@pytest.mark.parametrize(
    ("options", "call", "expected"),
    [
        ({}, {}, (2, 2)),
        ({"return_sequences": True, "use_bias": False}, {}, (2, 4, 2)),
        ({"return_sequences": True, "go_backwards": True}, {"mask": MASK}, (2, 4, 2)),
        ({"zero_output_for_mask": True, "return_sequences": True}, {"mask": MASK}, (2, 4, 2)),
        ({"unroll": True, "activation": "softsign"}, {"mask": MASK}, (2, 2)),
        ({"dropout": 0.3, "seed": 1}, {}, (2, 2)),
        ({"dropout": 0.3, "recurrent_dropout": 0.2, "seed": 1}, {}, (2, 2)),
    ],
)
def test_recurrent_layers(cls, options, call, expected):
    weights = 2 if options.get("use_bias") is False else 3
    run_layer_test(
        cls,
        {"units": 2, **options},
        X,
        call_kwargs=call,
        expected_output_shape=expected,
        weights=weights,
        trainable=weights,
    )


def test_second_order():
    run_layer_test(GRU, {"units": 1}, sample((1, 2, 2)), order=2, half=False)


def test_gru_with_the_reset_gate_before():
    options = {"units": 2, "reset_after": False, "recurrent_dropout": 0.2, "return_state": True}
    layer = run_layer_test(GRU, options, X, expected_output_shape=[(2, 2), (2, 2)])
    assert layer.cell.bias.shape == (6,)


def test_lstm_returns_its_states():
    options = {"units": 2, "return_state": True, "return_sequences": True}
    run_layer_test(LSTM, options, X, expected_output_shape=[(2, 4, 2), (2, 2), (2, 2)])


def stacked(**kwargs):
    dtype = kwargs.get("dtype")
    return RNN([LSTMCell(2, dtype=dtype), GRUCell(3, dtype=dtype)], return_state=True, **kwargs)


def test_stacked_cells():
    layer = run_layer_test(
        stacked,
        {},
        X,
        call_kwargs={"mask": MASK},
        expected_output_shape=[(2, 3), (2, 2), (2, 2), (2, 3)],
        weights=6,
    )
    first = LSTM(2, return_sequences=True)
    second = GRU(3)
    for one, cell in zip((first, second), layer.cell.cells, strict=True):
        one.build((None, None, cell.kernel.shape[0]))
        one.set_weights(cell.get_weights())
    expected = second(first(X, mask=MASK), mask=MASK)
    np.testing.assert_allclose(layer(X, mask=MASK)[0].numpy(), expected.numpy(), atol=1e-6)


class Minimal(Layer):
    """A cell as users write it."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight((self.units, self.units), name="recurrent")

    def call(self, inputs, states):
        h = ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent)
        return h, [h]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def minimal(**kwargs):
    return RNN(Minimal(2, dtype=kwargs.get("dtype")), return_sequences=True, **kwargs)


def test_a_cell_of_ones_own():
    known = {"Minimal": Minimal}
    layer = run_layer_test(minimal, {}, X, expected_output_shape=(2, 4, 2), custom_objects=known)
    twin = SimpleRNN(2, activation=None, use_bias=False, return_sequences=True)
    twin(X)
    twin.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(X).numpy(), twin(X).numpy(), rtol=1e-6)
    both = RNN([Minimal(2), LSTMCell(3), Minimal(4)])
    assert both(X).shape == (2, 4)


# --- numbers --------------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def reference(name, weights, x, mask=None, backwards=False):
    """The outputs of all steps, written out in NumPy."""
    kernel, recurrent, bias = (w.astype(np.float64) for w in weights)
    units = recurrent.shape[0]
    h = np.zeros((x.shape[0], units))
    c = h.copy()
    outputs = []
    for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
        old_h, old_c = h, c
        if name == "SimpleRNN":
            h = np.tanh(x[:, t] @ kernel + h @ recurrent + bias)
        elif name == "LSTM":
            i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=-1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            x_z, x_r, x_h = np.split(x[:, t] @ kernel + bias[0], 3, axis=-1)
            h_z, h_r, h_h = np.split(h @ recurrent + bias[1], 3, axis=-1)
            z = sigmoid(x_z + h_z)
            h = z * h + (1 - z) * np.tanh(x_h + sigmoid(x_r + h_r) * h_h)
        if mask is not None:
            keep = mask[:, t, None]
            h, c = np.where(keep, h, old_h), np.where(keep, c, old_c)
        outputs.append(h)
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("cls", LAYERS)
@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("backwards", [False, True])
def test_written_out(cls, mask, backwards):
    layer = cls(3, return_sequences=True, go_backwards=backwards, bias_initializer="normal")
    found = layer(X, mask=mask).numpy()
    expected = reference(cls.__name__, layer.get_weights(), X, mask, backwards)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    last = cls(3, go_backwards=backwards)
    last(X)
    last.set_weights(layer.get_weights())
    np.testing.assert_allclose(last(X, mask=mask).numpy(), expected[:, -1], atol=1e-6)
    unrolled = cls(3, return_sequences=True, go_backwards=backwards, unroll=True)
    unrolled(X)
    unrolled.set_weights(layer.get_weights())
    np.testing.assert_allclose(unrolled(X, mask=mask).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("cls", LAYERS)
def test_initial_state_continues_a_sequence(cls):
    layer = cls(3, return_sequences=True, return_state=True)
    whole, *_ = layer(X)
    first, *states = layer(X[:, :2])
    second, *_ = layer(X[:, 2:], initial_state=states)
    joined = np.concatenate([first.numpy(), second.numpy()], axis=1)
    np.testing.assert_allclose(joined, whole.numpy(), atol=1e-6)


@pytest.mark.parametrize("cls", LAYERS)
def test_stateful(cls):
    layer, plain = cls(3, stateful=True), cls(3)
    layer.build((2, None, 3))
    plain.build((2, None, 3))
    plain.set_weights(layer.get_weights())
    assert len(layer.weights) == 3
    layer(X[:, :2])
    np.testing.assert_allclose(layer(X[:, 2:]).numpy(), plain(X).numpy(), atol=1e-6)
    layer.reset_state()
    np.testing.assert_allclose(layer(X).numpy(), plain(X).numpy(), atol=1e-6)
    assert all((v.numpy() == 0).all() for v in cls(3, stateful=True, name="s").states or [])


def test_a_stateful_model_keeps_its_states_through_fit():
    model = tw.Sequential([Input(batch_shape=(2, 4, 3)), LSTM(3, stateful=True)])
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((2, 3), np.float32), batch_size=2, verbose=0)
    assert any(v.numpy().any() for v in model.layers[0].states)


@pytest.mark.parametrize("cls", LAYERS)
def test_dropout_masks_serve_for_all_steps(cls):
    """With identity-like weights, a dropped input is dropped at every step."""
    layer = cls(2, dropout=0.5, seed=3, return_sequences=True)
    same_input = np.ones((8, 5, 4), np.float32)
    layer.build(same_input.shape)
    masks = layer.cell.draw_masks(8, True)
    assert len(masks.inputs) == 1
    assert masks.state == []
    assert set(np.unique(masks.inputs[0].numpy())) == {0, 2}
    assert layer.cell.draw_masks(8, False) == ([], [])
    first, second = (layer(same_input, training=True).numpy() for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(layer(same_input).numpy(), layer(same_input).numpy())
    every = cls(2, recurrent_dropout=0.5, dropout=0.5)
    every.build(same_input.shape)
    assert len(every.cell.draw_masks(8, True).state) == every.cell.gates


@pytest.mark.parametrize("cell", [SimpleRNNCell(2), GRUCell(2), LSTMCell(2)])
def test_cells_by_themselves(cell):
    states = cell.get_initial_state(2)
    output, new = cell(X[:, 0], states)
    assert output.shape == (2, 2)
    assert len(new) == len(states)
    rnn = RNN(cell)
    np.testing.assert_allclose(rnn(X[:, :1]).numpy(), output.numpy(), atol=1e-6)


def test_forget_gate_starts_open():
    layer = LSTM(2)
    layer.build((None, None, 3))
    np.testing.assert_array_equal(layer.cell.bias.numpy(), [0, 0, 1, 1, 0, 0, 0, 0])
    closed = LSTM(2, unit_forget_bias=False)
    closed.build((None, None, 3))
    assert not closed.cell.bias.numpy().any()


@pytest.mark.parametrize("cls", LAYERS)
def test_a_trace_keeps_the_loop_and_projects_once(cls):
    layer = cls(2)
    layer(X)
    graph = trace(lambda x: [layer(x)], [TensorSpec(X.shape, "float32")])
    names = [node.primitive.name for node in graph.nodes]
    assert names.count("scan") == 1
    assert names.count("contract") == 1
    body = next(n.params["body"] for n in graph.nodes if n.primitive.name == "scan")
    inner = [node.primitive.name for node in body.nodes]
    assert inner.count("contract") == 1
    unrolled = cls(2, unroll=True)
    unrolled(X)
    graph = trace(lambda x: [unrolled(x)], [TensorSpec(X.shape, "float32")])
    assert "scan" not in [node.primitive.name for node in graph.nodes]


def test_unknown_number_of_steps():
    assert LSTM(3, return_sequences=True)(Input((None, 2))).shape == (None, None, 3)
    output, h, c = LSTM(3, return_state=True)(Input((None, 2)))
    assert (output.shape, h.shape, c.shape) == ((None, 3),) * 3


def test_arguments_of_the_cell_are_seen_on_the_layer():
    layer = GRU(3, activation="relu", dropout=0.1, kernel_regularizer="l1")
    assert layer.units == 3
    assert layer.dropout == 0.1
    assert layer.activation is tw.activations.relu
    assert layer.kernel_regularizer is layer.cell.kernel_regularizer
    assert [v.path for v in LSTM(3, name="l").weights] == []
    layer = LSTM(3, name="l")
    layer(X)
    paths = [v.path for v in layer.weights]
    assert paths == [f"l/lstm_cell/{n}" for n in ("kernel", "recurrent_kernel", "bias")]


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: LSTM(0, name="r"), "units must be a positive integer, got 0"),
        (lambda: LSTM(2, dropout=1.0, name="r"), "dropout must be a number from 0"),
        (lambda: LSTM(2, name="r")(X[0]), r"'r' expects its input to have 3 axes, got shape \(4"),
        (lambda: LSTM(2, name="r")(X[:, :0]), "Layer 'r': its input has no steps"),
        (lambda: LSTM(2, name="r")(X, initial_state=[X[:, 0, :2]]), "'r': .*must have 2 tensors"),
        (
            lambda: GRU(2, name="r")(X, initial_state=[np.zeros((3, 2), np.float32)]),
            "'r': the batch of its input has length 2, that of the states 3",
        ),
        (
            lambda: GRU(2, stateful=True, name="r")(Input((4, 3))),
            "'r': stateful=True needs a known",
        ),
        (lambda: RNN(3, name="r"), "'r': cell must have a call method"),
        (lambda: StackedRNNCells([3], name="r"), "'r': cells must have a call method"),
    ],
)
def test_errors(run, message):
    with pytest.raises(ValueError, match=message):
        run()


def test_stateful_batch_must_not_change():
    layer = LSTM(2, stateful=True, name="r")
    layer(X)
    with pytest.raises(ValueError, match=r"'r': the batch of its input has length 1, .* states 2"):
        layer(X[:1])
