"""What a measurement means, in sentences: vanishing, exploding, dead, too fast, too slow, or well.

The limits are rules of thumb, each with its reason; the sentences give the numbers, so that one can
judge for oneself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.viz.health.records import Health, LayerHealth, WeightHealth

__all__ = [
    "DEAD_SAMPLES",
    "DEAD_SHARE",
    "GUIDE_RATIO",
    "LARGE_RATIO",
    "SMALL_RATIO",
    "UNEVEN",
    "Finding",
    "diagnose",
]

UNEVEN = 100.0
"""How much gradients or activations may differ between hidden layers. All layers share one learning
rate: a layer that gets a hundredth of another's gradient takes a hundred steps for the other's one.
In a network that is well initialised both keep about their size from layer to layer: X. Glorot and
Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS
2010, section 4.2."""

DEAD_SHARE = 0.25
"""The share of a layer's units that may be dead: some are by chance, and more the deeper the layer
and the smaller the batch. CS231n, https://cs231n.github.io/neural-networks-1/#actfun, warns of 40%
where the learning rate is too high."""

DEAD_SAMPLES = 32
"""On fewer samples, silence proves little: a unit that answers to 1 sample in 10 is silent on all
of 32 with a probability of 3%."""

GUIDE_RATIO = 1e-3
"""The norm of an update over the norm of the weight "should be somewhere around 1e-3": CS231n,
Neural Networks Part 3, https://cs231n.github.io/neural-networks-3/#ratio."""

LARGE_RATIO = 0.1
"""A hundred times the guide: ten steps could replace the weights. Less is usual in the first steps,
where Adam moves each weight by about the learning rate."""

SMALL_RATIO = 1e-5
"""A hundredth of the guide: a hundred thousand steps to change the weights by as much as they
are."""


