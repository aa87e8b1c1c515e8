"""Random tensors, all from the bits of one counter-based generator.

The same seed gives the same numbers on every device: each draw is a few exact operations on the
bits of Threefry, and the normal ones pass them through the inverse error function.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thalweg import config, ops
from thalweg.ops.arguments import canonical_axis
from thalweg.primitives.random import random_bits
from thalweg.random.seed import draw_key
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DType, as_dtype, bfloat16, float16, float64, is_floating
from thalweg.tensor.tensor import Tensor

__all__ = [
    "categorical",
    "dropout",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]

# How many random bits a float of each type gets: as many as its mantissa holds exactly.
_BITS = {"float16": 11, "bfloat16": 8, "float32": 24}


def as_shape(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple; a number is the length of one axis."""
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)


def float_dtype(name: str, dtype: Any) -> DType:
    """The float dtype asked for, by default that of the library."""
    found = as_dtype(dtype or config.floatx())
    if not is_floating(found):
        raise ValueError(f"random.{name}: dtype must be floating, got {found.name}.")
    return found


def _fraction(key: Tensor, shape: tuple[int, ...], dtype: DType) -> Tensor:
    """Uniform in [0, 1): k / 2**bits, exact in the dtype."""
    if dtype == float64:
        words = ops.cast(random_bits(key, shape=(*shape, 2)), "float64")
        high = ops.floor(words[..., 0] / 32.0)  # 27 bits
        low = ops.floor(words[..., 1] / 64.0)  # 26 bits
        return (high * 2.0**26 + low) * 2.0**-53
    bits = _BITS[dtype.name]
    whole = ops.bitwise_right_shift(random_bits(key, shape=shape), np.uint32(32 - bits))
    return ops.cast(ops.cast(whole, "float32") * 2.0**-bits, dtype)


def _normal_from(fraction: Tensor, low: float, high: float) -> Tensor:
    """The normal quantile of a fraction of the stretch (low, high) of the error function."""
    return ops.erfinv(low + (high - low) * fraction) * math.sqrt(2.0)


def wide_dtype(dtype: DType) -> DType:
    """The dtype in which numbers of this one are computed."""
    return as_dtype("float32") if dtype in (float16, bfloat16) else dtype


def open_fraction(key: Tensor, shape: tuple[int, ...], dtype: DType) -> Tensor:
    """Uniform in (0, 1): the middle of each of equal steps, never 0 or 1."""
    if dtype == float64:
        return _fraction(key, shape, dtype) * (1 - 2.0**-53) + 2.0**-54
    whole = ops.bitwise_right_shift(random_bits(key, shape=shape), np.uint32(9))
    return (ops.cast(whole, "float32") * 2.0 + 1.0) * 2.0**-24


def parameter(name: str, argument: str, value: Any, shape: tuple[int, ...], dtype: DType) -> Tensor:
    """A parameter of a distribution, with the shape of the result."""
    tensor = ops.cast(convert_to_tensor(value), dtype)
    try:
        return ops.broadcast_to(tensor, shape)
    except ValueError:
        raise ValueError(
            f"random.{name}: {argument} has shape {tensor.shape}, which does not broadcast to "
            f"{shape}."
        ) from None


