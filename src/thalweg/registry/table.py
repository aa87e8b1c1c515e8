"""The closed table: public Keras module and name -> class or function of this library."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from thalweg.registry.custom import get_registered_object

__all__ = ["find", "find_class", "names", "normalized", "public_name", "serializable", "unknown"]

T = TypeVar("T")

# Public module ("keras.layers") -> name as written -> object.
_TABLE: dict[str, dict[str, Any]] = {}
# Public module -> normalized name or alias -> object; functions and classes apart.
_FUNCTIONS: dict[str, dict[str, Any]] = {}
_CLASSES: dict[str, dict[str, Any]] = {}
# Object -> (module, class name); keyed by the object, which lives as long as the process.
_WRITTEN: dict[Any, tuple[str, str]] = {}

# Where a class is looked for when a configuration names no module, or one of another Keras version.
_MODULES_OF_OLDER_FILES = (
    "keras.layers",
    "keras",
    "keras.src.models.functional",
    "keras.initializers",
    "keras.regularizers",
    "keras.constraints",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.losses",
    "keras.metrics",
)


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
        written = name or str(getattr(thing, "__name__", thing))
        _TABLE.setdefault(module, {})[written] = thing
        # What is public in two modules is written under the first.
        _WRITTEN.setdefault(thing, (module, written))
        strings = _CLASSES if inspect.isclass(thing) else _FUNCTIONS
        for spelling in (written, *aliases):
            strings.setdefault(module, {})[normalized(spelling)] = thing
        return thing

    return add


def public_name(thing: Any) -> tuple[str, str] | None:
    """The public module and the name under which a class or function is written, or None."""
    try:
        return _WRITTEN.get(thing)
    except TypeError:  # a callable that cannot be hashed is not in the table
        return None


def find(module: str, name: str, *, kind: str = "any") -> Any:
    """The class or function that a string names in a public module, or None.

    Args:
        module: the public Keras module, for example `'keras.losses'`.
        name: any spelling; a name of the user's own comes first.
        kind: `'function'`, `'class'` or `'any'` (functions first).
    """
    custom = get_registered_object(name)
    if custom is not None:
        return custom
    key = normalized(name)
    tables = {"function": (_FUNCTIONS,), "class": (_CLASSES,), "any": (_FUNCTIONS, _CLASSES)}
    for table in tables[kind]:
        found = table.get(module, {}).get(key)
        if found is not None:
            return found
    return None


def find_class(module: str | None, name: str) -> Any:
    """The class of the table that a configuration names, or None.

    Args:
        module: the module as written; none, or an inner module of another Keras version searches
            all public ones.
        name: the class's name.
    """
    if module in _TABLE:
        exact = _TABLE[module].get(name)
        found = exact if inspect.isclass(exact) else _CLASSES.get(module, {}).get(normalized(name))
        if found is not None:
            return found
    if module is None or module.startswith(("keras.src.", "keras.models", "keras.engine.")):
        for public in _MODULES_OF_OLDER_FILES:
            found = _TABLE.get(public, {}).get(name)
            if inspect.isclass(found):
                return found
    return None


def find_function(module: str | None, name: str) -> Any:
    """The function of the table that a configuration names, or None.

    Args:
        module: the module as written; Keras writes `'builtins'` for all its own functions.
        name: the function's name.
    """
    places = [module] if module in _FUNCTIONS else []
    if module is None or module == "builtins":
        places = list(_FUNCTIONS)
    for place in places:
        found = _FUNCTIONS[place].get(normalized(name)) if place is not None else None
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
    if not close:
        lower = {normalized(k): k for k in known}
        found = difflib.get_close_matches(normalized(str(identifier)), lower, n=3)
        close = [lower[k] for k in found]
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"known: {known}."
    return ValueError(f"Unknown {what} {identifier!r}; {hint}")
