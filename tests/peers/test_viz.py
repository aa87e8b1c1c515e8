"""The numbers behind pictures against what Keras and JAX compute for the same network."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import thalweg as tw

pytestmark = [
    pytest.mark.peer,
    # Of Keras.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy"),
]

random = np.random.default_rng(3)
X = random.normal(size=(48, 5)).astype("float32")
LABELS = random.integers(0, 3, 48)
SCORES = random.uniform(size=400)
ANSWERS = (random.uniform(size=400) < SCORES).astype(int)


def network(k: Any, optimizer: Any) -> Any:
    model = k.Sequential(
        [
            k.Input((5,)),
            k.layers.Dense(8, "tanh", name="first", kernel_regularizer="l2"),
            k.layers.Dense(3, "softmax", name="last"),
        ],
        name="net",
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def pair(optimizer: str = "SGD", **arguments: Any) -> tuple[Any, Any]:
    """Our network and Keras's with the same weights."""
    tw.set_random_seed(0)
    ours = network(tw, getattr(tw.optimizers, optimizer)(**arguments))
    theirs = network(keras, getattr(keras.optimizers, optimizer)(**arguments))
    theirs.set_weights(ours.get_weights())
    return ours, theirs


def loss_of(weights: Any, x: Any) -> Any:
    """The loss of the network as a function of its weights, for JAX."""
    kernel, bias, last_kernel, last_bias = weights
    logits = jnp.tanh(x @ kernel + bias) @ last_kernel + last_bias
    likelihood = jax.nn.log_softmax(logits)[jnp.arange(len(LABELS)), LABELS]
    return -likelihood.mean() + 0.01 * (kernel**2).sum()


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_a_loss_surface_is_what_keras_evaluates(metric: str) -> None:
    ours, theirs = pair()
    surface = tw.viz.loss_surface(ours, X, LABELS, points=5, metric=metric).numbers
    start = ours.get_weights()
    for i, j in ((0, 0), (1, 3), (2, 2), (4, 1)):
        a, b = surface.axes[0][j], surface.axes[1][i]
        along, across = surface.directions
        moved = [w + a * d + b * e for w, d, e in zip(start, along, across, strict=True)]
        theirs.set_weights(moved)
        expected = theirs.evaluate(X, LABELS, verbose=0, return_dict=True)[metric]
        assert surface.losses[i, j] == pytest.approx(expected, rel=1e-4)


def test_norms_of_gradients_are_those_of_jax() -> None:
    ours, _ = pair()
    health = tw.viz.layer_health(ours, X, LABELS).numbers
    weights = [jnp.asarray(w) for w in ours.get_weights()]
    slopes = jax.grad(loss_of)(weights, X)
    assert [w.gradient for w in health.weights] == pytest.approx(
        [float(jnp.linalg.norm(g)) for g in slopes], rel=1e-4
    )


@pytest.mark.parametrize(
    ("optimizer", "arguments"),
    [("SGD", {"learning_rate": 0.1}), ("Adam", {"learning_rate": 0.01}), ("RMSprop", {})],
)
def test_updates_are_the_steps_that_keras_takes(optimizer: str, arguments: Any) -> None:
    ours, theirs = pair(optimizer, **arguments)
    health = tw.viz.layer_health(ours, X, LABELS).numbers
    before = theirs.get_weights()
    theirs.train_on_batch(X, LABELS)
    steps = [np.linalg.norm(a - b) for a, b in zip(theirs.get_weights(), before, strict=True)]
    assert [w.update for w in health.weights] == pytest.approx(steps, rel=2e-3)


def test_the_range_test_sees_the_losses_of_keras() -> None:
    ours, theirs = pair()
    found = tw.viz.find_learning_rate(
        ours, X, LABELS, batch_size=16, lowest=1e-3, highest=1.0, steps=30, shuffle=False, verbose=0
    ).numbers
    for step, rate in enumerate(found.rates):
        theirs.optimizer.learning_rate = float(rate)
        rows = slice(16 * (step % 3), 16 * (step % 3 + 1))
        loss = theirs.train_on_batch(X[rows], LABELS[rows], return_dict=True)["loss"]
        assert found.losses[step] == pytest.approx(float(loss), rel=2e-4)


def test_saliency_is_the_gradient_of_jax() -> None:
    ours, _ = pair()
    kernel, bias, last_kernel, last_bias = (jnp.asarray(w) for w in ours.get_weights())

    def score(x: Any) -> Any:
        return (jnp.tanh(x @ kernel + bias) @ last_kernel + last_bias)[1]

    expected = jax.vmap(jax.grad(score))(X[:6])
    found = tw.viz.saliency(ours, X[:6], target=1).numbers
    np.testing.assert_allclose(found.values, expected, rtol=1e-3, atol=1e-6)


SCHEDULES: dict[str, dict[str, Any]] = {
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 9, "decay_rate": 0.5},
    "CosineDecay": {
        "initial_learning_rate": 0.0,
        "decay_steps": 20,
        "warmup_target": 0.1,
        "warmup_steps": 5,
    },
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 7},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [3, 11], "values": [0.1, 0.05, 0.01]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 15, "power": 2.0},
}


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_schedules_are_drawn_as_keras_computes_them(name: str) -> None:
    ours = getattr(tw.optimizers.schedules, name)(**SCHEDULES[name])
    theirs = getattr(keras.optimizers.schedules, name)(**SCHEDULES[name])
    (values,) = tw.viz.plot_schedule(ours, 30).numbers.values.values()
    np.testing.assert_allclose(values, [float(theirs(i)) for i in range(30)], rtol=1e-5, atol=1e-9)


def test_areas_under_curves_are_those_of_keras() -> None:
    (roc,) = tw.viz.roc_curve(ANSWERS, SCORES).numbers.values()
    (precision_recall,) = tw.viz.precision_recall_curve(ANSWERS, SCORES).numbers.values()
    for curve, area in (("ROC", roc.auc), ("PR", precision_recall.average_precision)):
        metric = keras.metrics.AUC(20_000, curve=curve)
        metric.update_state(ANSWERS, SCORES)
        assert area == pytest.approx(float(metric.result()), abs=3e-3)


def test_the_shape_of_a_model_is_what_keras_says() -> None:
    ours, theirs = pair()
    lines: list[str] = []
    theirs.summary(print_fn=lines.append)
    text = "\n".join(lines)
    total = sum(row.count for row in tw.viz.weight_table(ours).numbers.values())
    assert f"{total} (" in text
