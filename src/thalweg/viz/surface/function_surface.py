"""function_surface: a function of one or two numbers as a curve or a landscape."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.tensor.tensor import Tensor
from thalweg.tracing.traceable import traceable
from thalweg.viz.figure import drawn
from thalweg.viz.surface.compute import heights_of_grid
from thalweg.viz.surface.draw import check_kind, check_scale, draw_surface
from thalweg.viz.surface.heights import heights
from thalweg.viz.surface.numbers import LossSurface, SurfacePath
from thalweg.viz.surface.ranges import checked_points, checked_ranges
from thalweg.viz.surface.surface_plot import SurfacePlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["function_surface"]

Array = np.ndarray[Any, Any]


@drawn
def function_surface(
    function: Callable[..., Any],
    ranges: Any,
    *,
    at: float | Sequence[float] | None = None,
    path: Any = None,
    points: int | tuple[int, int] | None = None,
    label: str = "value",
    unit: str = "",
    kind: str = "contour",
    scale: str = "auto",
    ax: Axes | None = None,
) -> SurfacePlot:
    """A function of one or two numbers as a curve or a landscape.

    Args:
        function: takes one or two tensors without axes, float32, and returns one number; it is
            traced and compiled. Its parameters name the axes.
        ranges: `(low, high)` for each parameter, or one pair for both.
        at: a point to mark; a curve gets its tangent there.
        path: points to connect, of shape (points, parameters), or a dict of several such by name.
        points: how many points along each axis, or along both; by default 201 along one and 101
            along each of two.
        label: what the function gives, such as `'loss'`.
        unit: its unit.
        kind: `'contour'`, `'3d'` or `'both'`, for two parameters.
        scale: of the heights, `'linear'` or `'log'`; `'auto'` is logarithmic for a surface whose
            heights span a wide range.
        ax: matplotlib axes to draw into; for `'3d'` those of a 3-D projection.

    Returns:
        A `Plot` whose numbers are a `LossSurface`.

    Raises:
        ValueError: if the function takes neither one nor two numbers, or is not finite somewhere.

    >>> import thalweg as tw
    >>> plot = tw.viz.function_surface(lambda w: (w - 2) ** 2 + 1, (-1, 5), at=0.0)
    >>> plot.numbers.gradient
    array([-4.])
    >>> plot.numbers.minimum
    Extremum(place=(2.0,), value=1.0, at_edge=False)
    """
    check_kind(kind, ax, "function_surface")
    check_scale(scale, "function_surface")
    names = _parameters(function)
    wanted = checked_ranges(ranges, names, "function_surface")
    if wanted is None:
        raise ValueError(f"function_surface: ranges must be (low, high) for {' and '.join(names)}.")
    if points is None and len(names) == 2:
        points = 101  # a formula costs little
    counts = checked_points(points, len(names), "function_surface")
    center = None if at is None else _point(at, names)
    tracks = _tracks(path, names)

    def height(point: Tensor, _: Sequence[Tensor]) -> Tensor:
        value = traceable(function)(*(point[i] for i in range(len(names))))
        if value is None or isinstance(value, (str, bytes, dict)):
            raise TypeError(f"function_surface: function must return one number, got {value!r}.")
        found = ops.convert_to_tensor(value, "float32")
        if tuple(found.shape) not in ((), (1,)):
            raise ValueError(
                f"function_surface: function must return one number, got shape {found.shape}."
            )
        return ops.reshape(found, ())

    at_points = heights(height, [], counts[0])
    axes, values = heights_of_grid(at_points, wanted, counts, label, "function_surface")
    numbers = LossSurface(
        names=names,
        axes=axes,
        losses=values,
        metric=label,
        unit=unit,
        center=center,
        center_loss=None if center is None else float(at_points(np.array([center]))[0]),
        gradient=None if center is None else _gradient(height, center),
        paths={name: _walked(track, at_points(track)) for name, track in tracks.items()},
        exact=True,
        scale=scale,
    )
    return draw_surface(numbers, kind, ax)


def _parameters(function: Any) -> tuple[str, ...]:
    if not callable(function):
        raise TypeError(
            f"function_surface: function must be a function, got a {type(function).__name__}."
        )
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # of some functions written in C
        raise ValueError(
            f"function_surface: function must tell its parameters, which {function!r} does not; "
            "write it as a lambda."
        ) from None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = [p for p in parameters if p.kind in kinds]
    needed = [p.name for p in found if p.default is inspect.Parameter.empty]
    if not 1 <= len(needed) <= 2:
        raise ValueError(
            f"function_surface: function must take one or two numbers, it takes {len(needed)}."
        )
    return tuple(needed)


def _point(at: Any, names: Sequence[str]) -> tuple[float, ...]:
    point = np.atleast_1d(_numbers(at))
    if point.shape != (len(names),) or not np.isfinite(point).all():
        raise ValueError(
            f"function_surface: at must be a number for {' and '.join(names)}, got {at!r}."
        )
    return tuple(float(p) for p in point)


def _numbers(given: Any) -> Array:
    """As float64; what holds no numbers is empty, which is of no shape that is asked for."""
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError):
        return np.zeros(0)


def _tracks(path: Any, names: Sequence[str]) -> dict[str, Array]:
    if path is None:
        return {}
    found = {}
    for name, track in (path if isinstance(path, Mapping) else {"": path}).items():
        points = _numbers(track)
        points = points[:, np.newaxis] if points.ndim == 1 and len(names) == 1 else points
        fits = points.ndim == 2 and points.shape[1] == len(names) and len(points) > 0
        if not fits or not np.isfinite(points).all():
            raise ValueError(
                f"function_surface: a path must be finite numbers of shape (points, {len(names)}), "
                f"got shape {points.shape}."
            )
        found[str(name)] = points
    return found


def _walked(track: Array, heights_: Array) -> SurfacePath:
    return SurfacePath(
        steps=np.arange(len(track)),
        unit="step",
        coordinates=track,
        heights=heights_,
        losses=heights_,
        distances=np.zeros(len(track)),
        explained=1.0,
    )


def _gradient(
    height: Callable[[Tensor, Sequence[Tensor]], Tensor], center: tuple[float, ...]
) -> Array:
    place = ops.convert_to_tensor(np.array(center, np.float32))
    with GradientTape() as tape:
        tape.watch(place)
        value = height(place, ())
    found = tape.gradient(value, place)
    return np.zeros(len(center)) if found is None else np.asarray(found, np.float64)
