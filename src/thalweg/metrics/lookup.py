"""Metrics by name and by configuration."""

from __future__ import annotations

from typing import Any

from thalweg.metrics.metric import MODULE
from thalweg.registry import deserialize_keras_object, resolve, serialize_keras_object

__all__ = ["deserialize", "get", "serialize"]


def get(identifier: Any) -> Any:
    """The metric that a name, class, configuration or function stands for.

    Args:
        identifier: a name in any spelling (`'mse'`, `'mean_squared_error'`, `'meanSquaredError'`,
            `'AUC'`), a metric or its class, what `serialize` returned, or a function of
            `(y_true, y_pred)`. None stays None. What `'accuracy'` and `'crossentropy'` mean in
            `compile` depends on the model's output; here `'accuracy'` is `Accuracy`.

    >>> from thalweg import metrics
    >>> metrics.get("binaryAccuracy")
    <BinaryAccuracy name=binary_accuracy>
    """
    if identifier is None:
        return None
    described = _located(identifier) if isinstance(identifier, dict) else identifier
    found = resolve("metric", MODULE, described, kind="class")
    if not callable(found):
        raise ValueError(
            "A metric must be a name, a Metric, a function of (y_true, y_pred) or a configuration, "
            f"got {identifier!r}."
        )
    return found


def _located(config: Any) -> Any:
    """Older files name no module, and several metrics have the name of a loss."""
    if (
        isinstance(config, dict)
        and "module" not in config
        and config.get("class_name") != "function"
    ):
        return {**config, "module": MODULE}
    return config


def serialize(metric: Any) -> Any:
    """The configuration of a metric.

    >>> from thalweg import metrics
    >>> metrics.serialize(metrics.BinaryAccuracy(threshold=0.3))["config"]
    {'name': 'binary_accuracy', 'dtype': 'float32', 'threshold': 0.3}
    """
    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric that `serialize` wrote down; `config` may be a name too."""
    return get(deserialize_keras_object(_located(config), custom_objects))
