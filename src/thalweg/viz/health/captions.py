"""The one sentence under a picture of gradient health: of what is drawn, and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.viz.health.diagnose import diagnose, measures
from thalweg.viz.health.records import Health
from thalweg.viz.health.series import ALL
from thalweg.viz.words import joined

__all__ = ["sentence", "told", "told_over_time"]


def told(health: Health, quantities: Sequence[str] = ALL) -> str:
    """What is seen of some quantities, as a part of a sentence."""
    findings = [x for x in diagnose(health) if x.what is None or x.what in quantities]
    if set(ALL) - set(quantities):
        # That all is well, nobody can see who sees a part.
        findings = [x for x in findings if not x.good]
    if findings:
        return "; ".join(x.sentence[0].lower() + x.sentence[1:].rstrip(".") for x in findings)
    known = measures(health)
    parts = [known[what] for what in quantities if what in known]
    return joined(parts) if parts else f"the loss is {health.loss:.3g}"


def told_over_time(history: Sequence[Health], quantities: Sequence[str] = ALL) -> str:
    """The same at the end of training, and at its start where that was another case."""
    first, last = history[0], history[-1]
    if last.step == first.step:
        return f"at step {last.step:,} {told(last, quantities)}"
    end = f"after {last.step:,} steps {told(last, quantities)}"
    before, after = (
        {x.kind for x in diagnose(h) if x.what is None or x.what in quantities}
        for h in (first, last)
    )
    return end if before == after else f"at the start {told(first, quantities)}; {end}"


def sentence(part: str) -> str:
    """A part of a sentence as one of its own."""
    return f"{part[0].upper()}{part[1:]}."
