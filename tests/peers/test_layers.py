"""Every layer and its main options against Keras: numbers, gradients, configurations."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from thalweg import activations, initializers, layers
from thalweg.autodiff import GradientTape
from thalweg.registry import deserialize_keras_object
from thalweg.tensor import Tensor, convert_to_tensor
from thalweg.tensor.tree import flatten, map_structure

pytestmark = pytest.mark.peer


Array = np.ndarray[Any, Any]
Make = Callable[[Any], Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def whole(high: int, *shape: int) -> Array:
    return np.random.default_rng(0).integers(0, high, shape).astype(np.int32)


SEQUENCE = values(2, 5, 3)
IMAGE = values(2, 6, 5, 4)
FIRST = values(2, 4, 6, 5)
VOLUME = values(1, 4, 4, 4, 2)
MASK = np.array([[True, True, True, False, False], [False, True, True, False, True]])
QUERY, VALUE, KEY = values(2, 3, 4), values(2, 5, 4, seed=1), values(2, 5, 6, seed=2)
VALUE_MASK = np.array([[True, True, False, False, True], [True, False, True, True, True]])
ATTEND = np.random.default_rng(0).uniform(size=(2, 3, 5)) > 0.4
STATE = [values(2, 4, seed=4), values(2, 4, seed=5)]


def same(found: Any, expected: Any, atol: float = 1e-5) -> None:
    there = np.asarray(expected)
    here = np.asarray(found)
    assert here.shape == there.shape
    assert here.dtype == there.dtype
    np.testing.assert_allclose(
        here.astype(np.float64), there.astype(np.float64), rtol=1e-5, atol=atol
    )


def plain(config: Any) -> Any:
    """What a file would hold; names that are counted up and built states do not matter."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            drop = ("name", "build_config", "shared_object_id")
            return {k: without(v) for k, v in value.items() if k not in drop}
        return [without(v) for v in value] if isinstance(value, list) else value

    return without(json.loads(json.dumps(config)))


def arrays_of(layer: Any) -> list[Array]:
    return [np.asarray(v.value) for v in layer.weights]


def given_weights(layer: Any) -> list[Array]:
    """Numbers unlike those that initializers give; variances stay positive."""
    rng = np.random.default_rng(3)
    found = []
    for variable in layer.weights:
        start = np.asarray(variable)
        if start.dtype.kind != "f":
            found.append(start)
            continue
        noise = rng.normal(size=start.shape).astype(start.dtype) * 0.5
        found.append(np.abs(start + noise) + 0.1 if "variance" in variable.name else start + noise)
    return found


def project(outputs: Any, to_numbers: Callable[[Any], Any]) -> Any:
    """A number that depends on every output."""
    rng = np.random.default_rng(9)
    total: Any = 0.0
    for y in flatten(outputs):
        total = total + (y * to_numbers(rng.normal(size=tuple(y.shape)).astype(np.float32))).sum()
    return total


def keras_run(layer: Any, args: Any, kwargs: Any) -> tuple[Any, Any, Any]:
    """Outputs, gradients of the projected outputs, and non-trainable variables afterwards."""
    import jax

    trainable = [v.value for v in layer.trainable_variables]
    others = [v.value for v in layer.non_trainable_variables]
    floats = [x for x in flatten(args) if x.dtype.kind == "f"]

    def function(weights: Any, inputs: Any) -> Any:
        rest = iter(inputs)
        filled = map_structure(lambda x: next(rest) if x.dtype.kind == "f" else x, args)
        outputs, after = layer.stateless_call(weights, others, *filled, **kwargs)
        return project(outputs, jax.numpy.asarray), (outputs, after)

    gradients, (outputs, after) = jax.grad(function, argnums=(0, 1), has_aux=True)(
        trainable, floats
    )
    kept = {id(v) for v in layer.weights}
    after = [a for v, a in zip(layer.non_trainable_variables, after, strict=True) if id(v) in kept]
    return outputs, [*gradients[0], *gradients[1]], after


