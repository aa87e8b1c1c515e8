"""Names, registration, and objects as plain values and back."""

from __future__ import annotations

import json
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from thalweg import registry
from thalweg.registry import table
from thalweg.tensor import as_dtype

# Each room enters its classes and functions into the table when it is imported.
ROOMS = (tw.layers, tw.losses, tw.metrics, tw.optimizers, tw.models)

# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "spellings"),
    [
        ("keras.losses", ["mse", "mean_squared_error", "meanSquaredError", "MeanSquaredError"]),
        ("keras.initializers", ["glorot_uniform", "glorotUniform", "GlorotUniform"]),
        ("keras.activations", ["relu", "ReLU"]),
    ],
)
def test_all_spellings_find_something(module: str, spellings: list[str]):
    for spelling in spellings:
        assert registry.find(module, spelling) is not None


def test_kind_of_find():
    function = registry.find("keras.losses", "mean_squared_error", kind="function")
    cls = registry.find("keras.losses", "mean_squared_error", kind="class")
    assert function is tw.losses.mean_squared_error
    assert cls is tw.losses.MeanSquaredError
    assert registry.find("keras.losses", "nothing") is None
    assert registry.find("no.module", "relu") is None


def test_unknown_names_the_closest():
    error = registry.unknown("loss", "keras.losses", "MeanSquareError")
    assert "did you mean" in str(error)
    assert "MeanSquaredError" in str(error)
    assert "known: [" in str(registry.unknown("thing", "no.module", "qqq"))


def test_every_written_name_leads_back():
    for module in table._TABLE:
        for name in registry.names(module):
            thing = table._TABLE[module][name]
            public = registry.public_name(thing)
            assert public is not None
            assert table._TABLE[public[0]][public[1]] is thing


def test_what_cannot_be_hashed_has_no_public_name():
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self) -> None: ...

    assert registry.public_name(Unhashable()) is None
    with pytest.raises(ValueError, match="lambda"):
        registry.serialize_keras_object(Unhashable())


# --- plain values ---------------------------------------------------------------------------------

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=60)
@given(plain)
def test_plain_values_stay(value: Any):
    if isinstance(value, dict) and {"class_name", "config"} <= set(value):
        return
    written = json.loads(json.dumps(registry.serialize_keras_object(value)))
    assert registry.deserialize_keras_object(written) == value


@pytest.mark.parametrize(
    "value",
    [
        ...,
        slice(None),
        slice(1, None, -2),
        b"bytes",
        [slice(0, 3), ..., None, 2],
        {"a": {"b": b"x"}},
    ],
    ids=repr,
)
def test_special_values_come_back(value: Any):
    written = json.loads(json.dumps(registry.serialize_keras_object(value)))
    assert registry.deserialize_keras_object(written) == value


@settings(max_examples=40)
@given(
    st.sampled_from(["float16", "bfloat16", "float32", "float64", "int8", "uint64", "bool"]),
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
    st.booleans(),
)
def test_arrays_come_back(dtype: str, shape: list[int], as_tensor: bool):
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(as_dtype(dtype))
    thing = tw.ops.convert_to_tensor(values) if as_tensor else values
    written = json.loads(json.dumps(registry.serialize_keras_object(thing)))
    assert written["class_name"] == ("__tensor__" if as_tensor else "__numpy__")
    back = registry.deserialize_keras_object(written)
    assert isinstance(back, tw.Tensor if as_tensor else np.ndarray)
    assert back.dtype == values.dtype
    if values.size:  # an empty list has lost the other lengths
        np.testing.assert_array_equal(np.asarray(back), values)


def test_numpy_scalars_and_dtypes_become_plain():
    values = [np.float32(0.5), np.int64(3), np.array(2.0), np.dtype("int8"), (1, 2)]
    assert registry.serialize_keras_object(values) == [0.5, 3, 2.0, "int8", [1, 2]]


def test_what_has_no_config_is_refused():
    with pytest.raises(TypeError, match=r"Cannot write a object .* get_config"):
        registry.serialize_keras_object(object())


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "__numpy__", "config": None},
        {"class_name": "__numpy__", "config": {"value": [1]}},
        {"class_name": "__bytes__", "config": {"value": 3}},
        {"class_name": "__slice__", "config": {"start": 1}},
        {"class_name": "__tensor__", "config": {"value": [[1], [2, 3]], "dtype": "int32"}},
        {"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}},
        {"class_name": "__keras_tensor__", "config": {}},
        {"class_name": 3, "config": {}},
        {"class_name": ["a"], "config": {}},
        {"class_name": "Dense", "module": "keras.layers", "config": 3},
        {"class_name": "Dense", "module": "keras.layers", "config": {"unit": 3}},
        {"class_name": "Dense", "module": ["keras"], "config": {"units": 3}},
        {"class_name": "Dense", "module": "keras.nowhere", "config": {"units": 3}},
        {"class_name": "function", "module": "builtins", "config": None},
        {"class_name": "function", "module": ["builtins"], "config": "relu"},
        {"class_name": "function", "module": "builtins", "config": "exec"},
        {"class_name": "relu", "module": "keras.activations", "config": {}},
    ],
    ids=str,
)
def test_damaged_descriptions_are_one_sentence(config: Any):
    with pytest.raises(ValueError, match=r"\S") as caught:
        registry.deserialize_keras_object(config)
    assert "\n" not in str(caught.value)


