"""What goes into an export: Programs of a model or of functions, and the variables they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg import losses
from thalweg.compiler.compile import compile_graph
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Program
from thalweg.layers.symbolic import KerasTensor, infer
from thalweg.losses.loss import LossFunctionWrapper
from thalweg.random.seed import is_global_seed
from thalweg.saving.safetensors_file import role_of
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DType, as_dtype
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, map_structure, pack
from thalweg.tensor.variable import Variable
from thalweg.tracing.concrete import ConcreteFunction
from thalweg.tracing.function import Function, function
from thalweg.training.compile_loss import CROSSENTROPY
from thalweg.training.model import Model
from thalweg.training.outputs import Outputs
from thalweg.training.preparation import build_model, make_ready, prepare

__all__ = ["Collection", "Entry", "Spec", "of_functions", "of_model"]

Array = np.ndarray[Any, Any]

# Losses whose targets are the numbers of classes.
_CLASS_NUMBERS = frozenset(
    {losses.sparse_categorical_crossentropy, losses.categorical_generalized_cross_entropy}
)


@dataclass(frozen=True, slots=True)
class Spec:
    """Data of a model: a name, and the shape and dtype of one sample (of all, for a function)."""

    name: str
    shape: tuple[int, ...]
    dtype: DType


@dataclass(slots=True)
class Entry:
    """A Program under its name.

    Attributes:
        program: takes all variables of the collection as its states, in their order.
        inputs, outputs: the names of what goes in and comes out, in the order of the Program.
        input_shapes: of what goes in.
        changes: the numbers of the variables that it writes.
        flexible: whether it serves all batch sizes up to its capacity.
    """

    program: Program
    inputs: list[str]
    outputs: list[str]
    input_shapes: list[tuple[Dim, ...]]
    changes: list[int]
    flexible: bool


@dataclass(slots=True)
class Collection:
    """Programs that share variables.

    Attributes:
        name: of the model.
        batch: the largest batch; 0 where there are functions only.
        variables: the states of every Program, in this order.
        roles: what each of them is: `weight`, `statistic` (a weight that no gradient changes),
            `optimizer`, `metric`, `random`.
        initial: values that variables take at the beginning of each epoch, by number.
        entries: the Programs by name.
        inputs, targets, outputs: of the model.
        weighted: whether the training takes a weight for each sample.
        training: loss, metrics and optimizer, for people.
    """

    name: str
    batch: int
    variables: list[Variable]
    roles: list[str]
    initial: dict[int, Array] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    inputs: list[Spec] = field(default_factory=list)
    targets: list[Spec] = field(default_factory=list)
    outputs: list[Spec] = field(default_factory=list)
    weighted: bool = False
    training: dict[str, Any] = field(default_factory=dict)

    @property
    def global_seed(self) -> int | None:
        """The number of the variable that shuffles draw from."""
        found = [k for k, v in enumerate(self.variables) if is_global_seed(v)]
        return found[0] if found else None


# --- models


def of_model(
    model: Model, batch: int, x: Any = None, y: Any = None, sample_weight: bool = False
) -> Collection:
    """The Programs of a model: `predict`, and where it is compiled `train` and `evaluate`.

    Args:
        model: a built model.
        batch: the largest batch.
        x, y: a batch of inputs and targets as an example, where their shapes and dtypes cannot be
            told from the model.
        sample_weight: whether training takes a weight for each sample.

    Raises:
        ValueError: if the model says too little about its data.
    """
    inputs = _examples(x, batch) if x is not None else _declared_inputs(model, batch)
    build_model(model, inputs)
    outputs = infer(lambda data: model._forward(data, training=False), (_symbols(inputs),), {})
    trains = model._compiled is not None and model._compiled.loss is not None
    data: Any = (inputs,)
    if trains:
        targets = _examples(y, batch) if y is not None else _inferred_targets(model, outputs, batch)
        data = (inputs, targets)
        if sample_weight:
            data = (*data, Tensor(np.ones(batch, np.float32)))
        trains = model.optimizer is not None
        prepare(model, data, training=trains)
        make_ready(model, data, training=trains)
    variables, roles = model._state_variables(), role_of(model)
    found = Collection(
        model.name,
        batch,
        variables,
        [roles[id(v)] for v in variables],
        inputs=_specs(inputs, model.input_names if x is None else None, "x"),
        outputs=_output_specs(model, outputs),
        weighted=sample_weight,
    )
    names = [s.name for s in found.inputs]
    found.entries["predict"] = _step(
        model, "predict", (inputs,), names, [s.name for s in found.outputs]
    )
    if model._compiled is not None and model._compiled.loss is not None:
        found.initial = _initial_metrics(model, variables)
        found.targets = _specs(data[1], None, "y")
        names += [s.name for s in found.targets] + ["sample_weight"] * sample_weight
        for name, mode in (("train", "train"), ("evaluate", "test")):
            if mode == "test" or trains:
                found.entries[name] = _step(model, mode, data, names, None)
        if trains and model.optimizer.use_ema:
            found.entries["finalize"] = _function(_finalizing(model), variables)
        found.training = _described(model)
    return found


def _step(
    model: Model, mode: str, data: Any, inputs: list[str], outputs: list[str] | None
) -> Entry:
    step = model._step(mode).compiled(data)
    program = step.program(int(flatten(data)[0].shape[0]))
    if outputs is None:
        structure = step.structure
        if not isinstance(structure, dict) or not all(y is True for y in structure.values()):
            raise ValueError(
                f"Model '{model.name}': a page needs the results of its {mode} step as a dict of "
                f"numbers by name, got {structure!r}."
            )
        outputs = flatten({key: key for key in structure})
    batch = Dim(1, 0) if step.flexible else Dim.of(program.capacity)
    shapes = [
        (batch, *(Dim.of(d) for d in leaf.shape[1:])) for leaf in flatten(data) if leaf is not None
    ]
    changes = _numbers(step.changed, step.variables)
    return Entry(program, list(inputs), list(outputs), shapes, changes, step.flexible)


def _declared_inputs(model: Model, batch: int) -> Any:
    try:
        symbols = model.inputs
    except (AttributeError, ValueError) as error:
        raise ValueError(
            f"Model '{model.name}' does not say what its inputs are: give export_web() a batch of "
            "them as x."
        ) from error
    zeros = [_zeros(_length(s.shape[1:], s.name), s.dtype, batch) for s in symbols]
    return zeros[0] if len(zeros) == 1 else zeros


def _length(shape: Sequence[int | None], name: str) -> tuple[int, ...]:
    if None in shape:
        raise ValueError(
            f"Input '{name}' has the shape {tuple(shape)}, whose lengths are not all known: give "
            "export_web() a batch of inputs as x."
        )
    return tuple(int(d) for d in shape if d is not None)


def _examples(data: Any, batch: int) -> Any:
    def example(value: Any) -> Tensor:
        tensor = convert_to_tensor(value)
        return _zeros(tensor.shape[1:], tensor.dtype, batch)

    return map_structure(example, data)


def _zeros(shape: Sequence[int], dtype: Any, batch: int) -> Tensor:
    return Tensor(np.zeros((batch, *shape), as_dtype(dtype)))


def _symbols(data: Any) -> Any:
    return map_structure(lambda t: KerasTensor((None, *t.shape[1:]), t.dtype, name="x"), data)


def _inferred_targets(model: Model, outputs: Any, batch: int) -> Any:
    """Zeros shaped as the losses want their targets: as the output, or numbers of classes."""
    wanted: list[Tensor | None] = []
    given = Outputs(outputs, model._output_names()).spread(model.loss, "loss")
    for loss, output in zip(given, flatten(outputs), strict=True):
        shape = _length(output.shape[1:], "y")
        if loss is None:
            wanted.append(None)
        elif _takes_class_numbers(loss):
            wanted.append(_zeros(shape[:-1], "int32", batch))
        else:
            wanted.append(_zeros(shape, output.dtype, batch))
    return pack(outputs, wanted)


def _takes_class_numbers(loss: Any) -> bool:
    if loss in CROSSENTROPY:  # the targets tell which one it is, and there are none
        return False
    function = losses.get(loss)
    return (
        function.fn if isinstance(function, LossFunctionWrapper) else function
    ) in _CLASS_NUMBERS


def _specs(data: Any, names: Sequence[str] | None, name: str) -> list[Spec]:
    leaves = [leaf for leaf in flatten(data) if leaf is not None]
    if names is None or len(names) != len(leaves):
        names = _keys(data) if isinstance(data, dict) else _numbered(name, len(leaves))
    return [
        Spec(name, tuple(leaf.shape[1:]), leaf.dtype)
        for name, leaf in zip(names, leaves, strict=True)
    ]


def _keys(data: dict[str, Any]) -> list[str]:
    return [key for key in flatten({key: key for key in data}) if data[key] is not None]


def _numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}_{k}" for k in range(count)]


def _output_specs(model: Model, outputs: Any) -> list[Spec]:
    leaves = flatten(outputs)
    names = model._output_names()
    if isinstance(outputs, dict):
        names = flatten({key: key for key in outputs})
    if names is None or len(names) != len(leaves):
        names = _numbered("output", len(leaves))
    return [
        Spec(name, _length(leaf.shape[1:], name), as_dtype(leaf.dtype))
        for name, leaf in zip(names, leaves, strict=True)
    ]


def _initial_metrics(model: Model, variables: Sequence[Variable]) -> dict[int, Array]:
    """What the metrics' variables hold at the beginning of an epoch."""
    own = {id(v) for metric in model._all_metrics() for v in metric.variables}
    before = [(v, v.numpy()) for v in variables if id(v) in own]
    model.reset_metrics()
    found = {k: v.numpy() for k, v in enumerate(variables) if id(v) in own}
    for variable, value in before:
        variable.assign(value)
    return found


