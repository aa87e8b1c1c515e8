"""TensorFlow's names: its arguments, its defaults, its numbers (from its documentation)."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from scipy import special

import thalweg as tw
from tests.gradients import check_gradients
from tests.traced import check_traced

Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def equal(found: Any, expected: Any) -> None:
    found = np.asarray(found)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


# Names and order of the arguments in TensorFlow 2.
SIGNATURES = {
    "constant": "value dtype shape",
    "matmul": "a b transpose_a transpose_b",
    "add": "x y",
    "subtract": "x y",
    "multiply": "x y",
    "divide": "x y",
    "pow": "x y",
    "maximum": "x y",
    "equal": "x y",
    "square": "x",
    "transpose": "a perm conjugate",
    "reduce_mean": "input_tensor axis keepdims",
    "reduce_logsumexp": "input_tensor axis keepdims",
    "cast": "x dtype",
    "cond": "pred true_fn false_fn",
    "while_loop": "cond body loop_vars maximum_iterations",
    "reshape": "tensor shape",
    "expand_dims": "input axis",
    "concat": "values axis",
    "stack": "values axis",
    "unstack": "value num axis",
    "split": "value num_or_size_splits axis",
    "where": "condition x y",
    "zeros": "shape dtype",
    "fill": "dims value",
    "eye": "num_rows num_columns batch_shape dtype",
    "one_hot": "indices depth on_value off_value axis dtype",
    "boolean_mask": "tensor mask",
    "clip_by_value": "t clip_value_min clip_value_max",
    "tile": "input multiples",
    "pad": "tensor paddings mode constant_values",
    "squeeze": "input axis",
    "norm": "tensor ord axis keepdims",
    "tensordot": "a b axes",
    "cumsum": "x axis exclusive reverse",
    "math.atan2": "y x",
    "math.top_k": "input k sorted",
    "nn.softmax": "logits axis",
    "nn.relu": "features",
    "nn.softmax_cross_entropy_with_logits": "labels logits axis",
    "nn.sparse_softmax_cross_entropy_with_logits": "labels logits",
    "nn.sigmoid_cross_entropy_with_logits": "labels logits",
    "nn.conv2d": "input filters strides padding data_format dilations",
    "nn.max_pool2d": "input ksize strides padding data_format",
    "nn.bias_add": "value bias data_format",
    "nn.dropout": "x rate noise_shape seed",
    "nn.moments": "x axes shift keepdims",
    "nn.batch_normalization": "x mean variance offset scale variance_epsilon",
    "nn.conv2d_transpose": "input filters output_shape strides padding data_format",
    "linalg.svd": "tensor full_matrices compute_uv",
    "linalg.solve": "matrix rhs adjoint",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name: str) -> None:
    found: Any = tw
    for part in name.split("."):
        found = getattr(found, part)
    assert " ".join(inspect.signature(found).parameters) == SIGNATURES[name]


def test_every_name_is_documented() -> None:
    from thalweg import tf_names

    for module in (tf_names, tw.math, tw.nn, tw.linalg):
        for name in module.__all__:
            function = getattr(module, name)
            assert function.__doc__, name
            assert hasattr(tw, name) or module is not tf_names or name in tw.math.__all__


def test_constants_and_shapes() -> None:
    equal(tw.constant([[1.0, 2], [3, 4]]), [[1, 2], [3, 4]])
    equal(tw.constant(-1.0, shape=[2, 3]), np.full((2, 3), -1.0))
    equal(tw.constant([1, 2, 3, 4], shape=(2, 2)), [[1, 2], [3, 4]])
    assert tw.constant(1, dtype="int64").dtype == np.int64
    equal(tw.fill([2, 3], 9), np.full((2, 3), 9))
    equal(tw.range(3, 18, 3), [3, 6, 9, 12, 15])
    equal(tw.range(3), [0, 1, 2])
    equal(tw.eye(2, batch_shape=[3]), np.stack([np.eye(2)] * 3))
    assert tw.eye(2, 3, dtype="int32").dtype == np.int32
    x = tw.constant(values(2, 3, 4))
    assert (tw.shape(x), tw.size(x), tw.rank(x)) == ((2, 3, 4), 24, 3)
    equal(tw.transpose(x, perm=[0, 2, 1]), np.asarray(x).swapaxes(1, 2))
    equal(tw.transpose([[1j, 2]], conjugate=True), [[-1j], [2]])
    equal(tw.squeeze(tw.expand_dims(x, 1), axis=1), x)
    equal(tw.concat([x, x], axis=-1), np.concatenate([x, x], -1))
    equal(tw.stack(values=[x, x], axis=1), np.stack([x, x], 1))
    for a, b in zip(tw.unstack(x, axis=1), np.moveaxis(np.asarray(x), 1, 0), strict=True):
        equal(a, b)
    equal(tw.tile([[1, 2]], [2, 2]), [[1, 2, 1, 2]] * 2)
    equal(tw.repeat([[1, 2], [3, 4]], repeats=2, axis=0), [[1, 2], [1, 2], [3, 4], [3, 4]])
    equal(tw.pad([[1, 2, 3]], [[1, 0], [2, 2]]), np.pad([[1, 2, 3]], [[1, 0], [2, 2]]))
    equal(tw.pad([1, 2, 3], [[2, 2]], "REFLECT"), [3, 2, 1, 2, 3, 2, 1])
    equal(tw.pad([1, 2, 3], [[2, 2]], "SYMMETRIC"), [2, 1, 1, 2, 3, 3, 2])
    with pytest.raises(ValueError, match="pad: mode must be 'CONSTANT'"):
        tw.pad([1], [[1, 1]], "WRAP")
    equal(tw.reverse([[1, 2], [3, 4]], axis=[1]), [[2, 1], [4, 3]])
    equal(tw.roll([0, 1, 2, 3], shift=2, axis=0), [2, 3, 0, 1])


def test_split() -> None:
    x = np.arange(30).reshape(5, 6)
    for a, b in zip(tw.split(x, 3, axis=1), np.split(x, 3, 1), strict=True):
        equal(a, b)
    for a, b in zip(tw.split(x, [1, 3, 2], 1), np.split(x, [1, 4], 1), strict=True):
        equal(a, b)


def test_elementwise() -> None:
    x, y = values(2, 3), values(3, seed=1)
    for name, function in {
        "add": np.add,
        "subtract": np.subtract,
        "multiply": np.multiply,
        "divide": np.divide,
        "maximum": np.maximum,
        "minimum": np.minimum,
        "greater": np.greater,
        "less_equal": np.less_equal,
        "not_equal": np.not_equal,
    }.items():
        equal(getattr(tw, name)(x, y), function(x, y))
        equal(getattr(tw.math, name)(x=x, y=y), function(x, y))
    equal(tw.pow([[2, 2], [3, 3]], [[8, 16], [2, 3]]), [[256, 65536], [9, 27]])
    equal(tw.math.squared_difference(x, y), (x - y) ** 2)
    equal(tw.math.divide_no_nan([3.0, 3], [0.0, 2]), [0, 1.5])
    equal(tw.math.floordiv([7, -7], 2), [3, -4])
    equal(tw.math.floormod([7, -7], 3), [1, 2])
    equal(tw.math.atan2(1.0, -1.0), 3 * np.pi / 4)
    equal(tw.clip_by_value([-5, 1, 5], -1, 2), [-1, 1, 2])
    positive = np.abs(x) + 0.1
    equal(tw.math.lgamma(positive), special.gammaln(positive))
    equal(tw.math.digamma(positive), special.digamma(positive))
    equal(tw.math.igamma(positive, 1.0), special.gammainc(positive, 1.0))
    equal(tw.math.igammac(positive, 1.0), special.gammaincc(positive, 1.0))
    equal(tw.math.is_nan([np.nan, 1]), [True, False])
    check_gradients(tw.math.lgamma, positive, order=2)


def test_reductions() -> None:
    x = values(2, 3)
    equal(tw.reduce_sum(x), x.sum())
    equal(tw.reduce_mean(x, axis=1, keepdims=True), x.mean(1, keepdims=True))
    equal(tw.reduce_std(x, 0), x.std(0))
    equal(tw.math.reduce_variance(x, [0, 1]), x.var())
    equal(tw.reduce_logsumexp(x, 1), special.logsumexp(x, 1))
    equal(tw.reduce_all([[True, False]]), False)
    assert tw.reduce_mean([1, 2]).dtype == np.float32  # Keras's rule; TensorFlow would give 1
    equal(tw.argmax([[1, 5, 2], [7, 0, 3]]), [1, 0, 1])
    equal(tw.argmin([[1, 5, 2], [7, 0, 3]], axis=1), [0, 1])
    top, places = tw.math.top_k([1.0, 5, 3])
    assert (np.asarray(top).tolist(), np.asarray(places).tolist()) == ([5], [1])
    equal(tw.sort([3, 1, 2], direction="DESCENDING"), [3, 2, 1])
    equal(tw.argsort([2, 1, 2, 3], direction="DESCENDING"), [3, 0, 2, 1])
    equal(tw.argsort([2, 1, 2, 3]), [1, 0, 2, 3])
    with pytest.raises(ValueError, match="sort: direction must be"):
        tw.sort([1], direction="UP")


def test_running_sums() -> None:
    x = [2, 4, 6]
    equal(tw.cumsum(x), [2, 6, 12])
    equal(tw.cumsum(x, exclusive=True), [0, 2, 6])
    equal(tw.cumsum(x, reverse=True), [12, 10, 6])
    equal(tw.cumsum(x, exclusive=True, reverse=True), [10, 6, 0])
    equal(tw.math.cumprod(x, exclusive=True), [1, 2, 8])
    equal(tw.math.cumprod(values(2, 3), axis=-1, reverse=True)[:, -1], values(2, 3)[:, -1])


def test_norm() -> None:
    x = values(2, 3, 4)
    equal(tw.norm(x), np.sqrt((x**2).sum()))
    equal(tw.norm(x, ord=1), np.abs(x).sum())
    equal(tw.norm(x, ord=np.inf, keepdims=True), np.abs(x).max(keepdims=True))
    equal(tw.norm(x, axis=1), np.linalg.norm(x, axis=1))
    equal(tw.norm(x, axis=(-2, -1)), np.linalg.norm(x, axis=(-2, -1)))
    equal(tw.norm(x, "fro", axis=(-2, -1)), np.linalg.norm(x, axis=(-2, -1)))
    equal(tw.norm(x, 1, axis=(0, 1), keepdims=True), np.linalg.norm(x, 1, (0, 1), keepdims=True))


def test_picking() -> None:
    x = values(3, 4, 2)
    equal(tw.where([True, False], [1, 2], [3, 4]), [1, 4])
    equal(tw.where([[True, False], [True, True]]), [[0, 0], [1, 0], [1, 1]])
    equal(tw.gather(x, [2, 0]), x[[2, 0]])
    equal(tw.gather(x, [[1], [0]], axis=1), x[:, [[1], [0]]])
    equal(tw.gather_nd(x, [[0, 1], [2, 3]]), x[[0, 2], [1, 3]])
    equal(tw.gather_nd(x, [[[0, 1, 1]]]), x[0, 1, 1][None, None])
    check_gradients(lambda t: tw.gather_nd(t, [[0, 1], [2, 3], [0, 1]]), x)
    with pytest.raises(ValueError, match="gather_nd: indices of shape"):
        tw.gather_nd([1, 2], [[0, 0]])
    equal(tw.boolean_mask(x, x[..., 0] > 0), x[x[..., 0] > 0])
    equal(tw.slice(x, [1, 0, 0], [-1, 2, 1]), x[1:, :2, :1])
    equal(tw.scatter_nd([[1], [3], [1]], [9, 10, 1], [5]), [0, 10, 0, 10, 0])
    equal(tw.tensor_scatter_nd_update([0, 0, 0], [[1]], [5]), [0, 5, 0])
    equal(tw.tensor_scatter_nd_add([1, 1, 1], [[1], [1]], [5, 2]), [1, 8, 1])
    equal(tw.one_hot([0, 2, -1], 3, on_value=5.0, off_value=1.0, axis=0)[:, 0], [5, 1, 1])
    assert tw.one_hot([0], 3).dtype == np.float32
    assert tw.one_hot([0], 3, dtype="int8").dtype == np.int8


def test_products() -> None:
    a, b = values(2, 3, 4), values(2, 3, 5, seed=1)
    equal(tw.matmul(a, b, transpose_a=True), a.swapaxes(1, 2) @ b)
    equal(tw.matmul(a, a, transpose_b=True), a @ a.swapaxes(1, 2))
    equal(tw.tensordot(a, b, [[0, 1], [0, 1]]), np.tensordot(a, b, [[0, 1], [0, 1]]))
    equal(tw.einsum("bij,bik->jk", a, b), np.einsum("bij,bik->jk", a, b))


def test_control_flow() -> None:
    equal(tw.cond(tw.constant(3) > 2, lambda: tw.constant(1), lambda: tw.constant(2)), 1)
    i, total = tw.while_loop(lambda i, t: i < 5, lambda i, t: (i + 1, t + i), (tw.constant(0), 0))
    equal(total, 10)
    (i,) = tw.while_loop(lambda i: tw.constant(True), lambda i: [i + 1], [0], maximum_iterations=4)
    equal(i, 4)
    equal(tw.map_fn(lambda t: t * t, tw.constant([1, 2, 3])), [1, 4, 9])
    check_traced(lambda x: tw.cond(x[0] > 0, lambda: x, lambda: -x), values(3))


# --- tf.nn --------------------------------------------------------------------------------------


def test_activations() -> None:
    x = values(3, 4)
    equal(tw.nn.relu(features=x), np.maximum(x, 0))
    equal(tw.nn.crelu(x), np.maximum(np.concatenate([x, -x], -1), 0))
    equal(tw.nn.silu(x, beta=2.0), x * special.expit(2 * x))
    equal(tw.nn.swish(x), x * special.expit(x))
    equal(tw.nn.gelu(x), x * special.ndtr(x))
    equal(tw.nn.leaky_relu(x, alpha=0.1), np.where(x > 0, x, 0.1 * x))
    equal(tw.nn.softmax(x), special.softmax(x, -1))
    equal(tw.nn.log_softmax(x, axis=0), special.log_softmax(x, 0))
    equal(tw.nn.zero_fraction([0, 0, 1, 2]), 0.5)
    equal(tw.nn.l2_normalize(x, axis=1), x / np.linalg.norm(x, axis=1, keepdims=True))


def test_losses() -> None:
    logits, labels = values(3, 4) * 5, np.eye(4)[[1, 0, 3]]
    logs = special.log_softmax(logits, -1)
    expected = -(labels * logs).sum(-1)
    equal(tw.nn.softmax_cross_entropy_with_logits(labels, logits), expected)
    equal(tw.nn.sparse_softmax_cross_entropy_with_logits([1, 0, 3], logits), expected)
    each = np.logaddexp(0, logits) - labels * logits
    equal(tw.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits), each)
    weighted = -labels * 3 * special.log_expit(logits) - (1 - labels) * special.log_expit(-logits)
    equal(tw.nn.weighted_cross_entropy_with_logits(labels, logits, 3.0), weighted)
    equal(tw.nn.log_poisson_loss(labels, logits), np.exp(logits) - labels * logits)
    equal(tw.nn.l2_loss(logits), (logits**2).sum() / 2)


def test_windows() -> None:
    x, w = values(2, 6, 7, 4), values(3, 3, 4, 2, seed=1)
    first = x.transpose(0, 3, 1, 2)
    expected = np.asarray(tw.ops.conv(x, w, (2, 1), "same"))
    equal(tw.nn.conv2d(x, w, [1, 2, 1, 1], "SAME"), expected)
    equal(tw.nn.conv2d(x, w, (2, 1), "SAME", data_format="NHWC"), expected)
    found = tw.nn.conv2d(first, w, [1, 1, 2, 1], "SAME", data_format="NCHW")
    equal(found, expected.transpose(0, 3, 1, 2))
    dilated = tw.nn.conv2d(x, w, 1, "VALID", dilations=2)
    equal(dilated, tw.ops.conv(x, w, dilation_rate=2))
    equal(tw.nn.max_pool2d(x, 2, [1, 2, 2, 1], "SAME"), tw.ops.max_pool(x, 2, 2, "same"))
    equal(tw.nn.avg_pool(x, [1, 3, 2, 1], 1, "VALID"), tw.ops.average_pool(x, (3, 2), 1))
    equal(tw.nn.max_pool1d(x[0], 2, 2, "VALID"), tw.ops.max_pool(x[0], 2, 2))
    equal(tw.nn.conv1d(x[0], w[0], 1, "SAME"), tw.ops.conv(x[0], w[0], padding="same"))
    depthwise = tw.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME")
    equal(depthwise, tw.ops.depthwise_conv(x, w, padding="same"))
    equal(tw.nn.space_to_depth(x[:, :, :6], 2), tw.ops.space_to_depth(x[:, :, :6], 2))
    equal(tw.nn.bias_add(x, np.arange(4.0)), x + np.arange(4))
    equal(tw.nn.bias_add(first, np.arange(4.0), "NCHW"), first + np.arange(4)[:, None, None])
    with pytest.raises(ValueError, match="conv2d: windows do not cover batch and channels"):
        tw.nn.conv2d(x, w, [2, 1, 1, 1], "SAME")
    with pytest.raises(ValueError, match="conv2d: data_format must be 'NHWC' or 'NCHW'"):
        tw.nn.conv2d(x, w, 1, "SAME", "channels_last")


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("window", [2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_conv2d_transpose_is_the_gradient_of_conv2d(padding: str, window: int, stride: int) -> None:
    for size in range(5, 9):
        x = tw.constant(values(1, size, size, 2))
        w = values(window, window, 2, 3, seed=1)
        with tw.GradientTape() as tape:
            tape.watch(x)
            y = tw.nn.conv2d(x, w, stride, padding)
        g = values(*y.shape, seed=2)
        expected = tape.gradient(y, x, output_gradients=g)
        equal(tw.nn.conv2d_transpose(g, w, x.shape, stride, padding), expected)


def test_the_rest_of_nn() -> None:
    x = values(5, 3)
    mean, variance = tw.nn.moments(x, [0])
    equal(mean, x.mean(0))
    equal(variance, x.var(0))
    found = tw.nn.batch_normalization(x, mean, variance, 1.0, 2.0, 1e-3)
    equal(found, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3) * 2 + 1)
    equal(tw.nn.embedding_lookup(x, [4, 0]), x[[4, 0]])
    equal(tw.nn.dropout(x, 0.0), x)
    assert set(np.unique(tw.nn.dropout(np.ones((50, 2)), 0.5, seed=1)).tolist()) == {0, 2}


# --- tf.linalg ----------------------------------------------------------------------------------


def test_linalg() -> None:
    x = values(2, 3, 3)
    s, u, v = map(np.asarray, tw.linalg.svd(x[:, :, :2]))
    np.testing.assert_allclose(u * s[:, None] @ v.swapaxes(1, 2), x[:, :, :2], atol=1e-12)
    equal(tw.linalg.svd(x, compute_uv=False), np.linalg.svd(x, compute_uv=False))
    equal(tw.linalg.trace(x), np.trace(x, axis1=1, axis2=2))
    equal(tw.linalg.diag([[1, 2], [3, 4]]), [[[1, 0], [0, 2]], [[3, 0], [0, 4]]])
    equal(tw.linalg.diag_part(x), np.diagonal(x, axis1=1, axis2=2))
    b = values(2, 3, 2, seed=1)
    equal(tw.linalg.solve(x, b), np.linalg.solve(x, b))
    equal(tw.linalg.solve(x, b, adjoint=True), np.linalg.solve(x.swapaxes(1, 2), b))
    equal(tw.linalg.inv(x, adjoint=True), np.linalg.inv(x.swapaxes(1, 2)))
    low = np.tril(x)
    equal(tw.linalg.triangular_solve(low, b), np.linalg.solve(low, b))
    found = tw.linalg.triangular_solve(low, b, adjoint=True)
    equal(found, np.linalg.solve(low.swapaxes(1, 2), b))
    equal(tw.linalg.matvec(x, b[..., 0]), (x @ b[..., :1])[..., 0])
    equal(tw.linalg.matvec(x, b[..., 0], transpose_a=True), (x.swapaxes(1, 2) @ b[..., :1])[..., 0])
    equal(tw.linalg.adjoint([[1j, 2]]), [[-1j], [2]])
    q, r = tw.linalg.qr(b, full_matrices=True)
    assert (q.shape, r.shape) == ((2, 3, 3), (2, 3, 2))
    symmetric = x + x.swapaxes(1, 2)
    equal(tw.linalg.eigvalsh(symmetric), np.linalg.eigvalsh(symmetric))
