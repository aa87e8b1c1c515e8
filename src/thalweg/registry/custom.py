"""The user's own classes and functions: registered for good, or known inside a `with` block."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
]

T = TypeVar("T")

_OBJECTS: dict[str, Any] = {}
_NAMES: dict[Any, str] = {}


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.open: list[dict[str, Any]] = []


_SCOPES = _Scopes()


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """Decorator: let a class of yours (with `get_config`) or a function be saved and loaded.

    Args:
        package: what the name is prefixed with, so that libraries do not collide.
        name: the name as written; by default the object's own.

    >>> import thalweg as tw
    >>> @tw.saving.register_keras_serializable(package="mine")
    ... def double(x):
    ...     return 2 * x
    >>> tw.saving.get_registered_name(double)
    'mine>double'
    """

    def add(thing: T) -> T:
        own = str(getattr(thing, "__name__", thing))
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(f"register_keras_serializable: {own} needs a get_config() method.")
        registered = f"{package}>{name or own}"
        _OBJECTS[registered] = thing
        _NAMES[thing] = registered
        return thing

    return add


def registered_name(thing: Any) -> str | None:
    """The name under which a class or function was registered, or None."""
    try:
        return _NAMES.get(thing)
    except TypeError:  # a callable that cannot be hashed was never registered
        return None


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered, else its own name."""
    found = registered_name(obj)
    return str(obj.__name__) if found is None else found


def get_registered_object(
    name: str,
    custom_objects: dict[str, Any] | None = None,
    module_objects: dict[str, Any] | None = None,
) -> Any:
    """The class or function known by this name, or None.

    Args:
        name: `'package>name'`, or a name given in a scope.
        custom_objects: more names.
        module_objects: still more, asked last.
    """
    for known in (*reversed(_SCOPES.open), _OBJECTS, custom_objects or {}, module_objects or {}):
        if name in known:
            return known[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The names registered for classes and functions of the user's own; the dict may be changed."""
    return _OBJECTS


def function_of_older_file(name: str) -> Any:
    """The function registered as `'package>name'` for a plain name, which Keras 3.6 wrote."""
    for known in (*reversed(_SCOPES.open), _OBJECTS):
        for registered, thing in known.items():
            if registered.endswith(f">{name}") and not inspect.isclass(thing):
                return thing
    return None


class CustomObjectScope:
    """Know these classes and functions by name inside a `with` block, in this thread.

    Args:
        custom_objects: name -> class or function; an inner block wins over an outer one.

    >>> import thalweg as tw
    >>> def halve(x):
    ...     return x / 2
    >>> with tw.saving.custom_object_scope({"halve": halve}):
    ...     layer = tw.layers.Activation("halve")
    >>> float(layer(tw.constant([3.0]))[0])
    1.5
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})

    def __enter__(self) -> Self:
        _SCOPES.open.append(self.custom_objects)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _SCOPES.open.pop()


custom_object_scope = CustomObjectScope
