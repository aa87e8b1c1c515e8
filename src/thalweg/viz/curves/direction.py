"""Whether larger or smaller values of a metric are better, by its name."""

from __future__ import annotations

import functools
import re

from thalweg import metrics
from thalweg.naming import to_snake_case

__all__ = ["better"]

# What people call what has a longer name.
_SHORT = {
    **dict.fromkeys(("acc", "f1", "fbeta_score", "iou", "mean_iou", "r2"), "up"),
    **dict.fromkeys(
        ("crossentropy", "kld", "logcosh", "mae", "mape", "mse", "msle", "rmse"), "down"
    ),
    **dict.fromkeys(("error", "loss", "perplexity"), "down"),
}


@functools.cache
def better(name: str) -> str | None:
    """`'up'` or `'down'`, as the callbacks with `mode='auto'` have it; None if it is not known.

    Args:
        name: as in the logs; an output's name may stand before it and a number behind it.

    >>> better("val_loss"), better("digit_accuracy_2"), better("learning_rate")
    ('down', 'up', None)
    """
    name = re.sub(r"_\d+$", "", name.removeprefix("val_"))
    known = _known()
    # The longest that fits: an accuracy of the output `loss` is none.
    for start in [0, *(m.end() for m in re.finditer("_", name))]:
        if name[start:] in known:
            return known[name[start:]]
    return None


@functools.cache
def _known() -> dict[str, str]:
    found = dict(_SHORT)
    for public in metrics.__all__:
        cls = getattr(metrics, public)
        if isinstance(cls, type) and issubclass(cls, metrics.Metric) and cls._direction:
            found[to_snake_case(public)] = cls._direction
    return found
