"""Numbers in words: short on figures and in sentences, and headings that fit their axes."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from thalweg.viz.palette import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "NOTE_INCHES",
    "counted",
    "folded",
    "heading",
    "height_of",
    "name_and_unit",
    "number",
    "percent",
    "width_of",
]

NOTE_INCHES = 0.074
"""About how wide a letter of notes and labels is."""

TITLE_INCHES = 0.1


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
    """A share from 0 to 1 as a percentage with as many digits as matter.

    >>> percent(1.0), percent(0.9871), percent(0.0312), percent(0.5)
    ('100%', '98.7%', '3.1%', '50%')
    """
    if not math.isfinite(share):
        return "undefined"
    text = f"{100 * share:.1f}"
    return f"{text.removesuffix('.0')}%".replace("-", "−")


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


def width_of(ax: Axes) -> float:
    """About how wide the axes are, in inches, before they were laid out."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    across = figure.get_size_inches()[0]
    place = ax.get_subplotspec()
    if place is None:
        return float(across * ax.get_position().width)
    columns = place.get_gridspec().ncols
    share = across * len(place.colspan) / columns
    return float(max(1.0, share - 0.75))


def height_of(ax: Axes) -> float:
    """About how high the axes are, in inches, before they were laid out."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    up = figure.get_size_inches()[1]
    place = ax.get_subplotspec()
    if place is None:
        return float(up * ax.get_position().height)
    share = up * len(place.rowspan) / place.get_gridspec().nrows
    return float(max(0.8, share - 0.85))


def heading(ax: Axes, title: str | None = None, note: str | None = None) -> None:
    """A title, and under it a note in small letters; both broken into lines that fit.

    Call it when the axes have their other labels, as these take room.

    Args:
        ax: the axes that they stand above.
        title: a few words.
        note: what else is worth reading, such as counts.
    """
    longest = max(len(title or "") * TITLE_INCHES, len(note or "") * NOTE_INCHES)
    room = width_of(ax)
    if longest > 0.6 * room:
        room = _room_above(ax)
    lines = textwrap.wrap(note, max(16, int(room / NOTE_INCHES))) if note else []
    if lines:
        ax.annotate(
            "\n".join(lines),
            (0, 1),
            (0, 6),
            xycoords="axes fraction",
            textcoords="offset points",
            color=palette().soft,
            fontsize=8.5,
            linespacing=1.25,
            annotation_clip=False,
        )
    if title:
        wrapped = "\n".join(textwrap.wrap(title, max(8, int(room / TITLE_INCHES))))
        ax.set_title(wrapped, pad=10 + 12.5 * len(lines))


def _room_above(ax: Axes) -> float:
    """From the left of the axes, laid out, to their right, or to that of the figure, in inches."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    box = ax.get_window_extent()
    place = ax.get_subplotspec()
    last = place is None or place.colspan.stop == place.get_gridspec().ncols
    right = max(box.x1, figure.bbox.x1 - 0.1 * figure.dpi) if last else box.x1
    return float((right - box.x0) / figure.dpi)
