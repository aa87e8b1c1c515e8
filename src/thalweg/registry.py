"""Names of objects: how a layer, loss or initializer is found by string and written to a file.

One closed table says which classes and functions may be named in a configuration; nothing is ever
imported because a file says so. Written objects carry Keras 3's public module paths, so that files
go both ways (`{"module", "class_name", "config", "registered_name"}`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

__all__ = [
    "custom_object_scope",
    "deserialize_keras_object",
    "find",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "normalized",
    "register_keras_serializable",
    "serializable",
    "serialize_keras_object",
]

T = TypeVar("T")

# Public module ("keras.layers") -> name as written -> object.
_TABLE: dict[str, dict[str, Any]] = {}
# Public module -> normalized name or alias -> object; functions and classes apart.
_FUNCTIONS: dict[str, dict[str, Any]] = {}
_CLASSES: dict[str, dict[str, Any]] = {}
# Object -> (module, class name); keyed by the object, which lives as long as the process.
_WRITTEN: dict[Any, tuple[str, str]] = {}

_custom_by_name: dict[str, Any] = {}
_custom_names: dict[Any, str] = {}


def normalized(name: str) -> str:
    """One key for all spellings of a name: Keras's, TensorFlow.js's, classes' and functions'.

    >>> {normalized(n) for n in ("mean_squared_error", "meanSquaredError", "MeanSquaredError")}
    {'meansquarederror'}
    """
    return name.replace("_", "").lower()


def serializable(module: str, *aliases: str, name: str | None = None) -> Callable[[T], T]:
    """Decorator: let a class or function be named in configurations and files.

    Args:
        module: the public Keras module, for example `'keras.layers'`.
        aliases: more strings that find it (`'mse'`).
        name: the name as written; by default the object's own.
    """

    def add(thing: T) -> T:
        written = name or thing.__name__  # type: ignore[attr-defined]
        _TABLE.setdefault(module, {})[written] = thing
        _WRITTEN[thing] = (module, written)
        strings = _CLASSES if inspect.isclass(thing) else _FUNCTIONS
        for spelling in (written, *aliases):
            strings.setdefault(module, {})[normalized(spelling)] = thing
        return thing

    return add


def find(module: str, name: str, *, kind: str = "any") -> Any:
    """The class or function that a string names in a public module, or None.

    Args:
        module: the public Keras module, for example `'keras.losses'`.
        name: any spelling.
        kind: `'function'`, `'class'` or `'any'` (functions first).
    """
    custom = _custom_by_name.get(name)
    if custom is not None:
        return custom
    key = normalized(name)
    tables = {"function": (_FUNCTIONS,), "class": (_CLASSES,), "any": (_FUNCTIONS, _CLASSES)}
    for table in tables[kind]:
        found = table.get(module, {}).get(key)
        if found is not None:
            return found
    return None


def names(module: str) -> list[str]:
    """All names of a public module, as written."""
    return sorted(_TABLE.get(module, {}))


def unknown(what: str, module: str, identifier: Any) -> ValueError:
    """The error for a string that names nothing, with the closest names."""
    import difflib

    known = names(module)
    close = difflib.get_close_matches(str(identifier), known, n=3, cutoff=0.5)
    lower = {normalized(k): k for k in known}
    close = close or [
        lower[k] for k in difflib.get_close_matches(normalized(str(identifier)), lower, n=3)
    ]
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"known: {known}."
    return ValueError(f"Unknown {what} {identifier!r}; {hint}")


# --- the user's own classes ---------------------------------------------------------------------


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """Decorator: let a class of yours (with `get_config`) or a function be saved and loaded.

    >>> import thalweg as tw
    >>> @tw.saving.register_keras_serializable(package="mine")
    ... def double(x):
    ...     return 2 * x
    >>> tw.saving.get_registered_name(double)
    'mine>double'
    """

    def add(thing: T) -> T:
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(
                f"register_keras_serializable: {thing.__name__} needs a get_config() method."
            )
        registered = f"{package}>{name or thing.__name__}"  # type: ignore[attr-defined]
        _custom_by_name[registered] = thing
        _custom_names[thing] = registered
        return thing

    return add


def get_registered_name(thing: Any) -> str:
    """The name under which a class or function was registered, else its own name."""
    return _custom_names.get(thing, thing.__name__)


def get_registered_object(name: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The class or function registered under this name, or None."""
    if custom_objects and name in custom_objects:
        return custom_objects[name]
    return _custom_by_name.get(name)


def get_custom_objects() -> dict[str, Any]:
    """The names known for classes and functions of the user's own; the dict may be changed."""
    return _custom_by_name


@contextmanager
def custom_object_scope(custom_objects: dict[str, Any]) -> Iterator[None]:
    """Know these classes and functions by name inside the `with` block."""
    before = dict(_custom_by_name)
    _custom_by_name.update(custom_objects)
    try:
        yield
    finally:
        _custom_by_name.clear()
        _custom_by_name.update(before)


# --- writing and reading ------------------------------------------------------------------------


