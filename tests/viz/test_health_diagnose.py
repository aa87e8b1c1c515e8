"""diagnose: what is wrong is found and said with its numbers; what is well is called well."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

import thalweg as tw
from thalweg import layers
from thalweg.viz import Health, LayerHealth, Probe, WeightHealth, diagnose
from thalweg.viz.health.diagnose import hidden_layers
from thalweg.viz.health.words import fold
from thalweg.viz.words import percent

RNG = np.random.default_rng(0)
X = RNG.normal(size=(256, 12)).astype("float32")
Y = X[:, :1] + 0.1 * RNG.normal(size=(256, 1)).astype("float32")


def weight(layer, gradient=1.0, update=1e-3, norm=1.0, shape=(8, 8), name="kernel"):
    counts = np.zeros(24, np.int64)
    path = f"model/{layer}/{name}"
    return WeightHealth(path, layer, shape, norm, gradient, update, 0.0, 1.0, -1.0, 1.0, counts)


def layer(w, gradient=1.0, size=1.0, dead=0, activation="relu"):
    return LayerHealth(
        w.layer,
        "Dense",
        activation,
        values=64,
        norm=8 * size,
        mean=0.0,
        std=1.0,
        zeros=0.5,
        units=8,
        dead=dead,
        gradient=gradient,
        weights=w.norm,
        weight_gradient=w.gradient,
        update=w.update,
    )


def health_of(*weights, samples=64, loss=1.0, **of_layer):
    layers = tuple(layer(w, **of_layer) for w in weights)
    return Health(layers, weights, loss, 0.01, 3, samples)


def chain(gradients=None, sizes=None):
    """Layers a, b, c ..., with these numbers, and an output."""
    count = len(gradients or sizes)
    rows = zip(gradients or [1.0] * count, sizes or [1.0] * count, strict=True)
    found = [layer(weight("abcdefg"[i]), g, s) for i, (g, s) in enumerate(rows)]
    output = layer(weight("output"), 1e6, 1e6, activation=None)
    return replace(health_of(weight("a")), layers=(*found, output))


def only(health):
    (finding,) = diagnose(health)
    return finding


def test_all_is_well():
    weights = (weight("a", update=1e-3), weight("b", update=2e-3))
    finding = only(replace(chain([1.0, 2.5]), weights=weights))
    assert finding.good
    assert finding.sentence == (
        "All is well: gradients differ at most 2.5-fold between layers, no unit is dead and a step "
        "changes the kernels by 0.1% to 0.2% of their norms."
    )


def test_layers_that_are_alike():
    (finding,) = diagnose(chain([1.0, 1.0, 1.0]))
    assert "gradients are as large in all layers" in finding.sentence


def test_vanishing_gradients():
    finding = only(chain([1e-4, 4e-3, 0.42]))
    assert finding.kind == "vanishing gradients"
    assert finding.sentence == (
        "Gradients vanish, shrinking 4,200-fold from the last hidden layer to the first, 'a'."
    )
    assert finding.layers == ("b", "a")
    assert not finding.good


def test_exploding_gradients():
    finding = only(chain([3.0, 500.0, 1.0]))
    assert (finding.kind, finding.layers) == ("exploding gradients", ("b",))
    assert finding.sentence == (
        "Gradients explode, growing 500-fold from the last hidden layer to 'b'."
    )


def test_vanishing_and_exploding_activations():
    finding = only(chain(sizes=[1.0, 0.1, 2e-3]))
    assert (finding.kind, finding.layers) == ("vanishing activations", ("c",))
    assert finding.sentence == (
        "Activations vanish, shrinking 500-fold from the first layer to the last hidden one, 'c'."
    )
    finding = only(chain(sizes=[1.0, 700.0, 1.0]))
    assert finding.sentence == (
        "Activations explode, growing 700-fold from the first layer to 'b'."
    )


def test_the_limit():
    assert only(chain([1.0, 99.0])).good
    assert not only(chain([1.0, 101.0])).good
    assert only(chain([1.0])).good


def test_no_gradient_at_all():
    assert only(chain([0.0, 0.0, 1.0])).sentence == "No gradient reaches 'a' and 'b'."
    assert only(chain([0.0] * 6)).sentence == (
        "No gradient reaches 'a', 'b', 'c' and 3 more layers."
    )


def test_dead_units():
    some = only(health_of(weight("a"), dead=3))
    assert some.sentence == "3 of 8 units of 'a' are dead: they give 0 for all 64 samples."
    several = only(health_of(weight("a"), weight("b"), dead=3))
    assert several.sentence == (
        "6 of 16 units are dead, most in 'a' (3 of 8): they give 0 for all 64 samples."
    )
    assert several.layers == ("a", "b")
    assert only(health_of(weight("a"), dead=2)).good
    assert only(health_of(weight("a"), dead=8, samples=31)).good
    assert only(health_of(weight("a"), dead=8, activation=None)).good


def test_updates():
    large = only(health_of(weight("a", update=0.5), weight("b")))
    assert large.layers == ("a",)
    assert large.sentence == (
        "Updates are too large: a step would change the kernel of 'a' by 50% of its norm, where "
        "about 0.1% is usual."
    )
    small = only(health_of(weight("a", update=2e-6), weight("b", update=1e-7)))
    assert small.sentence == (
        "Updates are too small: a step changes no kernel by more than 0.0002% of its norm, where "
        "about 0.1% is usual."
    )
    # A step that waits for more gradients is none of them.
    assert only(health_of(weight("a", update=0.0))).good
    assert only(health_of(weight("a", norm=0.0))).good


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"norm": np.nan}, "The value of the kernel of 'a' is NaN or infinite."),
        ({"gradient": np.inf}, "The gradient of the kernel of 'a' is NaN or infinite."),
    ],
)
def test_not_finite(change, sentence):
    finding = only(health_of(weight("a", **change), weight("b")))
    assert (finding.kind, finding.sentence) == ("not finite", sentence)


def test_activations_not_finite():
    finding = only(chain(sizes=[1.0, np.inf]))
    assert finding.layers == ("b",)
    assert finding.sentence == "The activations of 'b' or their gradients are NaN or infinite."


def test_loss_not_finite():
    assert only(health_of(weight("a"), loss=np.nan)).sentence == "The loss is nan."


def test_several_findings():
    health = replace(chain([1.0]), layers=(layer(weight("a"), 1e-4, dead=8), *chain([1.0]).layers))
    kinds = [f.kind for f in diagnose(health)]
    assert kinds == ["vanishing gradients", "dead units"]


def test_numbers_in_words():
    assert [fold(x) for x in (1.0, 1.64, 26.3, 4231.0, 3.2e6, 1e12)] == [
        "1",
        "1.6",
        "26",
        "4,200",
        "3,200,000",
        "more than 1,000,000,000",
    ]
    assert [percent(x) for x in (0, 0.001, 0.5, 1.0, 12.3, 4.56e-5)] == [
        "0%",
        "0.1%",
        "50%",
        "100%",
        "1,230%",
        "0.0046%",
    ]


# --- networks of which it is known ---------------------------------------------------------------


def deep(activation, initializer):
    tw.random.set_seed(4)
    hidden = [
        layers.Dense(64, activation, kernel_initializer=initializer, name=f"hidden_{i}")
        for i in range(10)
    ]
    model = tw.Sequential([tw.Input((12,)), *hidden, layers.Dense(1, name="output")])
    model.compile(tw.optimizers.SGD(0.01), "mse")
    return Probe(model)(X, Y)


def test_ten_sigmoid_layers_let_gradients_vanish():
    health = deep("sigmoid", "glorot_uniform")
    finding = diagnose(health)[0]
    assert finding.kind == "vanishing gradients"
    assert "the first, 'hidden_0'" in finding.sentence
    slopes = [layer.gradient for layer in health.layers[:-1]]
    # Each sigmoid passes on a quarter at most, and Glorot's kernels keep norms about as they are.
    assert (slopes[-1] / slopes[0]) ** (1 / 9) == pytest.approx(4.0, rel=0.2)
    assert all(a < b for a, b in itertools.pairwise(slopes))


def test_ten_relu_layers_with_glorot_are_healthy():
    assert only(deep("relu", "glorot_uniform")).good


@pytest.mark.parametrize(("stddev", "what"), [(1.0, "exploding"), (0.01, "vanishing")])
def test_random_kernels_of_a_wrong_size(stddev, what):
    normal = tw.initializers.RandomNormal(stddev=stddev, seed=1)
    health = deep("relu", normal)
    assert [f.kind for f in diagnose(health)][:2] == [f"{what} gradients", f"{what} activations"]
    # He et al. 2015, section 2.2: each layer of width n multiplies variances by n stddev² / 2.
    slopes = [layer.gradient for layer in health.layers[:-1]]
    factor = (slopes[0] / slopes[-1]) ** (1 / 9)
    assert factor == pytest.approx(stddev * np.sqrt(64 / 2), rel=0.2)


def test_outputs_of_a_model_are_not_its_hidden_layers():
    x = tw.Input((4,))
    h = layers.Dense(5, "relu", name="hidden")(x)
    model = tw.Model(x, [layers.Dense(1, name="price")(h), layers.Dense(3, name="kind")(h)])
    model.compile("sgd", "mse")
    health = Probe(model)(np.ones((8, 4)), [np.ones((8, 1)), np.ones((8, 3))])
    assert [x.name for x in health.layers if x.is_output] == ["price", "kind"]
    assert [x.name for x in hidden_layers(health)] == ["hidden"]


def test_an_operation_after_the_last_layer():
    x = tw.Input((4,))
    h = layers.Dense(4, name="first")(x)
    model = tw.Model(x, x + layers.Dense(4, name="last")(h))
    model.compile("sgd", "mse")
    health = Probe(model)(np.ones((8, 4)), np.ones((8, 4)))
    assert not any(x.is_output for x in health.layers if x.name != "add")
    assert [x.name for x in hidden_layers(health)] == ["first"]


def test_what_is_no_health():
    with pytest.raises(TypeError, match="diagnose: health must be a Health, got a int"):
        diagnose(3)
    with pytest.raises(TypeError, match=r"compare_health: networks must be a dict .* got a list"):
        tw.viz.compare_health([])
    with pytest.raises(ValueError, match=r"what must be 'all' or of .*, got 3"):
        tw.viz.plot_gradient_health([chain([1.0, 1.0])], 3)
    with pytest.raises(TypeError, match="layer_health: model must be a Model, got a int"):
        tw.viz.layer_health(3, X)
    unbuilt = tw.Sequential([layers.Dense(1)], name="m")
    unbuilt.compile("sgd", "mse")
    with pytest.raises(ValueError, match="compare_health: model 'm' is not built"):
        tw.viz.compare_health({"a": unbuilt}, X, Y)