# --- objects --------------------------------------------------------------------------------------

_ARGUMENTS: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "relu"},
    "Bidirectional": {"layer": tw.layers.LSTM(2)},
    "CategoryEncoding": {"num_tokens": 4},
    "Constant": {"value": 3},
    "ConvLSTM1D": {"filters": 2, "kernel_size": 2},
    "ConvLSTM2D": {"filters": 2, "kernel_size": 2},
    "Cropping1D": {"cropping": 1},
    "DTypePolicy": {"name": "mixed_bfloat16"},
    "Dense": {"units": 3},
    "Dot": {"axes": 1},
    "Dropout": {"rate": 0.3},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": 3},
    "Embedding": {"input_dim": 4, "output_dim": 2},
    "GRU": {"units": 2},
    "GRUCell": {"units": 2},
    "InputLayer": {"shape": (3,)},
    "LSTM": {"units": 2},
    "LSTMCell": {"units": 2},
    "Lambda": {"function": tw.activations.relu},
    "Layer": {"name": "plain"},
    "LossFunctionWrapper": {"fn": tw.losses.mean_squared_error},
    "MeanIoU": {"num_classes": 3},
    "MeanMetricWrapper": {"fn": tw.losses.mean_squared_error},
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
    "Permute": {"dims": (2, 1)},
    "PiecewiseConstantDecay": {"boundaries": [3], "values": [0.1, 0.2]},
    "RNN": {"cell": tw.layers.LSTMCell(2)},
    "RepeatVector": {"n": 2},
    "Reshape": {"target_shape": (2, 3)},
    "SimpleRNN": {"units": 2},
    "SimpleRNNCell": {"units": 2},
    "StackedRNNCells": {"cells": [tw.layers.LSTMCell(2), tw.layers.GRUCell(3)]},
    "TimeDistributed": {"layer": tw.layers.Dense(2)},
    "Wrapper": {"layer": tw.layers.Dense(2)},
}
# Values for arguments that have no default, by name.
_VALUES: dict[str, Any] = {
    "alpha": 0.5,
    "decay_rate": 0.5,
    "decay_steps": 10,
    "end_learning_rate": 0.001,
    "filters": 2,
    "head_dim": 2,
    "first_decay_steps": 10,
    "initial_learning_rate": 0.1,
    "kernel_size": 2,
    "learning_rate": 0.1,
    "max_learning_rate": 0.1,
    "num_classes": 3,
    "num_key_value_heads": 2,
    "num_query_heads": 4,
    "output_size": 2,
    "pool_size": 2,
    "precision": 0.5,
    "rate": 0.3,
    "recall": 0.5,
    "rp": 1.0,
    "scale": 2.0,
    "sensitivity": 0.5,
    "specificity": 0.5,
    "stddev": 0.5,
    "target_class_ids": [0],
    "total_steps": 10,
    "units": 2,
}


