"""Functional models as plain JSON values and back, in Keras 3's form.

Each layer or operation is written once, with its calls (`inbound_nodes`); a symbolic tensor is
written as the name of the layer, the number of its call inside this model, and the number of the
output.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from thalweg.layers.input import InputLayer
from thalweg.layers.layer import Layer
from thalweg.layers.symbolic import KerasTensor, Node, OperationStep
from thalweg.registry import (
    CustomObjectScope,
    deserialize_keras_object,
    serialize_keras_object,
)
from thalweg.tensor.tree import flatten
from thalweg.tensor.variable import Variable
from thalweg.training.functional import FunctionalGraph
from thalweg.training.keras_operations import Operation, operation_named, operation_of

__all__ = ["functional_config", "functional_from_config"]


def _starts_with_a_call(operation: Any) -> bool:
    """Whether Keras counts a call more for it: a functional model inside another one."""
    return isinstance(getattr(operation, "_graph", None), FunctionalGraph) and not hasattr(
        operation, "_stack"
    )


# --- writing --------------------------------------------------------------------------------------


def functional_config(model: Any) -> dict[str, Any]:
    """The configuration of a functional model.

    Args:
        model: has `name`, `trainable` and the `FunctionalGraph` `_graph`.
    """
    return _Writer(model).config()


class _Writer:
    def __init__(self, model: Any) -> None:
        self.model = model
        self.graph: FunctionalGraph = model._graph
        own = {id(node) for node in self.graph.nodes}
        for x in flatten(self.graph.inputs):
            operation, index, _ = x._keras_history
            own.add(id(operation._inbound_nodes[index]))
        # Calls of a layer outside of this model do not count.
        self.calls: dict[int, list[Node]] = {
            id(operation): [node for node in operation._inbound_nodes if id(node) in own]
            for operation in self.graph.operations
        }

    def config(self) -> dict[str, Any]:
        return {
            "name": self.model.name,
            "trainable": self.model.trainable,
            "layers": [self.entry(operation) for operation in self.graph.operations],
            "input_layers": self.ends(self.graph.inputs),
            "output_layers": self.ends(self.graph.outputs),
        }

    def entry(self, operation: Any) -> dict[str, Any]:
        calls = [node for node in self.calls[id(operation)] if node.inputs]
        if isinstance(operation, OperationStep):
            described, written = self.step(operation, calls)
        else:
            described = serialize_keras_object(operation)
            written = [self.call(node.args, node.kwargs) for node in calls]
        return {**described, "name": operation.name, "inbound_nodes": written}

    def step(
        self, step: OperationStep, calls: Sequence[Node]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        row = operation_of(step.function)
        if row is None:
            raise ValueError(
                f"Model '{self.model.name}' cannot be saved: the operation '{step.name}' has no "
                "counterpart in the .keras format; put it into a layer of your own."
            )
        settings: dict[str, Any] = {}
        written = []
        for node in calls:
            args, kwargs, settings = _split(row, step.function, node)
            for key, value in settings.items():
                if any(isinstance(x, KerasTensor) for x in flatten(value)):
                    raise ValueError(
                        f"Model '{self.model.name}' cannot be saved: argument {key!r} of operation "
                        f"'{step.name}' is a symbolic tensor, which Keras does not write."
                    )
            written.append(self.call(args, kwargs))
        described = {
            "module": row.module,
            "class_name": row.class_name,
            "config": {"name": step.name, **serialize_keras_object(settings)},
            "registered_name": row.class_name,
        }
        return described, written

    def call(self, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        return {
            "args": [self.value(x) for x in args],
            "kwargs": {key: self.value(x) for key, x in kwargs.items()},
        }

    def value(self, x: Any) -> Any:
        if isinstance(x, KerasTensor):
            written = x.__serialize__()
            written["config"]["keras_history"] = self.history(x)
            return written
        if isinstance(x, (list, tuple)):
            return [self.value(item) for item in x]
        if isinstance(x, dict):
            return {key: self.value(item) for key, item in x.items()}
        if isinstance(x, Variable):
            raise ValueError(
                f"Model '{self.model.name}' cannot be saved: it uses the variable '{x.name}' "
                "outside of any layer; put it into a layer of your own."
            )
        return serialize_keras_object(x)

    def history(self, x: KerasTensor) -> list[Any]:
        assert x._keras_history is not None
        operation, index, output = x._keras_history
        node = operation._inbound_nodes[index]
        number = next(i for i, own in enumerate(self.calls[id(operation)]) if own is node)
        return [operation.name, number, output]

    def ends(self, structure: Any) -> Any:
        """Where the inputs or outputs come from, in their structure."""
        if isinstance(structure, dict):
            return {key: self.ends(x) for key, x in structure.items()}
        if isinstance(structure, (list, tuple)):
            return [self.ends(x) for x in structure]
        name, number, output = self.history(structure)
        return [name, number + _starts_with_a_call(structure._keras_history[0]), output]


def _split(
    row: Operation, function: Callable[..., Any], node: Node
) -> tuple[list[Any], dict[str, Any], dict[str, Any]]:
    """The arguments of a call as Keras divides them: of the call itself, and of the operation."""
    signature = inspect.signature(function)
    bound = signature.bind(*node.args, **node.kwargs).arguments
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    gap = False
    for name, parameter in signature.parameters.items():
        if name not in bound:
            gap = gap or name not in row.settings
        elif name in row.settings:
            settings[name] = bound[name]
        elif parameter.kind is parameter.VAR_POSITIONAL:
            args.extend(bound[name])
        elif parameter.kind is parameter.VAR_KEYWORD:
            kwargs.update(bound[name])
        elif gap or parameter.kind is parameter.KEYWORD_ONLY:
            kwargs[name] = bound[name]
        else:
            args.append(bound[name])
    if row.class_name == "GetItem" and isinstance(args[1], list):
        # In a file lists and tuples look alike; a tuple is meant.
        args[1] = (args[1],)
    return args, kwargs, settings


# --- reading --------------------------------------------------------------------------------------


def functional_from_config(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> tuple[Any, Any]:
    """The symbolic inputs and outputs that a configuration describes.

    Args:
        config: what `functional_config` returned, perhaps by way of JSON; also what Keras 3 and
            Keras 2 write.
        custom_objects: name -> class or function of the user's own.
    """
    with CustomObjectScope(custom_objects):
        reader = _Reader(str(config.get("name")))
        for entry in config["layers"]:
            reader.add(entry)
        reader.make_calls()
        return reader.ends(config["input_layers"]), reader.ends(config["output_layers"])


class _NotYetError(Exception):
    """A tensor that a call needs has not been made so far."""


class _Reader:
    def __init__(self, model: str) -> None:
        self.model = model
        self.operations: dict[str, Any] = {}
        # Name -> for each call, its symbolic outputs.
        self.outputs: dict[str, list[list[KerasTensor]]] = {}
        self.waiting: dict[str, list[Any]] = {}

    def problem(self, text: str) -> ValueError:
        return ValueError(f"The configuration of model '{self.model}' is damaged: {text}.")

    def add(self, entry: dict[str, Any]) -> None:
        described = {k: v for k, v in entry.items() if k not in ("name", "inbound_nodes")}
        name = entry.get("name", entry["config"].get("name"))
        if name in self.operations:
            raise self.problem(f"two layers are called {name!r}")
        row = operation_named(described.get("module"), described["class_name"])
        if row is not None:
            operation: Any = _Step(row, described["config"])
        else:
            operation = deserialize_keras_object(described)
            if not isinstance(operation, Layer):
                raise self.problem(f"{name!r} is a {type(operation).__name__}, not a layer")
        self.operations[name] = operation
        self.outputs[name] = []
        if isinstance(operation, InputLayer):
            self.outputs[name].append(flatten(operation.output))
        elif entry["inbound_nodes"]:
            self.waiting[name] = list(entry["inbound_nodes"])

    def make_calls(self) -> None:
        """Make each call as soon as its inputs exist: layers may be listed in any order."""
        while self.waiting:
            before = sum(map(len, self.waiting.values()))
            for name in list(self.waiting):
                try:
                    while self.waiting[name]:
                        self.make_call(name, self.waiting[name][0])
                        self.waiting[name].pop(0)
                except _NotYetError:
                    continue
                del self.waiting[name]
            if sum(map(len, self.waiting.values())) == before:
                raise self.problem(f"the inputs of {', '.join(self.waiting)} never come to exist")

    def make_call(self, name: str, call: Any) -> None:
        operation = self.operations[name]
        if isinstance(call, dict):
            args, kwargs = self.value(call["args"]), self.value(call["kwargs"])
        else:  # Keras 2
            tensors = [self.tensor(*source[:3], older=True) for source in call]
            args = [tensors if len(tensors) > 1 else tensors[0]]
            kwargs = deserialize_keras_object(call[0][3]) if len(call[0]) > 3 else {}
        outputs = flatten(operation(*args, **kwargs))
        if not all(isinstance(y, KerasTensor) for y in outputs):
            raise self.problem(f"layer {name!r} is called without any input of the model")
        self.outputs[name].append(outputs)

    def value(self, written: Any) -> Any:
        if isinstance(written, list):
            return [self.value(item) for item in written]
        if isinstance(written, dict):
            if written.get("class_name") == "__keras_tensor__":
                return self.tensor(*written["config"]["keras_history"])
            if "class_name" not in written:
                return {key: self.value(item) for key, item in written.items()}
        return deserialize_keras_object(written)

    def tensor(self, name: str, call: int, output: int, *, older: bool = False) -> KerasTensor:
        if name not in self.operations:
            raise self.problem(f"a call uses {name!r}, which is not among its layers")
        if older:
            call -= _starts_with_a_call(self.operations[name])
        made = self.outputs[name]
        if not 0 <= call < len(made):
            raise _NotYetError
        if not 0 <= output < len(made[call]):
            raise self.problem(f"{name!r} has no output {output}")
        return made[call][output]

    def ends(self, written: Any) -> Any:
        if isinstance(written, dict):
            return {key: self.ends(item) for key, item in written.items()}
        if len(written) == 3 and isinstance(written[0], str):
            try:
                return self.tensor(*written, older=True)
            except _NotYetError:
                raise self.problem(f"{written[0]!r} has no call {written[1]}") from None
        return [self.ends(item) for item in written]


class _Step:
    """An operation with its settings; every call is a step of the model."""

    def __init__(self, row: Operation, config: dict[str, Any]) -> None:
        settings = deserialize_keras_object(config)
        self.row = row
        self.step = OperationStep(row.function(), settings.pop("name", None))
        for name, value in settings.items():
            # Keras also writes what this library does not have, such as sparse=False.
            if name not in row.settings and value is not None and value is not False:
                raise ValueError(f"The operation {row.class_name!r} has no argument {name!r}.")
        self.settings = {k: v for k, v in settings.items() if k in row.settings}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.row.class_name == "GetItem" and isinstance(args[1], list):
            args = (args[0], tuple(args[1]), *args[2:])
        joined, settings = self._joined(list(args))
        return self.step(*joined, **kwargs, **settings)

    def _joined(self, args: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The settings among the positional arguments, where the function has them."""
        settings = dict(self.settings)
        joined: list[Any] = []
        for name, parameter in inspect.signature(self.step.function).parameters.items():
            if parameter.kind is parameter.VAR_POSITIONAL:
                return joined + args, settings
            if name in settings:
                joined.append(settings.pop(name))
            elif args:
                joined.append(args.pop(0))
            else:
                break
        return joined + args, settings