def own_run(layer: Any, args: Any, kwargs: Any) -> tuple[Any, Any, Any]:
    from thalweg import ops

    tensors = map_structure(convert_to_tensor, args)
    floats = [x for x in flatten(tensors) if x.dtype.kind == "f"]
    with GradientTape() as tape:
        tape.watch(floats)
        outputs = layer(*tensors, **kwargs)
        rng = np.random.default_rng(9)
        total: Any = convert_to_tensor(0.0)
        for y in flatten(outputs):
            factors = rng.normal(size=tuple(y.shape)).astype(np.float32)
            total = total + ops.sum(y * convert_to_tensor(factors))
    sources = [*layer.trainable_weights, *floats]
    gradients = tape.gradient(total, sources, unconnected_gradients="zero")
    return outputs, gradients, layer.non_trainable_weights


def _inner_paths(layer: Any) -> list[str]:
    """Where the weights are inside the layer; how often a name was used before does not count."""
    return [re.sub(r"_\d+(?=/)", "", v.path.split("/", 1)[-1]) for v in layer.weights]


def check(make: Make, args: Any, kwargs: dict[str, Any] | None = None, atol: float = 1e-5) -> None:
    """The same weights and inputs give the same outputs, gradients and updates."""
    kwargs = kwargs or {}
    there, here = make(keras.layers), make(layers)
    assert plain(here.get_config()) == plain(there.get_config())
    there(*args, **kwargs)
    here(*args, **kwargs)
    assert [v.name for v in here.weights] == [v.name for v in there.weights]
    assert _inner_paths(here) == _inner_paths(there)
    arrays = given_weights(there)
    there.set_weights(arrays)
    here.set_weights(arrays)
    if hasattr(there, "finalize_state"):
        there.finalize_state()
    # Keras reads what ours writes, and ours what Keras writes.
    rebuilt = deserialize_keras_object(json.loads(json.dumps(keras.layers.serialize(there))))
    assert plain(rebuilt.get_config()) == plain(there.get_config())
    keras.layers.deserialize(json.loads(json.dumps(layers.serialize(here))))

    outputs, gradients, after = keras_run(there, args, kwargs)
    own_outputs, own_gradients, own_after = own_run(here, args, kwargs)
    assert len(flatten(own_outputs)) == len(flatten(outputs))
    for a, b in zip(flatten(own_outputs), flatten(outputs), strict=True):
        same(a, b, atol)
    assert len(own_gradients) == len(gradients)
    for a, b in zip(own_gradients, gradients, strict=True):
        scale = max(1.0, float(np.abs(np.asarray(b)).max(initial=0.0)))
        same(a, b, atol * scale)
    assert len(own_after) == len(after)
    for a, b in zip(own_after, after, strict=True):
        same(a, b, atol)


RECURRENT = {
    "plain": ({}, {}),
    "sequences": ({"return_sequences": True}, {}),
    "state": ({"return_state": True, "return_sequences": True}, {}),
    "backwards": ({"return_state": True, "return_sequences": True, "go_backwards": True}, {}),
    "no bias": ({"use_bias": False}, {}),
    "unroll": ({"unroll": True, "return_sequences": True}, {}),
    "activation": ({"activation": "relu"}, {}),
    "mask": ({"return_sequences": True, "return_state": True}, {"mask": MASK}),
    "mask backwards": ({"return_sequences": True, "go_backwards": True}, {"mask": MASK}),
    "mask last": ({}, {"mask": MASK}),
    "mask zeros": ({"return_sequences": True, "zero_output_for_mask": True}, {"mask": MASK}),
    "mask unroll": ({"return_sequences": True, "unroll": True}, {"mask": MASK}),
}


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
@pytest.mark.parametrize("options", RECURRENT)
def test_recurrent(name: str, options: str) -> None:
    init, call = RECURRENT[options]
    check(lambda L: getattr(L, name)(4, **init), [SEQUENCE], call)


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_recurrent_initial_state(name: str) -> None:
    count = 2 if name == "LSTM" else 1
    call = {"initial_state": STATE[:count]}
    check(lambda L: getattr(L, name)(4, return_sequences=True), [SEQUENCE], call)


