"""Losses by name, spelling and configuration."""

from __future__ import annotations

import json
from typing import Any

import pytest

from thalweg import losses
from thalweg.registry import custom_object_scope

CLASSES = sorted(n for n in losses.__all__ if n[0].isupper() and not n.startswith("Loss"))


def test_names_of_functions_give_functions() -> None:
    mse = losses.mean_squared_error
    for name in ("mse", "MSE", "mean_squared_error", "meanSquaredError"):
        assert losses.get(name) is mse
    assert losses.get("mae") is losses.mean_absolute_error
    assert losses.get("MAPE") is losses.mean_absolute_percentage_error
    assert losses.get("msle") is losses.mean_squared_logarithmic_error
    assert losses.get("bce") is losses.binary_crossentropy
    assert losses.get("kld") is losses.get("KLD") is losses.kl_divergence
    assert losses.get("kullbackLeiblerDivergence") is losses.kl_divergence
    assert losses.get("logcosh") is losses.log_cosh
    assert losses.get("cosineProximity") is losses.cosine_similarity


# The strings that TensorFlow.js takes.
TFJS = [
    "meanSquaredError",
    "meanAbsoluteError",
    "meanAbsolutePercentageError",
    "meanSquaredLogarithmicError",
    "squaredHinge",
    "hinge",
    "categoricalHinge",
    "logcosh",
    "categoricalCrossentropy",
    "sparseCategoricalCrossentropy",
    "binaryCrossentropy",
    "kullbackLeiblerDivergence",
    "poisson",
    "cosineProximity",
]


@pytest.mark.parametrize("name", TFJS)
def test_spellings_of_tensorflow_js(name: str) -> None:
    assert callable(losses.get(name))


@pytest.mark.parametrize("name", CLASSES)
def test_class_by_name_and_round_trip(name: str) -> None:
    loss = losses.get(name)
    assert type(loss) is getattr(losses, name)
    config = json.loads(json.dumps(losses.serialize(loss)))
    assert config["module"] == "keras.losses"
    again = losses.get(config)
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()


def test_arguments_survive() -> None:
    loss = losses.Huber(delta=2.5, reduction="sum", name="h")
    assert loss.get_config() == {"name": "h", "reduction": "sum", "delta": 2.5}
    again = losses.deserialize(losses.serialize(loss))
    assert float(again([0.0], [10.0])) == float(loss([0.0], [10.0])) == 2.5 * 10 - 2.5**2 / 2


def test_wrapped_function_round_trip() -> None:
    loss = losses.LossFunctionWrapper(losses.huber, name="h", delta=0.5)
    again = losses.deserialize(json.loads(json.dumps(losses.serialize(loss))))
    assert again.fn is losses.huber
    assert float(again([[0.0]], [[2.0]])) == 0.875
    assert losses.LossFunctionWrapper(losses.huber).name == "huber"


def test_functions_in_configurations() -> None:
    assert losses.get(losses.serialize(losses.mean_squared_error)) is losses.mean_squared_error
    from_keras = {
        "module": "builtins",
        "class_name": "function",
        "config": "mean_squared_error",
        "registered_name": "function",
    }
    assert losses.deserialize(from_keras) is losses.mean_squared_error
    assert losses.deserialize("mse") is losses.mean_squared_error


def test_own_losses() -> None:
    class Own(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return y_pred - y_true

    config = losses.serialize(Own(name="mine"))
    assert losses.deserialize(config, {"Own": Own}).name == "mine"
    with custom_object_scope({"Own": Own}):
        assert type(losses.get("Own")) is Own

    def function(y_true: Any, y_pred: Any) -> Any:
        return y_pred

    assert losses.get(function) is function


def test_none_and_nonsense() -> None:
    assert losses.get(None) is None
    with pytest.raises(ValueError, match=r"^Unknown loss 'mean_square_error'; did you mean"):
        losses.get("mean_square_error")
    with pytest.raises(ValueError, match=r"^A loss must be a name.*got 3\.$"):
        losses.get(3)
    with pytest.raises(ValueError, match=r"q must be between 0 and 1, got 2"):
        losses.CategoricalGeneralizedCrossEntropy(q=2)
