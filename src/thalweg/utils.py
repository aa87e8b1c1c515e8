"""Small helpers under Keras's names: `keras.utils`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.naming import clear_names
from thalweg.random import set_random_seed
from thalweg.registry import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from thalweg.training.data_adapter import pack_x_y_sample_weight, unpack_x_y_sample_weight

if TYPE_CHECKING:
    from thalweg.viz.model.plot_model import plot_model

__all__ = [
    "CustomObjectScope",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "normalize",
    "pack_x_y_sample_weight",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


def __getattr__(name: str) -> Any:
    if name != "plot_model":  # imported late: it brings much along
        raise AttributeError(f"module 'thalweg.utils' has no attribute {name!r}")
    from thalweg.viz.model.plot_model import plot_model

    globals()[name] = plot_model
    return plot_model


def clear_session() -> None:
    """Start the automatic names anew: the next `Dense` is called `dense` again.

    There is nothing else to clear: models are freed when nothing refers to them.
    """
    clear_names()


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray[Any, Any]:
    """Class numbers as rows with a one at the class and zeros elsewhere.

    Args:
        x: integers from 0 on, of any shape; a last axis of length 1 is dropped.
        num_classes: the length of a row; by default the largest class plus one.

    Returns:
        A float32 array of shape `x.shape + (num_classes,)`.

    Raises:
        ValueError: for a class that is negative or not below `num_classes`.

    >>> import thalweg as tw
    >>> tw.utils.to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    classes = np.asarray(x).astype(np.int64)
    if classes.ndim > 1 and classes.shape[-1] == 1:
        classes = classes[..., 0]
    if num_classes is None:
        if not classes.size:
            raise ValueError("to_categorical: x is empty, so num_classes is needed.")
        num_classes = int(classes.max()) + 1
    wrong = classes[(classes < 0) | (classes >= num_classes)]
    if wrong.size:
        raise ValueError(
            f"to_categorical: classes must lie in 0..{num_classes - 1}, got {int(wrong[0])}."
        )
    return np.eye(num_classes, dtype=np.float32)[classes]


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray[Any, Any]:
    """An array divided by its norm along an axis; rows of zeros stay zeros.

    Args:
        x: the array.
        axis: the axis along which the norm is taken.
        order: the order of the norm (2: the Euclidean length).

    >>> import thalweg as tw
    >>> tw.utils.normalize([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """
    values = np.atleast_1d(np.asarray(x, dtype=None))
    length = np.atleast_1d(np.linalg.norm(values, order, axis))
    length[length == 0] = 1
    return values / np.expand_dims(length, axis)
