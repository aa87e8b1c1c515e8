"""SurfacePlot: the picture of a surface, which as a page can be turned and walked on."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from thalweg.viz.figure import Plot
from thalweg.viz.palette import LIGHT
from thalweg.viz.standalone import common_file, page_file, standalone
from thalweg.viz.surface.drawing import PATH_ORDER
from thalweg.viz.surface.levels import levels_of
from thalweg.viz.surface.numbers import LossSurface

__all__ = ["SurfacePlot"]

_SERIES = ("--accent", "--second", "--third", "--fourth", "--fifth", "--sixth")
_MODULES = (
    "surface.js",
    "surface_box.js",
    "surface_facets.js",
    "surface_heights.js",
    "surface_map.js",
    "surface_view.js",
)
_COMMON = ("axes.js", "canvas.js", "dom.js")


class SurfacePlot(Plot[LossSurface]):
    """A `Plot` of a surface over two axes; its page turns the surface and walks its paths."""

    def html(self) -> str:
        """A page that needs no other file: the surface in 3-D and from above, and its paths."""
        if len(self.numbers.names) == 1:
            return super().html()
        title = "A surface" if not self.numbers.metric else f"Surface of the {self.numbers.metric}"
        body = page_file("surface.html").format(
            title=html.escape(title), caption=html.escape(self.caption)
        )
        return standalone(
            title,
            body,
            styles=[page_file("surface.css")],
            modules={
                **{name: page_file(name) for name in _MODULES},
                **{name: common_file(name) for name in _COMMON},
            },
            start="surface.js",
            data=_data(self.numbers),
        )


def _data(surface: LossSurface) -> dict[str, Any]:
    """What the page draws."""
    levels = levels_of(surface.losses, surface.scale)
    word, best = surface.best
    present = surface.center is not None and not surface.paths
    return {
        "names": list(surface.names),
        "label": surface.label,
        "metric": surface.metric,
        "axes": [_short(axis, 7) for axis in surface.axes],
        "heights": _short(surface.losses.reshape(-1), 6),
        "spacing": levels.spacing,
        "low": levels.low,
        "high": levels.high,
        "bands": len(levels.values) - 1,
        "ticks": levels.ticks,
        "colours": list(LIGHT.low_to_high),
        "exact": surface.exact,
        "best": None
        if surface.flat
        else {"word": word, "place": list(best.place), "height": best.value},
        "present": {"place": list(surface.center or ()), "height": surface.center_loss}
        if present
        else None,
        "paths": [
            {
                "name": name or "path",
                "colour": _SERIES[PATH_ORDER[i % len(PATH_ORDER)]],
                "steps": path.steps.tolist(),
                "unit": path.unit,
                "x": _short(path.coordinates[:, 0], 7),
                "y": _short(path.coordinates[:, 1], 7),
                "heights": _short(path.heights, 6),
                "losses": _short(path.losses, 6),
            }
            for i, (name, path) in enumerate(surface.paths.items())
        ],
    }


def _short(values: np.ndarray[Any, Any], digits: int) -> list[float]:
    """With as many digits as one can see, so that the file stays small."""
    return [float(f"{v:.{digits}g}") for v in values]