def serialize_keras_object(thing: Any) -> Any:
    """A description of an object in plain JSON values, in Keras 3's form."""
    if thing is None or isinstance(thing, (str, bool, int, float)):
        return thing
    if isinstance(thing, np.generic):
        return thing.item()
    if isinstance(thing, np.dtype):
        return thing.name
    if isinstance(thing, np.ndarray):
        return {
            "class_name": "__numpy__",
            "config": {"value": thing.tolist(), "dtype": thing.dtype.name},
        }
    if isinstance(thing, (list, tuple)):
        return [serialize_keras_object(item) for item in thing]
    if isinstance(thing, dict):
        return {key: serialize_keras_object(value) for key, value in thing.items()}
    if thing is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(thing, slice):
        config = {k: serialize_keras_object(getattr(thing, k)) for k in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": config}
    if hasattr(type(thing), "__serialize__"):  # symbolic tensors of functional models
        return thing.__serialize__()
    if hasattr(thing, "get_config"):
        return _describe(thing)
    if callable(thing):
        return _describe_function(thing)
    raise TypeError(
        f"Cannot write a {type(thing).__name__} to a configuration: it needs a get_config() method."
    )


def _describe(thing: Any) -> dict[str, Any]:
    kind = type(thing)
    config = thing.get_config()
    if kind in _custom_names:
        head = {"module": None, "class_name": kind.__name__}
        registered: str | None = _custom_names[kind]
    elif kind in _WRITTEN:
        module, class_name = _WRITTEN[kind]
        head = {"module": module, "class_name": class_name}
        # Keras names classes outside its public modules (Functional) here too.
        registered = class_name if module.startswith("keras.src.") else None
    else:
        head = {"module": None, "class_name": kind.__name__}
        registered = kind.__name__
    described = {**head, "config": config, "registered_name": registered}
    build = getattr(thing, "get_build_config", None)
    build_config = build() if build is not None else None
    if build_config is not None:
        described["build_config"] = serialize_keras_object(build_config)
    compiled = getattr(thing, "get_compile_config", None)
    compile_config = compiled() if compiled is not None else None
    if compile_config is not None:
        described["compile_config"] = compile_config
    return described


def _describe_function(thing: Any) -> dict[str, Any]:
    if thing in _custom_names:
        return {
            "module": "builtins",
            "class_name": "function",
            "config": thing.__name__,
            "registered_name": _custom_names[thing],
        }
    if thing in _WRITTEN:
        module, written = _WRITTEN[thing]
        return {
            "module": module,
            "class_name": "function",
            "config": written,
            "registered_name": "function",
        }
    if getattr(thing, "__name__", "<lambda>") == "<lambda>":
        raise ValueError(
            "Cannot write a lambda to a configuration: no code is ever saved; define a named "
            "function and register it with @register_keras_serializable()."
        )
    return {
        "module": "builtins",
        "class_name": "function",
        "config": thing.__name__,
        "registered_name": "function",
    }


def deserialize_keras_object(
    config: Any,
    custom_objects: dict[str, Any] | None = None,
    *,
    shared: dict[int, Any] | None = None,
) -> Any:
    """The object that a description stands for.

    Only classes and functions of the closed table, and those that the user registered or gave in
    `custom_objects`, are ever made.
    """
    shared = {} if shared is None else shared
    if isinstance(config, (list, tuple)):
        return [deserialize_keras_object(c, custom_objects, shared=shared) for c in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {
            k: deserialize_keras_object(v, custom_objects, shared=shared) for k, v in config.items()
        }
    class_name, inner = config["class_name"], config["config"]
    if class_name in _PLAIN_OBJECTS:
        return _PLAIN_OBJECTS[class_name](inner, custom_objects)
    number = config.get("shared_object_id")
    if number is not None and number in shared:
        return shared[number]
    if class_name == "function":
        return _read_function(config, custom_objects)
    cls = _read_class(config, custom_objects)
    if not isinstance(inner, dict):
        raise ValueError(f"The configuration of {class_name!r} must be a dict, got {inner!r}.")
    instance = _construct(cls, inner, custom_objects)
    build_config = config.get("build_config")
    if build_config and hasattr(instance, "build_from_config"):
        instance.build_from_config(build_config)
    compile_config = config.get("compile_config")
    if compile_config and hasattr(instance, "compile_from_config"):
        instance.compile_from_config(compile_config)
    if number is not None:
        shared[number] = instance
    return instance


def _construct(cls: Any, inner: dict[str, Any], custom_objects: dict[str, Any] | None) -> Any:
    with custom_object_scope(custom_objects or {}):
        return cls.from_config(inner) if hasattr(cls, "from_config") else cls(**inner)


def _read_numpy(inner: Any, custom_objects: Any) -> Any:
    return np.asarray(inner["value"], dtype=inner["dtype"])


_PLAIN_OBJECTS: dict[str, Callable[[Any, Any], Any]] = {
    "__numpy__": _read_numpy,
    "__tensor__": _read_numpy,
    "__ellipsis__": lambda inner, custom_objects: Ellipsis,
    "__slice__": lambda inner, custom_objects: slice(inner["start"], inner["stop"], inner["step"]),
}


def _read_function(config: dict[str, Any], custom_objects: dict[str, Any] | None) -> Any:
    name, module = config["config"], config.get("module")
    for key in (config.get("registered_name"), name):
        found = get_registered_object(key, custom_objects) if isinstance(key, str) else None
        if found is not None:
            return found
    found = _TABLE.get(module or "", {}).get(name) or _FUNCTIONS.get(module or "", {}).get(
        normalized(str(name))
    )
    if found is None:
        raise ValueError(
            f"The function {name!r} (module {module!r}) is not known; pass it in custom_objects or "
            "register it with @register_keras_serializable()."
        )
    return found


def _read_class(config: dict[str, Any], custom_objects: dict[str, Any] | None) -> Any:
    class_name, module = config["class_name"], config.get("module")
    for key in (config.get("registered_name"), class_name):
        found = get_registered_object(key, custom_objects) if isinstance(key, str) else None
        if found is not None:
            return found
    found = _TABLE.get(module or "", {}).get(class_name)
    if found is None or not inspect.isclass(found):
        raise ValueError(
            f"The class {class_name!r} (module {module!r}) is not known; pass it in custom_objects "
            "or register it with @register_keras_serializable()."
        )
    return found
