"""Prober: looks at weights and gradients now and then, in a small share of the time."""

from __future__ import annotations

from typing import Any

from thalweg.training.present_data import present_batch
from thalweg.viz.health.probe import Probe
from thalweg.viz.live.allowance import Allowance
from thalweg.viz.live.measurement import Measurement

__all__ = ["Prober"]

# Measuring may take this share of the time ...
_SHARE = 0.01
# ... and happens at most once in so many seconds: more often nobody wants to look.
_SECONDS = 2.0


class Prober:
    """Measures models while they are trained, one after the other.

    Attributes:
        failure: a sentence about why the present model cannot be measured.
    """

    def __init__(self) -> None:
        self._probe: Probe | None = None
        self.begin()

    def begin(self) -> None:
        """A training begins."""
        self._allowance = Allowance(_SHARE, _SECONDS)
        self.failure = ""

    @property
    def due(self) -> bool:
        """Whether it is time to measure."""
        return self._allowance.due and not self.failure

    def measure(self, model: Any) -> Measurement | None:
        """Measure a model, on the thread that trains it: Programs change weights in place."""
        batch = present_batch(model)
        if batch is None:
            return None
        with self._allowance.used():
            try:
                if self._probe is None or self._probe.model is not model:
                    self._probe = Probe(model)
                return Measurement(self._probe(*batch))
            except Exception as error:
                # A training is not to end because it cannot be looked at more closely.
                self.failure = f"{type(error).__name__}: {error}"
                return None
