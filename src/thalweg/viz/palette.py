"""The colours of all pictures and pages, light and dark, and the maps from numbers to colours.

The series were searched for, not picked by eye: in each theme, any two of the six keep their
distance in OKLab for normal sight, protanopia, deuteranopia and tritanopia (Machado, Oliveira and
Fernandes 2009), and all six differ in lightness, so that they can be told apart in grey. The tests
measure it. `web/pages/common/style.css` has the same colours for pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import LinearSegmentedColormap

__all__ = ["DARK", "LIGHT", "Palette", "palette", "theme"]


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as `#rrggbb`.

    Attributes:
        name: `'light'` or `'dark'`.
        ground: behind a page.
        surface: behind a figure.
        raised: behind what stands out a little, such as a box in a graph.
        rule: thin lines: grids, frames.
        ink: text.
        soft: text that matters less: ticks, notes.
        series: for curves and groups; the first is for training and for what the model does, the
            second for validation and for what it is measured against.
        good: for what is well.
        bad: for what needs attention.
        low_to_high: the stops of the map for quantities, dark to light in both themes.
        signed: the stops of the map for quantities around 0; its ends differ in lightness too.
    """

    name: str
    ground: str
    surface: str
    raised: str
    rule: str
    ink: str
    soft: str
    series: tuple[str, ...]
    good: str
    bad: str
    low_to_high: tuple[str, ...]
    signed: tuple[str, ...]

    def sequential(self) -> LinearSegmentedColormap:
        """The colour map for quantities from low to high."""
        return _map("thalweg_sequential", self.low_to_high)

    def diverging(self) -> LinearSegmentedColormap:
        """The colour map for quantities around 0; give it limits that are symmetric."""
        return _map("thalweg_diverging", self.signed)


def _map(name: str, stops: tuple[str, ...]) -> LinearSegmentedColormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, stops)


# From the river to the ridge; lightness grows all the way.
_VALLEY = ("#0b2f4a", "#0a6a7c", "#3f9a8a", "#97c08a", "#dfdc9c", "#fbf6df")

LIGHT = Palette(
    name="light",
    ground="#f4f7f6",
    surface="#ffffff",
    raised="#edf2f1",
    rule="#dae3e2",
    ink="#14252b",
    soft="#52656c",
    series=("#0a6a7c", "#b8570f", "#7948c8", "#540042", "#a69348", "#133c8d"),
    good="#0a6a7c",
    bad="#b8570f",
    low_to_high=_VALLEY,
    signed=("#053b52", "#2c8fa1", "#f3f5f2", "#f0b27c", "#c76a20"),
)
DARK = Palette(
    name="dark",
    ground="#0f1619",
    surface="#162025",
    raised="#202c32",
    rule="#2b3940",
    ink="#e5edef",
    soft="#9fb1b8",
    series=("#5bc5d6", "#e0873a", "#9b61e2", "#bc4c61", "#e3d380", "#7495bd"),
    good="#5bc5d6",
    bad="#e0873a",
    low_to_high=_VALLEY,
    signed=("#2f93a4", "#1d5663", "#1b262b", "#a4602a", "#ffc68c"),
)
_THEMES = {p.name: p for p in (LIGHT, DARK)}
_PRESENT: ContextVar[Palette] = ContextVar("palette", default=LIGHT)


def palette() -> Palette:
    """The colours that figures are drawn in now.

    >>> palette().name
    'light'
    """
    return _PRESENT.get()


@contextmanager
def theme(name: str) -> Iterator[Palette]:
    """Draw the figures of a block in light or dark colours.

    Args:
        name: `'light'` (what holds outside of such blocks) or `'dark'`.

    Raises:
        ValueError: for another name.

    >>> import thalweg as tw
    >>> with tw.viz.theme("dark") as colours:
    ...     print(colours.surface)
    #162025
    """
    if not isinstance(name, str) or name not in _THEMES:
        raise ValueError(f"theme: name must be 'light' or 'dark', got {name!r}.")
    before = _PRESENT.set(_THEMES[name])
    try:
        yield _THEMES[name]
    finally:
        _PRESENT.reset(before)
