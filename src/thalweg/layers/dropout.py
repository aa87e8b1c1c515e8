"""Dropout and its relatives, which drop or disturb values while training.

Each layer has a random stream of its own; with the same seed it drops the same values on every
device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from thalweg import ops, random
from thalweg.layers.arguments import data_format_of, error, not_negative, rate_of
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = [
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]


class _Noise(Layer):
    """What these layers share: they do nothing unless training, and have a seed."""

    def __init__(self, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True


def _noise_shape(layer: Layer, noise_shape: Any) -> tuple[int | None, ...] | None:
    if noise_shape is None:
        return None
    if not isinstance(noise_shape, (list, tuple)) or not all(
        n is None or (isinstance(n, int) and n > 0) for n in noise_shape
    ):
        raise error(
            layer,
            f"noise_shape must be a list of positive integers or None, got {noise_shape!r}.",
        )
    return tuple(noise_shape)


@serializable("keras.layers")
class Dropout(_Noise):
    """While training: each value is 0 with probability `rate`, the others grow by `1/(1-rate)`.

    Args:
        rate: the share to drop, from 0 up to but not including 1.
        noise_shape: the shape of the random mask, which is broadcast to the input; None in it
            stands for the input's length.
        seed: an integer for the same masks each time.

    >>> import thalweg as tw
    >>> x = tw.ops.ones((2, 100))
    >>> sorted(set(tw.layers.Dropout(0.5, seed=1)(x, training=True).numpy().ravel().tolist()))
    [0.0, 2.0]
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = rate_of(self, "rate", rate)
        self.noise_shape = _noise_shape(self, noise_shape)

    def _mask_shape(self, inputs: Any) -> tuple[int | None, ...] | None:
        return self.noise_shape

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if not training or self.rate == 0:
            return inputs
        return random.dropout(
            inputs, self.rate, noise_shape=self._mask_shape(inputs), seed=self.seed_generator
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": self.seed,
            "noise_shape": self.noise_shape,
        }


class _SpatialDropout(Dropout):
    """Drops whole channels: the mask is the same at all places of an image."""

    _rank: int

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        data_format: str | None = "channels_last",
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self._rank + 2)

    def _mask_shape(self, inputs: Any) -> tuple[int | None, ...]:
        places = (1,) * self._rank
        if self.data_format == "channels_first":
            return (*inputs.shape[:2], *places)
        return (inputs.shape[0], *places, inputs.shape[-1])

    def get_config(self) -> dict[str, Any]:
        found = {
            "rate": self.rate,
            "seed": self.seed,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }
        return {**found, "data_format": self.data_format} if self._rank > 1 else found


@serializable("keras.layers")
class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of sequences (batch, steps, channels).

    Args:
        rate: the share of channels to drop.
        seed: an integer for the same masks each time.
    """

    _rank = 1

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(rate, seed, name, dtype)


class _SpatialDropoutOfImages(_SpatialDropout):
    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed, name, dtype, data_format)


@serializable("keras.layers")
class SpatialDropout2D(_SpatialDropoutOfImages):
    """Dropout of whole channels of images.

    Args:
        rate: the share of channels to drop.
        data_format: `'channels_last'` (batch, height, width, channels) or `'channels_first'`.
        seed: an integer for the same masks each time.
    """

    _rank = 2


@serializable("keras.layers")
class SpatialDropout3D(_SpatialDropoutOfImages):
    """Dropout of whole channels of volumes.

    Args:
        rate: the share of channels to drop.
        data_format: `'channels_last'` (batch, three axes, channels) or `'channels_first'`.
        seed: an integer for the same masks each time.
    """

    _rank = 3


@serializable("keras.layers")
class AlphaDropout(_Noise):
    """Dropout that keeps mean and variance of what `selu` returns (arXiv:1706.02515).

    Args:
        rate: the share to drop.
        noise_shape: the shape of the random mask, as in `Dropout`.
        seed: an integer for the same masks each time.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = rate_of(self, "rate", rate)
        self.noise_shape = _noise_shape(self, noise_shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if not training or self.rate == 0:
            return inputs
        given = self.noise_shape or (None,) * len(inputs.shape)
        shape = tuple(n or m for n, m in zip(given, inputs.shape, strict=True))
        kept = random.uniform(shape, seed=self.seed_generator) >= self.rate
        lowest = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
        a = 1 / math.sqrt((1 - self.rate) * (1 + self.rate * lowest**2))
        b = -a * lowest * self.rate
        return a * ops.where(kept, inputs, lowest) + b

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": self.seed,
            "noise_shape": self.noise_shape,
        }


@serializable("keras.layers")
class GaussianNoise(_Noise):
    """While training: adds normal noise with standard deviation `stddev`.

    Args:
        stddev: the standard deviation, not negative.
        seed: an integer for the same noise each time.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.stddev = not_negative(self, "stddev", stddev)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return inputs + random.normal(
            inputs.shape, stddev=self.stddev, dtype=self.compute_dtype, seed=self.seed_generator
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


@serializable("keras.layers")
class GaussianDropout(_Noise):
    """While training: multiplies by normal noise of mean 1, variance `rate / (1 - rate)`.

    Args:
        rate: the drop rate of the `Dropout` that has the same variance.
        seed: an integer for the same noise each time.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = rate_of(self, "rate", rate)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if not training or self.rate == 0:
            return inputs
        return inputs * random.normal(
            inputs.shape,
            mean=1.0,
            stddev=math.sqrt(self.rate / (1 - self.rate)),
            dtype=self.compute_dtype,
            seed=self.seed_generator,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
