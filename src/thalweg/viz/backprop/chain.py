"""The chain rule, part by part: what flows back along each edge, and the sums where edges meet.

It runs while a graph is traced, with the gradient rules of the tape, so one Program computes all of
it, here and in a page.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from thalweg.primitives.elementwise import one_like
from thalweg.primitives.reverse import accumulate, backpropagate
from thalweg.tensor.dtypes import differentiable, is_floating
from thalweg.tensor.tensor import Tensor
from thalweg.viz.backprop.parts import Part

__all__ = ["Chain", "chain_rule"]


@dataclass(frozen=True, eq=False)
class Chain:
    """What the backward pass computes.

    Attributes:
        gradients: by the id of a tensor, the gradient of the target towards it.
        flows: for each part and each of its inputs, what flows back through the part to it.
        derivatives: for each part and each of its inputs, the derivative of the output towards
            that input, where it is one number for each element.
    """

    gradients: dict[int, Tensor] = field(default_factory=dict)
    flows: list[list[Tensor | None]] = field(default_factory=list)
    derivatives: list[list[Tensor | None]] = field(default_factory=list)


def chain_rule(parts: Sequence[Part], target: Tensor, sources: Collection[int]) -> Chain:
    """Walk back through the parts.

    Args:
        parts: in order of execution.
        target: the result; its gradient towards itself is 1.
        sources: the ids of the tensors whose gradients are wanted.
    """
    reached = set(sources)
    wanted = []
    for part in parts:
        wanted.append([id(x) in reached and differentiable(x.dtype) for x in part.inputs])
        if any(wanted[-1]):
            reached |= {id(y) for y in part.outputs if differentiable(y.dtype)}
    found = Chain()
    if id(target) in reached:
        found.gradients[id(target)] = one_like(target)
    for part, wants in zip(reversed(parts), reversed(wanted), strict=True):
        outward = [found.gradients.get(id(y)) for y in part.outputs]
        if not any(wants) or all(g is None for g in outward):
            nothing: list[Tensor | None] = [None] * len(wants)
            found.flows.append(nothing)
            found.derivatives.append(list(nothing))
            continue
        flows = _through(part, outward, wants)
        for x, flow in zip(part.inputs, flows, strict=True):
            if flow is not None:
                accumulate(found.gradients, x, flow)
        found.flows.append(flows)
        found.derivatives.append(_derivatives(part, wants))
    found.flows.reverse()
    found.derivatives.reverse()
    return found


def _through(
    part: Part, outward: Sequence[Tensor | None], wants: Sequence[bool]
) -> list[Tensor | None]:
    """From the gradients of what comes out to what flows to each input."""
    if len({id(x) for x in part.inputs}) < len(part.inputs):
        # A tensor that is given twice: what flows along each of its edges is told apart.
        (entry,) = part.entries
        given = {id(y): g for y, g in zip(part.outputs, outward, strict=True)}
        inward = entry.backward(tuple(given.get(id(y)) for y in entry.outputs), tuple(wants))
        return [g if want else None for g, want in zip(inward, wants, strict=True)]
    seeds = [(y, g) for y, g in zip(part.outputs, outward, strict=True) if g is not None]
    sources = [x for x, want in zip(part.inputs, wants, strict=True) if want]
    gradients = backpropagate(part.entries, seeds, sources)
    return [
        gradients.get(id(x)) if want else None for x, want in zip(part.inputs, wants, strict=True)
    ]


def _derivatives(part: Part, wants: Sequence[bool]) -> list[Tensor | None]:
    """What flows where 1 comes in, for inputs of which each element has one derivative."""
    nothing: list[Tensor | None] = [None] * len(wants)
    if len(part.outputs) != 1 or not is_floating(part.outputs[0].dtype):
        return nothing
    (output,) = part.outputs
    alone = [
        want and x.shape == output.shape and (part.elementwise or output.size == 1)
        for x, want in zip(part.inputs, wants, strict=True)
    ]
    return _through(part, [one_like(output)], alone) if any(alone) else nothing
