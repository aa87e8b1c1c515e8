"""Normalization: mean 0 and variance 1 with statistics of the training data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from thalweg import config, ops
from thalweg.layers.arguments import error, known_length
from thalweg.layers.layer import Layer
from thalweg.registry import serializable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten
from thalweg.tensor.variable import Variable

__all__ = ["Normalization"]

Array = np.ndarray[Any, Any]


@serializable("keras.layers")
class Normalization(Layer):
    """`(inputs - mean) / sqrt(variance)`, with statistics from `adapt` or given.

    Args:
        axis: the axes that have a mean and variance for each place; None for one of all values.
            The default -1 normalises each feature by itself.
        mean: the mean, where it is known; without it the layer learns it in `adapt`.
        variance: the variance; goes with `mean`.
        invert: whether to undo instead: `mean + inputs * sqrt(variance)`.

    >>> import numpy as np, thalweg as tw
    >>> layer = tw.layers.Normalization()
    >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
    >>> layer(tw.constant([[1.0, 30.0]])).numpy()
    array([[-1.,  1.]], dtype=float32)
    """

    adapt_mean: Variable
    adapt_variance: Variable

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise error(
                self,
                "mean and variance must be given together, got "
                f"mean={mean!r} and variance={variance!r}.",
            )
        given = () if axis is None else axis
        self.axis = tuple(given) if isinstance(given, (list, tuple)) else (given,)
        self.input_mean = None if mean is None else np.asarray(mean)
        self.input_variance = None if variance is None else np.asarray(variance)
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise error(
                self, f"axis {self.axis} is out of range for an input of shape {input_shape}."
            )
        self._kept = tuple(sorted({a % rank for a in self.axis}))
        shape = tuple(known_length(self, input_shape, a) for a in self._kept)
        self._broadcast = tuple(
            shape[self._kept.index(a)] if a in self._kept else 1 for a in range(rank)
        )
        if self.input_mean is None:
            options: dict[str, Any] = {"trainable": False}
            self.adapt_mean = self.add_weight(shape, "zeros", name="mean", **options)
            self.adapt_variance = self.add_weight(shape, "ones", name="variance", **options)
            # Keras keeps it for the sake of old files, always 0.
            self.count = self.add_weight((), "zeros", dtype="int32", name="count", **options)

    def adapt(self, data: Any) -> None:
        """Learn mean and variance from data, in place of what was learned before.

        Args:
            data: an array or tensor, or an iterable of batches (arrays; of a tuple its first).
        """
        if self.input_mean is not None:
            raise error(self, "adapt() has nothing to learn, because mean and variance were given.")
        count, mean, m2 = 0, np.zeros(()), np.zeros(())
        for batch in self._batches(data):
            if not self.built:
                # The number of samples may be another one later, unless its axis is kept.
                kept = {0, -batch.ndim} & set(self.axis)
                self.build(batch.shape if kept else (None, *batch.shape[1:]))
            self._check(batch.shape)
            axes = tuple(a for a in range(batch.ndim) if a not in self._kept)
            n = math.prod(batch.shape[a] for a in axes)
            if n == 0:
                continue
            with np.errstate(invalid="ignore", over="ignore"):
                ours = batch.mean(axis=axes, dtype=np.float64)
                squares = batch.var(axis=axes, dtype=np.float64) * n
            # Chan, Golub and LeVeque, "Updating formulae ... for computing sample variances".
            delta = ours - mean
            m2 = m2 + squares + delta**2 * (count * n / (count + n))
            mean = mean + delta * (n / (count + n))
            count += n
        if count == 0:
            raise error(self, "adapt() got no data.")
        if not np.isfinite(mean).all():
            raise error(self, "adapt() got data with NaN or infinite values.")
        self.adapt_mean.assign(mean.astype(np.float32))
        self.adapt_variance.assign((m2 / count).astype(np.float32))

    def _batches(self, data: Any) -> Iterator[Array]:
        leaves = flatten(data) if isinstance(data, (list, tuple)) else []
        plain = bool(leaves) and all(isinstance(x, (int, float)) for x in leaves)
        if plain or isinstance(data, (Tensor, Variable, np.ndarray)):
            yield np.asarray(data)
        elif isinstance(data, Iterable):
            for batch in data:
                yield np.asarray(batch[0] if isinstance(batch, tuple) else batch)
        else:
            raise error(
                self,
                f"adapt() expects an array or an iterable of batches, got {type(data).__name__}.",
            )

    def _check(self, shape: Sequence[int]) -> None:
        if len(shape) != len(self._broadcast) or any(
            shape[a] != self._broadcast[a] for a in self._kept
        ):
            expected = tuple(n if a in self._kept else None for a, n in enumerate(self._broadcast))
            raise error(self, f"adapt() expects data of shape {expected}, got {tuple(shape)}.")

    def _statistic(self, learned: str, given: Array | None) -> Any:
        """A statistic with the rank of the input, so that it broadcasts."""
        if given is None:
            value = ops.reshape(getattr(self, learned), self._broadcast)
        elif given.ndim == 0:
            value = ops.convert_to_tensor(given)
        else:
            # Its axes are the last ones of those that are kept.
            lengths = dict(zip(self._kept[-given.ndim :], given.shape, strict=True))
            shape = [lengths.get(a, 1) for a in range(len(self._broadcast))]
            value = ops.reshape(ops.convert_to_tensor(given), shape)
        return ops.cast(value, self.compute_dtype)

    @property
    def mean(self) -> Any:
        """The mean, in a shape that broadcasts to the input."""
        return self._statistic("adapt_mean", self.input_mean)

    @property
    def variance(self) -> Any:
        """The variance, in a shape that broadcasts to the input."""
        return self._statistic("adapt_variance", self.input_variance)

    def call(self, inputs: Any) -> Any:
        x = ops.cast(inputs, self.compute_dtype)
        deviation = ops.maximum(ops.sqrt(self.variance), config.epsilon())
        return self.mean + x * deviation if self.invert else (x - self.mean) / deviation

    def get_config(self) -> dict[str, Any]:
        given = self.input_mean, self.input_variance
        mean, variance = (None if x is None else x.tolist() for x in given)
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": mean,
            "variance": variance,
        }
