"""Initializers whose variance depends on the weight's shape: Glorot, He, LeCun."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any, Self

from thalweg import random
from thalweg.initializers.initializer import MODULE, dtype_name
from thalweg.initializers.random import RandomInitializer, Seed
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor

__all__ = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "VarianceScaling",
    "compute_fans",
]

# A normal distribution cut at two standard deviations has this standard deviation.
_STDDEV_OF_TRUNCATED = 0.87962566103423978


def compute_fans(
    shape: Sequence[int],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """How many inputs each output of a weight has, and how many outputs each input.

    Args:
        shape: of the weight; kernels of convolutions are (*spatial, inputs, filters).
        input_axes: the axes of the inputs, where that is not so; goes with `output_axes`.
        output_axes: the axes of the outputs.

    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    places = math.prod(shape[:-2])
    return shape[-2] * places, shape[-1] * places


@serializable(MODULE)
class VarianceScaling(RandomInitializer):
    """Values with the variance `scale / n`, so that signals keep their size through a layer.

    Args:
        scale: a positive factor.
        mode: what n is: `'fan_in'` (inputs of an output), `'fan_out'` (outputs of an input) or
            `'fan_avg'` (their mean).
        distribution: `'truncated_normal'`, `'untruncated_normal'` or `'uniform'` (between
            -sqrt(3 * scale / n) and sqrt(3 * scale / n)).
        seed: an integer, a `SeedGenerator` or None.
        input_axes: axes of the weight's inputs, see `compute_fans`.
        output_axes: axes of the weight's outputs.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Seed = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        if not scale > 0:
            raise ValueError(f"VarianceScaling: scale must be positive, got {scale!r}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(
                f"VarianceScaling: mode must be 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}."
            )
        distribution = str(distribution).lower()
        if distribution == "normal":
            distribution = "truncated_normal"
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                "VarianceScaling: distribution must be 'truncated_normal', 'untruncated_normal' "
                f"or 'uniform', got {distribution!r}."
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes
        super().__init__(seed)

    def with_axes(self, input_axes: Sequence[int], output_axes: Sequence[int]) -> Self:
        """The same initializer for a weight whose inputs and outputs are these axes."""
        found = copy.copy(self)
        found.input_axes, found.output_axes = input_axes, output_axes
        return found

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        shape, dtype = tuple(shape), dtype_name(dtype)
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, n))
        if self.distribution == "uniform":
            limit = math.sqrt(3.0) * stddev
            return random.uniform(shape, minval=-limit, maxval=limit, dtype=dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, stddev=stddev, dtype=dtype, seed=self.seed)
        stddev /= _STDDEV_OF_TRUNCATED
        return random.truncated_normal(shape, stddev=stddev, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Scaling(VarianceScaling):
    """A `VarianceScaling` with a name of its own."""

    _arguments: tuple[float, str, str]

    def __init__(
        self,
        seed: Seed = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self._arguments, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {key: config[key] for key in ("seed", "input_axes", "output_axes")}


@serializable(MODULE)
class GlorotUniform(_Scaling):
    """Uniform with variance `2 / (fan_in + fan_out)` (Glorot and Bengio, 2010)."""

    _arguments = (1.0, "fan_avg", "uniform")


@serializable(MODULE)
class GlorotNormal(_Scaling):
    """Truncated normal with variance `2 / (fan_in + fan_out)` (Glorot and Bengio, 2010)."""

    _arguments = (1.0, "fan_avg", "truncated_normal")


@serializable(MODULE)
class HeUniform(_Scaling):
    """Uniform with variance `2 / fan_in`, for ReLU (He et al., arXiv:1502.01852)."""

    _arguments = (2.0, "fan_in", "uniform")


@serializable(MODULE)
class HeNormal(_Scaling):
    """Truncated normal with variance `2 / fan_in`, for ReLU (He et al., arXiv:1502.01852)."""

    _arguments = (2.0, "fan_in", "truncated_normal")


@serializable(MODULE)
class LecunUniform(_Scaling):
    """Uniform with variance `1 / fan_in` (LeCun et al., "Efficient BackProp", 1998)."""

    _arguments = (1.0, "fan_in", "uniform")


@serializable(MODULE)
class LecunNormal(_Scaling):
    """Truncated normal with variance `1 / fan_in` (LeCun et al., "Efficient BackProp", 1998)."""

    _arguments = (1.0, "fan_in", "truncated_normal")
