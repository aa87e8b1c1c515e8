"""Measurement: what a probe found, in the form in which pages get it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from thalweg.viz.health.diagnose import diagnose
from thalweg.viz.health.records import Health

__all__ = ["Measurement"]


@dataclass(eq=False)
class Measurement:
    """Turned into plain values where it is asked for: in a thread of the server."""

    health: Health

    @cached_property
    def json(self) -> dict[str, Any]:
        """What JSON can hold: what `Health.as_json` gives, and the findings about it."""
        findings = [{"sentence": f.sentence, "good": f.good} for f in diagnose(self.health)]
        return {**self.health.as_json(), "findings": findings}
