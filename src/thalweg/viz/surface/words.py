"""Numbers and names as the pictures of surfaces say them."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.viz.surface.numbers import LossSurface
from thalweg.viz.words import capital, joined, number

__all__ = ["brief", "caption_of", "place_text"]


def place_text(names: Sequence[str], place: Sequence[float]) -> str:
    """Coordinates with the names of their axes.

    >>> place_text(("kernel", "bias"), (2.0, -0.5))
    'kernel = 2, bias = −0.5'
    """
    return ", ".join(f"{brief(n)} = {number(p)}" for n, p in zip(names, place, strict=True))


def brief(name: str) -> str:
    """The name of an axis without what stands in brackets.

    >>> brief("random direction 1 (lengths of the filters)")
    'random direction 1'
    """
    return name.split(" (")[0]


def caption_of(surface: LossSurface) -> str:
    """One sentence about what is seen."""
    unit = f" {surface.unit}" if surface.unit else ""
    parts = []
    if surface.paths:
        parts.append(_ways(surface))
    elif surface.center is not None and surface.center_loss is not None:
        here = place_text(surface.names, surface.center) if surface.exact else "the present weights"
        parts.append(f"the {surface.metric} is {number(surface.center_loss)}{unit} at {here}")
    if surface.flat:
        everywhere = f"it is {number(surface.losses.max())}{unit} everywhere in the picture"
        parts.append(everywhere if parts else f"the {surface.metric}{everywhere[2:]}")
    else:
        what = "" if parts else f" {surface.metric}"
        parts.append(_best(surface, what, unit))
    if surface.paths and not surface.exact:
        share = min(path.explained for path in surface.paths.values())
        of = "the path's variance" if len(surface.paths) == 1 else "the variance of every path"
        least = "" if len(surface.paths) == 1 else "at least "
        parts.append(f"the picture holds {least}{100 * share:.0f}% of {of}")
    return f"{capital('; '.join(parts))}."


def _best(surface: LossSurface, what: str, unit: str) -> str:
    word, best = surface.best
    where = f" at {place_text(surface.names, best.place)}" if surface.exact else ""
    edge = ", on its edge" if best.at_edge else ""
    return f"the {word}{what} in the picture is {number(best.value)}{unit}{where}{edge}"


def _ways(surface: LossSurface) -> str:
    """What comes of the values along the paths, and in what time where all take the same."""
    paths = list(surface.paths.items())
    times = {_steps(int(path.steps[-1]), path.unit) for _, path in paths}
    time = f"in {times.pop()} " if len(times) == 1 else ""
    values = [(number(path.losses[0]), number(path.losses[-1])) for _, path in paths]
    if len(paths) == 1:
        (name, path), (start, end) = paths[0], values[0]
        who = name or ("the path" if path.unit == "step" else "training")
        return f"{time}{who} brings the {surface.metric} from {start} to {end}"
    if len({start for start, _ in values}) == 1:
        ends = [f"{name} to {end}" for (name, _), (_, end) in zip(paths, values, strict=True)]
        return f"{time}the {surface.metric} goes from {values[0][0]} with {joined(ends)}"
    ways = [
        f"from {start} to {end} with {name}"
        for (name, _), (start, end) in zip(paths, values, strict=True)
    ]
    return f"{time}the {surface.metric} goes {joined(ways)}"


def _steps(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'' if count == 1 else 'es' if unit == 'batch' else 's'}"