@dataclass(frozen=True)
class Finding:
    """One thing that is seen.

    Attributes:
        kind: `'not finite'`, `'vanishing gradients'`, `'exploding gradients'`, `'vanishing
            activations'`, `'exploding activations'`, `'dead units'`, `'large updates'`,
            `'small updates'` or `'healthy'`.
        sentence: what is seen, with its numbers.
        layers: the names of the layers that it is about.
        good: whether all is well.
    """

    kind: str
    sentence: str
    layers: tuple[str, ...] = ()

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

    >>> import numpy as np, thalweg as tw
    >>> tw.random.set_seed(0)
    >>> deep = [tw.layers.Dense(16, "sigmoid") for _ in range(10)]
    >>> model = tw.Sequential([tw.Input((4,)), *deep, tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> health = tw.viz.Probe(model)(np.ones((32, 4)), np.ones((32, 1)))
    >>> [finding.kind for finding in tw.viz.diagnose(health)]
    ['vanishing gradients']
    """
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
            named = {"norm": "value", "gradient": "gradient", "update": "update"}[what]
            more = f" and of {len(bad) - 1} more weights" if len(bad) > 1 else ""
            return Finding(
                "not finite",
                f"The {named} of {_named(bad[0])}{more} is NaN or infinite.",
                layers,
            )
    if not math.isfinite(health.loss):
        return Finding("not finite", f"The loss is {health.loss}.")
    return None


def _gradients(health: Health) -> list[Finding]:
    """Backwards, from the last hidden layer to the first."""
    layers = hidden_layers(health)[::-1]
    silent = [layer.name for layer in layers if layer.gradient == 0][::-1]
    if silent:
        sentence = f"No gradient reaches {_listed(silent)}."
        return [Finding("vanishing gradients", sentence, tuple(silent))]
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
                f"{what.capitalize()} vanish: they shrink {fold(first / least)}-fold from {start} "
                f"to {where}.",
                tuple(x.name for x, n in zip(layers, sizes, strict=True) if first > UNEVEN * n),
            )
        )
    if most > UNEVEN * first:
        where = _place(layers, sizes.index(most), end)
        found.append(
            Finding(
                f"exploding {what}",
                f"{what.capitalize()} explode: they grow {fold(most / first)}-fold from {start} to "
                f"{where}.",
                tuple(x.name for x, n in zip(layers, sizes, strict=True) if n > UNEVEN * first),
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
    part = f"{worst.dead:,} of {worst.units:,} in '{worst.name}'"
    if len(layers) > 1:
        dead, units = sum(x.dead for x in active), sum(x.units for x in active)
        part = f"{dead:,} of {units:,}, and {part},"
    return [
        Finding(
            "dead units",
            f"Dead units: {part} give 0 for all {health.samples:,} samples.",
            tuple(x.name for x in layers),
        )
    ]


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
            )
        ]
    if max(ratios) < SMALL_RATIO:
        return [
            Finding(
                "small updates",
                f"Updates are too small: a step changes no kernel by more than "
                f"{percent(max(ratios))} of its norm, where about {percent(GUIDE_RATIO)} is usual.",
                tuple(dict.fromkeys(w.layer for w in rows if w.layer)),
            )
        ]
    return []


def _healthy(health: Health) -> Finding:
    parts = []
    slopes = [x.gradient for x in hidden_layers(health)]
    if len(slopes) > 1:
        parts.append(
            f"gradients differ at most {fold(max(slopes) / min(slopes))}-fold between layers"
        )
    active = [x for x in health.layers if x.activation]
    if active and health.samples >= DEAD_SAMPLES:
        dead = sum(x.dead for x in active)
        units = sum(x.units for x in active)
        parts.append(f"{dead:,} of {units:,} units are dead" if dead else "no unit is dead")
    ratios = [w.ratio for w in _kernels(health) if w.ratio]
    if ratios:
        low, high = percent(min(ratios)), percent(max(ratios))
        span = low if low == high else f"{low} to {high}"
        parts.append(f"a step changes the kernels by {span} of their norms")
    return Finding("healthy", f"Healthy: {_joined(parts)}." if parts else "Healthy.")


# --- words ---------------------------------------------------------------------------------------


def _kernels(health: Health) -> list[WeightHealth]:
    """Weights that multiply: biases and scales are few, and start as 0 or 1."""
    return [w for w in health.weights if len(w.shape) >= 2] or list(health.weights)


def computing_layers(health: Health) -> list[LayerHealth]:
    """Without the layers that only pass on: flatten, dropout, pooling."""
    return [x for x in health.layers if x.activation or x.weights is not None]


def hidden_layers(health: Health) -> list[LayerHealth]:
    """Those whose gradients are compared.

    The last layer is left out where there are others: the gradient towards its output is that of
    the loss, whose scale is its own.
    """
    layers = computing_layers(health)
    return layers[:-1] if len(layers) > 1 else layers


def fold(ratio: float) -> str:
    """With two digits that count: '4,200', '1.6'."""
    if ratio >= 1e9:
        return "more than 1,000,000,000"
    digits = 1 - math.floor(math.log10(ratio))
    return f"{round(ratio, digits):,.{max(digits, 0)}f}".removesuffix(".0")


def percent(share: float) -> str:
    """With two digits that count: '0.12%'."""
    value = 100 * share
    if value == 0:
        return "0%"
    digits = max(1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def _share(ratio: float) -> str:
    return f"{percent(ratio)} of" if ratio < 10 else f"{fold(ratio)} times"


def _named(weight: WeightHealth) -> str:
    if weight.layer is None:
        return f"'{weight.path}'"
    return f"the {weight.path.rsplit('/', 1)[-1]} of '{weight.layer}'"


def _place(layers: Sequence[LayerHealth], index: int, last: str) -> str:
    name = f"'{layers[index].name}'"
    return f"{last}, {name}" if index == len(layers) - 1 else name


def _listed(names: Sequence[str]) -> str:
    shown = [f"'{name}'" for name in names[:3]]
    return _joined([*shown, f"{len(names) - 3} more layers"] if len(names) > 3 else shown)


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
