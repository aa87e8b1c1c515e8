"""Numbers and names as the pictures of surfaces say them."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.viz.charts.words import number
from thalweg.viz.surface.numbers import LossSurface

__all__ = ["brief", "caption_of", "place_text"]


def place_text(names: Sequence[str], place: Sequence[float]) -> str:
    """Coordinates with the names of their axes.

    >>> place_text(("kernel", "bias"), (2.0, -0.5))
    'kernel = 2, bias = −0.5'
    """
    return ", ".join(f"{brief(n)} = {number(p)}" for n, p in zip(names, place, strict=True))


def brief(name: str) -> str:
    """The name of an axis without what stands in brackets."""
    return name.split(" (")[0]


def caption_of(surface: LossSurface) -> str:
    """One sentence about what is seen."""
    unit = f" {surface.unit}" if surface.unit else ""
    parts = []
    if surface.paths:
        parts.append(_ways(surface))
    elif surface.center_loss is not None:
        parts.append(f"the {surface.metric} is {number(surface.center_loss)}{unit} at the {HERE}")
    lowest = surface.minimum
    where = f" at {place_text(surface.names, lowest.place)}" if surface.exact else ""
    edge = ", on its edge" if lowest.at_edge else ""
    what = "" if parts else f" {surface.metric}"
    parts.append(f"the lowest{what} in the picture is {number(lowest.loss)}{unit}{where}{edge}")
    if surface.paths and not surface.exact:
        share = min(path.explained for path in surface.paths.values())
        of = "the path's variance" if len(surface.paths) == 1 else "the variance of every path"
        least = "" if len(surface.paths) == 1 else "at least "
        parts.append(f"the picture holds {least}{100 * share:.0f}% of {of}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


HERE = "present weights"


def _ways(surface: LossSurface) -> str:
    paths = list(surface.paths.items())
    first = paths[0][1]
    start, end = number(first.losses[0]), number(first.losses[-1])
    time = f"in {_steps(int(first.steps[-1]), first.unit)}"
    if len(paths) == 1:
        who = paths[0][0] or "training"
        return f"{time} {who} brings the {surface.metric} from {start} to {end}"
    ends = [f"{name} to {number(path.losses[-1])}" for name, path in paths]
    return f"{time} the {surface.metric} goes from {start} with {_joined(ends)}"


def _steps(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'' if count == 1 else 'es' if unit == 'batch' else 's'}"


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
