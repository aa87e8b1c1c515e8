"""The steps of a pass: forward through each operation, then 1 at the result, then backward."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.viz.backprop.labels import is_brief
from thalweg.viz.backprop.result import BackwardPass
from thalweg.viz.backprop.words import backward_words, forward_words, in_brief, in_line

__all__ = ["Moment", "happening", "moments_of", "sentence"]


@dataclass(frozen=True)
class Moment:
    """A step.

    Attributes:
        kind: `'forward'`, `'seed'` or `'backward'`.
        node: the name of the node that computes; of the last one for the seed.
    """

    kind: str
    node: str


def moments_of(found: BackwardPass) -> tuple[Moment, ...]:
    """All steps in order."""
    forward = [Moment("forward", node.name) for node in found.steps]
    backward = [Moment("backward", name) for name in found.backward]
    return (*forward, Moment("seed", found.steps[-1].name), *backward)


def happening(found: BackwardPass, moment: Moment) -> tuple[str, list[str]]:
    """What happens in a step: a title, and lines with its numbers."""
    node = found[moment.node]
    if moment.kind == "forward":
        values = [found[name].value for name in node.inputs]
        return f"Forward through {node.label}", [forward_words(node, values)]
    if moment.kind == "seed":
        seeds = [e.gradient for e in found.edges if e.target is None and e.gradient is not None]
        if not seeds:
            return "No gradient comes in", []
        ours = len(seeds) == 1 and seeds[0].size == 1
        title = f"The gradient {'of the result' if ours else 'that comes in'}"
        return title, [in_line(seed) for seed in seeds]
    say = in_brief if is_brief(found) else in_line
    flows = [edge for edge in found.into(node.name) if edge.gradient is not None]
    told = [f"to {found[e.source].label}: {backward_words(e, node.gradient, say)}" for e in flows]
    told += [
        f"for {w.name}: {in_brief(w.gradient)}" for w in node.weights if w.gradient is not None
    ]
    return f"Backward through {node.label}", told


def sentence(found: BackwardPass, moment: Moment) -> str:
    """The same in one sentence."""
    title, lines = happening(found, moment)
    joint = ", " if moment.kind == "backward" else ": "
    return title + joint + "; ".join(lines) if lines else title
