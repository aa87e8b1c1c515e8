"""Objects as parts of keys: by identity, without keeping them alive."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Generic, TypeVar

__all__ = ["Cache", "Identity"]


T = TypeVar("T")


class Identity:
    """Equal to another `Identity` of the same object while that object lives.

    An object that cannot be referred to weakly is kept alive.
    """

    __slots__ = ("_id", "_refer", "_weak")

    def __init__(self, x: Any) -> None:
        self._id = id(x)
        self._refer: Callable[[], Any]
        self._weak = True
        try:
            self._refer = weakref.ref(x)
        except TypeError:
            self._refer = lambda: x
            self._weak = False

    def when_gone(self, callback: Callable[[Any], None]) -> weakref.ref[Any] | None:
        """A weak reference that calls back when the object goes; it must be kept."""
        return weakref.ref(self._refer(), callback) if self._weak else None

    def __hash__(self) -> int:
        return self._id

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Identity) or self._id != other._id:
            return False
        x = self._refer()
        return x is not None and x is other._refer()


def _identities(key: Any) -> Iterator[Identity]:
    if isinstance(key, Identity):
        yield key
    elif isinstance(key, (tuple, frozenset)):
        for part in key:
            yield from _identities(part)


class Cache(Generic[T]):
    """A mapping whose entries go when an object in their key goes."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[T, list[weakref.ref[Any] | None]]] = {}

    def get(self, key: Hashable) -> T | None:
        """The value for a key, or None."""
        found = self._entries.get(key)
        return None if found is None else found[0]

    def add(self, key: Hashable, value: T) -> None:
        """Keep a value for as long as all objects in the key live."""
        entries = self._entries

        def forget(_: Any) -> None:
            entries.pop(key, None)

        entries[key] = value, [part.when_gone(forget) for part in _identities(key)]

    def values(self) -> list[T]:
        """What is kept now, oldest first."""
        return [value for value, _ in list(self._entries.values())]