def _finalizing(model: Model) -> ConcreteFunction:
    """What `fit` does when it is over: the weights become the averages that the optimizer kept."""

    def finalize() -> None:
        model.optimizer.finalize_variable_values(model.trainable_variables)

    return function(finalize, autograph=False).get_concrete_function()


def _described(model: Model) -> dict[str, Any]:
    names = [
        loss if isinstance(loss, str) else getattr(loss, "name", type(loss).__name__)
        for loss in flatten(model.loss)
    ]
    return {
        "loss": ", ".join(names),
        "metrics": [name for name in model.metrics_names if name != "loss"],
        "optimizer": None if model.optimizer is None else model.optimizer.name,
    }


# --- functions


def of_functions(
    functions: Mapping[str, Function | ConcreteFunction | Callable[..., Any]],
    arguments: Mapping[str, Sequence[Any]],
) -> Collection:
    """The Programs of functions, each for exactly the shapes of its arguments.

    Args:
        functions: by name.
        arguments: for each one that is not concrete yet, examples of its arguments or their specs.
    """
    concrete: dict[str, ConcreteFunction] = {}
    for name, made in functions.items():
        if isinstance(made, ConcreteFunction):
            concrete[name] = made
            continue
        known = made if isinstance(made, Function) else function(made)
        concrete[name] = known.get_concrete_function(*arguments.get(name, ()))
    variables = list({id(v): v for f in concrete.values() for v in f.variables}.values())
    roles = ["random" if is_global_seed(v) else "weight" for v in variables]
    found = Collection("function", 0, variables, roles)
    for name, known_function in concrete.items():
        found.entries[name] = _function(known_function, variables)
    return found


