"""Signatures of what layers define: `call`, `build` and the constructor."""

from __future__ import annotations

import inspect
from typing import Any

__all__ = ["as_called", "bound_arguments", "build_parameters", "call_signature", "overrides"]

# Signatures by class: to inspect one takes longer than a small layer's computation.
_SIGNATURES: dict[type, inspect.Signature] = {}
_BUILD_PARAMETERS: dict[type, tuple[str, ...]] = {}


def call_signature(cls: Any) -> inspect.Signature:
    """The signature of a layer class's `call`, `self` included."""
    if cls not in _SIGNATURES:
        _SIGNATURES[cls] = inspect.signature(cls.call)
    return _SIGNATURES[cls]


def build_parameters(cls: Any) -> tuple[str, ...]:
    """The names of the arguments of a layer class's `build`, without `self`."""
    if cls not in _BUILD_PARAMETERS:
        _BUILD_PARAMETERS[cls] = tuple(inspect.signature(cls.build).parameters)[1:]
    return _BUILD_PARAMETERS[cls]


def overrides(cls: type, name: str, base: type) -> bool:
    """Whether a class has a method of its own where `base` has one."""
    return getattr(cls, name) is not getattr(base, name) and (
        getattr(getattr(cls, name), "__func__", getattr(cls, name))
        is not getattr(getattr(base, name), "__func__", getattr(base, name))
    )


def bound_arguments(
    cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any] | None:
    """The constructor's arguments by name; None where they do not fit."""
    try:
        bound = inspect.signature(cls.__init__).bind(None, *args, **kwargs)  # type: ignore[misc]
    except TypeError:
        return None  # __init__ will raise the error that the caller should see
    found = dict(list(bound.arguments.items())[1:])
    found.update(found.pop("kwargs", {}))
    return found


def as_called(
    signature: inspect.Signature, arguments: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The first argument by position, the others by name (*args stay positional)."""
    positional: list[Any] = []
    keyword = dict(arguments)
    for i, (name, parameter) in enumerate(list(signature.parameters.items())[1:]):
        if name not in keyword:
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional.extend(keyword.pop(name))
        elif i == 0 and parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(keyword.pop(name))
    return tuple(positional), keyword
