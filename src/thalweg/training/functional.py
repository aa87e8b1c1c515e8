"""The graph behind a functional model: which calls lead from its inputs to its outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg import ops
from thalweg.layers.input import InputLayer
from thalweg.layers.layer import Layer
from thalweg.layers.symbolic import KerasTensor, Node
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tree import flatten, map_structure, pack

__all__ = ["FunctionalGraph"]


class FunctionalGraph:
    """The calls between symbolic inputs and outputs, in an order in which they can run.

    Args:
        inputs: symbolic tensors, or a nested structure of them.
        outputs: the same.
        name: the model's name, for messages.

    Attributes:
        operations: layers and operation steps, in Keras's order: from the inputs to the outputs
            by depth, and within one depth as a walk from the outputs meets them. Saved weights
            are addressed by this order.
        nodes: the calls, in an order in which each has its inputs.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str) -> None:
        self.name = name
        for what, structure in (("inputs", inputs), ("outputs", outputs)):
            leaves = flatten(structure)
            if not leaves or not all(isinstance(x, KerasTensor) for x in leaves):
                wrong = next((x for x in leaves if not isinstance(x, KerasTensor)), structure)
                raise ValueError(
                    f"Model '{name}': {what} must be symbolic tensors (from Input() and layers), "
                    f"got {type(wrong).__name__}."
                )
        if len({id(x) for x in flatten(inputs)}) != len(flatten(inputs)):
            raise ValueError(f"Model '{name}': the same input is listed twice.")
        if not all(_is_input(x) for x in flatten(inputs)):
            inputs, outputs = _cut_out(inputs, outputs, name)
        self.inputs = inputs
        self.outputs = outputs
        self.nodes, self.operations = _ordered(flatten(inputs), flatten(outputs), name)

    @property
    def layers(self) -> list[Layer]:
        """The layers among the operations, input layers included."""
        return [x for x in self.operations if isinstance(x, Layer)]

    @property
    def input_names(self) -> list[str]:
        """The name of each input."""
        return [x._keras_history[0].name for x in flatten(self.inputs)]

    @property
    def output_names(self) -> list[str]:
        """The name of the layer that makes each output."""
        return [x._keras_history[0].name for x in flatten(self.outputs)]

    def run(self, inputs: Any, call: Callable[[Any, Any, Any], Any]) -> Any:
        """The outputs for these inputs; `call(operation, args, kwargs)` makes each step."""
        values: dict[int, Any] = {}
        for symbol, value in zip(flatten(self.inputs), self.match(inputs), strict=True):
            values[id(symbol)] = value
        for node in self.nodes:
            leaves = [
                values[id(x)] if isinstance(x, KerasTensor) else x
                for x in flatten((node.args, node.kwargs))
            ]
            args, kwargs = pack((node.args, node.kwargs), leaves)
            found = call(node.operation, args, kwargs)
            for symbol, value in zip(flatten(node.outputs), flatten(found), strict=True):
                values[id(symbol)] = value
        return map_structure(lambda x: values[id(x)], self.outputs)

    def match(self, inputs: Any) -> list[Any]:
        """The given inputs in the order of `inputs`, with their rank adjusted."""
        symbols = flatten(self.inputs)
        if isinstance(inputs, dict) and not isinstance(self.inputs, dict):
            names = self.input_names
            missing = [n for n in names if n not in inputs]
            if missing:
                raise ValueError(
                    f"Model '{self.name}' has no data for its inputs {missing}, got a dict with "
                    f"{sorted(inputs)}."
                )
            values = [inputs[n] for n in names]
        elif isinstance(inputs, dict):
            missing = [k for k in self.inputs if k not in inputs]
            if missing:
                raise ValueError(
                    f"Model '{self.name}' has no data for its inputs {missing}, got a dict with "
                    f"{sorted(inputs)}."
                )
            values = flatten({k: inputs[k] for k in self.inputs})
        else:
            values = flatten(inputs)
        if len(values) != len(symbols):
            raise ValueError(
                f"Model '{self.name}' expects {len(symbols)} inputs "
                f"({', '.join(self.input_names)}), got {len(values)}."
            )
        return [self._fitting(s, v) for s, v in zip(symbols, values, strict=True)]

    def _fitting(self, symbol: KerasTensor, value: Any) -> Any:
        if value is None:
            return None
        if not hasattr(value, "shape"):
            value = convert_to_tensor(value)
        rank = len(symbol.shape)
        mask = getattr(value, "_keras_mask", None)
        if len(value.shape) == rank - 1 and symbol.shape[-1] == 1:
            value = ops.expand_dims(value, -1)
        elif len(value.shape) == rank + 1 and value.shape[-1] == 1:
            value = ops.squeeze(value, -1)
        fits = len(value.shape) == rank and all(
            n is None or m is None or n == m for n, m in zip(symbol.shape, value.shape, strict=True)
        )
        if not fits:
            assert symbol._keras_history is not None
            which = symbol._keras_history[0].name
            raise ValueError(
                f"Model '{self.name}' expects input '{which}' to have shape {symbol.shape}, "
                f"got shape {tuple(value.shape)}."
            )
        if value.dtype != symbol.dtype:
            value = ops.cast(value, symbol.dtype)
        if mask is not None:
            value._keras_mask = mask
        return value


