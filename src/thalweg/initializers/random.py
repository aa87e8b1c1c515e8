"""Initializers that draw values: normal, truncated normal, uniform, orthogonal.

They are exact functions of their seed, the same on every device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg import ops, random
from thalweg.initializers.initializer import MODULE, Initializer, dtype_name
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object
from thalweg.tensor.tensor import Tensor

__all__ = [
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "Seed",
    "TruncatedNormal",
]

Seed = int | random.SeedGenerator | None


class RandomInitializer(Initializer):
    """What the random initializers share: the seed."""

    def __init__(self, seed: Seed | dict[str, Any] = None) -> None:
        self._given_seed = seed
        if seed is None:
            seed = random.make_default_seed()
        elif isinstance(seed, dict):
            seed = deserialize_keras_object(seed)
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer, random.SeedGenerator)):
            raise ValueError(
                f"{type(self).__name__}: seed must be an integer, a SeedGenerator or None, "
                f"got {seed!r}."
            )
        self.seed: int | random.SeedGenerator = seed

    def get_config(self) -> dict[str, Any]:
        return {"seed": serialize_keras_object(self._given_seed)}


@serializable(MODULE, "normal")
class RandomNormal(RandomInitializer):
    """Normal values.

    >>> import thalweg as tw
    >>> init = tw.initializers.RandomNormal(stddev=0.1, seed=1)
    >>> bool((init((2, 3)).numpy() == init((2, 3)).numpy()).all())
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Seed = None) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        return random.normal(
            tuple(shape),
            mean=self.mean,
            stddev=self.stddev,
            dtype=dtype_name(dtype),
            seed=self.seed,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@serializable(MODULE)
class TruncatedNormal(RandomNormal):
    """Normal values, those beyond two standard deviations drawn again."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        return random.truncated_normal(
            tuple(shape),
            mean=self.mean,
            stddev=self.stddev,
            dtype=dtype_name(dtype),
            seed=self.seed,
        )


@serializable(MODULE, "uniform")
class RandomUniform(RandomInitializer):
    """Uniform values, `minval` included and `maxval` not."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Seed = None) -> None:
        self.minval = minval
        self.maxval = maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        return random.uniform(
            tuple(shape),
            minval=self.minval,
            maxval=self.maxval,
            dtype=dtype_name(dtype),
            seed=self.seed,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


@serializable(MODULE, "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal rows or columns, times `gain` (Saxe, arXiv:1312.6120).

    All axes but the last count as rows.

    >>> import thalweg as tw
    >>> q = tw.initializers.Orthogonal(seed=1)((3, 3))
    >>> (q @ q.T).numpy().round(5) + 0.0
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0, seed: Seed = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        shape, wanted = tuple(shape), dtype_name(dtype)
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: shape must have two axes or more, got {shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        # LAPACK has no half precision.
        wide = wanted if wanted == "float64" else "float32"
        tall = (max(rows, columns), min(rows, columns))
        q, r = ops.qr(random.normal(tall, dtype=wide, seed=self.seed))
        # Of the matrices q that differ by signs, this one makes all directions equally likely.
        q = q * ops.sign(ops.diagonal(r))
        if rows < columns:
            q = ops.transpose(q)
        return ops.cast(self.gain * ops.reshape(q, shape), wanted)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}