def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Uniform numbers in [minval, maxval).

    >>> import thalweg as tw
    >>> tw.random.uniform((2, 3), seed=1).shape
    (2, 3)
    """
    found = as_dtype(dtype or config.floatx())
    if not is_floating(found):
        return randint(shape, int(minval), int(maxval), dtype=found, seed=seed)
    fraction = _fraction(draw_key(seed), as_shape(shape), found)
    return ops.cast(fraction * (maxval - minval) + minval, found)


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Normal numbers with this mean and standard deviation."""
    found = float_dtype("normal", dtype)
    wide = wide_dtype(found)
    if wide == float64:
        fraction = open_fraction(draw_key(seed), as_shape(shape), wide)
        standard = _normal_from(fraction, -1.0, 1.0)
    else:
        # 2k + 1 - 2**24 is exact in float32, and so never reaches -1 or 1 after scaling; going
        # through a fraction in (0, 1) would lose the small numbers near zero.
        key = draw_key(seed)
        whole = ops.bitwise_right_shift(random_bits(key, shape=as_shape(shape)), np.uint32(8))
        odd = ops.cast(whole, "float32") * 2.0 - float(2**24 - 1)
        standard = ops.erfinv(odd * 2.0**-24) * math.sqrt(2.0)
    return ops.cast(standard * stddev + mean, found)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Normal numbers, those beyond two standard deviations left out."""
    found = float_dtype("truncated_normal", dtype)
    edge = math.erf(math.sqrt(2.0))
    fraction = _fraction(draw_key(seed), as_shape(shape), wide_dtype(found))
    standard = ops.clip(_normal_from(fraction, -edge, edge), -2.0, 2.0)
    return ops.cast(standard * stddev + mean, found)


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Integers in [minval, maxval), all equally likely.

    64 random bits as a fraction of 2**64, times the number of integers, cut to a whole number.
    """
    found = as_dtype(dtype)
    if is_floating(found):
        raise ValueError(f"random.randint: dtype must be an integer, got {found.name}.")
    span = int(maxval) - int(minval)
    if not 0 < span <= 2**32:
        raise ValueError(
            f"random.randint: maxval must lie 1 to 2**32 above minval, got {minval} and {maxval}."
        )
    words = random_bits(draw_key(seed), shape=(*as_shape(shape), 2))
    whole = words[..., 0]
    if span < 2**32:
        low = whole * np.uint32(span)  # modulo 2**32
        rest = low + _high_word(words[..., 1], span)
        whole = _high_word(whole, span) + ops.cast(rest < low, "uint32")
    return ops.cast(ops.cast(whole, "int64") + int(minval), found)


def _high_word(words: Tensor, factor: int) -> Tensor:
    """The upper 32 of the 64 bits of a product, from products of halves."""
    half = np.uint32(0xFFFF)
    low, high = words & half, words >> np.uint32(16)
    f_low, f_high = np.uint32(factor & 0xFFFF), np.uint32(factor >> 16)
    first, second = low * f_high, high * f_low
    middle = ((low * f_low) >> np.uint32(16)) + (first & half) + (second & half)
    shift = np.uint32(16)
    return high * f_high + (first >> shift) + (second >> shift) + (middle >> shift)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Samples of class numbers, `(batch, num_samples)`, from logits `(batch, classes)`.

    The class with the largest logit plus Gumbel noise is a sample of the softmax distribution.
    """
    scores = convert_to_tensor(logits)
    if scores.ndim != 2:
        raise ValueError(
            f"random.categorical: logits must have shape (batch, classes), got {scores.shape}."
        )
    batch, classes = scores.shape
    fraction = open_fraction(draw_key(seed), (batch, num_samples, classes), as_dtype("float32"))
    gumbel = -ops.log(-ops.log(fraction))
    noisy = ops.expand_dims(ops.cast(scores, "float32"), 1) + gumbel
    return ops.cast(ops.argmax(noisy, axis=-1), dtype)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """Elements set to zero with probability `rate`, the others scaled by 1 / (1 - rate)."""
    x = convert_to_tensor(inputs)
    if not 0 <= rate <= 1:
        raise ValueError(f"random.dropout: rate must lie in [0, 1], got {rate}.")
    if rate == 0:
        return x
    if rate == 1:
        return ops.zeros_like(x)
    shape = x.shape
    if noise_shape is not None:
        pairs = zip(noise_shape, x.shape, strict=True)
        shape = tuple(m if n is None else int(n) for n, m in pairs)
    kept = _fraction(draw_key(seed), shape, as_dtype("float32")) >= rate
    return ops.where(kept, x * (1.0 / (1.0 - rate)), 0)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """The slices along an axis in random order.

    Each gets 64 random bits, and they are sorted by them.
    """
    tensor = convert_to_tensor(x)
    place = canonical_axis("random.shuffle", axis, tensor.ndim)
    words = random_bits(draw_key(seed), shape=(2, tensor.shape[place]))
    # Sorting by the low words and then, keeping that order among equals, by the high words.
    order = ops.argsort(words[0])
    order = ops.take(order, ops.argsort(ops.take(words[1], order)))
    return ops.take(tensor, order, axis=place)
