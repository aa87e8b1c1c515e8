"""The legend of training curves: above them, where it covers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thalweg.viz.charts.headings import width_of
from thalweg.viz.words import literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["add_legend"]

_POINTS = 9.0
# In widths of an em: the line of an entry, the space around it, and a character of its label.
_HANDLE, _SPACE, _CHARACTER = 1.8, 2.0, 0.55


def add_legend(figure: Figure, ax: Axes | None, handles: dict[str, Any]) -> None:
    """Explain lines and marks.

    Args:
        figure: which holds them.
        ax: the axes that the user gave; None where the figure is the legend's own too.
        handles: what is explained, by label.
    """
    from matplotlib.transforms import offset_copy

    handles = {literal(name): handle for name, handle in handles.items()}
    if ax is None:
        room = float(figure.get_size_inches()[0] * 72)
    elif figure.get_layout_engine() is None:
        # Nobody would make room above the axes.
        ax.legend(handles.values(), handles.keys(), loc="best")
        return
    else:
        room = 72 * width_of(ax)
    widest = _POINTS * (_HANDLE + _SPACE + _CHARACTER * max(map(len, handles)))
    common: dict[str, Any] = {
        "ncols": max(1, min(len(handles), int(room / widest))),
        "frameon": False,
        "fontsize": _POINTS,
        "handlelength": _HANDLE,
        "columnspacing": 1.2,
    }
    if ax is None:
        figure.legend(handles.values(), handles.keys(), loc="outside upper left", **common)
        return
    note = ax.get_title(loc="left")
    lines = note.count("\n") + 1 if note else 0
    above = offset_copy(ax.transAxes, figure, y=8.0 + 1.3 * _POINTS * lines, units="points")
    ax.legend(
        handles.values(),
        handles.keys(),
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        bbox_transform=above,
        borderaxespad=0.0,
        borderpad=0.0,
        **common,
    )