CASES: dict[str, tuple[Make, Any, dict[str, Any]]] = {
    "dense": (lambda L: L.Dense(3, activation="tanh"), [values(4, 5)], {}),
    "dense 3d": (lambda L: L.Dense(3, use_bias=False), [SEQUENCE], {}),
    "dense options": (
        lambda L: L.Dense(
            3,
            activation="gelu",
            kernel_initializer="he_normal",
            kernel_regularizer="l2",
            bias_constraint="non_neg",
            activity_regularizer="l2",
        ),
        [values(4, 5)],
        {},
    ),
    "einsum dense": (
        lambda L: L.EinsumDense("abc,cde->abde", (None, 2, 6), bias_axes="de", activation="relu"),
        [SEQUENCE],
        {},
    ),
    "einsum dense left": (
        lambda L: L.EinsumDense("...x,xy->...y", output_shape=4, bias_axes="y"),
        [SEQUENCE],
        {},
    ),
    "einsum dense right": (
        lambda L: L.EinsumDense("ab...,bcd->acd...", output_shape=(2, 3), bias_axes="c"),
        [SEQUENCE],
        {},
    ),
    "embedding": (lambda L: L.Embedding(6, 4), [whole(6, 3, 5)], {}),
    "embedding mask": (lambda L: L.Embedding(6, 4, mask_zero=True), [whole(6, 3, 5)], {}),
    "activation": (lambda L: L.Activation("softplus"), [SEQUENCE], {}),
    "relu": (
        lambda L: L.ReLU(max_value=1.0, negative_slope=0.2, threshold=0.3),
        [SEQUENCE],
        {},
    ),
    "leaky relu": (lambda L: L.LeakyReLU(), [SEQUENCE], {}),
    "elu": (lambda L: L.ELU(0.7), [SEQUENCE], {}),
    "prelu": (lambda L: L.PReLU(), [SEQUENCE], {}),
    "prelu shared": (lambda L: L.PReLU(shared_axes=[1]), [SEQUENCE], {}),
    "softmax": (lambda L: L.Softmax(), [SEQUENCE], {}),
    "softmax axes": (lambda L: L.Softmax(axis=[1, 2]), [SEQUENCE], {}),
    "softmax mask": (lambda L: L.Softmax(axis=1), [SEQUENCE], {"mask": MASK[..., None]}),
    "flatten": (lambda L: L.Flatten(), [IMAGE], {}),
    "flatten first": (lambda L: L.Flatten("channels_first"), [FIRST], {}),
    "flatten 1d": (lambda L: L.Flatten(), [values(4)], {}),
    "reshape": (lambda L: L.Reshape((3, -1)), [SEQUENCE], {}),
    "permute": (lambda L: L.Permute((3, 1, 2)), [IMAGE], {}),
    "repeat": (lambda L: L.RepeatVector(3), [values(4, 5)], {}),
    "identity": (lambda L: L.Identity(), [SEQUENCE], {}),
    "masking": (lambda L: L.Masking(0.0), [SEQUENCE * MASK[..., None]], {}),
    "activity": (lambda L: L.ActivityRegularization(0.1, 0.2), [SEQUENCE], {}),
    "rescaling": (lambda L: L.Rescaling([1.0, 2.0, 3.0], offset=0.5), [SEQUENCE], {}),
    "normalization": (lambda L: L.Normalization(), [SEQUENCE], {}),
    "normalization given": (
        lambda L: L.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 2.0, 3.0]),
        [SEQUENCE],
        {},
    ),
    "normalization invert": (
        lambda L: L.Normalization(axis=None, mean=2.0, variance=3.0, invert=True),
        [SEQUENCE],
        {},
    ),
    "normalization axes": (lambda L: L.Normalization(axis=(1, -1)), [SEQUENCE], {}),
    "multi hot": (lambda L: L.CategoryEncoding(6), [whole(6, 3, 4)], {}),
    "one hot": (lambda L: L.CategoryEncoding(6, output_mode="one_hot"), [whole(6, 3, 1)], {}),
    "one hot 2": (lambda L: L.CategoryEncoding(6, output_mode="one_hot"), [whole(6, 3, 2)], {}),
    "count": (lambda L: L.CategoryEncoding(6, output_mode="count"), [whole(6, 3, 4)], {}),
    "count weights": (
        lambda L: L.CategoryEncoding(6, output_mode="count"),
        [whole(6, 3, 4)],
        {"count_weights": values(3, 4)},
    ),
    "conv1d": (lambda L: L.Conv1D(4, 3, strides=2, padding="same"), [SEQUENCE], {}),
    "conv1d causal": (lambda L: L.Conv1D(4, 2, padding="causal", dilation_rate=2), [SEQUENCE], {}),
    "conv2d": (lambda L: L.Conv2D(3, 3, activation="relu"), [IMAGE], {}),
    "conv2d same": (lambda L: L.Conv2D(3, (2, 3), strides=(2, 1), padding="same"), [IMAGE], {}),
    "conv2d groups": (lambda L: L.Conv2D(6, 2, groups=2, use_bias=False), [IMAGE], {}),
    "conv2d dilated": (lambda L: L.Conv2D(3, 2, dilation_rate=(2, 1)), [IMAGE], {}),
    "conv2d first": (lambda L: L.Conv2D(3, 3, data_format="channels_first"), [FIRST], {}),
    "conv3d": (lambda L: L.Conv3D(3, 2, padding="same", strides=2), [VOLUME], {}),
    "conv1d transpose": (lambda L: L.Conv1DTranspose(4, 3, strides=2), [SEQUENCE], {}),
    "conv2d transpose": (
        lambda L: L.Conv2DTranspose(3, 3, strides=2, padding="same", activation="tanh"),
        [IMAGE],
        {},
    ),
    "conv2d transpose padded": (
        lambda L: L.Conv2DTranspose(3, 3, strides=2, output_padding=1),
        [IMAGE],
        {},
    ),
    "conv2d transpose first": (
        lambda L: L.Conv2DTranspose(3, 2, data_format="channels_first"),
        [FIRST],
        {},
    ),
    "conv3d transpose": (lambda L: L.Conv3DTranspose(2, 2, 2), [VOLUME], {}),
    "depthwise 1d": (lambda L: L.DepthwiseConv1D(3, depth_multiplier=2), [SEQUENCE], {}),
    "depthwise 2d": (lambda L: L.DepthwiseConv2D(3, strides=2, padding="same"), [IMAGE], {}),
    "separable 1d": (lambda L: L.SeparableConv1D(4, 3), [SEQUENCE], {}),
    "separable 2d": (
        lambda L: L.SeparableConv2D(4, 3, depth_multiplier=2, activation="relu"),
        [IMAGE],
        {},
    ),
    "max pooling 1d": (lambda L: L.MaxPooling1D(), [SEQUENCE], {}),
    "max pooling 2d": (lambda L: L.MaxPooling2D(3, 2, padding="same"), [IMAGE], {}),
    "max pooling first": (lambda L: L.MaxPooling2D(data_format="channels_first"), [FIRST], {}),
    "max pooling 3d": (lambda L: L.MaxPooling3D(), [VOLUME], {}),
    "average pooling 1d": (lambda L: L.AveragePooling1D(2, 1), [SEQUENCE], {}),
    "average pooling 2d": (lambda L: L.AveragePooling2D((3, 2), padding="same"), [IMAGE], {}),
    "average pooling 3d": (lambda L: L.AveragePooling3D(2), [VOLUME], {}),
    "global average 1d": (lambda L: L.GlobalAveragePooling1D(), [SEQUENCE], {"mask": MASK}),
    "global average 1d first": (
        lambda L: L.GlobalAveragePooling1D("channels_first", keepdims=True),
        [values(2, 3, 5)],
        {"mask": MASK},
    ),
    "global average 2d": (lambda L: L.GlobalAveragePooling2D(keepdims=True), [IMAGE], {}),
    "global average 3d": (lambda L: L.GlobalAveragePooling3D(), [VOLUME], {}),
    "global max 1d": (lambda L: L.GlobalMaxPooling1D(), [SEQUENCE], {}),
    "global max 2d": (lambda L: L.GlobalMaxPooling2D("channels_first"), [FIRST], {}),
    "global max 3d": (lambda L: L.GlobalMaxPooling3D(), [VOLUME], {}),
    "adaptive average 1d": (lambda L: L.AdaptiveAveragePooling1D(2), [SEQUENCE], {}),
    "adaptive average 2d": (lambda L: L.AdaptiveAveragePooling2D((4, 3)), [IMAGE], {}),
    "adaptive max 2d": (lambda L: L.AdaptiveMaxPooling2D(3, "channels_first"), [FIRST], {}),
    "zero padding 1d": (lambda L: L.ZeroPadding1D((2, 1)), [SEQUENCE], {}),
    "zero padding 2d": (lambda L: L.ZeroPadding2D((2, 1)), [IMAGE], {}),
    "zero padding first": (
        lambda L: L.ZeroPadding2D(((1, 0), (0, 2)), data_format="channels_first"),
        [FIRST],
        {},
    ),
    "zero padding 3d": (lambda L: L.ZeroPadding3D(1), [VOLUME], {}),
    "cropping 1d": (lambda L: L.Cropping1D((2, 1)), [SEQUENCE], {}),
    "cropping 2d": (lambda L: L.Cropping2D(((1, 0), (0, 2))), [IMAGE], {}),
    "cropping 3d": (lambda L: L.Cropping3D(), [VOLUME], {}),
    "up sampling 1d": (lambda L: L.UpSampling1D(3), [SEQUENCE], {}),
    "up sampling 2d": (lambda L: L.UpSampling2D((1, 3)), [IMAGE], {}),
    "up sampling 3d": (lambda L: L.UpSampling3D(), [VOLUME], {}),
    "batch normalization": (lambda L: L.BatchNormalization(), [IMAGE], {}),
    "batch normalization training": (
        lambda L: L.BatchNormalization(momentum=0.9),
        [IMAGE],
        {"training": True},
    ),
    "batch normalization axis": (
        lambda L: L.BatchNormalization(axis=1, center=False, epsilon=1e-5),
        [FIRST],
        {"training": True},
    ),
    "batch normalization mask": (
        lambda L: L.BatchNormalization(scale=False),
        [SEQUENCE],
        {"training": True, "mask": MASK},
    ),
    "batch normalization frozen": (
        lambda L: L.BatchNormalization(trainable=False),
        [IMAGE],
        {"training": True},
    ),
    "layer normalization": (lambda L: L.LayerNormalization(), [SEQUENCE], {}),
    "layer normalization axes": (
        lambda L: L.LayerNormalization(axis=[1, 2], center=False),
        [SEQUENCE],
        {},
    ),
    "group normalization": (lambda L: L.GroupNormalization(2), [IMAGE], {}),
    "group normalization first": (lambda L: L.GroupNormalization(-1, axis=1), [FIRST], {}),
    "rms normalization": (lambda L: L.RMSNormalization(), [SEQUENCE], {}),
    "unit normalization": (lambda L: L.UnitNormalization(axis=1), [SEQUENCE], {}),
    "add": (lambda L: L.Add(), [[SEQUENCE, values(2, 5, 3, seed=1), values(2, 5, 3)]], {}),
    "add ranks": (lambda L: L.Add(), [[SEQUENCE, values(2, 3, seed=1)]], {}),
    "subtract": (lambda L: L.Subtract(), [[SEQUENCE, values(2, 5, 3, seed=1)]], {}),
    "multiply": (lambda L: L.Multiply(), [[SEQUENCE, values(2, 1, 3, seed=1)]], {}),
    "average": (lambda L: L.Average(), [[SEQUENCE, values(2, 5, 3, seed=1)]], {}),
    "maximum": (lambda L: L.Maximum(), [[SEQUENCE, values(2, 5, 3, seed=1)]], {}),
    "minimum": (lambda L: L.Minimum(), [[SEQUENCE, values(2, 5, 3, seed=1)]], {}),
    "concatenate": (lambda L: L.Concatenate(axis=1), [[SEQUENCE, values(2, 4, 3)]], {}),
    "dot": (lambda L: L.Dot(axes=1), [[values(4, 5), values(4, 5, seed=1)]], {}),
    "dot axes": (lambda L: L.Dot(axes=(2, 1)), [[SEQUENCE, values(2, 3, 4)]], {}),
    "dot cosine": (lambda L: L.Dot(axes=1, normalize=True), [[SEQUENCE, values(2, 5, 4)]], {}),
    "gru reset before": (
        lambda L: L.GRU(4, reset_after=False, return_sequences=True),
        [SEQUENCE],
        {},
    ),
    "lstm activations": (
        lambda L: L.LSTM(4, recurrent_activation="hard_sigmoid", unit_forget_bias=False),
        [SEQUENCE],
        {},
    ),
    "lstm cell": (lambda L: L.LSTMCell(4), [values(2, 3), STATE], {}),
    "gru cell": (lambda L: L.GRUCell(4), [values(2, 3), STATE[:1]], {}),
    "simple rnn cell": (lambda L: L.SimpleRNNCell(4), [values(2, 3), STATE[:1]], {}),
    "rnn": (lambda L: L.RNN(L.GRUCell(4), return_sequences=True), [SEQUENCE], {"mask": MASK}),
    "rnn stacked": (
        lambda L: L.RNN([L.LSTMCell(4), L.SimpleRNNCell(3), L.GRUCell(2)], return_state=True),
        [SEQUENCE],
        {},
    ),
    "rnn stacked mask": (
        lambda L: L.RNN([L.LSTMCell(4), L.LSTMCell(3)], return_sequences=True),
        [SEQUENCE],
        {"mask": MASK},
    ),
    "bidirectional": (lambda L: L.Bidirectional(L.LSTM(4)), [SEQUENCE], {}),
    "bidirectional mask": (
        lambda L: L.Bidirectional(L.GRU(4, return_sequences=True), merge_mode="sum"),
        [SEQUENCE],
        {"mask": MASK},
    ),
    "bidirectional state": (
        lambda L: L.Bidirectional(L.LSTM(4, return_state=True), merge_mode="mul"),
        [SEQUENCE],
        {},
    ),
    "bidirectional pair": (
        lambda L: L.Bidirectional(L.SimpleRNN(4, return_sequences=True), merge_mode=None),
        [SEQUENCE],
        {},
    ),
    "bidirectional other": (
        lambda L: L.Bidirectional(
            L.LSTM(4), merge_mode="ave", backward_layer=L.GRU(4, go_backwards=True)
        ),
        [SEQUENCE],
        {},
    ),
    "time distributed": (lambda L: L.TimeDistributed(L.Dense(4)), [SEQUENCE], {}),
    "time distributed conv": (
        lambda L: L.TimeDistributed(L.Conv1D(2, 2)),
        [values(2, 3, 5, 4)],
        {},
    ),
    "attention heads": (lambda L: L.MultiHeadAttention(2, 3), [QUERY, VALUE], {}),
    "attention heads key": (
        lambda L: L.MultiHeadAttention(2, 3, value_dim=5, output_shape=7, use_bias=False),
        [QUERY, VALUE, KEY],
        # Without it Keras on JAX fails where value_dim is not key_dim.
        {"attention_mask": ATTEND, "return_attention_scores": True},
    ),
    "attention heads masks": (
        lambda L: L.MultiHeadAttention(2, 3),
        [QUERY, VALUE],
        {"value_mask": VALUE_MASK},
    ),
    "attention heads causal": (
        lambda L: L.MultiHeadAttention(2, 3),
        [QUERY, QUERY],
        {"use_causal_mask": True},
    ),
    "attention heads scores": (
        lambda L: L.MultiHeadAttention(2, 3, use_gate=True),
        [QUERY, VALUE],
        {"return_attention_scores": True, "attention_mask": ATTEND, "use_causal_mask": True},
    ),
    "attention heads dropout off": (
        lambda L: L.MultiHeadAttention(2, 3, dropout=0.3),
        [QUERY] * 2,
        {},
    ),
    "attention heads window": (
        lambda L: L.MultiHeadAttention(2, 3, sliding_window=2),
        [QUERY, QUERY],
        {},
    ),
    "attention heads axes": (
        lambda L: L.MultiHeadAttention(2, 3, attention_axes=(1, 2)),
        [values(2, 3, 2, 4), values(2, 2, 3, 4)],
        {},
    ),
    "attention heads one axis": (
        lambda L: L.MultiHeadAttention(2, 3, attention_axes=2),
        [values(2, 3, 2, 4), values(2, 3, 5, 4)],
        {},
    ),
    "grouped attention": (lambda L: L.GroupQueryAttention(3, 4, 2), [QUERY, VALUE], {}),
    "grouped attention scores": (
        lambda L: L.GroupQueryAttention(3, 4, 2, use_gate=True),
        [QUERY, VALUE],
        {"return_attention_scores": True, "use_causal_mask": True},
    ),
    "attention": (lambda L: L.Attention(use_scale=True), [[QUERY, VALUE]], {}),
    "attention concat": (
        lambda L: L.Attention(use_scale=True, score_mode="concat"),
        [[QUERY, VALUE, VALUE * 2]],
        {"mask": [MASK[:, :3], VALUE_MASK], "use_causal_mask": True},
    ),
    "additive attention": (
        lambda L: L.AdditiveAttention(),
        [[QUERY, VALUE]],
        {"return_attention_scores": True},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_layer(case: str) -> None:
    make, args, kwargs = CASES[case]
    check(make, args, kwargs)


# --- layers whose output is random: configurations only ---------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda L: L.Dropout(0.3, noise_shape=(None, 1), seed=3),
        lambda L: L.AlphaDropout(0.3),
        lambda L: L.GaussianDropout(0.3, seed=1),
        lambda L: L.GaussianNoise(0.3),
        lambda L: L.SpatialDropout1D(0.3),
        lambda L: L.SpatialDropout2D(0.3, data_format="channels_first"),
        lambda L: L.SpatialDropout3D(0.3, seed=2),
        lambda L: L.LSTM(4, dropout=0.1, recurrent_dropout=0.2, seed=3, dtype="bfloat16"),
    ],
)
def test_config(make: Make) -> None:
    there, here = make(keras.layers), make(layers)
    assert plain(here.get_config()) == plain(there.get_config())
    assert here.get_config().keys() == there.get_config().keys()


