"""Loss histories and final weights of `fit` over several epochs, number by number against Keras."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import thalweg as tw

pytestmark = [
    pytest.mark.peer,
    # Of Keras.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy"),
    pytest.mark.filterwarnings("ignore:`shuffle=True` was passed"),
    pytest.mark.filterwarnings("ignore:Your input ran out of data"),
]


random = np.random.default_rng(5)
N = 70  # not a multiple of the batch size: the last batch is shorter
X = random.normal(size=(N, 4)).astype("float32")
X2 = random.normal(size=(N, 3)).astype("float32")
Y = (X @ [1.0, -2.0, 0.5, 3.0] + random.normal(size=N) * 0.1).astype("float32")
LABELS = (Y > 0).astype("int32") + (Y > 2)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
WEIGHTS = random.uniform(0, 2, N).astype("float32")
EPOCHS = 10  # fifty steps
IMAGES = random.normal(size=(N, 8, 8, 2)).astype("float32")
WORDS = random.integers(0, 9, (N, 6)).astype("int32")


def dense(k: Any) -> Any:
    return k.Sequential(
        [k.Input((4,)), k.layers.Dense(8, activation="tanh"), k.layers.Dense(1)], name="net"
    )


def classifier(k: Any) -> Any:
    return k.Sequential(
        [k.Input((4,)), k.layers.Dense(8, "relu"), k.layers.Dense(3, "softmax")], name="net"
    )


def convolution(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((8, 8, 2)),
            k.layers.Conv2D(4, 3, activation="relu"),
            k.layers.MaxPooling2D(),
            k.layers.Conv2D(5, 2, strides=2, padding="same"),
            k.layers.GlobalAveragePooling2D(),
            k.layers.Dense(3, "softmax"),
        ],
        name="net",
    )


def recurrent(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((6,), dtype="int32"),
            k.layers.Embedding(9, 5),
            k.layers.LSTM(6, return_sequences=True),
            k.layers.GRU(4),
            k.layers.Dense(3, "softmax"),
        ],
        name="net",
    )


def attention(k: Any) -> Any:
    x = k.Input((6,), dtype="int32")
    h = k.layers.Embedding(9, 8)(x)
    a = k.layers.LayerNormalization()(h)
    h = k.layers.Add()([h, k.layers.MultiHeadAttention(2, 4)(a, a, use_causal_mask=True)])
    h = k.layers.Dense(8, "gelu")(h)
    return k.Model(
        x, k.layers.Dense(3, "softmax")(k.layers.GlobalAveragePooling1D()(h)), name="net"
    )


def normalized(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((4,)),
            k.layers.Dense(8),
            k.layers.BatchNormalization(momentum=0.9),
            k.layers.Activation("relu"),
            k.layers.Dense(1),
        ],
        name="net",
    )


def regularized(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((4,)),
            k.layers.Dense(
                8,
                "tanh",
                kernel_regularizer=k.regularizers.L1L2(0.01, 0.01),
                bias_regularizer="l2",  # at 0, where biases start, JAX has |x|' = 1
                activity_regularizer=k.regularizers.L1(0.001),
            ),
            k.layers.Dense(1, kernel_constraint=k.constraints.MaxNorm(0.8)),
        ],
        name="net",
    )


def two_by_two(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((3,), name="b")
    h = k.layers.Concatenate()([k.layers.Dense(5, "tanh")(a), k.layers.Dense(4, "relu")(b)])
    number = k.layers.Dense(1, name="number")(h)
    kind = k.layers.Dense(3, "softmax", name="kind")(h)
    return k.Model([a, b], [number, kind], name="net")


CASES: dict[str, tuple[Callable[[Any], Any], dict[str, Any], tuple[Any, ...], dict[str, Any]]] = {
    "adam": (dense, {"optimizer": "adam", "loss": "mse", "metrics": ["mae"]}, (X, Y), {}),
    "rmsprop by default": (dense, {"loss": "mae"}, (X, Y), {}),
    "sample weights": (
        dense,
        {
            "optimizer": "sgd",
            "loss": "mse",
            "metrics": ["mae"],
            "weighted_metrics": ["mae", "mse"],
        },
        (X, Y),
        {"sample_weight": WEIGHTS},
    ),
    "validation split": (
        dense,
        {"optimizer": "adam", "loss": "huber", "metrics": ["mse"]},
        (X, Y),
        {"validation_split": 0.3, "validation_batch_size": 8},
    ),
    "validation data with weights": (
        dense,
        {"optimizer": "adam", "loss": "mse", "weighted_metrics": ["mae"]},
        (X[:40], Y[:40]),
        {"validation_data": (X[40:], Y[40:], WEIGHTS[40:]), "validation_freq": 2},
    ),
    "class weights": (
        classifier,
        {
            "optimizer": "adam",
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
            "weighted_metrics": ["acc"],
        },
        (X, LABELS),
        {"class_weight": {0: 1.0, 1: 3.0}},
    ),
    "one-hot": (
        classifier,
        {"optimizer": "nadam", "loss": "crossentropy", "metrics": ["accuracy", "AUC"]},
        (X, ONE_HOT),
        {"class_weight": {0: 0.5, 2: 2.0}, "validation_split": 0.2},
    ),
    "batch normalization": (
        normalized,
        # Not Adam: it makes steps out of the rounding errors of the bias that has no effect.
        {"optimizer": "sgd", "loss": "mse"},
        (X, Y),
        {"validation_split": 0.2},
    ),
    "regularizers and constraints": (
        regularized,
        {"optimizer": "sgd", "loss": "mse", "metrics": ["mse"]},
        (X, Y),
        {"validation_split": 0.2},
    ),
    "two inputs and outputs": (
        two_by_two,
        {
            "optimizer": "adam",
            "loss": {"number": "mse", "kind": "sparse_categorical_crossentropy"},
            "loss_weights": {"number": 0.5, "kind": 2.0},
            "metrics": {"number": ["mae"], "kind": ["accuracy"]},
            "weighted_metrics": [None, ["accuracy"]],
        },
        ([X, X2], [Y, LABELS]),
        {
            "sample_weight": [WEIGHTS, WEIGHTS[::-1].copy()],
            "validation_data": ({"a": X, "b": X2}, {"number": Y, "kind": LABELS}),
        },
    ),
    "one loss for two outputs": (
        two_by_two,
        {"optimizer": "sgd", "loss": ["mse", "mse"], "loss_weights": [1.0, 0.3]},
        ([X, X2], [Y, ONE_HOT]),
        {"sample_weight": WEIGHTS},
    ),
    "fewer steps than batches": (
        dense,
        {"optimizer": "sgd", "loss": "mse"},
        (X, Y),
        {"steps_per_epoch": 2},
    ),
    "averages of weights": (
        dense,
        {"optimizer": ("Adam", {"use_ema": True, "ema_momentum": 0.9}), "loss": "mse"},
        (X, Y),
        {"validation_split": 0.2},
    ),
    "convolution": (
        convolution,
        {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
        (IMAGES, LABELS),
        {},
    ),
    "recurrent": (
        recurrent,
        {"optimizer": "rmsprop", "loss": "sparse_categorical_crossentropy"},
        (WORDS, LABELS),
        {},
    ),
    "attention": (
        attention,
        # The gradient of the keys' bias is zero but for rounding, which Adam would blow up.
        {
            "optimizer": ("SGD", {"learning_rate": 0.2}),
            "loss": "sparse_categorical_crossentropy",
        },
        (WORDS, LABELS),
        {},
    ),
    "schedule": (
        dense,
        {"optimizer": ("SGD", {"learning_rate": 0.02, "momentum": 0.9}), "loss": "mse"},
        (X, Y),
        {"callbacks": lambda k: [k.callbacks.ReduceLROnPlateau("loss", 0.5, patience=1)]},
    ),
}


def fitted(
    k: Any, make: Callable[[Any], Any], start: Any, case: Any, **compiling: Any
) -> tuple[Any, ...]:
    _, compiled, data, fit = case
    compiled, fit = {**compiled, **compiling}, dict(fit)
    if isinstance(compiled.get("optimizer"), tuple):
        name, arguments = compiled["optimizer"]
        compiled["optimizer"] = getattr(k.optimizers, name)(**arguments)
    if "callbacks" in fit:
        fit["callbacks"] = fit["callbacks"](k)
    model = make(k)
    model.compile(**compiled)
    model.set_weights(start)
    history = model.fit(
        *data, batch_size=16, epochs=EPOCHS, shuffle=False, verbose=0, **fit
    ).history
    evaluated = model.evaluate(*data, batch_size=16, verbose=0, return_dict=True)
    return history, model.get_weights(), evaluated, model.predict(data[0], verbose=0)


@pytest.mark.parametrize("compiling", [{"run_eagerly": True}, {"jit_compile": True}], ids=str)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:The data ended after")
def test_fit(name: str, compiling: dict[str, bool]) -> None:
    case = CASES[name]
    start = [np.asarray(w) for w in case[0](keras).get_weights()]
    theirs = fitted(keras, case[0], start, case)
    ours = fitted(tw, case[0], start, case, **compiling)
    history, weights, evaluated, predicted = ours
    assert set(history) == set(theirs[0])
    for key, values in theirs[0].items():
        assert all(type(v) is float for v in history[key])
        np.testing.assert_allclose(history[key], values, rtol=1e-4, atol=5e-5, err_msg=key)
    for mine, other in zip(weights, theirs[1], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=5e-5)
    assert evaluated == pytest.approx(theirs[2], rel=1e-4, abs=5e-5)
    if isinstance(predicted, list):
        for mine, other in zip(predicted, theirs[3], strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-4, atol=5e-5)
    else:
        np.testing.assert_allclose(predicted, theirs[3], rtol=1e-4, atol=5e-5)


def test_single_batches() -> None:
    start = [np.asarray(w) for w in classifier(keras).get_weights()]
    results = []
    for k in (keras, tw):
        model = classifier(k)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.set_weights(start)
        found = [model.train_on_batch(X[:9], LABELS[:9]) for _ in range(3)]
        found.append(model.train_on_batch(X[:9], LABELS[:9], class_weight={1: 4.0}))
        found.append(model.test_on_batch(X, LABELS, sample_weight=WEIGHTS))
        results.append(np.asarray(found, "float64"))
        results.append(np.asarray(model.predict_on_batch(X)))
    np.testing.assert_allclose(results[2], results[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(results[3], results[1], rtol=1e-5, atol=1e-5)


def test_generator() -> None:
    def batches() -> Any:
        while True:
            for i in range(0, N, 16):
                yield X[i : i + 16], Y[i : i + 16], WEIGHTS[i : i + 16]

    start = [np.asarray(w) for w in dense(keras).get_weights()]
    results = []
    for k in (keras, tw):
        model = dense(k)
        model.compile("adam", "mse", metrics=["mae"])
        model.set_weights(start)
        history = model.fit(batches(), epochs=3, steps_per_epoch=3, verbose=0).history
        results.append((history, model.get_weights()))
    for key, values in results[0][0].items():
        np.testing.assert_allclose(results[1][0][key], values, rtol=1e-5, atol=1e-5)
    for mine, other in zip(results[1][1], results[0][1], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-5)


def test_names_and_order_of_results() -> None:
    results = []
    for k in (keras, tw):
        model = two_by_two(k)
        model.compile(
            "sgd",
            ["mse", "sparse_categorical_crossentropy"],
            metrics=[["mae", "mae"], ["acc"]],
            weighted_metrics=[["mae"], None],
        )
        model.fit([X, X2], [Y, LABELS], verbose=0, epochs=1)
        found = model.evaluate([X, X2], [Y, LABELS], verbose=0, return_dict=True)
        listed = model.evaluate([X, X2], [Y, LABELS], verbose=0)
        names = {round(v, 9): sorted(n for n in found if found[n] == v) for v in listed}
        results.append((set(found), [names[round(v, 9)] for v in listed]))
    assert results[0] == results[1]


METHODS = [
    *("compile", "fit", "evaluate", "predict", "train_on_batch", "test_on_batch"),
    *("predict_on_batch", "compute_loss", "compute_metrics", "summary", "reset_metrics"),
    *("get_compile_config", "compile_from_config", "get_metrics_result"),
]


def parameters(function: Any) -> list[tuple[str, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.default) for p in found if p.kind is not p.VAR_KEYWORD]


@pytest.mark.parametrize("name", METHODS)
def test_signatures_of_methods(name: str) -> None:
    assert parameters(getattr(tw.Model, name)) == parameters(getattr(keras.Model, name))


@pytest.mark.parametrize("name", [n for n in tw.callbacks.__all__ if n[0].isupper()])
def test_signatures_of_callbacks(name: str) -> None:
    ours, theirs = getattr(tw.callbacks, name), getattr(keras.callbacks, name)
    assert parameters(ours) == parameters(theirs)
    methods = [m for m in dir(keras.callbacks.Callback) if m.startswith("on_")]
    assert all(hasattr(ours, m) for m in methods)
