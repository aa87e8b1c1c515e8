"""Objects to plain JSON values, in the form in which Keras 3 writes them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.registry.custom import registered_name
from thalweg.registry.table import public_name
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["serialize_keras_object", "serialize_shared"]


class _Sharing(threading.local):
    """Which objects were met while one whole model is written."""

    def __init__(self) -> None:
        # Keeps the objects alive, so that no other one gets the same id() meanwhile.
        self.met: dict[int, Any] | None = None
        self.numbers: dict[int, int] = {}


_SHARING = _Sharing()


def serialize_keras_object(obj: Any) -> Any:
    """A description of an object in plain JSON values, in Keras 3's form.

    Args:
        obj: a number, string, array, tensor, slice, named function, an object with `get_config()`,
            or lists, tuples and dicts of these.

    >>> import thalweg as tw
    >>> tw.saving.serialize_keras_object(tw.regularizers.L2(0.5))["config"]
    {'l2': 0.5}
    """
    if obj is None or isinstance(obj, (str, bool, int, float)):
        return obj
    if isinstance(obj, (list, tuple)):
        return [serialize_keras_object(item) for item in obj]
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    for kind, write in _PLAIN_OBJECTS:
        if isinstance(obj, kind):
            return write(obj)
    if hasattr(type(obj), "__serialize__"):  # symbolic tensors of functional models
        return obj.__serialize__()
    if hasattr(obj, "get_config"):
        return _describe(obj)
    if callable(obj):
        return _describe_function(obj)
    raise TypeError(
        f"Cannot write a {type(obj).__name__} to a configuration: it needs a get_config() method."
    )


def serialize_shared(thing: Any) -> Any:
    """As `serialize_keras_object`; objects met twice carry one `shared_object_id` in both places.

    The object is written twice: the first time shows which parts come again.
    """
    outer = _SHARING.met, _SHARING.numbers
    try:
        _SHARING.met, _SHARING.numbers = {}, {}
        serialize_keras_object(thing)
        _SHARING.met = None
        return serialize_keras_object(thing)
    finally:
        _SHARING.met, _SHARING.numbers = outer


def _array(values: np.ndarray[Any, Any]) -> Any:
    if values.ndim == 0:
        return values.item()
    return {
        "class_name": "__numpy__",
        "config": {"value": values.tolist(), "dtype": values.dtype.name},
    }


def _tensor(x: Any) -> dict[str, Any]:
    return {
        "class_name": "__tensor__",
        "config": {"value": np.asarray(x).tolist(), "dtype": x.dtype.name},
    }


def _slice(x: slice) -> dict[str, Any]:
    config = {k: serialize_keras_object(getattr(x, k)) for k in ("start", "stop", "step")}
    return {"class_name": "__slice__", "config": config}


_PLAIN_OBJECTS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (np.generic, lambda x: x.item()),
    (np.dtype, lambda x: x.name),
    (np.ndarray, _array),
    (Tensor, _tensor),
    (Variable, _tensor),
    (bytes, lambda x: {"class_name": "__bytes__", "config": {"value": x.decode("utf-8")}}),
    (type(Ellipsis), lambda x: {"class_name": "__ellipsis__", "config": {}}),
    (slice, _slice),
)


def _describe(thing: Any) -> dict[str, Any]:
    kind = type(thing)
    number = _number(thing)
    config = serialize_keras_object(thing.get_config())
    public, custom = public_name(kind), registered_name(kind)
    if custom is None and public is not None:
        module: str | None = public[0]
        class_name = public[1]
        # Keras names classes outside its public modules (Functional) here too.
        registered = class_name if public[0].startswith("keras.src.") else None
    else:
        module = kind.__module__
        if module == "__main__" or module.split(".", maxsplit=1)[0] == "thalweg":
            module = None
        class_name = kind.__name__
        registered = custom or kind.__name__
    described = {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": registered,
    }
    for key in ("build_config", "compile_config"):
        getter = getattr(thing, f"get_{key}", None)
        value = getter() if getter is not None else None
        if value is not None:
            described[key] = serialize_keras_object(value)
    if number is not None:
        described["shared_object_id"] = number
    return described


def _number(thing: Any) -> int | None:
    """The number of an object that is met more than once in what is being written."""
    sharing = _SHARING
    if sharing.met is None:
        return sharing.numbers.get(id(thing))
    if id(thing) in sharing.met:
        sharing.numbers.setdefault(id(thing), len(sharing.numbers) + 1)
    sharing.met[id(thing)] = thing
    return None


def _describe_function(function: Any) -> dict[str, Any]:
    public, custom = public_name(function), registered_name(function)
    name = custom or (public[1] if public is not None else getattr(function, "__name__", None))
    if name is None or name == "<lambda>":
        raise ValueError(
            "Cannot write a lambda to a configuration: no code is ever saved; define a named "
            "function and register it with @register_keras_serializable()."
        )
    # Keras finds its own functions by name alone, and so do we.
    return {
        "module": "builtins",
        "class_name": "function",
        "config": name,
        "registered_name": "function",
    }