# --- statistics --------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [-1, None, 0, (1, 2)])
@pytest.mark.parametrize("batches", [False, True])
def test_adapt(axis: Any, batches: bool) -> None:
    data = values(7, 4, 3) * 3 + 1
    there, here = keras.layers.Normalization(axis=axis), layers.Normalization(axis=axis)
    there.adapt(data)
    # Keras takes batches only where TensorFlow is installed.
    here.adapt((x for x in (data[:3], data[3:4], data[4:])) if batches and axis != 0 else data)
    for a, b in zip(here.weights, there.weights, strict=True):
        same(a, b)
    same(here(data), there(data))


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_stateful(name: str) -> None:
    there, here = (getattr(L, name)(4, stateful=True) for L in (keras.layers, layers))
    there(SEQUENCE)
    here(SEQUENCE)
    assert len(here.weights) == len(there.weights)
    here.set_weights(arrays_of(there))
    for layer in (there, here):
        layer.reset_state()
    for _ in range(3):
        same(here(SEQUENCE), there(SEQUENCE))
    for layer in (there, here):
        layer.reset_state()
    same(here(SEQUENCE), there(SEQUENCE))


# --- masks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda L: [L.Embedding(6, 4, mask_zero=True), L.LSTM(3, return_sequences=True)],
        lambda L: [L.Embedding(6, 4, mask_zero=True), L.Bidirectional(L.GRU(3))],
        lambda L: [L.Embedding(6, 4, mask_zero=True), L.Dense(3), L.GlobalAveragePooling1D()],
        lambda L: [L.Embedding(6, 4, mask_zero=True), L.LayerNormalization(), L.LSTM(3)],
    ],
)
def test_masks_travel(make: Make) -> None:
    tokens = whole(6, 3, 5)
    there, here = make(keras.layers), make(layers)
    x: Any = tokens
    y: Any = tokens
    for a, b in zip(there, here, strict=True):
        first, second = x, y
        x, y = a(first), b(second)
        b.set_weights(arrays_of(a))
        y = b(second)
        same(y, x)
        expected = getattr(x, "_keras_mask", None)
        found = y._keras_mask
        assert (found is None) == (expected is None)
        if found is not None:
            np.testing.assert_array_equal(found.numpy(), np.asarray(expected))