def _is_input(x: KerasTensor) -> bool:
    return x._keras_history is not None and isinstance(x._keras_history[0], InputLayer)


def _cut_out(inputs: Any, outputs: Any, name: str) -> tuple[Any, Any]:
    """A part of a model as a model: inputs of its own, and the calls between repeated from there.

    The layers are shared; what led to the given inputs does not belong to the part.
    """
    nodes, _ = _ordered(flatten(inputs), flatten(outputs), name)
    new: dict[int, KerasTensor] = {}
    for x in flatten(inputs):
        if _is_input(x):
            new[id(x)] = x
        else:
            layer = InputLayer(batch_shape=x.shape, dtype=x.dtype, name=f"{x.name}CLONE")
            new[id(x)] = layer.output

    def replaced(structure: Any) -> Any:
        return pack(structure, [new.get(id(x), x) for x in flatten(structure)])

    for node in nodes:
        for y in flatten(node.outputs):
            new.setdefault(id(y), KerasTensor(y.shape, y.dtype))
        args, kwargs, made = replaced((node.args, node.kwargs, node.outputs))
        Node(node.operation, args, kwargs, made)
    return replaced(inputs), replaced(outputs)


def _ordered(
    inputs: list[KerasTensor], outputs: list[KerasTensor], name: str
) -> tuple[list[Node], list[Any]]:
    """Nodes that can run one after the other, and operations in Keras's order."""
    given = {id(x) for x in inputs}
    finished: list[Node] = []
    done: set[int] = set()
    met: dict[int, int] = {}
    operations: dict[int, Any] = {}

    def node_of(x: KerasTensor) -> Node:
        if x._keras_history is None:
            raise ValueError(f"Model '{name}': the tensor '{x.name}' does not come from a layer.")
        operation, index, _ = x._keras_history
        node: Node = operation._inbound_nodes[index]
        return node

    def parents(node: Node) -> list[Node]:
        return [node_of(x) for x in node.inputs]

    def is_source(node: Node) -> bool:
        return any(id(y) in given for y in flatten(node.outputs))

    # An explicit stack: a model may be deeper than Python's recursion allows.
    stack: list[tuple[Node, int]] = []

    def enter(node: Node) -> None:
        met.setdefault(id(node.operation), len(met))
        operations[id(node.operation)] = node.operation
        if isinstance(node.operation, InputLayer) and not is_source(node):
            raise ValueError(
                f"Model '{name}': the outputs need input '{node.operation.name}', which is not "
                "among the model's inputs."
            )
        stack.append((node, 0))

    for y in outputs:
        start = node_of(y)
        if id(start) in done:
            continue
        enter(start)
        on_path = {id(start)}
        while stack:
            node, place = stack.pop()
            before = [] if is_source(node) else parents(node)
            if place < len(before):
                stack.append((node, place + 1))
                parent = before[place]
                if id(parent) not in done and id(parent) not in on_path:
                    on_path.add(id(parent))
                    enter(parent)
                continue
            done.add(id(node))
            on_path.discard(id(node))
            finished.append(node)

    depth_of_node: dict[int, int] = {}
    depth_of_operation: dict[int, int] = {}
    for node in reversed(finished):
        depth = max(depth_of_node.get(id(node), 0), depth_of_operation.get(id(node.operation), 0))
        depth_of_node[id(node)] = depth
        depth_of_operation[id(node.operation)] = depth
        if not is_source(node):
            for parent in parents(node):
                known = depth_of_node.get(id(parent), 0)
                depth_of_node[id(parent)] = max(depth + 1, known)
    for x in inputs:  # inputs that no output needs
        node = node_of(x)
        if id(node.operation) not in operations:
            operations[id(node.operation)] = node.operation
            met[id(node.operation)] = -1
            depth_of_operation[id(node.operation)] = 0
    ordered = sorted(operations.values(), key=lambda o: (-depth_of_operation[id(o)], met[id(o)]))
    runnable = sorted(
        (n for n in finished if not is_source(n)),
        key=lambda n: -depth_of_node[id(n)],
    )
    return runnable, ordered
