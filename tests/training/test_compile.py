"""compile: what names, functions and objects mean, for one output and several."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from tests.training.models import classifier, linear, two_by_two
from thalweg.training.compile_loss import CompileLoss
from thalweg.training.compile_metrics import CompileMetrics
from thalweg.training.outputs import Outputs

random = np.random.default_rng(3)
X = random.normal(size=(12, 2)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
LABELS = np.arange(12) % 3
B = X[:, [0, 1, 0]]


@pytest.mark.parametrize(
    "loss",
    [
        "mse",
        "MSE",
        "mean_squared_error",
        "meanSquaredError",
        "MeanSquaredError",
        tw.losses.mean_squared_error,
        tw.losses.MeanSquaredError(),
        tw.losses.MeanSquaredError,
        ["mse"],
        {"dense": "mse"},
        lambda y_true, y_pred: tw.ops.mean(tw.ops.square(y_true - y_pred), axis=-1),
    ],
)
def test_all_spellings_of_a_loss(loss):
    expected = np.mean((linear().predict(X, verbose=0) - Y) ** 2)
    assert linear(loss=loss).evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("mae", "mae"),
        ("meanAbsoluteError", "meanAbsoluteError"),
        ("MeanAbsoluteError", "MeanAbsoluteError"),
        (tw.losses.mean_absolute_error, "mean_absolute_error"),
        (tw.metrics.MeanAbsoluteError(name="far"), "far"),
        (tw.metrics.MeanAbsoluteError, "mean_absolute_error"),
    ],
)
def test_all_spellings_of_a_metric_and_its_name(metric, name):
    model = linear(metrics=[metric])
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    expected = np.mean(np.abs(model.predict(X, verbose=0) - Y))
    assert list(found) == ["loss", name]
    assert found[name] == pytest.approx(expected, rel=1e-5)
    assert model.metrics_names == ["loss", name]


@pytest.mark.parametrize("name", ["accuracy", "acc", "Accuracy"])
def test_accuracy_means_what_the_shapes_say(name):
    sparse = classifier(metrics=[name])
    one_hot = classifier(metrics=[name], loss="categorical_crossentropy")
    one_hot.set_weights(sparse.get_weights())
    expected = np.mean(np.argmax(sparse.predict(X, verbose=0), axis=1) == LABELS)
    for model, y in (
        (sparse, LABELS),
        (sparse, LABELS[:, np.newaxis]),
        (one_hot, np.eye(3)[LABELS]),
    ):
        found = model.evaluate(X, y, verbose=0, return_dict=True)
        assert found[name] == pytest.approx(expected)
    binary = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1, "sigmoid")])
    binary.compile("sgd", "binary_crossentropy", metrics=[name])
    bits = (Y > 0).astype("float32")
    expected = np.mean((binary.predict(X, verbose=0) > 0.5) == bits)
    assert binary.evaluate(X, bits, verbose=0)[1] == pytest.approx(expected)


@pytest.mark.parametrize("name", ["crossentropy", "ce"])
def test_crossentropy_means_what_the_shapes_say(name):
    sparse = classifier(loss=name, metrics=[name])
    chances = sparse.predict(X, verbose=0)
    expected = -np.mean(np.log(chances[np.arange(12), LABELS]))
    found = sparse.evaluate(X, LABELS, verbose=0, return_dict=True)
    assert found == {"loss": pytest.approx(expected), name: pytest.approx(expected)}
    one_hot = classifier(loss=name, metrics=[name])
    one_hot.set_weights(sparse.get_weights())
    found = one_hot.evaluate(X, np.eye(3)[LABELS], verbose=0)
    assert found == pytest.approx([expected, expected])


def test_names_of_metrics_of_several_outputs():
    model = two_by_two(
        metrics={"sum": ["mae", "mae"], "kind": "accuracy"},
        weighted_metrics=[["mae"], ["accuracy"]],
    )
    found = model.evaluate([X, B], [Y, LABELS], verbose=0, return_dict=True)
    assert set(found) == {
        "loss",
        "sum_loss",
        "kind_loss",
        "sum_mae",
        "sum_mae_1",
        "sum_weighted_mae",
        "kind_accuracy",
        "kind_weighted_accuracy",
    }
    assert model.metrics_names[:3] == ["loss", "sum_loss", "kind_loss"]
    listed = model.evaluate([X, B], [Y, LABELS], verbose=0)
    assert dict(zip(model.metrics_names, listed, strict=True)) == found


def test_weighted_metrics_take_the_sample_weights():
    weights = np.array([1.0] * 6 + [0.0] * 6)
    model = linear(metrics=["mae"], weighted_metrics=["mae"])
    found = model.evaluate(X, Y, sample_weight=weights, verbose=0, return_dict=True)
    error = np.abs(model.predict(X, verbose=0) - Y)
    assert found["mae"] == pytest.approx(error.mean(), rel=1e-5)
    assert found["weighted_mae"] == pytest.approx(error[:6].mean(), rel=1e-5)


def test_outputs_without_names():
    class Two(tw.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = tw.layers.Dense(1), tw.layers.Dense(1)

        def call(self, x):
            return self.a(x), self.b(x)

    model = Two()
    model.compile("sgd", "mse", metrics=[["mae"], ["mae"]])
    found = model.evaluate(X, (Y, Y), verbose=0, return_dict=True)
    assert list(found) == ["loss", "mae", "mae_1", "mse_loss", "mse_loss_1"]
    assert found["loss"] == pytest.approx(found["mse_loss"] + found["mse_loss_1"])


def test_float16_without_a_scale_of_the_loss():
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)], dtype="mixed_float16")
    with pytest.warns(UserWarning, match="computes in float16.* give its optimizer a loss_scale"):
        model.compile("adam", "mse")
    model.compile(tw.optimizers.Adam(loss_scale_factor=1024.0), "mse")


def test_compiling_again_starts_anew():
    model = linear(metrics=["mae"])
    model.fit(X, Y, verbose=0)
    model.compile("adam", "mae")
    assert list(model.evaluate(X, Y, verbose=0, return_dict=True)) == ["loss"]
    assert int(model.optimizer.iterations) == 0


def test_the_configuration_goes_there_and_back():
    model = two_by_two(
        optimizer=tw.optimizers.Adam(0.01),
        loss={"sum": tw.losses.Huber(0.5), "kind": "sparse_categorical_crossentropy"},
        loss_weights={"sum": 2.0, "kind": 1.0},
        metrics=[["mae", tw.losses.mean_squared_error], "accuracy"],
        weighted_metrics=[[tw.metrics.MeanAbsoluteError(name="far")], None],
        steps_per_execution=3,
    )
    config = model.get_compile_config()
    assert config["loss"]["kind"] == "sparse_categorical_crossentropy"
    assert config["steps_per_execution"] == 3
    assert config["jit_compile"] is True
    other = two_by_two()
    other.compile_from_config(config)
    other.set_weights(model.get_weights())
    assert float(other.optimizer.learning_rate) == pytest.approx(0.01)
    a, b = (m.evaluate([X, B], [Y, LABELS], verbose=0, return_dict=True) for m in (model, other))
    assert a == pytest.approx(b)
    assert other.get_compile_config() == config
    assert tw.Sequential().get_compile_config() == {}


def test_a_lambda_cannot_be_described():
    model = linear(loss=lambda a, b: tw.ops.mean(a - b))
    with pytest.raises(ValueError, match=r"compile\(loss=\.\.\.\) cannot be saved: .*lambda"):
        model.get_compile_config()


def test_a_compile_of_the_users_own_is_not_called_by_loading():
    class Own(tw.Sequential):
        def compile(self, extra):
            super().compile("sgd", "mse")

    model = Own([tw.Input((2,)), tw.layers.Dense(1)])
    with pytest.warns(UserWarning, match="has a compile"):
        model.compile_from_config({"optimizer": "sgd"})
    assert not model.compiled


# --- losses and metrics on their own --------------------------------------------------------------


def test_outputs_of_nested_structures():
    outputs = Outputs([np.zeros(1), {"p": np.zeros(1), "q": np.zeros(1)}], ["a", "b", "c"])
    assert outputs.count == 3
    assert outputs.spread([1, {"p": 2, "q": 3}], "loss") == [1, 2, 3]
    assert outputs.spread({"b": 5}, "loss") == [None, 5, None]
    assert outputs.match(["x", "y", "z"], "y") == ["x", "y", "z"]
    assert outputs.match({"a": 1, "c": 3}, "y") == [1, None, 3]


def test_the_loss_of_each_output_is_reported_as_the_mean_over_samples():
    compiled = CompileLoss(["mse", "mae"], [1.0, 10.0], ["a", "b"])
    totals = []
    for n in (4, 1):
        zeros = np.zeros((n, 1), "float32")
        ones = [tw.ops.ones((n, 1)) * n] * 2
        totals.append(float(compiled([zeros, zeros], ones)))
    assert totals == [16 + 40, 1 + 10]
    a, b = (float(m.result()) for m in compiled.metrics)
    assert (a, b) == (pytest.approx((4 * 16 + 1) / 5), pytest.approx((4 * 4 + 1) / 5))
    assert [m.name for m in compiled.metrics] == ["a_loss", "b_loss"]


def test_compiled_metrics_are_one_metric():
    metrics = CompileMetrics(["mae", "mse"])
    assert metrics.variables == []
    metrics.update_state(tw.ops.zeros((2, 1)), tw.ops.ones((2, 1)) * 3.0)
    assert {k: float(v) for k, v in metrics.result().items()} == {"mae": 3.0, "mse": 9.0}
    assert len(metrics.variables) == 4
    metrics.reset_state()
    assert {k: float(v) for k, v in metrics.result().items()} == {"mae": 0.0, "mse": 0.0}


# --- mistakes, told at once -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adamm"}, r"Unknown optimizer 'adamm'; did you mean .*'Adam'"),
        ({"loss": "mean_square_error"}, r"'mean_square_error'; did you mean 'mean_squared_error'"),
        ({"loss": {"dense": "msee"}}, r"Unknown loss 'msee'"),
        ({"metrics": ["acuracy"]}, r"Unknown metric 'acuracy'"),
        ({"weighted_metrics": ["maee"]}, r"Unknown metric 'maee'"),
        ({"metrics": "mae"}, r"metrics must be a list, tuple or dict, got str 'mae'; write"),
        ({"loss": 3}, r"A loss must be a name"),
        ({"loss_weights": ["accuracy"]}, r"loss_weights must be numbers, got 'accuracy'"),
        ({"steps_per_execution": 0}, r"steps_per_execution must be a positive whole number, got 0"),
    ],
)
def test_mistakes_in_compile(arguments, message):
    model = linear()
    before = model.optimizer
    with pytest.raises(ValueError, match=message):
        model.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
    assert model.optimizer is before
    model.fit(X, Y, verbose=0)  # still as it was compiled before


@pytest.mark.parametrize(
    ("compiled", "message"),
    [
        ({"loss": ["mse"]}, r"loss has 1 entries for 2 outputs \(sum, kind\)"),
        ({"loss": {"total": "mse"}}, r"loss names 'total', but there is 2 outputs"),
        ({"loss_weights": [1.0, 1.0, 1.0]}, r"loss_weights has 3 entries for 2 outputs"),
        ({"metrics": ["mae"]}, r"metrics has 1 entries for 2 outputs"),
        ({"metrics": {"nix": ["mae"]}}, r"metrics names 'nix'"),
    ],
)
def test_settings_that_do_not_fit_the_outputs(compiled, message):
    model = two_by_two(**compiled)
    with pytest.raises(ValueError, match=message):
        model.fit([X, B], [Y, LABELS], verbose=0)
    assert not model.optimizer.built
