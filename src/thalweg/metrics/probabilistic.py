"""Metrics between distributions: cross-entropies, Kullback-Leibler divergence, Poisson."""

from __future__ import annotations

from typing import Any

from thalweg import losses
from thalweg.metrics.metric import MODULE
from thalweg.metrics.reduction import MeanMetricWrapper
from thalweg.registry import serializable

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "KLDivergence",
    "Poisson",
    "SparseCategoricalCrossentropy",
]


@serializable(MODULE, "kld", "kullback_leibler_divergence")
class KLDivergence(MeanMetricWrapper):
    """The mean of `sum(y_true * log(y_true / y_pred))`."""

    _direction = "down"

    def __init__(self, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


@serializable(MODULE)
class Poisson(MeanMetricWrapper):
    """The mean of `y_pred - y_true * log(y_pred)`."""

    _direction = "down"

    def __init__(self, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(losses.poisson, name, dtype)


@serializable(MODULE, "bce")
class BinaryCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy for labels 0 and 1; arguments as in `losses.binary_crossentropy`."""

    _direction = "down"

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(
            losses.binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


@serializable(MODULE)
class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy for one-hot labels.

    Arguments as in `losses.categorical_crossentropy`.
    """

    _direction = "down"

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            losses.categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@serializable(MODULE)
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy for labels that are indices of classes.

    Arguments as in `losses.sparse_categorical_crossentropy`; elements of `ignore_class` do not
    count (in Keras they count as zeros as long as there are no sample weights).
    """

    _direction = "down"

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            losses.sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
