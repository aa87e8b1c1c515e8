"""Primitives with a window that slides over the spatial axes: convolution and pooling.

Images are (batch, *spatial, channels) with one to three spatial axes, filters
(*kernel, channels / groups, filters). `padding` is a pair (before, after) per spatial axis.

Convolution is linear in the image and in the filter. The three members of its family,
`conv`, `conv_input_gradient` and `conv_filter_gradient`, are each other's gradients, so
derivatives of any order stay inside the family and all run through the same kernels.
Maximum pooling has the same kind of family: `window_select` reads, and `window_scatter` writes, at
the place of the maximum of `x`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from thalweg.primitives import elementwise as e
from thalweg.primitives.primitive import Call, Primitive
from thalweg.tensor.dtypes import bfloat16, float16
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = [
    "conv",
    "conv_filter_gradient",
    "conv_input_gradient",
    "window_max",
    "window_scatter",
    "window_select",
    "window_sum",
    "window_sum_gradient",
]

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Padding = tuple[tuple[int, int], ...]
# Of a primitive with one output, so the gradient is there.
Outward = tuple[Tensor, ...]
Gradients = tuple[Tensor | None, ...]


def output_length(n: int, window: int, stride: int, pad: tuple[int, int], dilation: int = 1) -> int:
    """How many places a window has on an axis of length n."""
    return (n + pad[0] + pad[1] - dilation * (window - 1) - 1) // stride + 1


def _spatial(
    name: str, x: Any, window: Shape, strides: Shape, padding: Padding, dilation: Shape
) -> Shape:
    spatial = tuple(x.shape[1:-1])
    found = tuple(map(output_length, spatial, window, strides, padding, dilation))
    if any(n < 1 for n in found):
        raise ValueError(
            f"{name}: the window {window} (dilation {dilation}, padding {padding}) is larger than "
            f"the input of spatial shape {spatial}."
        )
    return found


def _places(
    window: Shape, out: Shape, strides: Shape, dilation: Shape
) -> Iterator[tuple[Shape, tuple[slice, ...]]]:
    """For each offset in the window: the offset, and the slices of the padded image it reads."""
    for offset in itertools.product(*map(range, window)):
        starts = [o * d for o, d in zip(offset, dilation, strict=True)]
        index = tuple(
            slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, out, strides, strict=True)
        )
        yield offset, (slice(None), *index)


def _pad(x: Array, padding: Padding, value: Any) -> Array:
    if not any(map(any, padding)):
        return x
    return np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


def _crop(x: Array, padding: Padding) -> Array:
    inner = tuple(
        slice(low, n - high) for (low, high), n in zip(padding, x.shape[1:-1], strict=True)
    )
    return x[(slice(None), *inner)]


def _padded_shape(shape: Shape, padding: Padding) -> Shape:
    inner = (n + low + high for n, (low, high) in zip(shape[1:-1], padding, strict=True))
    return (shape[0], *inner, shape[-1])


# --- convolution ------------------------------------------------------------------------------


def _conv_rule(
    x: Any, w: Any, strides: Shape, padding: Padding, dilation: Shape, groups: int
) -> TensorSpec:
    if x.dtype != w.dtype or x.dtype not in e.FLOAT:
        raise TypeError(
            f"conv: inputs and kernel must have one floating dtype, got {x.dtype.name} and "
            f"{w.dtype.name}."
        )
    if len(x.shape) != len(w.shape):
        raise ValueError(
            f"conv: inputs must have {len(w.shape)} axes (batch, spatial, channels) for a kernel "
            f"of shape {w.shape}, got shape {x.shape}."
        )
    if x.shape[-1] != w.shape[-2] * groups or w.shape[-1] % groups:
        raise ValueError(
            f"conv: inputs with {x.shape[-1]} channels do not fit a kernel of shape {w.shape} "
            f"with groups={groups}."
        )
    out = _spatial("conv", x, w.shape[:-2], strides, padding, dilation)
    return TensorSpec((x.shape[0], *out, w.shape[-1]), x.dtype)


def _columns(
    x: Array, kernel: Shape, out: Shape, strides: Shape, padding: Padding, dilation: Shape
) -> Array:
    """(batch, *out, kernel places, channels): every patch written out (im2col)."""
    x = _pad(x, padding, 0)
    columns = np.empty((x.shape[0], *out, math.prod(kernel), x.shape[-1]), x.dtype)
    for i, (_, index) in enumerate(_places(kernel, out, strides, dilation)):
        columns[..., i, :] = x[index]
    return columns


def _grouped(columns: Array, groups: int) -> Array:
    """(groups, rows, kernel places * channels of a group)."""
    places, channels = columns.shape[-2:]
    if groups == 1:
        return columns.reshape(1, -1, places * channels)
    split = columns.reshape(-1, places, groups, channels // groups)
    return split.transpose(2, 0, 1, 3).reshape(groups, -1, places * channels // groups)


def _grouped_filters(w: Array, groups: int) -> Array:
    """(groups, kernel places * channels of a group, filters of a group)."""
    flat = w.reshape(-1, groups, w.shape[-1] // groups)
    return flat.transpose(1, 0, 2)


def _grouped_rows(y: Array, groups: int) -> Array:
    """(groups, rows, filters of a group)."""
    return y.reshape(-1, groups, y.shape[-1] // groups).transpose(1, 0, 2)


def _wide(function: Any) -> Any:
    """Half precision is computed in float32."""

    def evaluate(a: Array, b: Array, **params: Any) -> Array:
        if a.dtype in (float16, bfloat16):
            found: Array = function(a.astype(np.float32), b.astype(np.float32), **params)
            return found.astype(a.dtype)
        result: Array = function(a, b, **params)
        return result

    return evaluate


def _conv_evaluate(
    x: Array, w: Array, strides: Shape, padding: Padding, dilation: Shape, groups: int
) -> Array:
    kernel = w.shape[:-2]
    out = tuple(map(output_length, x.shape[1:-1], kernel, strides, padding, dilation))
    columns = _grouped(_columns(x, kernel, out, strides, padding, dilation), groups)
    y = np.matmul(columns, _grouped_filters(w, groups))
    return y.transpose(1, 0, 2).reshape(x.shape[0], *out, w.shape[-1])


def _input_gradient_evaluate(
    g: Array,
    w: Array,
    input_shape: Shape,
    strides: Shape,
    padding: Padding,
    dilation: Shape,
    groups: int,
) -> Array:
    kernel, out = w.shape[:-2], g.shape[1:-1]
    rows = np.matmul(_grouped_rows(g, groups), _grouped_filters(w, groups).transpose(0, 2, 1))
    places = math.prod(kernel)
    columns = rows.reshape(groups, -1, places, w.shape[-2]).transpose(1, 2, 0, 3)
    columns = columns.reshape(g.shape[0], *out, places, input_shape[-1])
    x = np.zeros(_padded_shape(input_shape, padding), g.dtype)
    for i, (_, index) in enumerate(_places(kernel, out, strides, dilation)):
        x[index] += columns[..., i, :]
    return _crop(x, padding)


def _filter_gradient_evaluate(
    x: Array,
    g: Array,
    kernel: Shape,
    strides: Shape,
    padding: Padding,
    dilation: Shape,
    groups: int,
) -> Array:
    out = g.shape[1:-1]
    columns = _grouped(_columns(x, kernel, out, strides, padding, dilation), groups)
    w = np.matmul(columns.transpose(0, 2, 1), _grouped_rows(g, groups))
    return w.transpose(1, 0, 2).reshape(*kernel, x.shape[-1] // groups, g.shape[-1])


def _conv_params(params: dict[str, Any]) -> dict[str, Any]:
    return {name: params[name] for name in ("strides", "padding", "dilation", "groups")}


def _conv_gradient(call: Call, g: Outward) -> Gradients:
    x, w = call.inputs
    params = _conv_params(call.params)
    to_x = conv_input_gradient(g[0], w, input_shape=x.shape, **params) if call.wanted[0] else None
    to_w = conv_filter_gradient(x, g[0], kernel=w.shape[:-2], **params) if call.wanted[1] else None
    return to_x, to_w


def _input_gradient_gradient(call: Call, g: Outward) -> Gradients:
    outward, w = call.inputs
    params = _conv_params(call.params)
    to_g = conv(g[0], w, **params) if call.wanted[0] else None
    to_w = (
        conv_filter_gradient(g[0], outward, kernel=w.shape[:-2], **params)
        if call.wanted[1]
        else None
    )
    return to_g, to_w


def _filter_gradient_gradient(call: Call, g: Outward) -> Gradients:
    x, outward = call.inputs
    params = _conv_params(call.params)
    to_x = (
        conv_input_gradient(outward, g[0], input_shape=x.shape, **params)
        if call.wanted[0]
        else None
    )
    to_g = conv(x, g[0], **params) if call.wanted[1] else None
    return to_x, to_g


def _input_gradient_rule(g: Any, w: Any, input_shape: Shape, **params: Any) -> TensorSpec:
    image = TensorSpec(input_shape, w.dtype)
    expected = _conv_rule(image, w, **params)
    if g.shape != expected.shape or g.dtype != w.dtype:
        raise ValueError(
            f"conv_transpose: inputs must have shape {expected.shape} for an output of shape "
            f"{input_shape}, got {g.shape}."
        )
    return image


def _filter_gradient_rule(x: Any, g: Any, kernel: Shape, groups: int, **params: Any) -> TensorSpec:
    w = TensorSpec((*kernel, x.shape[-1] // groups, g.shape[-1]), x.dtype)
    expected = _conv_rule(x, w, groups=groups, **params)
    if g.shape != expected.shape or g.dtype != x.dtype:
        raise ValueError(
            f"conv filter gradient: expected a gradient of shape {expected.shape}, got {g.shape}."
        )
    return w


conv: Primitive = Primitive("conv", _conv_rule, _wide(_conv_evaluate), _conv_gradient, "window")
conv_input_gradient: Primitive = Primitive(
    "conv_input_gradient",
    _input_gradient_rule,
    _wide(_input_gradient_evaluate),
    _input_gradient_gradient,
    "window",
)
conv_filter_gradient: Primitive = Primitive(
    "conv_filter_gradient",
    _filter_gradient_rule,
    _wide(_filter_gradient_evaluate),
    _filter_gradient_gradient,
    "window",
)


# --- pooling ----------------------------------------------------------------------------------


def _pool_spec(name: str, x: Any, window: Shape, strides: Shape, padding: Padding) -> TensorSpec:
    if len(x.shape) != len(window) + 2:
        raise ValueError(
            f"{name}: inputs must have {len(window) + 2} axes (batch, spatial, channels) for a "
            f"window of {window}, got shape {x.shape}."
        )
    out = _spatial(name, x, window, strides, padding, (1,) * len(window))
    return TensorSpec((x.shape[0], *out, x.shape[-1]), x.dtype)


def _lowest(dtype: np.dtype[Any]) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def _pool_places(
    x: Array, window: Shape, strides: Shape, padding: Padding, around: Any
) -> Iterator[Array]:
    """For each offset in the window what it reads; `around` stands in the padding."""
    padded = _pad(x, padding, around)
    ones = (1,) * len(window)
    out = tuple(map(output_length, x.shape[1:-1], window, strides, padding))
    for _, index in _places(window, out, strides, ones):
        yield padded[index]


def _max_evaluate(x: Array, window: Shape, strides: Shape, padding: Padding) -> Array:
    found: Array | None = None
    for values in _pool_places(x, window, strides, padding, _lowest(x.dtype)):
        found = values.copy() if found is None else np.maximum(found, values, out=found)
    assert found is not None
    return found


def _first_maximum(x: Array, window: Shape, strides: Shape, padding: Padding) -> Array:
    """For each output, the number of the first offset that holds the maximum."""
    best: Array | None = None
    which: Array | None = None
    around = _lowest(x.dtype)
    for i, values in enumerate(_pool_places(x, window, strides, padding, around)):
        if best is None or which is None:
            best, which = values.copy(), np.zeros(values.shape, np.int32)
        else:
            better = (values > best) | (np.isnan(values) & ~np.isnan(best))
            best[better] = values[better]
            which[better] = i
    assert which is not None
    return which


def _select_evaluate(x: Array, g: Array, window: Shape, strides: Shape, padding: Padding) -> Array:
    which = _first_maximum(x, window, strides, padding)
    found = np.zeros(which.shape, g.dtype)
    for i, values in enumerate(_pool_places(g, window, strides, padding, 0)):
        hit = which == i
        found[hit] = values[hit]
    return found


def _scatter_evaluate(x: Array, g: Array, window: Shape, strides: Shape, padding: Padding) -> Array:
    which = _first_maximum(x, window, strides, padding)
    wide = g.astype(np.float32) if g.dtype in (float16, bfloat16) else g
    found = np.zeros(_padded_shape(x.shape, padding), wide.dtype)
    ones = (1,) * len(window)
    for i, (_, index) in enumerate(_places(window, g.shape[1:-1], strides, ones)):
        found[index] += np.where(which == i, wide, np.zeros((), wide.dtype))
    return _crop(found, padding).astype(g.dtype)


def _max_rule(x: Any, **params: Any) -> TensorSpec:
    if x.dtype not in e.REAL:
        raise TypeError(f"max_pool: inputs must be integers or floats, got {x.dtype.name}.")
    return _pool_spec("max_pool", x, **params)


def _select_rule(x: Any, g: Any, **params: Any) -> TensorSpec:
    if g.shape != x.shape:
        raise ValueError(f"window_select: shapes must agree, got {x.shape} and {g.shape}.")
    return TensorSpec(_pool_spec("window_select", x, **params).shape, g.dtype)


def _scatter_rule(x: Any, g: Any, **params: Any) -> TensorSpec:
    expected = _pool_spec("window_scatter", x, **params)
    if g.shape != expected.shape:
        raise ValueError(f"window_scatter: expected shape {expected.shape}, got {g.shape}.")
    return TensorSpec(x.shape, g.dtype)


window_max: Primitive = Primitive(
    "window_max",
    _max_rule,
    _max_evaluate,
    lambda call, g: (window_scatter(call.inputs[0], g[0], **call.params),),
    "window",
)
window_select: Primitive = Primitive(
    "window_select",
    _select_rule,
    _select_evaluate,
    lambda call, g: (None, window_scatter(call.inputs[0], g[0], **call.params)),
    "window",
)
window_scatter: Primitive = Primitive(
    "window_scatter",
    _scatter_rule,
    _scatter_evaluate,
    lambda call, g: (None, window_select(call.inputs[0], g[0], **call.params)),
    "window",
)


def _sum_rule(x: Any, **params: Any) -> TensorSpec:
    if x.dtype not in e.REAL:
        raise TypeError(f"average_pool: inputs must be integers or floats, got {x.dtype.name}.")
    return _pool_spec("average_pool", x, **params)


def _sum_evaluate(x: Array, window: Shape, strides: Shape, padding: Padding) -> Array:
    ones = (1,) * len(window)
    out = tuple(map(output_length, x.shape[1:-1], window, strides, padding))
    padded = _pad(x, padding, 0)
    wide = np.float32 if x.dtype in (float16, bfloat16) else x.dtype
    found = np.zeros((x.shape[0], *out, x.shape[-1]), wide)
    for _, index in _places(window, out, strides, ones):
        found += padded[index]
    return found.astype(x.dtype)


def _sum_gradient_rule(g: Any, input_shape: Shape, **params: Any) -> TensorSpec:
    expected = _pool_spec("average_pool", TensorSpec(input_shape, g.dtype), **params)
    if g.shape != expected.shape:
        raise ValueError(f"average_pool gradient: expected shape {expected.shape}, got {g.shape}.")
    return TensorSpec(input_shape, g.dtype)


def _sum_gradient_evaluate(
    g: Array, input_shape: Shape, window: Shape, strides: Shape, padding: Padding
) -> Array:
    wide = np.float32 if g.dtype in (float16, bfloat16) else g.dtype
    found = np.zeros(_padded_shape(input_shape, padding), wide)
    ones = (1,) * len(window)
    for _, index in _places(window, g.shape[1:-1], strides, ones):
        found[index] += g
    return _crop(found, padding).astype(g.dtype)


def _without_shape(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name != "input_shape"}


window_sum: Primitive = Primitive(
    "window_sum",
    _sum_rule,
    _sum_evaluate,
    lambda call, g: (window_sum_gradient(g[0], input_shape=call.inputs[0].shape, **call.params),),
    "window",
)
window_sum_gradient: Primitive = Primitive(
    "window_sum_gradient",
    _sum_gradient_rule,
    _sum_gradient_evaluate,
    lambda call, g: (window_sum(g[0], **_without_shape(call.params)),),
    "window",
)
