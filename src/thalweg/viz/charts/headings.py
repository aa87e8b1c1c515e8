"""Titles and notes that fit the axes that they stand above, and how large axes will be."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from thalweg.viz.palette import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NOTE_INCHES", "heading", "height_of", "width_of"]

NOTE_INCHES = 0.074
"""About how wide a letter of notes and labels is."""

TITLE_INCHES = 0.1


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
