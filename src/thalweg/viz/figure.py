"""Plot: a figure, the numbers in it and a sentence about it; and the style that all figures share.

Figures are made without pyplot, so drawing changes no global state: no figure is kept alive, none
appears twice in a notebook, and rcParams of the user's own stay as they are.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from thalweg.saving.atomic import write_file
from thalweg.viz.palette import Palette, palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LINES", "MARKERS", "Plot", "axes_for", "blank", "drawn", "styled_as"]

N = TypeVar("N")
P = ParamSpec("P")
R = TypeVar("R")

LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)), (0, (3, 1)), "-.")
"""Line styles, one for each colour of a series, so that curves also differ without colours."""

MARKERS = ("o", "s", "^", "D", "v", "P")
"""Markers, one for each colour of a series."""

_TEXTS = {"label", "target_name", "title", "unit", "xlabel", "ylabel"}
"""Arguments that are words on a figure."""

_SUFFIXES = (".png", ".svg", ".pdf", ".html")


@dataclass(frozen=True, eq=False)
class Plot(Generic[N]):
    """What the functions of `thalweg.viz` return: a picture, and the numbers that it shows.

    A notebook shows it where it is the last expression of a cell.

    Attributes:
        figure: the matplotlib `Figure`.
        axes: the `Axes`, or an array of them where there are several.
        numbers: what is drawn; each function says what that is.
        caption: one sentence that says what is seen.

    >>> import numpy as np, thalweg as tw
    >>> plot = tw.viz.histogram(np.arange(10.0), label="seconds")
    >>> plot.numbers.counts.sum()
    np.int64(10)
    """

    figure: Figure
    axes: Any
    numbers: N
    caption: str = ""
    _palette: Palette = field(default_factory=palette, repr=False)

    def save(self, path: str | Path, dpi: float = 150) -> Path:
        """Write the picture as a file.

        Args:
            path: where; its ending says how: `.png`, `.svg`, `.pdf`, or `.html` for a page of its
                own in which one can look closer (enlarge, move, light or dark).
            dpi: pixels per inch of a `.png`.

        Returns:
            The path.

        Raises:
            ValueError: for another ending, or if `dpi` is not above 0.
        """
        if not isinstance(dpi, Real) or not dpi > 0:
            raise ValueError(f"save: dpi must be a number above 0, got {dpi!r}.")
        path = Path(path)
        kind = path.suffix.lower()
        if kind not in _SUFFIXES:
            raise ValueError(
                f"save: path must end in one of {', '.join(_SUFFIXES)}, got '{path.name}'."
            )
        write_file(path, self.html().encode() if kind == ".html" else self._bytes(kind[1:], dpi))
        return path

    def html(self) -> str:
        """A page that needs no other file, with the picture in it."""
        from thalweg.viz.picture_page import picture_page

        return picture_page(self._bytes("svg", 100).decode(), self.caption)

    def show(self) -> None:
        """Show it: in a notebook below the cell, elsewhere as a page in the browser."""
        from thalweg.viz.showing import show

        show(self)

    def _bytes(self, kind: str, dpi: float) -> bytes:
        file = BytesIO()
        # The same figure gives the same file: no date, no random names.
        dated = {"svg": "Date", "pdf": "CreationDate", "png": "Software"}
        with styled_as(self._palette):
            self.figure.savefig(file, format=kind, dpi=dpi, metadata={dated[kind]: None})
        return file.getvalue()

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        scale = 100
        width, height = (int(n * scale) for n in self.figure.get_size_inches())
        # Twice as fine as it is shown, for screens that are.
        return self._bytes("png", 2 * scale), {"width": width, "height": height}

    def __repr__(self) -> str:
        return f"<Plot: {self.caption}>" if self.caption else "<Plot>"


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as missing:
        raise ImportError(
            "thalweg.viz draws with matplotlib, which is not installed: pip install thalweg[viz]."
        ) from missing
    return matplotlib


@contextmanager
def styled_as(colours: Palette) -> Iterator[None]:
    """Settings of matplotlib's as pictures need them, whatever the user's own are."""
    matplotlib = _matplotlib()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_style(colours))
        yield


def _style(colours: Palette) -> dict[str, Any]:
    cycler = _matplotlib().cycler
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": colours.rule,
        "axes.facecolor": colours.surface,
        "axes.formatter.limits": (-4, 5),
        "axes.formatter.use_mathtext": True,
        "axes.grid": True,
        "axes.labelcolor": colours.ink,
        "axes.labelpad": 6,
        "axes.prop_cycle": cycler(color=colours.series) + cycler(linestyle=list(LINES)),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": colours.ink,
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "figure.constrained_layout.h_pad": 0.08,
        "figure.constrained_layout.w_pad": 0.08,
        "figure.dpi": 100,
        "figure.facecolor": colours.surface,
        "figure.titlesize": 12,
        "figure.titleweight": "bold",
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9.5,
        "grid.color": colours.rule,
        "grid.linewidth": 0.7,
        "hatch.linewidth": 0.6,
        "image.cmap": "viridis",
        "legend.edgecolor": colours.rule,
        "legend.facecolor": colours.surface,
        "legend.fontsize": 9,
        "legend.framealpha": 0.9,
        "legend.labelcolor": colours.ink,
        "lines.linewidth": 1.8,
        "lines.markersize": 4.5,
        "lines.solid_capstyle": "round",
        "patch.edgecolor": colours.surface,
        "savefig.facecolor": colours.surface,
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": "thalweg",
        "text.color": colours.ink,
        "xtick.color": colours.rule,
        "xtick.labelcolor": colours.soft,
        "xtick.labelsize": 8.5,
        "ytick.color": colours.rule,
        "ytick.labelcolor": colours.soft,
        "ytick.labelsize": 8.5,
    }


def drawn(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function that draws in the style of the present theme.

    Raises:
        ImportError: in the function's stead, if matplotlib is not installed.
        TypeError: if `ax` is no `Axes` of matplotlib's, or a title or label is no text.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        with styled_as(palette()):
            _check_shared(function.__name__, signature, args, kwargs)
            return function(*args, **kwargs)

    return styled


def _check_shared(
    caller: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Raises if an argument that functions share, such as `ax` or `title`, is of another type."""
    from matplotlib.axes import Axes

    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError:
        return  # the call itself says it best
    if not isinstance(given.get("ax"), (Axes, type(None))):
        raise TypeError(
            f"{caller}: ax must be a matplotlib Axes, got a {type(given['ax']).__name__}."
        )
    for name in _TEXTS & given.keys():
        text, default = given[name], signature.parameters[name].default
        if not isinstance(text, str) and not (text is None and default is None):
            raise TypeError(f"{caller}: {name} must be text, got {text!r}.")


def blank(
    width: float = 6.4, height: float = 4.0, rows: int = 1, columns: int = 1, **subplots: Any
) -> tuple[Figure, Any]:
    """A new figure and its axes; within a function that is `drawn`.

    Args:
        width: in inches.
        height: in inches.
        rows: rows of axes.
        columns: columns of axes.
        subplots: more arguments of `Figure.subplots`, such as `sharex` or `subplot_kw`.

    Returns:
        The figure, and one `Axes` or an array of them as `Figure.subplots` gives it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **subplots)


def axes_for(ax: Axes | None, width: float = 6.4, height: float = 4.0) -> tuple[Figure, Axes]:
    """The axes that the user gave and their figure, or new ones of this size in inches."""
    from matplotlib.figure import Figure

    if ax is None:
        return blank(width, height)
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure, ax