@pytest.mark.parametrize("options", [{}, {"return_attention_scores": True}])
def test_masks_of_attention(options: dict[str, Any]) -> None:
    tokens = whole(3, 3, 5)
    results = []
    for L in (keras.layers, layers):
        table = L.Embedding(3, 4, mask_zero=True, weights=[values(3, 4)])
        attention = L.MultiHeadAttention(2, 3)
        x = table(tokens)
        attention(x, x, **options)
        attention.set_weights([values(*v.shape, seed=i) for i, v in enumerate(attention.weights)])
        x = table(tokens)  # Keras took the mask off the first one
        results.append(attention(x, x, **options))
    for a, b in zip(flatten(results[1]), flatten(results[0]), strict=True):
        same(a, b)


# --- names and signatures ---------------------------------------------------------------------


def _default(value: Any) -> Any:
    """Keras repeats a default for each axis."""
    while isinstance(value, tuple) and value and all(v == value[0] for v in value):
        value = value[0]
    return value


# Keras exports this class as GroupQueryAttention only.
NAMES = sorted(n for n in layers.__all__ if n[0].isupper() and n != "GroupedQueryAttention")


@pytest.mark.parametrize("name", NAMES)
def test_signature(name: str) -> None:
    there = getattr(keras.layers, name)
    here = getattr(layers, name)
    theirs = dict(inspect.signature(there).parameters)
    ours = dict(inspect.signature(here).parameters)
    positional = [p for p in theirs.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    if name in ("Conv3DTranspose", "Convolution3DTranspose"):
        positional = positional[:8]
    own = [p for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [p.name for p in own[: len(positional)]] == [p.name for p in positional]
    for a, b in zip(own, positional, strict=False):
        assert _default(a.default) == _default(b.default), a.name


@pytest.mark.parametrize("name", activations.__all__)
def test_activations(name: str) -> None:
    import jax

    there, here = getattr(keras.activations, name), getattr(activations, name)
    theirs, ours = inspect.signature(there).parameters, inspect.signature(here).parameters
    assert list(ours) == list(theirs)
    if name in ("get", "serialize", "deserialize"):
        return
    assert [p.default for p in ours.values()] == [p.default for p in theirs.values()]
    assert activations.serialize(here) == keras.activations.serialize(there)
    assert activations.get(name) is here
    extra = {"threshold": 0.3, "default_value": -1.0} if name == "threshold" else {}
    x = values(4, 6) * 3
    if name == "sparsemax":
        return  # Keras's result does not add up to 1 (3.15)
    same(here(x, **extra), there(x, **extra))
    weights = values(*np.shape(there(x, **extra)), seed=1)
    expected = jax.grad(lambda t: (there(t, **extra) * weights).sum())(x)
    tensor = convert_to_tensor(x)
    with GradientTape() as tape:
        tape.watch(tensor)
        y = here(tensor, **extra) * convert_to_tensor(weights)
    gradient = tape.gradient(y, tensor)
    assert isinstance(gradient, Tensor)
    same(gradient, expected)


@pytest.mark.parametrize("options", [{}, {"max_value": 2.0}, {"threshold": 1.0}])
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_relu(options: dict[str, float], slope: float) -> None:
    x = np.linspace(-4, 4, 33, dtype=np.float32)
    same(
        activations.relu(x, negative_slope=slope, **options),
        keras.activations.relu(x, negative_slope=slope, **options),
    )


INITIALIZERS = [n for n in initializers.__all__ if n[0].isupper() and n != "Initializer"]


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializers(name: str) -> None:
    there, here = getattr(keras.initializers, name), getattr(initializers, name)
    theirs, ours = inspect.signature(there).parameters, inspect.signature(here).parameters
    assert list(ours) == list(theirs)
    assert [p.default for p in ours.values()] == [p.default for p in theirs.values()]
    config = here().get_config()
    if here is not initializers.Identity:  # Keras forgets its gain
        assert config == there().get_config()
    shape = (300, 300)
    found, expected = np.asarray(here()(shape)), np.asarray(there()(shape))
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.mean(), expected.mean(), atol=2e-3)
    np.testing.assert_allclose(found.std(), expected.std(), rtol=0.02)
    np.testing.assert_allclose(np.abs(found).max(), np.abs(expected).max(), rtol=0.25)
