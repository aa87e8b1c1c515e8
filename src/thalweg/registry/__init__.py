"""Names of objects: how a layer, loss or initializer is found by string and written to a file.

One closed table says which classes and functions may be named in a configuration; nothing is ever
imported because a file says so. Written objects carry Keras 3's public module paths, so that files
go both ways (`{"module", "class_name", "config", "registered_name"}`).
"""

from thalweg.registry.custom import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from thalweg.registry.reading import deserialize_keras_object, sharing_objects
from thalweg.registry.resolving import resolve
from thalweg.registry.table import find, names, normalized, public_name, serializable, unknown
from thalweg.registry.writing import serialize_keras_object, serialize_shared

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "find",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "names",
    "normalized",
    "public_name",
    "register_keras_serializable",
    "resolve",
    "serializable",
    "serialize_keras_object",
    "serialize_shared",
    "sharing_objects",
    "unknown",
]
