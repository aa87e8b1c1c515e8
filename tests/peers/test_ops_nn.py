"""The operations of `keras.ops.nn` and of the core group, number by number against Keras."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg import ops

pytestmark = pytest.mark.peer


Array = np.ndarray[Any, Any]


def values(*shape: int, seed: int = 0, scale: float = 1.0) -> Array:
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype(np.float32)


def chances(*shape: int, seed: int = 0) -> Array:
    x = np.random.default_rng(seed).uniform(0.01, 1, size=shape)
    return (x / x.sum(-1, keepdims=True)).astype(np.float32)


def whole(high: int, *shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, high, shape).astype(np.int32)


def same(found: Any, expected: Any, rtol: float = 1e-5, atol: float = 1e-5) -> None:
    if isinstance(expected, (tuple, list)):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            same(a, b, rtol, atol)
        return
    there = np.asarray(expected)
    here = np.asarray(found)
    assert here.shape == there.shape
    assert here.dtype == there.dtype
    np.testing.assert_allclose(
        here.astype(np.float64) if here.dtype.kind not in "c" else here,
        there.astype(np.float64) if there.dtype.kind not in "c" else there,
        rtol=rtol,
        atol=atol,
    )


def compare(name: str, *args: Any, rtol: float = 1e-5, atol: float = 1e-5, **kwargs: Any) -> None:
    expected = getattr(keras.ops, name)(*args, **kwargs)
    same(getattr(ops, name)(*args, **kwargs), expected, rtol, atol)


# --- names and signatures ---------------------------------------------------------------------

# Arguments that only other backends need: sparse and ragged tensors, compiler hints.
LEFT_OUT = {"sparse", "ragged", "kwargs"}
# Not in this release of Keras, or (custom_gradient, jvp) in a room above.
ELSEWHERE = {"custom_gradient", "jvp", "gammainc", "matrix_power"}
NAMES = [
    name
    for group in (ops.nn, ops.linalg, ops.core, ops.control_flow, ops.fourier, ops.math)
    for name in group.__all__
] + [*ops.segment.__all__, *ops.updating.__all__, "einsum", "kaiser", "matmul", "rearrange"]


@pytest.mark.parametrize("name", sorted(set(NAMES) - ELSEWHERE))
def test_signature(name: str) -> None:
    theirs = inspect.signature(getattr(keras.ops, name)).parameters
    ours = inspect.signature(getattr(ops, name)).parameters
    wanted = [(n, p.default) for n, p in theirs.items() if n not in LEFT_OUT]
    assert [(n, p.default) for n, p in ours.items()] == wanted


# --- activations --------------------------------------------------------------------------------
# (Without sparsemax, of which Keras 3.15 with JAX makes zeros.)

ACTIVATIONS = [
    ("relu", {}),
    ("relu6", {}),
    ("sigmoid", {}),
    ("softplus", {}),
    ("softsign", {}),
    ("silu", {}),
    ("swish", {}),
    ("log_sigmoid", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.4}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("hard_swish", {}),
    ("hard_tanh", {}),
    ("hard_shrink", {}),
    ("hard_shrink", {"threshold": 1.5}),
    ("soft_shrink", {}),
    ("soft_shrink", {"threshold": 1.5}),
    ("elu", {}),
    ("elu", {"alpha": 0.3}),
    ("selu", {}),
    ("celu", {}),
    ("celu", {"alpha": 0.3}),
    ("gelu", {}),
    ("gelu", {"approximate": False}),
    ("glu", {}),
    ("glu", {"axis": 0}),
    ("softmax", {}),
    ("softmax", {"axis": 1}),
    ("softmax", {"axis": (0, 2)}),
    ("log_softmax", {}),
    ("log_softmax", {"axis": 0}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
    ("squareplus", {}),
    ("squareplus", {"b": 1}),
    ("tanh_shrink", {}),
    ("threshold", {"threshold": 0.5, "default_value": -2.0}),
    ("normalize", {}),
    ("normalize", {"axis": 1, "order": 1}),
    ("normalize", {"axis": 0, "order": 3}),
    ("rms_normalization", {}),
    ("rms_normalization", {"axis": (1, 2), "epsilon": 0.1}),
    ("layer_normalization", {}),
    ("layer_normalization", {"axis": (1, 2), "epsilon": 0.1}),
    ("logsumexp", {}),
    ("logsumexp", {"axis": (0, 2), "keepdims": True}),
    ("erf", {}),
    ("erfc", {}),
]


@pytest.mark.parametrize(("name", "kwargs"), ACTIVATIONS, ids=str)
def test_activations(name: str, kwargs: dict[str, Any]) -> None:
    compare(name, values(4, 3, 6, scale=3), **kwargs)
    extremes = np.array([-1e4, -90, -20, -6, -3, -1, -0.5, 0, 0.5, 1, 3, 6, 20, 90, 1e4])
    if "axis" not in kwargs and name not in ("glu", "normalize"):
        compare(name, extremes.astype(np.float32), **kwargs)


@pytest.mark.parametrize("name", ["erfinv", "rsqrt"])
def test_special(name: str) -> None:
    x = np.linspace(0.001, 0.999, 50).astype(np.float32)
    compare(name, x)


@pytest.mark.parametrize(
    "name", sorted({n for n, _ in ACTIVATIONS} - {"threshold", "normalize", "erfc"})
)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_activations_in_half_precision(name: str, dtype: str) -> None:
    x = values(4, 6)
    expected = getattr(keras.ops, name)(keras.ops.cast(x, dtype))
    found = getattr(ops, name)(ops.cast(x, dtype))
    assert found.dtype.name == keras.ops.dtype(expected)
    a, b = (np.asarray(f(y, "float32")) for f, y in ((ops.cast, found), (keras.ops.cast, expected)))
    tolerance = 0.01 if dtype == "float16" else 0.04
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ["relu", "relu6", "softplus", "gelu", "elu", "selu"])
@pytest.mark.parametrize("dtype", [np.int32, np.int8, np.uint8, np.bool_])
def test_integers(name: str, dtype: Any) -> None:
    compare(name, np.array([0, 1, 3, 7], dtype))


# --- losses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("axis", [-1, 1])
def test_categorical_crossentropy(from_logits: bool, axis: int) -> None:
    output = values(4, 5, 3) if from_logits else chances(4, 5, 3) * 1.3
    compare("categorical_crossentropy", chances(4, 5, 3, seed=1), output, from_logits, axis)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("column", [False, True])
def test_sparse_categorical_crossentropy(from_logits: bool, column: bool) -> None:
    output = values(4, 5, 3) if from_logits else chances(4, 5, 3) * 1.3
    target = whole(3, 4, 5, 1) if column else whole(3, 4, 5)
    compare("sparse_categorical_crossentropy", target, output, from_logits)


@pytest.mark.parametrize("from_logits", [False, True])
def test_binary_crossentropy(from_logits: bool) -> None:
    output = values(4, 5, scale=20) if from_logits else np.linspace(0, 1, 20, dtype=np.float32)
    target = whole(2, 20).astype(np.float32).reshape(output.shape)
    compare("binary_crossentropy", target, output, from_logits)


def test_ctc_loss() -> None:
    target = np.array([[1, 2, 2, 3], [3, 3, 1, 0], [2, 0, 0, 0]], np.int32)
    output = values(3, 9, 5)
    lengths = np.array([4, 3, 1], np.int32), np.array([9, 8, 4], np.int32)
    compare("ctc_loss", target, output, *lengths)
    other = np.where(target == 0, 4, target - 1)
    compare("ctc_loss", other, output, *lengths, mask_index=4)


@pytest.mark.parametrize("merge", [False, True])
def test_ctc_decode_greedily(merge: bool) -> None:
    inputs, lengths = values(3, 9, 4, scale=2), np.array([9, 5, 1], np.int32)
    compare("ctc_decode", inputs, lengths, merge_repeated=merge)


@pytest.mark.parametrize("mask_index", [0, 3])
def test_ctc_decode_with_beams(mask_index: int) -> None:
    inputs, lengths = values(3, 8, 4, scale=2), np.array([8, 5, 2], np.int32)
    for width, top in ((1, 1), (5, 2), (40, 3)):
        compare(
            "ctc_decode",
            inputs,
            lengths,
            strategy="beam_search",
            beam_width=width,
            top_paths=top,
            mask_index=mask_index,
            rtol=1e-4,
            atol=1e-4,
        )


# --- convolution and pooling ----------------------------------------------------------------------

SPATIAL: dict[int, tuple[int, ...]] = {1: (11,), 2: (8, 9), 3: (5, 6, 4)}


def image(count: int, channels: int, data_format: str) -> Array:
    spatial = SPATIAL[count]
    if data_format == "channels_last":
        return values(2, *spatial, channels)
    return values(2, channels, *spatial)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("strides", "dilation_rate"), [(1, 1), (2, 1), (1, 2), (3, 1)])
@pytest.mark.parametrize("groups", [1, 2])
def test_conv(count: int, padding: str, strides: int, dilation_rate: int, groups: int) -> None:
    window = (3, 2, 2)[:count]
    kernel = values(*window, 4 // groups, 6, seed=1)
    x = image(count, 4, "channels_last")
    compare("conv", x, kernel, strides, padding, "channels_last", dilation_rate)


@pytest.mark.parametrize("name", ["max_pool", "average_pool"])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [None, 1, 2, 3])
def test_pool(name: str, count: int, padding: str, strides: int | None) -> None:
    x = image(count, 3, "channels_last")
    if strides is not None:  # Keras 3.15 with JAX fails with a number and no strides
        compare(name, x, 2, strides, padding, "channels_last")
    window = (3, 2, 1)[:count]
    expected = getattr(keras.ops, name)(x, window, strides or window, padding, "channels_last")
    same(getattr(ops, name)(x, window, strides, padding, "channels_last"), expected)


@pytest.mark.parametrize("name", ["adaptive_average_pool", "adaptive_max_pool"])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_adaptive_pool(name: str, count: int, data_format: str) -> None:
    x = image(count, 3, data_format)
    for size in (1, 2, 3, 4):
        compare(name, x, (size, 2, 3)[:count], data_format)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("strides", "dilation_rate"), [(1, 1), (2, 1), (1, 2)])
def test_depthwise_conv(count: int, padding: str, strides: int, dilation_rate: int) -> None:
    x = image(count, 4, "channels_last")
    kernel = values(*(3, 2)[:count], 4, 2, seed=1)
    compare("depthwise_conv", x, kernel, strides, padding, "channels_last", dilation_rate)
    pointwise = values(*(1, 1)[:count], 8, 3, seed=2)
    compare(
        "separable_conv", x, kernel, pointwise, strides, padding, "channels_last", dilation_rate
    )


@pytest.mark.parametrize(
    ("count", "window"), [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (2, 2), (2, 3), (3, 4)]
)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("strides", "dilation_rate", "output_padding"),
    [(1, 1, None), (2, 1, None), (3, 1, None), (1, 2, None), (2, 1, 0), (2, 1, 1), (3, 1, 2)],
)
def test_conv_transpose(
    count: int, window: int, padding: str, strides: int, dilation_rate: int, output_padding: Any
) -> None:
    x = image(count, 3, "channels_last")
    kernel = values(*(window, 2, 2)[:count], 4, 3, seed=1)
    compare(
        "conv_transpose",
        x,
        kernel,
        strides,
        padding,
        output_padding,
        "channels_last",
        dilation_rate,
    )


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_conv_layouts(data_format: str) -> None:
    x = image(2, 4, data_format)
    compare("conv", x, values(3, 3, 4, 5), 2, "same", data_format, atol=1e-4)
    compare("conv_transpose", x, values(3, 3, 5, 4), 2, "same", None, data_format, atol=1e-4)
    compare("depthwise_conv", x, values(3, 3, 4, 2), 1, "same", data_format)


@given(
    st.integers(1, 2),
    st.lists(st.integers(1, 9), min_size=2, max_size=2),
    st.lists(st.integers(1, 4), min_size=2, max_size=2),
    st.lists(st.integers(1, 3), min_size=2, max_size=2),
    st.integers(1, 3),
    st.sampled_from(["valid", "same"]),
)
@settings(max_examples=30)
def test_windows_of_random_shapes(
    batch: int, size: list[int], window: list[int], stride: list[int], groups: int, padding: str
) -> None:
    x = values(batch, *size, 2 * groups)
    steps = tuple(stride)
    transposed = values(*window, 3, 2 * groups, seed=2)
    compare("conv_transpose", x, transposed, steps, padding, atol=1e-4)
    if padding == "valid" and any(n < w for n, w in zip(size, window, strict=True)):
        return
    compare("conv", x, values(*window, 2, 3 * groups, seed=1), steps, padding, atol=1e-4)
    compare("max_pool", x, tuple(window), steps, padding)
    compare("average_pool", x, tuple(window), steps, padding)


@pytest.mark.parametrize(
    ("kernel_size", "dilation", "padding", "stride"),
    [(2, 1, 0, 1), ((3, 2), 1, (1, 0), 2), (2, 2, 1, 1), ((2, 3), (1, 2), 2, (2, 1))],
)
def test_unfold_and_fold(kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> None:
    x = values(2, 3, 7, 8)
    compare("unfold", x, kernel_size, dilation, padding, stride)
    columns = np.asarray(keras.ops.unfold(x, kernel_size, dilation, padding, stride))
    compare("fold", columns, (7, 8), kernel_size, dilation, padding, stride)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_space_to_depth_and_back(data_format: str) -> None:
    shape = (2, 6, 4, 12) if data_format == "channels_last" else (2, 12, 6, 4)
    compare("space_to_depth", values(*shape), 2, data_format)
    compare("depth_to_space", values(*shape), 2, data_format)


# --- the rest of the group -----------------------------------------------------------------------


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot_and_multi_hot(axis: int) -> None:
    x = np.array([[0, 2, 5], [-1, 1, 1]], np.int32)
    compare("one_hot", x, 4, axis)
    compare("one_hot", x, 4, axis, "int32")
    if axis != 1:
        compare("multi_hot", x, 4, axis)
    compare("multi_hot", x[0], 4)


@pytest.mark.parametrize("axes", [0, (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_moments(axes: Any, keepdims: bool) -> None:
    compare("moments", values(3, 4, 5), axes, keepdims)


@pytest.mark.parametrize("axis", [-1, 1])
def test_batch_normalization(axis: int) -> None:
    n = (3, 4, 5)[axis]
    mean, offset, scale = (values(n, seed=i) for i in (1, 2, 3))
    variance = np.abs(values(n, seed=4)) + 0.1
    x = values(3, 4, 5)
    compare("batch_normalization", x, mean, variance, axis)
    compare("batch_normalization", x, mean, variance, axis, offset, scale, 0.1)


def test_layer_normalization_with_parameters() -> None:
    x, gamma, beta = values(3, 4, 5), values(5, seed=1), values(5, seed=2)
    compare("layer_normalization", x, gamma, beta)
    compare("layer_normalization", x, values(4, 5, seed=1), values(4, 5, seed=2), (1, 2))
    compare("rms_normalization", x, gamma)


@pytest.mark.parametrize("heads", [2, 4])
@pytest.mark.parametrize("is_causal", [False, True])
def test_attention(heads: int, is_causal: bool) -> None:
    q, k, v = values(2, 5, 4, 3), values(2, 6, heads, 3, seed=1), values(2, 6, heads, 3, seed=2)
    mask = whole(2, 2, 1, 5, 6).astype(bool)
    mask[0, 0, 0] = False
    compare("dot_product_attention", q, k, v, is_causal=is_causal)
    compare("dot_product_attention", q, k, v, scale=0.3, is_causal=is_causal)
    compare("dot_product_attention", q, k, v, mask=mask, is_causal=is_causal)
    bias = values(1, 4, 5, 6, seed=3)
    compare("dot_product_attention", q, k, v, bias=bias, mask=mask, is_causal=is_causal)


def test_polar_and_psnr() -> None:
    compare("polar", np.abs(values(3, 4)), values(3, 4, seed=1))
    compare("psnr", chances(4, 4), chances(4, 4, seed=1), 1.0, rtol=1e-4)


# --- core and mathematics -------------------------------------------------------------------------


def test_segments() -> None:
    data, ids = values(6, 2), np.array([0, 2, 2, 5, 0, 9], np.int32)
    for name in ops.segment.__all__:
        compare(name, data, ids, 4)
        compare(name, whole(9, 6), ids, 4)


def test_top_k_and_in_top_k() -> None:
    x = values(4, 6)
    x[0, 2] = x[0, 4]
    compare("top_k", x, 3)
    targets = np.array([2, 4, 0, 5], np.int32)
    for k in (1, 3, 6):
        compare("in_top_k", targets, x, k)


def test_distances_and_sequences() -> None:
    compare("cdist", values(2, 4, 3), values(2, 5, 3, seed=1))
    compare("extract_sequences", values(2, 11), 4, 3)
    compare("logdet", values(2, 3, 3) @ values(2, 3, 3).transpose(0, 2, 1) + np.eye(3, dtype="f4"))
    compare("view_as_complex", values(3, 2))


def test_rearrange() -> None:
    x = values(2, 6, 4, 3)
    compare("rearrange", x, "b h w c -> b c h w")
    compare("rearrange", x, "b (h1 h) (w1 w) c -> (b h1 w1) h w c", h1=2, w1=2)
    compare("rearrange", x, "b (h h1) (w w1) c -> b h w (c h1 w1)", h1=2, w1=2)


def test_slices_and_scattering() -> None:
    x = values(4, 5)
    compare("slice", x, (1, 2), (2, 2))
    compare("slice", x, (3, 1), (-1, -1))
    compare("slice_update", x, (3, 1), np.ones((2, 2), np.float32))
    indices = np.array([[0, 1], [3, 4], [0, 1], [-1, 0]], np.int32)
    compare("scatter", indices, values(4, seed=1), (4, 5))
    for reduction in ("add", "max", "min", "mul"):
        compare("scatter_update", x, indices, values(4, seed=1), reduction)
    compare("scatter_update", x, indices[1:], values(3, seed=1))
    compare("scatter_update", x, np.array([[2], [0]], np.int32), values(2, 5, seed=1))


@pytest.mark.parametrize("name", ["fft", "fft2", "ifft2", "irfft"])
def test_fourier(name: str) -> None:
    compare(name, (values(2, 5, 6), values(2, 5, 6, seed=1)))


@pytest.mark.parametrize("length", [None, 4, 6, 9])
def test_real_fourier(length: int | None) -> None:
    compare("rfft", values(2, 6), length)
    compare("irfft", (values(2, 4), values(2, 4, seed=1)), length)


@pytest.mark.parametrize("window", ["hann", "hamming", None])
@pytest.mark.parametrize("center", [False, True])
def test_short_time_fourier(window: str | None, center: bool) -> None:
    x = values(2, 60)
    compare("stft", x, 10, 4, 16, window, center, atol=1e-4)
    parts = tuple(map(np.asarray, keras.ops.stft(x, 10, 4, 16, window, center)))
    for length in (None, 50):
        compare("istft", parts, 10, 4, 16, length, window, center, atol=1e-4)


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming", "hanning"])
@pytest.mark.parametrize("count", [1, 2, 7, 8])
def test_windows(name: str, count: int) -> None:
    compare(name, count)
    compare("kaiser", count, 4.0)


def test_norms() -> None:
    x = values(3, 4, 5)
    for order in (None, 0, 1, 2, 3, -1, np.inf, -np.inf):
        compare("norm", x, order, axis=1)
        compare("norm", x, order, axis=-1, keepdims=True)
    for order in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
        compare("norm", x, order, axis=(1, 2))
        compare("norm", x, order, axis=(2, 0), keepdims=True)
    compare("norm", x)
    compare("norm", whole(5, 3, 3), 1)


def test_linear_algebra() -> None:
    x = values(2, 4, 4) + 3 * np.eye(4, dtype=np.float32)
    spd = x @ x.transpose(0, 2, 1)
    tolerance = {"rtol": 1e-3, "atol": 1e-3}
    for upper in (False, True):
        compare("cholesky", spd, upper, **tolerance)
        factor = np.asarray(keras.ops.cholesky(spd[0], upper))
        compare("cholesky_inverse", factor, upper, **tolerance)
    for name in ("det", "inv", "lu_factor"):
        compare(name, x, **tolerance)
    same(ops.eigh(spd)[0], keras.ops.eigh(spd)[0], 1e-4, 1e-3)
    same(ops.svd(x, compute_uv=False), keras.ops.svd(x, compute_uv=False), 1e-4, 1e-4)
    compare("solve", x, values(2, 4, 3), **tolerance)
    compare("solve", x[0], values(4), **tolerance)
    compare("solve_triangular", np.tril(x), values(2, 4, 3), lower=True, **tolerance)
    compare("solve_triangular", np.triu(x), values(2, 4, 3), **tolerance)
    tall = values(6, 3)
    compare("pinv", tall, **tolerance)
    compare("lstsq", tall, values(6), **tolerance)
    compare("lstsq", tall, values(6, 2), **tolerance)
    compare("lstsq", tall.T, values(3, 2), **tolerance)
    compare("matrix_rank", np.stack([np.diag([1.0, 2, 0]), np.eye(3)]).astype(np.float32))
    compare("matrix_rank", np.diag([1.0, 2, 0.1]).astype(np.float32), 0.5)


@pytest.mark.parametrize("target", ["uint8", "int8", "int32", "float16", "float32", "bool"])
def test_saturate_cast(target: str) -> None:
    compare("saturate_cast", np.array([-3e9, -129, -1, 0, 1, 130, 300], np.float32), target)
    if target in ("uint8", "int8", "int32"):
        compare("saturate_cast", np.array([-70000, -129, -1, 0, 130, 300], np.int32), target)


def test_einsum_and_matmul_dtypes() -> None:
    eight = whole(100, 3, 3).astype(np.int8)
    compare("matmul", eight, eight)
    compare("einsum", "ij,jk->ik", eight, eight)
    for name in ("matmul", "dot", "inner", "outer", "tensordot", "kron", "vdot"):
        for a in (np.int8, np.uint8, np.int32, np.float16, np.float32):
            for b in (np.int16, np.float16, np.float32):
                x, y = (np.ones((2, 2), t) for t in (a, b))
                found, expected = getattr(ops, name)(x, y), getattr(keras.ops, name)(x, y)
                assert found.dtype.name == keras.ops.dtype(expected), (name, a, b)
    for t in (np.bool_, np.int8, np.uint8, np.int16, np.int32, np.float16, np.float32):
        x = np.ones((2, 2), t)
        assert ops.trace(x).dtype.name == keras.ops.dtype(keras.ops.trace(x)), t


def test_control_flow() -> None:
    for mod in (ops, keras.ops):
        total, ys = mod.scan(
            lambda c, x: (c + x, c * x), mod.cast(1.0, "float32"), mod.arange(4, dtype="float32")
        )
        assert float(total) == 7
        assert np.asarray(ys).tolist() == [0, 1, 4, 12]
        back = mod.scan(lambda c, x: (c + x, c), mod.cast(0, "int32"), mod.arange(4), reverse=True)
        assert np.asarray(back[1]).tolist() == [6, 5, 3, 0]
        i, s = mod.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s + i), (0, 10))
        assert (int(i), int(s)) == (4, 16)
        i, s = mod.while_loop(
            lambda i, s: i < 4, lambda i, s: (i + 1, s + i), (0, 10), maximum_iterations=2
        )
        assert (int(i), int(s)) == (2, 11)
        assert int(mod.while_loop(lambda i: i < 4, lambda i: i + 1, mod.cast(0, "int32"))) == 4
        assert int(mod.fori_loop(2, 5, lambda i, s: s + i, mod.cast(1, "int32"))) == 10
        for index, expected in ((-3, 1.0), (0, 1.0), (1, 2.0), (9, 6.0)):
            branches = [lambda x, y: x, lambda x, y: y, lambda x, y: x + 2 * y + 1]
            found = mod.switch(mod.cast(index, "int32"), branches, 1.0, 2.0)
            assert float(found) == expected
        assert np.asarray(mod.map(lambda x: x * 2, mod.arange(3))).tolist() == [0, 2, 4]
        running = mod.associative_scan(lambda a, b: a * b, mod.arange(1, 8), reverse=True)
        assert np.asarray(running).tolist() == [5040, 5040, 2520, 840, 210, 42, 7]