def _example(cls: Any) -> Any:
    import inspect

    if cls.__name__ in _ARGUMENTS:
        return cls(**_ARGUMENTS[cls.__name__])
    required = [
        name
        for name, p in inspect.signature(cls.__init__).parameters.items()
        if name != "self"
        and p.default is p.empty
        and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    return cls(**{name: _VALUES[name] for name in required})


# Models are described by what they hold (see tests/saving); the base class of schedules by nothing.
_OTHERS = {"Model", "Functional", "Sequential", "LearningRateSchedule"}
_CLASSES = sorted(
    (module, name)
    for module, things in table._TABLE.items()
    for name, thing in things.items()
    if isinstance(thing, type) and name not in _OTHERS
)


@pytest.mark.parametrize(("module", "name"), _CLASSES)
def test_every_class_comes_back(module: str, name: str):
    original = _example(table._TABLE[module][name])
    written = json.loads(json.dumps(registry.serialize_keras_object(original)))
    assert (written["module"], written["class_name"]) == registry.public_name(type(original))
    assert written["registered_name"] is None
    back = registry.deserialize_keras_object(written)
    assert type(back) is type(original)
    assert registry.serialize_keras_object(back) == registry.serialize_keras_object(original)


_FUNCTIONS = sorted(
    (module, name)
    for module, things in table._TABLE.items()
    for name, thing in things.items()
    if not isinstance(thing, type)
)


@pytest.mark.parametrize(("module", "name"), _FUNCTIONS)
def test_every_function_comes_back(module: str, name: str):
    original = table._TABLE[module][name]
    written = registry.serialize_keras_object(original)
    assert written["module"] == "builtins"
    assert written["class_name"] == written["registered_name"] == "function"
    assert registry.deserialize_keras_object(written) is original
    # As some versions of Keras write it.
    named = {"module": module, "class_name": "function", "config": name, "registered_name": name}
    assert registry.deserialize_keras_object(named) is original


def test_classes_of_keras_2_name_no_module():
    layer = registry.deserialize_keras_object(
        {"class_name": "Dense", "config": {"units": 2, "activation": "tanh"}}
    )
    assert isinstance(layer, tw.layers.Dense)
    found = registry.deserialize_keras_object(
        {"class_name": "Custom>Adam", "config": {"learning_rate": 0.5}}
    )
    assert isinstance(found, tw.optimizers.Adam)


# --- objects of the user --------------------------------------------------------------------------


class Doubling(tw.layers.Layer):
    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


def test_unregistered_class_needs_custom_objects():
    written = registry.serialize_keras_object(Doubling(3.0))
    assert written["registered_name"] == "Doubling"
    assert written["module"] == __name__
    with pytest.raises(ValueError, match=r"'Doubling' .* custom_objects"):
        registry.deserialize_keras_object(written)
    given_here = registry.deserialize_keras_object(written, {"Doubling": Doubling})
    with registry.custom_object_scope({"Doubling": Doubling}):
        in_scope = registry.deserialize_keras_object(written)
    assert given_here.factor == in_scope.factor == 3.0


@pytest.fixture
def registered():
    before = dict(registry.get_custom_objects())
    yield registry.register_keras_serializable
    registry.get_custom_objects().clear()
    registry.get_custom_objects().update(before)


def test_registered_class(registered: Any):
    @registered(package="mine", name="Twice")
    class Own(Doubling):
        pass

    assert registry.get_registered_name(Own) == "mine>Twice"
    assert registry.get_registered_object("mine>Twice") is Own
    written = registry.serialize_keras_object(Own(4.0))
    assert (written["class_name"], written["registered_name"]) == ("Own", "mine>Twice")
    back = registry.deserialize_keras_object(json.loads(json.dumps(written)))
    assert type(back) is Own
    assert back.factor == 4.0


def test_registered_function(registered: Any):
    @registered()
    def halved(x: Any) -> Any:
        return x / 2

    written = registry.serialize_keras_object(halved)
    assert written["config"] == "Custom>halved"
    assert registry.deserialize_keras_object(written) is halved
    # Keras up to 3.6 wrote the plain name.
    older = {**written, "config": "halved"}
    assert registry.deserialize_keras_object(older) is halved
    assert tw.layers.Dense(2, activation=halved).get_config()["activation"] == written


def test_registering_needs_get_config(registered: Any):
    with pytest.raises(ValueError, match="Bare needs a get_config"):

        @registered()
        class Bare:
            pass


def test_lambdas_are_not_written():
    with pytest.raises(ValueError, match="no code is ever saved"):
        registry.serialize_keras_object(lambda x: x)


def test_a_name_of_the_table_is_not_replaced_unless_asked_for():
    written = registry.serialize_keras_object(tw.layers.Dense(2))
    with registry.custom_object_scope({"Dense": Doubling}):
        assert type(registry.deserialize_keras_object(written)) is tw.layers.Dense
    # A class of the user's (no module) is never taken from the table.
    own = {**written, "module": None, "registered_name": "Dense"}
    with pytest.raises(ValueError, match="'Dense'"):
        registry.deserialize_keras_object(own)


def test_scopes_nest_and_end():
    with registry.custom_object_scope({"a": 1, "b": 1}):
        with registry.CustomObjectScope({"a": 2}):
            assert registry.get_registered_object("a") == 2
            assert registry.get_registered_object("b") == 1
        assert registry.get_registered_object("a") == 1
        assert "a" not in registry.get_custom_objects()
        seen = []
        thread = threading.Thread(target=lambda: seen.append(registry.get_registered_object("a")))
        thread.start()
        thread.join()
        assert seen == [None]
    assert registry.get_registered_object("a") is None
    assert registry.get_registered_object("a", {"a": 3}) == 3
    assert registry.get_registered_object("a", None, {"a": 4}) == 4


# --- one object in two places ---------------------------------------------------------------------


def test_shared_objects_stay_shared():
    initializer = tw.initializers.RandomNormal(seed=3)
    layers = [
        tw.layers.Dense(2, kernel_initializer=initializer),
        tw.layers.Dense(2, kernel_initializer=initializer),
        tw.layers.Dense(2, kernel_initializer=tw.initializers.RandomNormal(seed=3)),
    ]
    written = json.loads(json.dumps(registry.serialize_shared(layers)))
    numbers = [w["config"]["kernel_initializer"].get("shared_object_id") for w in written]
    assert numbers[0] == numbers[1] is not None
    assert numbers[2] is None
    with registry.sharing_objects():
        a, b, c = registry.deserialize_keras_object(written)
    assert a.kernel_initializer is b.kernel_initializer
    assert a.kernel_initializer is not c.kernel_initializer
    # Outside of the scope a number means nothing.
    a, b, _ = registry.deserialize_keras_object(written)
    assert a.kernel_initializer is not b.kernel_initializer


def test_nothing_is_numbered_outside_of_serialize_shared():
    initializer = tw.initializers.Zeros()
    written = registry.serialize_keras_object([initializer, initializer])
    assert all("shared_object_id" not in w for w in written)
