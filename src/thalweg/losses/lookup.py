"""Losses by name and by configuration."""

from __future__ import annotations

from typing import Any

from thalweg.losses.loss import MODULE
from thalweg.registry import deserialize_keras_object, find, resolve, serialize_keras_object

__all__ = ["deserialize", "get", "serialize"]


def get(identifier: Any) -> Any:
    """The loss that a name, class, configuration or function stands for.

    Args:
        identifier: the name of a function (`'mse'`, `'mean_squared_error'`, `'meanSquaredError'`)
            gives that function, the name of a class (`'MeanSquaredError'`) an instance; or a loss
            or its class, what `serialize` returned, or a function of `(y_true, y_pred)`. None
            stays None.

    >>> from thalweg import losses
    >>> losses.get("mse").__name__
    'mean_squared_error'
    """
    if identifier is None:
        return None
    # A name in capitals is the class; `'mse'` and `'mean_squared_error'` name the function.
    capital = isinstance(identifier, str) and identifier[:1].isupper()
    kind = "class" if capital and find(MODULE, identifier, kind="class") else "any"
    found = resolve("loss", MODULE, identifier, kind=kind)
    if not callable(found):
        raise ValueError(
            "A loss must be a name, a Loss, a function of (y_true, y_pred) or a configuration, "
            f"got {identifier!r}."
        )
    return found


def serialize(loss: Any) -> Any:
    """The configuration of a loss.

    >>> from thalweg import losses
    >>> losses.serialize(losses.Huber(delta=2.0))["config"]
    {'name': 'huber_loss', 'reduction': 'sum_over_batch_size', 'delta': 2.0}
    """
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss that `serialize` wrote down; `name` may be a name too."""
    return get(deserialize_keras_object(name, custom_objects))
