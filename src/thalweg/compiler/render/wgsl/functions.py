"""Functions of the shaders' library, as text: how they are cut out, and what formulas share."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

__all__ = ["functions", "number", "polynomial"]

_BEGIN = re.compile(r"^fn (\w+)\(", re.MULTILINE)


def functions(text: str) -> dict[str, str]:
    """The functions of a text by name; each begins with `fn` at the start of a line."""
    starts = [match.start() for match in _BEGIN.finditer(text)]
    parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    return {part[3 : part.index("(")]: part.strip() + "\n" for part in parts}


def number(value: float) -> str:
    """A finite float, zero or a normal one, as f32."""
    single = np.float32(value)
    mantissa, exponent = np.format_float_scientific(single, trim="-", exp_digits=1).split("e")
    text = f"{mantissa.removesuffix('.')}e{exponent}"
    if -5 < int(exponent) < 9:
        text = np.format_float_positional(single, trim="-")
    text = text.removesuffix(".") + "f"
    return f"({text})" if text.startswith("-") else text


def polynomial(x: str, coefficients: Sequence[float]) -> str:
    """Horner's form; highest power first."""
    text = number(coefficients[0])
    for c in coefficients[1:]:
        text = f"({text} * {x} + {number(c)})"
    return text
