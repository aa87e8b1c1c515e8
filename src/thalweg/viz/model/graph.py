"""What `plot_model` draws: the calls of a model's layers and the tensors between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from thalweg.layers.bidirectional import Bidirectional
from thalweg.layers.input import InputLayer
from thalweg.layers.layer import Layer
from thalweg.layers.symbolic import KerasTensor
from thalweg.layers.wrapper import Wrapper
from thalweg.tensor.tree import flatten
from thalweg.training.functional import FunctionalGraph
from thalweg.training.model import Model
from thalweg.viz.model.followed import followed

__all__ = ["Box", "End", "ModelGraph", "kind_of", "model_graph"]

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class End:
    """Where a tensor leaves or enters a box.

    Attributes:
        box: the place of the box in `ModelGraph.boxes`.
        place: which of the outputs of the box it is, or which of its inputs.
    """

    box: int
    place: int


@dataclass(frozen=True)
class Box:
    """One call of a layer, or of an operation between layers.

    Attributes:
        name: of the layer or operation.
        kind: its class, such as `'Dense'`; an operation is `'ops.add'`.
        inputs: the shapes of the inputs; None stands for a length that may vary.
        outputs: the shapes of the outputs.
        dtype: of the first output.
        activation: the name of the layer's activation, if it has one.
        parameters: the number of elements of all weights.
        trainable: whether training changes weights of it; None if it has none.
        call: which call of the layer in this model it is, from 1 on.
        calls: how many calls of the layer there are in this model; they share its weights.
        inside: the graph of a model within the model.
    """

    name: str
    kind: str
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    dtype: str | None
    activation: str | None
    parameters: int
    trainable: bool | None
    call: int = 1
    calls: int = 1
    inside: ModelGraph | None = None


@dataclass(frozen=True)
class ModelGraph:
    """A model as boxes and edges.

    Attributes:
        name: of the model.
        kind: its class.
        boxes: inputs first, then the calls in an order in which each has its inputs.
        edges: pairs of ends: from where a tensor comes, to where it goes.
        inputs: the boxes of the inputs.
        outputs: where each output comes from.
        followed: False for a subclass whose `call` could not be run on symbols: then the boxes are
            its layers in the order in which they were made, and there are no edges.
    """

    name: str
    kind: str
    boxes: tuple[Box, ...]
    edges: tuple[tuple[End, End], ...]
    inputs: tuple[int, ...] = ()
    outputs: tuple[End, ...] = ()
    followed: bool = True


def kind_of(operation: Any) -> str:
    """The class of a layer, with that of the layer that it wraps; for an operation its name."""
    if isinstance(operation, (Wrapper, Bidirectional)):
        inner = operation.layer if isinstance(operation, Wrapper) else operation.forward_layer
        return f"{type(operation).__name__}({kind_of(inner)})"
    if isinstance(operation, Layer):
        return type(operation).__name__
    return f"ops.{operation.function.__name__}"


def model_graph(model: Model, nested: bool = False) -> ModelGraph:
    """The graph of a model that is built.

    Args:
        model: the model; nothing of it is changed.
        nested: whether models within it have graphs too.
    """
    kind = type(model).__name__
    with followed(model) as graph:
        if graph is None:
            boxes = tuple(_alone(layer, nested) for layer in model.layers)
            return ModelGraph(model.name, kind, boxes, (), followed=False)
        return _of_functional(model.name, kind, graph, nested)


def _of_functional(name: str, kind: str, graph: FunctionalGraph, nested: bool) -> ModelGraph:
    source: dict[int, End] = {}
    boxes: list[Box] = []
    edges: list[tuple[End, End]] = []
    inputs = flatten(graph.inputs)
    for x in inputs:
        source[id(x)] = End(len(boxes), 0)
        boxes.append(_box(x._keras_history[0], [], [x], nested=False))
    calls: dict[int, int] = {}
    for node in graph.nodes:
        outputs = [y for y in flatten(node.outputs) if isinstance(y, KerasTensor)]
        edges += [(source[id(x)], End(len(boxes), i)) for i, x in enumerate(node.inputs)]
        source.update({id(y): End(len(boxes), i) for i, y in enumerate(outputs)})
        call = calls[id(node.operation)] = calls.get(id(node.operation), 0) + 1
        boxes.append(replace(_box(node.operation, node.inputs, outputs, nested), call=call))
    operations = [None] * len(inputs) + [node.operation for node in graph.nodes]
    boxes = [
        box if operation is None else replace(box, calls=calls[id(operation)])
        for box, operation in zip(boxes, operations, strict=True)
    ]
    ends = tuple(source[id(y)] for y in flatten(graph.outputs))
    return ModelGraph(name, kind, tuple(boxes), tuple(edges), tuple(range(len(inputs))), ends)


def _box(operation: Any, inputs: list[Any], outputs: list[Any], nested: bool) -> Box:
    weights = getattr(operation, "weights", [])
    activation = getattr(operation, "activation", None)
    inside = nested and isinstance(operation, Model) and operation.built
    return Box(
        name=operation.name,
        kind="Input" if isinstance(operation, InputLayer) else kind_of(operation),
        inputs=tuple(x.shape for x in inputs),
        outputs=tuple(y.shape for y in outputs),
        dtype=outputs[0].dtype.name if outputs else None,
        activation=None if activation is None else _activation_name(activation),
        parameters=sum(v.size for v in weights),
        trainable=bool(operation.trainable_weights) if weights else None,
        inside=model_graph(operation, nested) if inside else None,
    )


def _activation_name(activation: Any) -> str:
    return getattr(activation, "__name__", None) or type(activation).__name__


def _alone(layer: Layer, nested: bool) -> Box:
    return _box(layer, [], [], nested)
