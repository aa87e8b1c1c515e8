"""What a measurement means, in sentences: vanishing, exploding, dead, too fast, too slow, or well.

The sentences give the numbers, so that one can judge for oneself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.viz.health.limits import (
    DEAD_SAMPLES,
    DEAD_SHARE,
    GUIDE_RATIO,
    LARGE_RATIO,
    SMALL_RATIO,
    UNEVEN,
)
from thalweg.viz.health.records import Health, LayerHealth, WeightHealth
from thalweg.viz.health.words import fold, listed
from thalweg.viz.words import joined, percent

__all__ = [
    "Finding",
    "computing_layers",
    "diagnose",
    "hidden_layers",
    "measures",
]


@dataclass(frozen=True)
class Finding:
    """One thing that is seen.

    Attributes:
        kind: `'not finite'`, `'vanishing gradients'`, `'exploding gradients'`, `'vanishing
            activations'`, `'exploding activations'`, `'dead units'`, `'large updates'`,
            `'small updates'` or `'healthy'`.
        sentence: what is seen, with its numbers.
        layers: the names of the layers that it is about.
        what: the quantity that shows it: `'gradients'`, `'activations'`, `'updates'` or `'dead'`;
            None where each does.
        good: whether all is well.
    """

    kind: str
    sentence: str
    layers: tuple[str, ...] = ()
    what: str | None = None

    @property
    def good(self) -> bool:
        """Whether all is well."""
        return self.kind == "healthy"


def diagnose(health: Health) -> list[Finding]:
    """What a measurement of a network shows.

    Args:
        health: what a `Probe` found.

    Returns:
        The findings, the gravest first; one of kind `'healthy'` where there is nothing to mend.

    Raises:
        TypeError: if it is no `Health`.

    >>> import numpy as np, thalweg as tw
    >>> tw.random.set_seed(0)
    >>> deep = [tw.layers.Dense(16, "sigmoid") for _ in range(10)]
    >>> model = tw.Sequential([tw.Input((4,)), *deep, tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> health = tw.viz.Probe(model)(np.ones((32, 4)), np.ones((32, 1)))
    >>> [finding.kind for finding in tw.viz.diagnose(health)]
    ['vanishing gradients']
    """
    if not isinstance(health, Health):
        raise TypeError(f"diagnose: health must be a Health, got a {type(health).__name__}.")
    broken = _not_finite(health)
    if broken is not None:
        return [broken]
    found = [*_gradients(health), *_activations(health), *_dead(health), *_updates(health)]
    return found or [_healthy(health)]


# --- the parts -----------------------------------------------------------------------------------


def _not_finite(health: Health) -> Finding | None:
    for what in ("norm", "gradient", "update"):
        bad = [w for w in health.weights if not math.isfinite(getattr(w, what))]
        if bad:
            layers = tuple(dict.fromkeys(w.layer for w in bad if w.layer))
            named = "value" if what == "norm" else what
            more = f" and of {len(bad) - 1} more weights" if len(bad) > 1 else ""
            return Finding(
                "not finite",
                f"The {named} of {_named(bad[0])}{more} is NaN or infinite.",
                layers,
            )
    wild = [x for x in health.layers if not math.isfinite(x.norm + x.gradient)]
    if wild:
        return Finding(
            "not finite",
            f"The activations of {listed([x.name for x in wild])} or their gradients are NaN or "
            "infinite.",
            tuple(x.name for x in wild),
        )
    if not math.isfinite(health.loss):
        return Finding("not finite", f"The loss is {health.loss}.")
    return None


def _gradients(health: Health) -> list[Finding]:
    """Backwards, from the last hidden layer to the first."""
    layers = hidden_layers(health)[::-1]
    silent = [layer.name for layer in layers if layer.gradient == 0][::-1]
    if silent:
        sentence = f"No gradient reaches {listed(silent)}."
        return [Finding("vanishing gradients", sentence, tuple(silent), "gradients")]
    return _uneven(
        "gradients", "the last hidden layer", "the first", layers, [x.gradient for x in layers]
    )


def _activations(health: Health) -> list[Finding]:
    """Forwards, from the first layer to the last hidden one."""
    layers = [layer for layer in hidden_layers(health) if layer.size]
    return _uneven(
        "activations", "the first layer", "the last hidden one", layers, [x.size for x in layers]
    )


def _uneven(
    what: str, start: str, end: str, layers: Sequence[LayerHealth], sizes: Sequence[float]
) -> list[Finding]:
    """What shrinks or grows much on its way through the layers."""
    found: list[Finding] = []
    if len(layers) < 2:
        return found
    first, least, most = sizes[0], min(sizes), max(sizes)
    if first > UNEVEN * least:
        where = _place(layers, sizes.index(least), end)
        found.append(
            Finding(
                f"vanishing {what}",
                f"{what.capitalize()} vanish, shrinking {fold(first / least)}-fold from {start} to "
                f"{where}.",
                tuple(x.name for x, n in zip(layers, sizes, strict=True) if first > UNEVEN * n),
                what,
            )
        )
    if most > UNEVEN * first:
        where = _place(layers, sizes.index(most), end)
        found.append(
            Finding(
                f"exploding {what}",
                f"{what.capitalize()} explode, growing {fold(most / first)}-fold from {start} to "
                f"{where}.",
                tuple(x.name for x, n in zip(layers, sizes, strict=True) if n > UNEVEN * first),
                what,
            )
        )
    return found


def _dead(health: Health) -> list[Finding]:
    if health.samples < DEAD_SAMPLES:
        return []
    active = [x for x in health.layers if x.activation and x.units]
    layers = [x for x in active if x.dead > DEAD_SHARE * x.units]
    if not layers:
        return []
    worst = max(layers, key=lambda x: x.dead / x.units)
    if len(layers) == 1:
        units = f"{worst.dead:,} of {worst.units:,} units of '{worst.name}' are dead"
    else:
        dead, count = sum(x.dead for x in active), sum(x.units for x in active)
        units = (
            f"{dead:,} of {count:,} units are dead, most in '{worst.name}' "
            f"({worst.dead:,} of {worst.units:,})"
        )
    sentence = f"{units}: they give 0 for all {health.samples:,} samples."
    return [Finding("dead units", sentence, tuple(x.name for x in layers), "dead")]


def _updates(health: Health) -> list[Finding]:
    rows = _kernels(health)
    ratios = [w.ratio for w in rows if w.ratio]
    if not ratios:
        return []
    large = [w for w in rows if w.ratio and w.ratio > LARGE_RATIO]
    if large:
        worst = max(large, key=lambda w: w.ratio or 0.0)
        return [
            Finding(
                "large updates",
                f"Updates are too large: a step would change {_named(worst)} by "
                f"{_share(worst.ratio or 0.0)} its norm, where about {percent(GUIDE_RATIO)} is "
                "usual.",
                tuple(dict.fromkeys(w.layer for w in large if w.layer)),
                "updates",
            )
        ]
    if max(ratios) < SMALL_RATIO:
        return [
            Finding(
                "small updates",
                f"Updates are too small: a step changes no kernel by more than "
                f"{percent(max(ratios))} of its norm, where about {percent(GUIDE_RATIO)} is usual.",
                tuple(dict.fromkeys(w.layer for w in rows if w.layer)),
                "updates",
            )
        ]
    return []


def _healthy(health: Health) -> Finding:
    found = measures(health)
    parts = [found[what] for what in ("gradients", "dead", "updates") if what in found]
    return Finding("healthy", f"All is well: {joined(parts)}." if parts else "All is well.")


def measures(health: Health) -> dict[str, str]:
    """What can be said of each quantity where there is nothing to mend."""
    found = {}
    for what, words, sizes in (
        ("gradients", "gradients", [x.gradient for x in hidden_layers(health)]),
        ("activations", "activations", [x.size for x in computing_layers(health)]),
        (
            "weight_gradients",
            "gradients of the weights",
            [x.weight_gradient for x in health.layers if x.weight_gradient is not None],
        ),
    ):
        if len(sizes) > 1 and min(sizes) > 0:
            times = fold(max(sizes) / min(sizes))
            alike = f"{words} are as large in all layers"
            differ = f"{words} differ at most {times}-fold between layers"
            found[what] = alike if times == "1" else differ
    active = [x for x in health.layers if x.activation]
    if active and health.samples >= DEAD_SAMPLES:
        dead, units = sum(x.dead for x in active), sum(x.units for x in active)
        found["dead"] = f"{dead:,} of {units:,} units are dead" if dead else "no unit is dead"
    ratios = [w.ratio for w in _kernels(health) if w.ratio]
    if ratios:
        low, high = percent(min(ratios)), percent(max(ratios))
        span = low if low == high else f"{low} to {high}"
        found["updates"] = f"a step changes the kernels by {span} of their norms"
    return found


# --- words ---------------------------------------------------------------------------------------


def _kernels(health: Health) -> list[WeightHealth]:
    """Weights that multiply: biases and scales are few, and start as 0 or 1."""
    return [w for w in health.weights if len(w.shape) >= 2] or list(health.weights)


def computing_layers(health: Health) -> list[LayerHealth]:
    """Without the layers that only pass on: flatten, dropout, pooling."""
    return [x for x in health.layers if x.activation or x.weights is not None]


def hidden_layers(health: Health) -> list[LayerHealth]:
    """Those whose gradients are compared.

    Layers that give outputs of the model are left out where there are others: the gradient towards
    an output is that of its loss, whose scale is its own. Where no layer gives them, but an
    operation after it, that is the last one.
    """
    layers = computing_layers(health)
    hidden = [x for x in layers if not x.is_output]
    if len(hidden) == len(layers):
        hidden = layers[:-1]
    return hidden or layers


def _share(ratio: float) -> str:
    return f"{percent(ratio)} of" if ratio < 10 else f"{fold(ratio)} times"


def _named(weight: WeightHealth) -> str:
    if weight.layer is None:
        return f"'{weight.path}'"
    return f"the {weight.path.rsplit('/', 1)[-1]} of '{weight.layer}'"


def _place(layers: Sequence[LayerHealth], index: int, last: str) -> str:
    name = f"'{layers[index].name}'"
    return f"{last}, {name}" if index == len(layers) - 1 else name
