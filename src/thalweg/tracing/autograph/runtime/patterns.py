"""The `match` statement: whether a pattern fits a subject, which may hold symbolic tensors."""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass, field
from typing import Any

from thalweg import ops
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.branches import one_bool
from thalweg.tracing.autograph.runtime.session import is_symbolic

__all__ = ["match"]

# Types of which a class pattern takes the subject itself as its one positional part.
_WHOLE = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)


@dataclass(slots=True)
class Match:
    """What `match` found.

    Attributes:
        matched: whether the pattern fits.
        names: the values of the names that it binds.
    """

    matched: Any = True
    names: dict[str, Any] = field(default_factory=dict)


def match(subject: Any, pattern: tuple[Any, ...]) -> Match:
    """Hold a pattern against a subject."""
    found = Match()
    found.matched = _fits(subject, pattern, found.names)
    return found


def _both(a: Any, b: Any) -> Any:
    if a is True or b is False:
        return b
    if b is True or a is False:
        return a
    return ops.logical_and(a, b)


def _truth(x: Any) -> Any:
    return one_bool(x) if is_symbolic(x) else bool(x)


def _fits(subject: Any, pattern: tuple[Any, ...], names: dict[str, Any]) -> Any:
    kind, *parts = pattern
    if kind == "value":
        return _truth(subject == parts[0]())
    if kind == "singleton":
        return subject is parts[0]
    if kind == "or":
        return _any(subject, parts[0], names)
    if kind == "as":
        inner, name = parts
        found = True if inner is None else _fits(subject, inner, names)
        if name is not None and found is not False:
            names[name] = subject
        return found
    if kind == "sequence":
        return _sequence(subject, parts, names)
    if kind == "mapping":
        return _mapping(subject, parts, names)
    return _class(subject, parts, names)


def _any(subject: Any, patterns: tuple[Any, ...], names: dict[str, Any]) -> Any:
    found: Any = False
    for pattern in patterns:
        inner: dict[str, Any] = {}
        one = _fits(subject, pattern, inner)
        if one is False:
            continue
        if found is False:
            found, first = one, inner
            names.update(inner)
        else:
            if any(inner[name] is not first[name] for name in inner):
                raise AutoGraphError(
                    "A pattern with '|' binds names to different values, and a tensor decides "
                    "which alternative fits; write a case for each."
                )
            found = one if one is True else ops.logical_or(found, one)
        if found is True:
            break
    return found


def _all(subjects: Any, patterns: Any, names: dict[str, Any]) -> Any:
    found: Any = True
    for subject, pattern in zip(subjects, patterns, strict=True):
        found = _both(found, _fits(subject, pattern, names))
        if found is False:
            break
    return found


def _sequence(subject: Any, parts: Any, names: dict[str, Any]) -> Any:
    patterns, star, name = parts
    if not isinstance(subject, collections.abc.Sequence) or isinstance(
        subject, (str, bytes, bytearray)
    ):
        return False
    if star < 0:
        return len(subject) == len(patterns) and _all(subject, patterns, names)
    if len(subject) < len(patterns):
        return False
    items = list(subject)
    end = len(items) - (len(patterns) - star)
    if name is not None:
        names[name] = items[star:end]
    return _all(items[:star] + items[end:], patterns, names)


def _mapping(subject: Any, parts: Any, names: dict[str, Any]) -> Any:
    keys, patterns, rest = parts
    if not isinstance(subject, collections.abc.Mapping):
        return False
    missing = object()
    wanted = [key() for key in keys]
    values = [subject.get(key, missing) for key in wanted]
    if any(value is missing for value in values):
        return False
    if rest is not None:
        names[rest] = {k: v for k, v in subject.items() if k not in wanted}
    return _all(values, patterns, names)


def _class(subject: Any, parts: Any, names: dict[str, Any]) -> Any:
    cls, patterns, attributes, others = parts
    kind = cls()
    if not isinstance(kind, type):
        raise TypeError("called match pattern must be a class")
    if not isinstance(subject, kind):
        return False
    found: Any = True
    if patterns and issubclass(kind, _WHOLE) and not hasattr(kind, "__match_args__"):
        if len(patterns) > 1:
            raise TypeError(
                f"{kind.__name__}() accepts 1 positional sub-pattern ({len(patterns)} given)"
            )
        found = _fits(subject, patterns[0], names)
    elif patterns:
        known = getattr(kind, "__match_args__", ())
        if len(patterns) > len(known):
            raise TypeError(
                f"{kind.__name__}() accepts {len(known)} positional sub-patterns "
                f"({len(patterns)} given)"
            )
        attributes = (*known[: len(patterns)], *attributes)
        others = (*patterns, *others)
    missing = object()
    values = [getattr(subject, name, missing) for name in attributes]
    if any(value is missing for value in values):
        return False
    return _both(found, _all(values, others, names))
