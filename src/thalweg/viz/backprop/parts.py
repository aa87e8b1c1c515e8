"""From recorded operations to the parts that are drawn as boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from thalweg.primitives.reverse import Applied, Entry
from thalweg.tensor.tensor import Tensor
from thalweg.training.model import Model
from thalweg.viz.backprop.record import Call, Step

__all__ = ["Part", "by_call", "by_layer", "by_primitive", "inside", "parts_of"]


@dataclass(frozen=True, eq=False)
class Part:
    """Operations that are one box.

    Attributes:
        call: the call that it is; its name stands in the box.
        around: the names of all layers in whose calls it happened.
        entries: the operations in order.
        inputs: the tensors that go in, in the order of the operands; one that is given twice, as in
            `x * x`, is here twice.
        outputs: the tensors that come out and are used.
    """

    call: Call
    around: frozenset[str]
    entries: tuple[Entry, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def elementwise(self) -> bool:
        """Whether each element of what comes out depends on one element of each operand only."""
        return all(
            isinstance(entry, Applied) and entry.primitive.family == "elementwise"
            for entry in self.entries
        )


Key = Callable[[Step], Call]
"""To which call a step belongs; neighbours of one call are one part."""


def by_call(step: Step) -> Call:
    """Operations as users call them: `softmax` is one."""
    return step.call


def by_primitive(step: Step) -> Call:
    """Every primitive by itself."""
    primitive = step.primitive
    return Call(step.call.name if primitive is None else primitive.name, repeated=True)


def by_layer(expand_nested: bool, loss: Call, steps: Sequence[Step]) -> Key:
    """The layers of a model; what follows the model is the loss.

    Args:
        expand_nested: whether models inside of the model are shown as their layers.
        loss: stands for what happens after the model.
        steps: all of them.
    """
    inside_model = [i for i, step in enumerate(steps) if step.layers]
    after = {id(step) for step in steps[inside_model[-1] + 1 :]} if inside_model else set()

    def key(step: Step) -> Call:
        if not step.layers:
            return loss if id(step) in after else step.call
        for call in step.layers[1:]:
            if not (expand_nested and isinstance(call.layer, Model)):
                return call
        return step.call

    return key


def inside(layer: str, outside: Key, within: Key) -> Key:
    """The operations of one layer as `within` says, and all others as `outside` says."""

    def key(step: Step) -> Call:
        return (within if any(c.name == layer for c in step.layers) else outside)(step)

    return key


def parts_of(steps: Sequence[Step], target: Tensor, key: Key) -> list[Part]:
    """The parts that lead to a tensor, in order.

    Neighbours in time of one call are one part, so no two parts need each other.

    Args:
        steps: in order.
        target: the result.
        key: to which call a step belongs.
    """
    found = []
    needed = {id(target)}
    runs = [(call, list(run)) for call, run in groupby(_leading_to(steps, target), key)]
    for call, run in reversed(runs):
        entries = tuple(step.entry for step in run)
        made = {id(y): y for entry in entries for y in entry.outputs}
        outputs = tuple(y for number, y in made.items() if number in needed)
        inputs = _operands(entries, outputs, call.repeated)
        needed |= {id(x) for x in inputs}
        around = frozenset(c.name for c in run[0].layers)
        found.append(Part(call, around, entries, inputs, outputs))
    return found[::-1]


def _leading_to(steps: Sequence[Step], target: Tensor) -> list[Step]:
    needed, found = {id(target)}, []
    for step in reversed(steps):
        if any(id(y) in needed for y in step.entry.outputs):
            needed |= {id(x) for x in step.entry.inputs}
            found.append(step)
    return found[::-1]


def _operands(
    entries: Sequence[Entry], outputs: Sequence[Tensor], repeated: bool
) -> tuple[Tensor, ...]:
    """What goes in from outside, as a walk back from the outputs meets it from left to right."""
    if repeated and len(entries) == 1:
        return tuple(entries[0].inputs)
    makers = {id(y): entry for entry in entries for y in entry.outputs}
    found: dict[int, Tensor] = {}
    seen: set[int] = set()
    ahead = list(reversed(outputs))
    while ahead:
        x = ahead.pop()
        maker = makers.get(id(x))
        if maker is None:
            found.setdefault(id(x), x)
        elif id(maker) not in seen:
            seen.add(id(maker))
            ahead.extend(reversed(maker.inputs))
    return tuple(found.values())
