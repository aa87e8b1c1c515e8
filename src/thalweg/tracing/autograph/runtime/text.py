"""Texts with tensors in them: they are put together when the graph runs."""

from __future__ import annotations

import builtins
import re
import string
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from thalweg.primitives import host
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.session import depth, is_symbolic, tracing
from thalweg.tracing.autograph.runtime.values import children, is_container
from thalweg.tracing.autograph.runtime.warning import once

__all__ = ["RuntimeText", "format_", "has_symbols", "parts_of", "percent", "print_", "text"]

# A string, or a tensor with its conversion and format specification.
Piece = str | tuple[Tensor, str, str]


_CONVERSIONS: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}


class RuntimeText:
    """A text that is known when the graph runs; `print`, `assert` and `raise` take it."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces

    def _unknown(self, *_: Any) -> NoReturn:
        raise AutoGraphError(
            "A text with a symbolic tensor in it is known only when the traced function runs: give "
            "it to print(), assert or raise directly, or return the tensor and format it outside."
        )

    def __add__(self, other: Any) -> RuntimeText:
        return RuntimeText([*self.pieces, *pieces_of(other)])

    def __radd__(self, other: Any) -> RuntimeText:
        return RuntimeText([*pieces_of(other), *self.pieces])

    def __format__(self, spec: str) -> str:
        self._unknown()

    __str__ = __repr__ = __len__ = __iter__ = __getitem__ = __contains__ = _unknown
    __eq__ = __ne__ = __mod__ = __mul__ = __getattr__ = __bool__ = _unknown
    __hash__ = _unknown


def has_symbols(x: Any) -> bool:
    """Whether a text of `x` depends on symbolic tensors."""
    if is_container(x):
        return any(map(has_symbols, children(x)))
    return isinstance(x, RuntimeText) or is_symbolic(x)


def pieces_of(x: Any, conversion: str = "", spec: str = "") -> list[Piece]:
    """The pieces of a formatted value."""
    if isinstance(x, RuntimeText):
        if spec:
            x._unknown()
        return x.pieces
    if is_symbolic(x):
        return [(convert_to_tensor(x), conversion, spec)]
    if is_container(x) and has_symbols(x):
        return _container(x)
    if conversion:
        x = _CONVERSIONS[conversion](x)
    return [format(x, spec)]


def _container(x: Any) -> list[Piece]:
    """As Python shows it: the elements by their repr."""
    if isinstance(x, dict):
        shown = [[f"{k!r}: ", *pieces_of(v, "r")] for k, v in x.items()]
    elif hasattr(x, "_fields"):
        shown = [[f"{k}=", *pieces_of(v, "r")] for k, v in zip(x._fields, x, strict=True)]
    else:
        shown = [pieces_of(v, "r") for v in x]
    found: list[Piece] = ["{" if isinstance(x, dict) else "[" if isinstance(x, list) else "("]
    if hasattr(x, "_fields"):
        found = [f"{type(x).__name__}("]
    for i, pieces in enumerate(shown):
        found.extend([", "] if i else [])
        found.extend(pieces)
    if type(x) is tuple and len(x) == 1:
        found.append(",")
    found.append("}" if isinstance(x, dict) else "]" if isinstance(x, list) else ")")
    return found


def _joined(pieces: list[Piece]) -> Any:
    if all(isinstance(p, str) for p in pieces):
        return "".join(p for p in pieces if isinstance(p, str))
    return RuntimeText(pieces)


def text(*parts: Any) -> Any:
    """An f-string: strings, and triples of a value, its conversion and its specification."""
    found: list[Piece] = []
    for part in parts:
        found.extend([part] if isinstance(part, str) else pieces_of(*part))
    return _joined(found)


def percent(template: Any, values: Any) -> Any:
    """`template % values`."""
    if not isinstance(template, str) or not has_symbols(values):
        return template % values
    if isinstance(values, dict):
        raise AutoGraphError(
            "'%' with a dict of symbolic tensors cannot be formatted; use an f-string."
        )
    rest = iter(values if isinstance(values, tuple) else (values,))
    found: list[Piece] = []
    for literal, directive in re.findall(r"([^%]*)(%[-#0 +]*\d*(?:\.\d+)?[a-zA-Z%])?", template):
        found.append(literal)
        if directive.endswith("%"):
            found.append("%")
        elif directive:
            value = next(rest)
            symbol = is_symbolic(value)
            found.append(
                (convert_to_tensor(value), "%", directive) if symbol else directive % value
            )
    return _joined(found)


def format_(template: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`template.format(*args, **kwargs)`."""
    if not has_symbols(list(args)) and not has_symbols(kwargs):
        return template.format(*args, **kwargs)
    formatter, count = string.Formatter(), 0
    found: list[Piece] = []
    for literal, field, spec, conversion in formatter.parse(template):
        found.append(literal)
        if field is None:
            continue
        if field == "" or field[0] in ".[":
            field, count = f"{count}{field}", count + 1
        value, _ = formatter.get_field(field, args, kwargs)
        found.extend(pieces_of(value, conversion or "", (spec or "").format(*args, **kwargs)))
    return _joined(found)


def parts_of(pieces: list[Piece], first: int = 0) -> tuple[host.Text, list[Tensor]]:
    """The parts for a host primitive, and the tensors that they name, from input `first` on."""
    parts: list[str | host.Field] = []
    tensors: list[Tensor] = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
        else:
            parts.append(host.Field(first + len(tensors), piece[1], piece[2]))
            tensors.append(piece[0])
    return tuple(parts), tensors


def print_(
    *args: Any,
    sep: str | None = " ",
    end: str | None = "\n",
    file: Any = None,
    flush: bool = False,
) -> None:
    """`print`: of tensors, and in bodies on tensors, it happens when the graph runs."""
    if not tracing() or not (depth() or has_symbols(list(args))):
        if tracing():
            once("print() of Python values")
        builtins.print(*args, sep=sep, end=end, file=file, flush=flush)
        return
    pieces: list[Piece] = []
    for i, x in enumerate(args):
        pieces.extend([" " if sep is None else sep] if i else [])
        pieces.extend(pieces_of(x))
    parts, tensors = parts_of(pieces)
    host.print_(
        *tensors,
        parts=parts,
        end="\n" if end is None else end,
        file=_stream(file),
        flush=bool(flush),
    )


def _stream(file: Any) -> Any:
    for name in ("stdout", "stderr"):
        if file is None or file is getattr(sys, name):
            return name
    return file
