"""Plain JSON values to objects, by the closed table and the user's own names only."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg.registry.custom import (
    CustomObjectScope,
    function_of_older_file,
    get_registered_object,
)
from thalweg.registry.table import find_class, find_function
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import as_dtype

__all__ = ["deserialize_keras_object", "sharing_objects"]


# Arguments of recurrent layers that Keras 2 wrote, with the values that change nothing.
_OF_KERAS_2 = (("implementation", 1), ("implementation", 2), ("time_major", False))


class _Sharing(threading.local):
    def __init__(self) -> None:
        self.made: dict[int, Any] | None = None


_SHARING = _Sharing()


@contextmanager
def sharing_objects() -> Iterator[None]:
    """Inside, descriptions with one `shared_object_id` stand for one object."""
    outer = _SHARING.made
    _SHARING.made = {}
    try:
        yield
    finally:
        _SHARING.made = outer


def deserialize_keras_object(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The object that a description stands for.

    Only classes and functions of the closed table, and those that the user registered or gave in
    `custom_objects`, are ever made; a class that is not known raises a `ValueError`.

    Args:
        config: what `serialize_keras_object` returned, perhaps by way of JSON.
        custom_objects: name -> class or function of the user's own.
        safe_mode: accepted for compatibility; code in a configuration is never run.

    >>> import thalweg as tw
    >>> config = tw.saving.serialize_keras_object(tw.regularizers.L2(0.5))
    >>> tw.saving.deserialize_keras_object(config).l2
    0.5
    """
    if custom_objects:
        with CustomObjectScope(custom_objects):
            return deserialize_keras_object(config)
    if isinstance(config, (list, tuple)):
        return [deserialize_keras_object(item) for item in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: deserialize_keras_object(value) for key, value in config.items()}
    class_name, inner = config["class_name"], config["config"]
    if not isinstance(class_name, str):
        raise ValueError(f"A configuration's class_name must be a string, got {class_name!r}.")
    if class_name in _PLAIN_OBJECTS:
        return _plain_object(class_name, inner)
    if class_name == "function":
        return _read_function(config)
    return _read_object(config)


def _read_object(config: dict[str, Any]) -> Any:
    class_name, inner = config["class_name"], config["config"]
    inner = {} if inner is None else inner
    if not isinstance(inner, dict):
        raise ValueError(
            f"The configuration of class {class_name!r} must be a dict, got {inner!r}."
        )
    number, made = config.get("shared_object_id"), _SHARING.made
    if made is not None and isinstance(number, int) and number in made:
        return made[number]
    cls = _read_class(config)
    if "module" not in config:
        inner = {k: v for k, v in inner.items() if (k, v) not in _OF_KERAS_2}
    if not inspect.isclass(cls):  # the user may give a function that makes the object
        return cls
    instance = _construct(cls, inner)
    build_config = config.get("build_config")
    if build_config and not getattr(instance, "built", True):
        instance.build_from_config(build_config)
    compile_config = config.get("compile_config")
    if compile_config and hasattr(instance, "compile_from_config"):
        instance.compile_from_config(compile_config)
    if made is not None and isinstance(number, int):
        made[number] = instance
    return instance


def _construct(cls: Any, config: dict[str, Any]) -> Any:
    try:
        return cls.from_config(config) if hasattr(cls, "from_config") else cls(**config)
    except TypeError as problem:
        reason = str(problem).rstrip(".")
        raise ValueError(
            f"Cannot make a {cls.__name__} from its configuration: {reason}."
        ) from problem


def _read_class(config: dict[str, Any]) -> Any:
    class_name, module = config["class_name"], config.get("module")
    registered = config.get("registered_name", class_name)
    if isinstance(registered, str):
        found = get_registered_object(registered)
        if found is not None:
            return found
    # A module that is null belongs to a class of the user's; Keras 2 wrote no module at all, and
    # its own optimizers as "Custom>Adam".
    if isinstance(module, str) or "module" not in config:
        found = find_class(module, class_name.removeprefix("Custom>"))
        if found is not None:
            return found
    raise ValueError(
        f"The class {class_name!r} (module {module!r}) is not known; if it is yours, pass it in "
        "custom_objects or register it with @register_keras_serializable()."
    )


def _read_function(config: dict[str, Any]) -> Any:
    name, module = config["config"], config.get("module")
    if not isinstance(name, str):
        raise ValueError(f"The configuration of a function must be its name, got {name!r}.")
    found = get_registered_object(name)
    if found is None and isinstance(config.get("registered_name"), str):
        found = get_registered_object(config["registered_name"])
    if found is None and isinstance(module, (str, type(None))):
        found = find_function(module, name)
    if found is None:
        found = function_of_older_file(name)
    if found is None:
        raise ValueError(
            f"The function {name!r} (module {module!r}) is not known; if it is yours, pass it in "
            "custom_objects or register it with @register_keras_serializable()."
        )
    return found


# --- descriptions of plain values -----------------------------------------------------------------


def _plain_object(class_name: str, config: Any) -> Any:
    try:
        return _PLAIN_OBJECTS[class_name](config)
    except (AttributeError, KeyError, TypeError) as problem:
        raise ValueError(f"A {class_name} in a configuration is damaged: {config!r}.") from problem


def _no_code(config: Any) -> Any:
    raise ValueError(
        "The configuration holds a Python lambda as code, which is never run from a file; use a "
        "named function and pass it in custom_objects."
    )


def _symbolic(config: Any) -> Any:
    raise ValueError("A symbolic tensor has a meaning only inside a functional model.")


_PLAIN_OBJECTS: dict[str, Callable[[Any], Any]] = {
    "__numpy__": lambda c: np.asarray(c["value"], dtype=as_dtype(c["dtype"])),
    "__tensor__": lambda c: convert_to_tensor(c["value"], as_dtype(c["dtype"])),
    "__bytes__": lambda c: c["value"].encode("utf-8"),
    "__ellipsis__": lambda c: Ellipsis,
    "__slice__": lambda c: slice(
        *[deserialize_keras_object(c[k]) for k in ("start", "stop", "step")]
    ),
    "__lambda__": _no_code,
    "__keras_tensor__": _symbolic,
}
