"""Numbers, counts and names as they stand in pictures and in the sentences about them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

__all__ = [
    "capital",
    "counted",
    "folded",
    "in_ascii",
    "joined",
    "literal",
    "name_and_unit",
    "number",
    "percent",
]


def number(value: float, digits: int = 3) -> str:
    """A number in as few characters as `digits` significant digits need.

    >>> number(1234567.0), number(12.3456), number(-0.25), number(1.5e-7), number(3.0)
    ('1,234,567', '12.3', '−0.25', '1.5e−7', '3')
    """
    value = float(value)
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "NaN")
    size = abs(value)
    if value == int(value) and size < 1e9:
        text = f"{int(value):,}"
    elif size >= 1e9 or size < 1e-4:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        if "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        text = f"{mantissa}e{int(exponent)}"
    else:
        places = max(0, digits - 1 - math.floor(math.log10(size)))
        text = f"{value:,.{places}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def percent(share: float) -> str:
    """A share from 0 to 1 as a percentage; only all is 100%, and only nothing is 0%.

    >>> percent(1.0), percent(0.9871), percent(0.0312), percent(0.5), percent(0.001234)
    ('100%', '98.7%', '3.1%', '50%', '0.12%')
    >>> percent(0.99987)
    '99.987%'
    """
    if not math.isfinite(share):
        return "undefined"
    value = 100 * share
    apart = min(abs(value), abs(100 - value))
    # Near 0 and 100 two digits of the distance, so that some are never none, nor nearly all all.
    places = 1 if apart >= 1 or apart == 0 else min(1 - math.floor(math.log10(apart)), 12)
    text = f"{value:,.{places}f}".rstrip("0").rstrip(".")
    return f"{text}%".replace("-", "−")


def counted(count: int, thing: str, things: str | None = None) -> str:
    """A count with its noun.

    >>> counted(1, "value"), counted(0, "value"), counted(2000, "class", "classes")
    ('1 value', 'no values', '2,000 classes')
    """
    if count == 1:
        return f"1 {thing}"
    return f"{count:,} {things or thing + 's'}" if count else f"no {things or thing + 's'}"


def folded(name: str, letters: int, lines: int = 1) -> str:
    """A name in lines of at most so many letters; if it is longer, its middle is left out.

    >>> folded("a rather long name", 13, 2).splitlines(), folded("class number 11", 10)
    (['a rather long', 'name'], 'class…r 11')
    """
    letters = max(6, letters)
    found, kept = textwrap.wrap(name, letters), len(name)
    while len(found) > lines:
        kept -= 1
        found = textwrap.wrap(f"{name[: kept - kept // 2]}…{name[-(kept // 2) :]}", letters)
    return "\n".join(found) or name


def name_and_unit(label: str) -> tuple[str, str]:
    """What a label such as `time, seconds` names, and its unit as it follows a number.

    >>> name_and_unit("time, seconds"), name_and_unit("loss")
    (('time', ' seconds'), ('loss', ''))
    """
    name, comma, unit = label.partition(", ")
    return name, f" {unit}" if comma else ""


def literal(name: str) -> str:
    r"""A name as matplotlib is to write it: a dollar sign of the user's begins no formula.

    >>> print(literal("price in $"))
    price in \$
    """
    return name.replace("$", r"\$")


def in_ascii(text: str) -> str:
    """Text for a terminal that knows the characters of ASCII only.

    >>> in_ascii("−2.5e−7 × 3, ∞")
    '-2.5e-7 x 3, inf'
    """
    for sign, plain in (("−", "-"), ("×", "x"), ("∞", "inf"), ("…", "..."), ("→", "->")):
        text = text.replace(sign, plain)
    return text.encode("ascii", "replace").decode()


def joined(parts: Sequence[str]) -> str:
    """With commas, and "and" before the last.

    >>> joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def capital(text: str) -> str:
    """The text with a capital at its beginning.

    >>> capital("loss falls")
    'Loss falls'
    """
    return text[:1].upper() + text[1:]