def _function(concrete: ConcreteFunction, variables: Sequence[Variable]) -> Entry:
    program = compile_graph(concrete.graph, len(concrete.variables)).program(1)
    _widen(program, concrete.variables, variables)
    inputs = [_plain(path) for path, _ in concrete.arguments]
    shapes = [tuple(Dim.of(d) for d in spec.shape) for spec in concrete.inputs]
    changes = _numbers(concrete.changed, variables)
    return Entry(program, inputs, _result_names(concrete), shapes, changes, False)


def _numbers(some: Sequence[Variable], variables: Sequence[Variable]) -> list[int]:
    wanted = {id(v) for v in some}
    return [k for k, v in enumerate(variables) if id(v) in wanted]


def _widen(program: Program, own: Sequence[Variable], all_of_them: Sequence[Variable]) -> None:
    """Have a Program take the states of all functions, most of which it does not look at."""
    places = {id(v): buffer for v, buffer in zip(own, program.states, strict=True)}
    program.states = [
        places.get(id(v)) or Buffer("state", v.dtype, Dim.of(int(np.prod(v.shape, dtype=int))))
        for v in all_of_them
    ]
    for number, buffer in enumerate(program.states):
        buffer.number = number


def _plain(path: str) -> str:
    return path.strip("[]'\"") or "x"


def _result_names(concrete: ConcreteFunction) -> list[str]:
    structure = concrete.structured_outputs
    if isinstance(structure, dict):
        return [str(key) for key in flatten({key: key for key in structure})]
    return _numbered("output", len([y for y in flatten(structure) if y is not None]))
