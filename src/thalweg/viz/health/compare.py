"""compare_health: several networks side by side, as they are or as they were while they trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thalweg.training.model import Model
from thalweg.viz.checks import check_compiled
from thalweg.viz.figure import LINES, MARKERS, Plot, blank, drawn
from thalweg.viz.health.captions import told, told_over_time
from thalweg.viz.health.drawing import colour_bar, draw_series, kind_for, layer_colours, name_lines
from thalweg.viz.health.limits import GUIDE_RATIO
from thalweg.viz.health.log_axis import log_axis
from thalweg.viz.health.probe import Probe
from thalweg.viz.health.records import Health
from thalweg.viz.health.series import QUANTITIES, LayerSeries, history_of, layer_series, quantities
from thalweg.viz.palette import palette

__all__ = ["compare_health"]

Numbers = dict[str, dict[str, LayerSeries]]


@drawn
def compare_health(
    networks: Mapping[str, Any], x: Any = None, y: Any = None, *, what: Any = None
) -> Plot[Numbers]:
    """Draw several networks side by side: two activations, two initialisations, three optimizers.

    Networks as they are now share axes, with the layers from the first to the last; what was
    recorded during training has axes of its own for each network, on one scale.

    Args:
        networks: by name, each a compiled model (which is measured with `x` and `y` as it is now,
            and stays so) or a `Health`; or, all of them, a `thalweg.callbacks.GradientHealth` or
            list of `Health`.
        x: inputs for the models, one batch.
        y: their targets.
        what: one or several quantities, or `'all'`, as in `plot_gradient_health`; by default
            activations and gradients, of what was recorded the gradients.

    Returns:
        A `Plot`; its numbers are dicts by network and quantity of `LayerSeries`, with one row for
        a network as it is now.

    Raises:
        ValueError: if there is no network, or no `x` for a model.
        TypeError: if a network is none of these.

    >>> import numpy as np, thalweg as tw
    >>> def deep(activation):
    ...     tw.random.set_seed(1)
    ...     hidden = [tw.layers.Dense(16, activation) for _ in range(8)]
    ...     model = tw.Sequential([tw.Input((4,)), *hidden, tw.layers.Dense(1)])
    ...     model.compile("sgd", "mse")
    ...     return model
    >>> models = {name: deep(name) for name in ("sigmoid", "tanh")}
    >>> plot = tw.viz.compare_health(models, np.ones((32, 4)), np.ones((32, 1)))
    >>> for series in plot.numbers.values():
    ...     first, *_, last = series["gradients"].values[0]
    ...     print(bool(first < last / 1000))
    True
    False
    """
    if not isinstance(networks, Mapping):
        raise TypeError(
            "compare_health: networks must be a dict from names to networks, got a "
            f"{type(networks).__name__}."
        )
    if not networks:
        raise ValueError("compare_health: networks must name at least one network.")
    recorded = {name: _history(name, value, x, y) for name, value in networks.items()}
    over_time = any(len(history) > 1 for history in recorded.values())
    if what is None:
        what = "gradients" if over_time else ("activations", "gradients")
    names = quantities("compare_health", what)
    numbers = {
        name: {one: layer_series(history, one) for one in names}
        for name, history in recorded.items()
    }
    figure, axes = (_over_time if over_time else _profiles)(numbers, names)
    return Plot(figure, axes, numbers, _caption(recorded, names))


def _history(name: str, network: Any, x: Any, y: Any) -> list[Health]:
    if isinstance(network, Model):
        if x is None:
            raise ValueError(f"compare_health: '{name}' is a model, so x must be given.")
        check_compiled("compare_health", network)
        return [Probe(network)(x, y)]
    if isinstance(network, Health) or hasattr(network, "history") or isinstance(network, list):
        return history_of("compare_health", network)
    raise TypeError(
        f"compare_health: '{name}' must be a Model, a Health, a GradientHealth or a list of "
        f"Health, got a {type(network).__name__}."
    )


def _caption(recorded: dict[str, list[Health]], names: list[str]) -> str:
    parts = []
    for name, history in recorded.items():
        found = told(history[0], names) if len(history) == 1 else told_over_time(history, names)
        parts.append(f"{name}: {found}")
    return f"{'; '.join(parts)}."


# --- as they are now: lines over the layers ------------------------------------------------------


def _profiles(numbers: Numbers, names: list[str]) -> tuple[Any, Any]:
    count = len(names)
    columns = min(count, 2)
    figure, axes = blank(
        5.2 * columns, 3.4 * -(-count // columns), -(-count // columns), columns, squeeze=False
    )
    places = np.ravel(axes)
    for spare in places[count:]:
        spare.remove()
    for place, what in zip(places, names, strict=False):
        _profile(place, what, {name: series[what] for name, series in numbers.items()})
    figure.legend(
        *places[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=min(len(numbers), 4),
    )
    return figure, places[:count]


def _profile(axes: Any, what: str, series: dict[str, LayerSeries]) -> None:
    quantity = QUANTITIES[what]
    shown = []
    for i, (name, one) in enumerate(series.items()):
        values = one.values[0]
        drawable = np.isfinite(values) & ((values > 0) | (not quantity.log))
        shown.append(values[drawable])
        axes.plot(
            np.arange(1, len(values) + 1),
            np.where(drawable, values, np.nan),
            label=name,
            color=palette().series[i % len(palette().series)],
            linestyle=LINES[i % len(LINES)],
            marker=MARKERS[i % len(MARKERS)],
        )
    found = np.concatenate(shown)
    if quantity.log and len(found):
        if what == "updates":
            axes.axhline(GUIDE_RATIO, color=palette().soft, linewidth=1.0, linestyle=(0, (4, 3)))
            found = np.append(found, GUIDE_RATIO)
        log_axis(axes, "y", found)
    elif len(found):
        axes.set_ylim(-0.04 * max(found.max(), 10), 1.08 * max(found.max(), 10))
    deepest = max(1, *(len(one.layers) for one in series.values()))
    every = -(-deepest // 12)
    axes.set_xlim(0.6, deepest + 0.4)
    axes.set_xticks(range(1, deepest + 1, every))
    axes.set(
        title=quantity.title, ylabel=quantity.label, xlabel="layer, from the first to the last"
    )


# --- while they trained: axes for each -----------------------------------------------------------


def _over_time(numbers: Numbers, names: list[str]) -> tuple[Any, Any]:
    rows, columns = len(names), len(numbers)
    width = max(2.4, min(3.4, 11.2 / columns))
    figure, axes = blank(
        0.8 + width * columns, 3.2 * rows, rows, columns, squeeze=False, sharey="row"
    )
    lines: list[tuple[Any, LayerSeries, dict[str, Any]]] = []
    colours = {name: layer_colours(series.values()) for name, series in numbers.items()}
    for row, what in zip(axes, names, strict=True):
        together = {name: series[what] for name, series in numbers.items()}
        kind = kind_for(together.values())
        for place, (name, one) in zip(row, together.items(), strict=True):
            draw_series(place, one, kind, colours[name], name, together.values())
            if kind == "lines":
                lines.append((place, one, colours[name]))
        for place in row[1:]:
            place.set_ylabel("")
        if kind == "heatmap":
            colour_bar(row[-1], one, row)
    if lines:
        name_lines(lines)
    return figure, axes
