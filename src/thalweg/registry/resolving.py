"""What the `get` of each room has in common: a name, class or configuration becomes an object."""

from __future__ import annotations

import inspect
from typing import Any

from thalweg.registry.reading import deserialize_keras_object
from thalweg.registry.table import find, unknown

__all__ = ["resolve"]


def resolve(what: str, module: str, identifier: Any, *, kind: str = "any") -> Any:
    """The object that an identifier stands for; a class becomes an instance with its defaults.

    Args:
        what: what is looked for, for the message about an unknown name ("loss").
        module: the public Keras module, for example `'keras.losses'`.
        identifier: a name in any spelling, a class, or what `serialize_keras_object` returned;
            anything else is returned as it is, for the caller to check.
        kind: `'function'`, `'class'` or `'any'` (functions first), for names.
    """
    found = identifier
    if isinstance(identifier, str):
        found = find(module, identifier, kind=kind)
        if found is None:
            raise unknown(what, module, identifier)
    elif isinstance(identifier, dict):
        found = deserialize_keras_object(identifier)
    return found() if inspect.isclass(found) else found
