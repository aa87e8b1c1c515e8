"""From recorded operations to the nodes and edges of a pass."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.tensor.dtypes import is_floating
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.viz.backprop.chain import chain_rule
from thalweg.viz.backprop.parts import Part, parts_of
from thalweg.viz.backprop.question import Question
from thalweg.viz.backprop.record import Recorder
from thalweg.viz.backprop.sketch import Sketch, SketchEdge, SketchNode

__all__ = ["MOST", "Sketcher"]

MOST = 60
"""More boxes than this nobody can read."""


class Sketcher:
    """Makes the sketch of a recorded computation.

    Args:
        question: what is asked.
        recorder: has heard the computation.
        target: its result.
        inputs: the tensors of `question.inputs`.
    """

    def __init__(
        self, question: Question, recorder: Recorder, target: Tensor, inputs: Sequence[Tensor]
    ) -> None:
        self.question = question
        self.target = target
        self.inputs = {id(x): name for name, x in zip(question.inputs, inputs, strict=True)}
        self.variables = {number: v for number, (_, v) in recorder.variables.items()}
        self.parts = parts_of(recorder.steps, target, question.key(recorder.steps))
        self.makers = {id(y): part for part in self.parts for y in part.outputs}
        self.chain = chain_rule(self.parts, target, self._sources())
        self.found = Sketch()
        self.node_of: dict[int, str] = {}  # by the id of a tensor
        self.names: set[str] = set()

    def sketch(self) -> Sketch:
        """The nodes, the edges, and the tensors that are their numbers."""
        if not self.parts:
            raise ValueError(
                f"backward_pass: the result of {self.question.subject} is an argument or a "
                "constant; there is no operation to draw."
            )
        if id(self.target) not in self.chain.gradients:
            raise ValueError(
                f"backward_pass: the result of {self.question.subject} depends on nothing that "
                "gradients are wanted for: on no floating argument and no trainable variable."
            )
        layer = self.question.layer
        shown = [layer is None or layer in part.around for part in self.parts]
        self._check_size(sum(shown))
        passed_on = []
        for part, seen, flows, derivatives in zip(
            self.parts, shown, self.chain.flows, self.chain.derivatives, strict=True
        ):
            if seen:
                name = self._add(part, flows, derivatives)
                if any(flow is not None for flow in flows):
                    passed_on.append(name)
        self._leave(shown)
        self.found.backward = passed_on[::-1]
        return self.found

    def _sources(self) -> set[int]:
        """The ids of the tensors whose gradients are wanted."""
        question = self.question
        names = dict(self.inputs)
        names.update({number: self._name_of(v) for number, v in self.variables.items()})
        if question.sources is None:
            if question.model is not None:
                trained = {id(v) for v in question.model.trainable_variables}
                return {number for number, v in self.variables.items() if id(v) in trained}
            return {*self.inputs, *(n for n, v in self.variables.items() if v.trainable)}
        found: set[int] = set()
        for wanted in sorted(question.sources):
            called = {n for n in names.values() if f"/{n}".endswith(f"/{wanted}")}
            called = {wanted} & called or called
            if len(called) != 1:
                problem = "does not use" if not called else f"has {len(called)} of"
                raise ValueError(
                    f"backward_pass: sources names '{wanted}', which {question.subject} {problem}; "
                    f"it uses {sorted(set(names.values()))}."
                )
            found |= {number for number, name in names.items() if name in called}
        return found

    def _name_of(self, variable: Variable) -> str:
        return self.question.names.get(id(variable), variable.path)

    def _check_size(self, count: int) -> None:
        question = self.question
        if count <= MOST:
            return
        if question.by_layer:
            what, advice = "layers", "look into one with layer=..."
        elif question.layer is not None:
            what, advice = f"operations in layer '{question.layer}'", "leave out layer=..."
        else:
            what, advice = "operations", "take a smaller function, or a model, drawn by layers"
        raise ValueError(
            f"backward_pass: {question.subject} has {count} {what}, and at most {MOST} can be "
            f"drawn; {advice}."
        )

    # --- nodes and edges ----------------------------------------------------------------------

    def _add(
        self, part: Part, flows: Sequence[Tensor | None], derivatives: Sequence[Tensor | None]
    ) -> str:
        """The node of a part, after the leaves that it needs, and the edges that lead to it."""
        edges = []
        for x, flow, derivative in zip(part.inputs, flows, derivatives, strict=True):
            if id(x) not in self.node_of:
                self._add_leaf(x, part)
            if id(x) in self.node_of:
                edges.append((x, flow, derivative))
        first = part.outputs[0]
        kind = "operation" if part.call.layer is None else "layer"
        node = self._node(part.call.name, kind, part.call.name, first)
        node.weights = self._weights(part)
        for y in part.outputs:
            self.node_of[id(y)] = node.name
        for x, flow, derivative in edges:
            source = self.node_of[id(x)]
            node.inputs.append(source)
            node.derivatives.append(self.found.take_any(derivative))
            self._edge(source, node.name, x, flow, derivative)
        return node.name

    def _node(self, name: str, kind: str, label: str, value: Tensor) -> SketchNode:
        unique, count = name, 0
        while unique in self.names:
            count += 1
            unique = f"{name}_{count}"
        self.names.add(unique)
        node = SketchNode(
            unique,
            kind,
            label,
            tuple(value.shape),
            value.dtype.name,
            self.found.take(value),
            self.found.take_any(self.chain.gradients.get(id(value))),
        )
        self.found.nodes.append(node)
        return node

    def _edge(
        self,
        source: str,
        target: str | None,
        x: Tensor,
        flow: Tensor | None,
        derivative: Tensor | None,
    ) -> None:
        take = self.found.take_any
        self.found.edges.append(
            SketchEdge(
                source, target, tuple(x.shape), self.found.take(x), take(flow), take(derivative)
            )
        )

    def _add_leaf(self, x: Tensor, part: Part) -> None:
        """The node of a tensor that no part that is shown gives; none for what is not shown."""
        variable, outside = self.variables.get(id(x)), self.makers.get(id(x))
        if id(x) in self.inputs:
            node = self._node(self.inputs[id(x)], "input", self.inputs[id(x)], x)
        elif variable is not None:
            if self.question.by_layer or not is_floating(x.dtype):
                return  # a line in the box of its layer, or a state of a random generator
            layer = self.question.layer
            name = self._name_of(variable) if layer is None else _path_within(variable.path, layer)
            node = self._node(name, "variable", name, x)
            self.found.variables.append((name, variable))
        elif outside is not None:
            node = self._node(outside.call.name, "input", outside.call.name, x)
        elif type(x) is Tensor and _is_operand(x, part):
            label = self.question.names.get(id(x), "")
            node = self._node(label or "constant", "constant", label, x)
        else:
            return
        self.node_of[id(x)] = node.name

    def _weights(self, part: Part) -> list[tuple[str, int, int | None]]:
        if part.call.layer is None or not self.question.by_layer:
            return []
        own = [(self.variables[id(x)], x) for x in part.inputs if id(x) in self.variables]
        own = [(v, x) for v, x in own if is_floating(x.dtype)]
        known = {id(v) for _, v in self.found.variables}
        name = part.call.name
        self.found.variables += [
            (f"{name}/{_path_within(v.path, name)}", v) for v, _ in own if id(v) not in known
        ]
        names = [v.name for v, _ in own]
        if len(set(names)) < len(names):
            names = [_path_within(v.path, name) for v, _ in own]
        return [
            (called, self.found.take(x), self.found.take_any(self.chain.gradients.get(id(x))))
            for called, (_, x) in zip(names, own, strict=True)
        ]

    def _leave(self, shown: Sequence[bool]) -> None:
        """The edges that lead out of the picture: the result, or what other layers take."""
        inside = {id(y): y for p, s in zip(self.parts, shown, strict=True) if s for y in p.outputs}
        taken = {id(x) for p, s in zip(self.parts, shown, strict=True) if not s for x in p.inputs}
        for number, y in inside.items():
            if number in taken or y is self.target:
                gradient = self.chain.gradients.get(number)
                self._edge(self.node_of[number], None, y, gradient, None)


def _path_within(path: str, layer: str) -> str:
    """The path of a variable from a layer on.

    >>> _path_within("model/inner/dense/kernel", "inner")
    'dense/kernel'
    """
    _, found, after = f"/{path}".partition(f"/{layer}/")
    return after if found else path


def _is_operand(x: Tensor, part: Part) -> bool:
    """Whether a constant is something to show, and not a part of how an operation is done.

    `x * 2` has the operand 2; the 1/n inside of a mean is its own.
    """
    if part.call.layer is not None or not is_floating(x.dtype):
        return False
    values = x.numpy()
    if not values.size:
        return False
    first = float(values.flat[0])
    return bool((values != first).any()) or first in part.call.numbers
