"""Weights by their names: a whole weight, or one number of it, such as 'dense/kernel[0, 1]'."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.tensor.variable import Variable

__all__ = ["Named", "named_numbers", "named_weights"]

_ELEMENT = re.compile(r"\s*(?P<name>[^\[\]]+?)\s*(?:\[(?P<index>[^\[\]]*)\])?\s*")


@dataclass(frozen=True, eq=False)
class Named:
    """A weight, or one number of it, and what the user called it."""

    name: str
    variable: Variable
    index: tuple[int, ...] | None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what is named."""
        return tuple(self.variable.shape) if self.index is None else ()

    def value(self) -> np.ndarray[Any, Any]:
        """What is named, as it is now."""
        whole: np.ndarray[Any, Any] = self.variable.numpy()
        return whole if self.index is None else whole[self.index]


def named_weights(model: Any, names: str | Sequence[str], caller: str) -> list[Named]:
    """The weights of a model that have these names.

    Args:
        model: a model that is built.
        names: the end of a weight's path each, with the place of one number behind it if wanted.
        caller: the function that was called, for messages.

    Raises:
        ValueError: for a name that no weight has, or more than one; or a place that is not there.
    """
    names = _listed(names, caller)
    return [_named(model, name, caller) for name in names]


def named_numbers(model: Any, names: str | Sequence[str], caller: str) -> list[Named]:
    """The one or two single numbers that have these names; arguments as in `named_weights`.

    Raises:
        ValueError: also where there are more than two, or a name means more than one number.
    """
    names = _listed(names, caller)
    if not 1 <= len(names) <= 2:
        raise ValueError(
            f"{caller}: weights must name one or two numbers, got {len(names)} names; for more of "
            "them leave weights out, and directions through all weights are taken."
        )
    found = [_single(named, caller) for named in named_weights(model, names, caller)]
    if len({(id(n.variable), n.index) for n in found}) < len(found):
        raise ValueError(f"{caller}: weights names '{found[0].name}' twice.")
    return found


def _listed(names: Any, caller: str) -> list[Any]:
    if not isinstance(names, (str, list, tuple)):
        raise TypeError(
            f"{caller}: weights must be a name such as 'dense/kernel[0, 1]' or a list of names, "
            f"got a {type(names).__name__}."
        )
    return [names] if isinstance(names, str) else list(names)


def _named(model: Any, name: str, caller: str) -> Named:
    match = _ELEMENT.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        raise ValueError(
            f"{caller}: a name in weights must look like 'dense/kernel' or 'dense/kernel[0, 1]', "
            f"got {name!r}."
        )
    wanted = match["name"].split("/")
    known = list(model.weights)
    found = [v for v in known if v.path.split("/")[-len(wanted) :] == wanted]
    if len(found) > 1:
        paths = " or ".join(f"'{v.path}'" for v in found[:4])
        raise ValueError(f"{caller}: {len(found)} weights are called '{name}'; write {paths}.")
    if not found:
        raise ValueError(
            f"{caller}: model '{model.name}' has no weight '{match['name']}'; "
            f"{_hint(known, wanted)}"
        )
    (variable,) = found
    index = None if match["index"] is None else _index(name, match["index"], variable, caller)
    return Named(name, variable, index)


def _hint(known: Sequence[Variable], wanted: Sequence[str]) -> str:
    ends: dict[str, None] = {}
    for variable in known:
        parts = variable.path.split("/")
        ends.setdefault("/".join(parts[-len(wanted) :]))
    close = difflib.get_close_matches("/".join(wanted), ends, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return (
        f"it has {', '.join(repr(v.path) for v in known[:8])}{', ...' if len(known) > 8 else ''}."
    )


def _index(name: str, text: str, variable: Variable, caller: str) -> tuple[int, ...]:
    shape = tuple(variable.shape)
    try:
        index = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        index = ()
    fits = len(index) == len(shape) and all(-n <= i < n for i, n in zip(index, shape, strict=True))
    if not fits:
        raise ValueError(
            f"{caller}: '{name}' is not in weight '{variable.path}' of shape {shape}; give "
            f"{len(shape)} whole number{'s' if len(shape) != 1 else ''} within it."
        )
    return tuple(i % n for i, n in zip(index, shape, strict=True))


def _single(named: Named, caller: str) -> Named:
    if named.index is not None:
        return named
    shape = tuple(named.variable.shape)
    if int(np.prod(shape, dtype=np.int64)) != 1:
        place = ", ".join("0" for _ in shape)
        raise ValueError(
            f"{caller}: weight '{named.name}' has shape {shape}; name one number of it, such as "
            f"'{named.name}[{place}]'."
        )
    return Named(named.name, named.variable, (0,) * len(shape))
