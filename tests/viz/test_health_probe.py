"""Probe: its numbers are those of a tape and of a step taken; nothing of the model moves."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from thalweg import layers
from thalweg.viz import Probe

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 5)).astype("float32")
Y = RNG.normal(size=(40, 2)).astype("float32")
IMAGES = RNG.normal(size=(12, 6, 6, 3)).astype("float32")
SERIES = RNG.normal(size=(12, 4, 5)).astype("float32")


def network(optimizer="adam", eagerly=False):
    tw.random.set_seed(7)
    model = tw.Sequential(
        [
            tw.Input((5,)),
            layers.Dense(8, "relu", name="first"),
            layers.Dropout(0.4, name="dropout"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(2, name="last"),
        ],
        name="network",
    )
    model.compile(optimizer, "mse", metrics=["mae"], run_eagerly=eagerly)
    return model


def all_values(model):
    variables = [*model.variables, *model.optimizer.variables]
    variables += [v for metric in model.metrics for v in metric.variables]
    return [np.array(v.numpy()) for v in variables]


def equal(some, others):
    return len(some) == len(others) and all(map(np.array_equal, some, others))


# --- the numbers ---------------------------------------------------------------------------------


def test_norms_are_those_of_a_tape():
    model = tw.Sequential([tw.Input((5,)), layers.Dense(6, "tanh"), layers.Dense(2)])
    model.compile(tw.optimizers.SGD(0.1), "mse")
    with tw.GradientTape() as tape:
        hidden = model.layers[0](X)
        tape.watch(hidden)
        loss = tw.ops.mean(tw.square(model.layers[1](hidden) - Y))
    *of_weights, of_hidden = tape.gradient(loss, [*model.trainable_weights, hidden])
    health = Probe(model)(X, Y)

    def norm(x):
        return pytest.approx(np.linalg.norm(x), rel=1e-4)

    assert health.loss == pytest.approx(float(loss), rel=1e-5)
    assert health.samples == 40
    assert health.learning_rate == pytest.approx(0.1)
    for found, variable, gradient in zip(
        health.weights, model.trainable_weights, of_weights, strict=True
    ):
        value = variable.numpy()
        assert found.path == variable.path
        assert found.norm == norm(value)
        assert found.gradient == norm(gradient.numpy())
        assert found.update == pytest.approx(0.1 * found.gradient, rel=1e-3)
        assert (found.minimum, found.maximum) == (value.min(), value.max())
        assert (found.mean, found.std) == pytest.approx((value.mean(), value.std()), abs=1e-6)
    first = health.layers[0]
    assert first.norm == norm(hidden.numpy())
    assert first.gradient == norm(of_hidden.numpy())
    assert (first.mean, first.std) == pytest.approx(
        (hidden.numpy().mean(), hidden.numpy().std()), abs=1e-6
    )
    assert (first.units, first.values, first.activation) == (6, 240, "tanh")
    assert first.weight_gradient == norm(np.concatenate([np.ravel(g) for g in of_weights[:2]]))
    assert health.gradient == norm(np.concatenate([np.ravel(g) for g in of_weights]))
    assert health.layers[1].activation is None


@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=30))
def test_counts_are_those_of_numpy(values):
    layer = layers.Dense(1, use_bias=False)
    model = tw.Sequential([tw.Input((len(values),)), layer])
    model.compile("sgd", "mse", run_eagerly=True)
    kernel = np.array(values, np.float32)
    layer.set_weights([kernel[:, None]])
    (found,) = Probe(model)(np.zeros((1, len(values))), np.zeros((1, 1))).weights
    assert found.counts.sum() == len(values)
    assert np.array_equal(found.edges[[0, -1]], [kernel.min(), kernel.max()])
    # Rounding may put a number that lies on an edge on its other side.
    expected = np.histogram(kernel, found.edges)[0] if np.ptp(kernel) else found.counts
    assert np.abs(np.cumsum(found.counts) - np.cumsum(expected)).max() <= np.sum(
        np.isclose(kernel[:, None], found.edges, rtol=1e-5).any(axis=1)
    )


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: tw.optimizers.SGD(
            tw.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), momentum=0.9, clipnorm=0.05
        ),
        lambda: tw.optimizers.AdamW(0.01, use_ema=True, ema_overwrite_frequency=2),
        lambda: tw.optimizers.Adam(0.01, loss_scale_factor=256.0),
        lambda: tw.optimizers.RMSprop(0.01, gradient_accumulation_steps=2),
    ],
    ids=["sgd", "adamw", "scaled", "accumulating"],
)
def test_the_update_is_that_of_the_next_step(optimizer):
    model = network(optimizer())
    weights = np.linspace(0.5, 1.5, 40)
    model.train_on_batch(X, Y, weights)
    health = Probe(model)(X, Y, weights)
    before = [v.numpy() for v in model.trainable_weights]
    model.train_on_batch(X, Y, weights)
    # Dropout too: the step draws what the probe has foreseen.
    for found, variable, old in zip(health.weights, model.trainable_weights, before, strict=True):
        taken = np.linalg.norm(variable.numpy().astype(np.float64) - old)
        assert found.update == pytest.approx(taken, rel=1e-3, abs=1e-7), found.path


def test_units_that_never_answer_are_dead():
    model = network()
    kernel, bias = model.get_layer("first").get_weights()
    bias[[1, 4, 6]] = -1e3
    model.get_layer("first").set_weights([kernel, bias])
    first = Probe(model)(X, Y).layers[0]
    assert (first.dead, first.units) == (3, 8)
    relu = np.maximum(X @ kernel + bias, 0)
    assert first.zeros == pytest.approx(np.mean(relu == 0), abs=1e-6)


def test_the_units_of_a_convolution_are_its_channels():
    model = tw.Sequential(
        [
            tw.Input((3, 6, 6)),
            layers.Conv2D(4, 3, activation="relu", data_format="channels_first"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    model.compile("sgd", "mse", run_eagerly=True)
    kernel, bias = model.layers[0].get_weights()
    bias[2] = -1e3
    model.layers[0].set_weights([kernel, bias])
    conv, flat, _ = Probe(model)(np.moveaxis(IMAGES, 3, 1), Y[:12]).layers
    assert (conv.units, conv.dead) == (4, 1)
    assert (flat.units, flat.dead, flat.activation) == (64, 16, None)


# --- what it leaves as it is ---------------------------------------------------------------------


@pytest.mark.parametrize("eagerly", [False, True], ids=["compiled", "eager"])
def test_nothing_of_the_model_moves(eagerly):
    model = network(eagerly=eagerly)
    model.fit(X, Y, epochs=1, verbose=0)
    before = all_values(model)
    probe = Probe(model)
    some, again = probe(X, Y), probe(X, Y)
    assert equal(before, all_values(model))
    assert some.as_json() == again.as_json()
    # The same random numbers come next, and all later training is the same.
    there = model.fit(X, Y, epochs=2, verbose=0).history
    drawn = tw.random.normal((3,)).numpy()
    other = network(eagerly=eagerly)
    other.fit(X, Y, epochs=1, verbose=0)
    assert other.fit(X, Y, epochs=2, verbose=0).history == there
    assert np.array_equal(tw.random.normal((3,)).numpy(), drawn)
    assert equal(model.get_weights(), other.get_weights())


def test_an_optimizer_without_slots_stays_so():
    model = network()
    before = model.get_weights()
    health = Probe(model)(X, Y)
    assert not model.optimizer.built
    assert len(model.optimizer.variables) == 2
    assert equal(before, model.get_weights())
    model.train_on_batch(X, Y)
    moved = [np.linalg.norm(a - b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert health.weights[0].update == pytest.approx(moved[0], rel=1e-3)


def test_eager_is_compiled():
    some, others = (Probe(network(eagerly=e))(X, Y).as_json() for e in (False, True))
    for key in ("layers", "weights"):
        for one, other in zip(some[key], others[key], strict=True):
            assert one.keys() == other.keys()
            for name, value in one.items():
                if isinstance(value, float):
                    assert value == pytest.approx(other[name], rel=1e-3, abs=1e-6), name
                elif name != "counts":
                    assert value == other[name]


def test_the_rate_of_now_is_used():
    model = network(tw.optimizers.SGD(0.1))
    probe = Probe(model)
    before = probe(X, Y)
    model.optimizer.learning_rate = 0.2
    after = probe(X, Y)
    assert after.learning_rate == pytest.approx(0.2)
    assert after.weights[0].update == pytest.approx(2 * before.weights[0].update, rel=1e-3)


def test_what_is_compiled_anew_is_measured_anew():
    model = network(tw.optimizers.SGD(0.1))
    probe = Probe(model)
    before = probe(X, Y)
    model.compile(tw.optimizers.SGD(0.3), "mae")
    after = probe(X, Y)
    assert after.learning_rate == pytest.approx(0.3)
    assert after.weights[0].gradient != pytest.approx(before.weights[0].gradient, rel=1e-3)
    model.get_layer("first").trainable = False
    assert [w.layer for w in probe(X, Y).weights] == ["norm", "norm", "last", "last"]


def test_batches_of_several_sizes():
    probe = Probe(network())
    sizes = [(h.samples, h.layers[0].values) for h in (probe(X[:n], Y[:n]) for n in (40, 10, 40))]
    assert sizes == [(40, 320), (10, 80), (40, 320)]


# --- models of all kinds -------------------------------------------------------------------------


class Block(layers.Layer):
    def __init__(self, units):
        super().__init__(name="block")
        self.inner = [layers.Dense(units, "relu", name="dense"), layers.Dense(units, name="dense")]

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, inputs):
        x = inputs
        for layer in self.inner:
            x = layer(x)
        return inputs + self.scale * x


class Subclass(tw.Model):
    def __init__(self):
        super().__init__()
        self.block = Block(5)
        self.out = layers.Dense(2, name="out")

    def call(self, inputs):
        return self.out(self.block(inputs))


def subclassed():
    model = Subclass()
    model(X)
    return model


def nested():
    x = tw.Input((5,))
    inner = tw.Sequential([tw.Input((5,)), layers.Dense(5, "relu", name="a")], name="inner")
    return tw.Model(x, layers.Dense(2, name="b")(tw.ops.tanh(inner(inner(x)))))


def recurrent():
    return tw.Sequential(
        [
            tw.Input((4, 5)),
            layers.LSTM(3, return_sequences=True, name="lstm"),
            layers.RNN(layers.GRUCell(3), name="rnn"),
            layers.Dense(2, name="out"),
        ]
    )


@pytest.mark.parametrize(
    ("make", "x", "names"),
    [
        (subclassed, X, ["block/dense", "block/dense_1", "out"]),
        (nested, X, ["inner/a", "b"]),
        (recurrent, SERIES, ["lstm", "rnn", "out"]),
    ],
)
@pytest.mark.parametrize("eagerly", [False, True], ids=["compiled", "eager"])
def test_layers_of_models_of_all_kinds(make, x, names, eagerly):
    tw.random.set_seed(1)
    model = make()
    model.compile(tw.optimizers.SGD(0.1), "mse", run_eagerly=eagerly)
    health = Probe(model)(x, Y[: len(x)])
    assert [layer.name for layer in health.layers] == names
    assert not any("call" in vars(layer) for layer in model._flatten_layers())
    for found in health.weights:
        assert found.update == pytest.approx(0.1 * found.gradient, rel=1e-2, abs=1e-7)
        assert found.gradient > 0
    assert health.weights[0].layer == (None if make is subclassed else names[0])


def test_several_inputs_and_outputs():
    inputs = {"p": tw.Input((5,), name="p"), "q": tw.Input((5,), name="q")}
    h = layers.Concatenate(name="both")(list(inputs.values()))
    outputs = [layers.Dense(2, name="u")(h), layers.Dense(2, name="v")(h)]
    model = tw.Model(inputs, outputs)
    model.compile("sgd", ["mse", "mae"])
    health = Probe(model)({"p": X, "q": X}, [Y, Y])
    assert [layer.name for layer in health.layers] == ["both", "u", "v"]
    assert health.layers[0].weights is None


def test_half_precision_is_measured_without_its_scale():
    def found(policy, scale):
        tw.random.set_seed(5)
        hidden = layers.Dense(6, "relu", dtype=policy)
        model = tw.Sequential([tw.Input((5,)), hidden, layers.Dense(2)])
        model.compile(tw.optimizers.SGD(0.1, loss_scale_factor=scale), "mse")
        return Probe(model)(X, Y)

    half, full = found("mixed_float16", 1024.0), found("float32", None)
    for some, others in ((half.weights, full.weights), (half.layers, full.layers)):
        for one, other in zip(some, others, strict=True):
            assert one.gradient == pytest.approx(other.gradient, rel=0.02)
    assert half.weights[0].update == pytest.approx(full.weights[0].update, rel=0.02)


def test_a_weight_that_the_loss_does_not_need_has_no_gradient():
    model = tw.Sequential([tw.Input((5,)), Unused(name="unused"), layers.Dense(2)])
    model.compile("sgd", "mse", run_eagerly=True)
    found = Probe(model)(X, Y).weights[0]
    assert (found.gradient, found.update) == (0.0, 0.0)


class Unused(layers.Layer):
    def build(self, input_shape):
        self.idle = self.add_weight(shape=(3,), initializer="ones", name="idle")

    def call(self, inputs):
        return inputs


# --- what is said of wrong use, and JSON ---------------------------------------------------------


def test_what_json_can_hold():
    model = network()
    model.layers[0].set_weights([np.full((5, 8), np.nan), np.zeros(8)])
    found = json.loads(json.dumps(Probe(model)(X, Y).as_json(), allow_nan=False))
    assert found["loss"] is None
    assert found["weights"][0]["norm"] is None
    assert sum(found["weights"][0]["counts"]) == 0
    assert found["weights"][1]["ratio"] is None
    assert found["layers"][-1]["name"] == "last"


def test_what_cannot_be_measured():
    with pytest.raises(TypeError, match="model must be a Model, got a Dense"):
        Probe(layers.Dense(1))
    with pytest.raises(ValueError, match="model 'plain' is not compiled; call compile"):
        Probe(tw.Sequential([tw.Input((2,)), layers.Dense(1)], name="plain"))
    unbuilt = tw.Sequential([layers.Dense(1)], name="m")
    unbuilt.compile("sgd", "mse")
    with pytest.raises(ValueError, match="model 'm' is not built; begin it with Input"):
        Probe(unbuilt)
    idle = tw.Sequential([tw.Input((2,)), layers.Dense(1)], name="idle")
    idle.compile(None, "mse")
    with pytest.raises(ValueError, match="model 'idle' was compiled without an optimizer"):
        Probe(idle)
    with pytest.raises(ValueError, match="expects input"):
        Probe(network())(X[:, :3], Y)
