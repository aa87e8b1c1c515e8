"""A traced function for one set of argument shapes: its graph, and what runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.autodiff.tape import GradientTape
from thalweg.devices import Explanation, explain
from thalweg.primitives.graph import Graph
from thalweg.random.seed import global_seed_generator, is_global_seed
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.states import States
from thalweg.tensor.storage import STATE_LOCK
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tensor.tree import flatten, is_nested, map_structure, pack
from thalweg.tensor.variable import Variable
from thalweg.tracing.capture import Capture
from thalweg.tracing.executor import Executable, program_of
from thalweg.tracing.signature import Call, Signature, as_leaf, described

__all__ = ["ConcreteFunction"]

Array = np.ndarray[Any, Any]


class ConcreteFunction:
    """A traced function whose arguments have fixed shapes and dtypes.

    It comes from `Function.get_concrete_function`, and is called with arguments that fit.

    Attributes:
        name: the function's name.
        graph: the traced graph; its inputs are `(*states, *arguments)`, its outputs
            `(*new_states, *results)`.
        executable: what runs the graph.
        variables: the variables that are its states.
        changed: those of them that it assigns to.
        arguments: each argument's path and what it is, in a few characters.
        has_custom_gradients: whether it calls functions with gradients of their own, which the
            graph does not have.
    """

    def __init__(
        self,
        name: str,
        signature: Signature,
        call: Call,
        captured: Capture,
        executable: Executable,
    ) -> None:
        self.name = name
        self.graph: Graph = captured.graph
        self.executable = executable
        self.variables = captured.variables
        self.arguments = call.named_leaves()
        self.structured_outputs = _with_specs(captured)
        self._signature = signature
        self._key = call.key
        self._inputs = [TensorSpec(x.shape, x.dtype) for x in call.tensors]
        self._capture = captured
        self.changed = captured.changed
        self._states = States(captured.variables)
        self._pack = _packer(captured.structure)
        self.has_custom_gradients = any(node.params.get("custom") for node in captured.graph.nodes)
        self._draws = any(map(is_global_seed, captured.variables))

    @property
    def inputs(self) -> list[TensorSpec]:
        """The specs of its tensor arguments, in order."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[TensorSpec]:
        """The specs of the tensors it returns, in order."""
        return list(self._capture.specs)

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those of `variables` that are trainable."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def llvm(self) -> str:
        """The LLVM code of its Program, as text."""
        return program_of(self.executable, self.name).llvm

    @property
    def asm(self) -> str:
        """The assembly of its Program, as text."""
        return program_of(self.executable, self.name).asm

    @property
    def wgsl(self) -> str:
        """The shaders of its Program for WebGPU, as text."""
        return program_of(self.executable, self.name).wgsl

    def explain(self, *tensors: Any) -> Explanation:
        """The kernels of its Program with shapes, costs and measured times; print it.

        Args:
            tensors: the tensor arguments to measure with, in order; by default zeros.
        """
        given = [as_leaf(x)._value for x in tensors]
        arrays = given or [np.zeros(spec.shape, spec.dtype) for spec in self._inputs]
        program = program_of(self.executable, self.name)
        return explain(program, [v.resident() for v in self.variables], arrays)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it; the arguments are those of the function, or its tensors alone, in order."""
        if not kwargs:
            tensors = [as_leaf(x) for x in args]
            specs = [TensorSpec(x.shape, x.dtype) for x in tensors if isinstance(x, Tensor)]
            if len(specs) == len(tensors) and specs == self._inputs:
                return self.apply(tensors)
        call = self._signature.call(args, kwargs)
        if call.key != self._key:
            given = ", ".join(f"{path}: {text}" for path, text in call.named_leaves())
            raise TypeError(f"The concrete function {self!r} was called with ({given}).")
        return self.apply(call.tensors)

    def apply(self, tensors: Sequence[Tensor]) -> Any:
        """The results for these tensors, while whoever listens hears what it must hear."""
        if self._draws:
            global_seed_generator()
        if CONTEXT.graph is not None or CONTEXT.variables is not None or self.recorded(tensors):
            return self._replay(tensors)
        return self.run([x._value for x in tensors])

    def recorded(self, tensors: Sequence[Tensor]) -> bool:
        """Whether a tape would record something of a call."""
        return any(
            not isinstance(r, GradientTape) or r.concerns(tensors, self.variables)
            for r in CONTEXT.recorders
        )

    def run(self, arrays: list[Array]) -> Any:
        """The results for these arrays, with no tape, trace or variable scope around."""
        if self._draws:
            global_seed_generator()  # takes a new seed after `set_random_seed`
        runner = self.executable.runner()
        holder = runner.holder
        if not self.changed:
            return self._pack(runner.run(self._states.present(holder), arrays))
        with STATE_LOCK:
            states = self._states.present(holder)
            try:
                found = runner.run(states, arrays)
            finally:
                for variable in self.changed:
                    variable.written(holder)
        return self._pack(found)

    def _replay(self, tensors: Sequence[Tensor]) -> Any:
        """Apply the graph's primitives one by one, so that tapes and traces hear of each."""
        graph, later = self.graph, self._capture.later_reads
        values: dict[int, Tensor] = {}

        def know(symbol: Tensor, tensor: Tensor) -> None:
            values[id(symbol)] = tensor
            variable = later.get(id(symbol))
            if variable is not None:
                for recorder in CONTEXT.recorders:
                    recorder.variable_read(variable, tensor)

        states = [v._read() for v in self.variables]
        for symbol, tensor in zip(graph.inputs, (*states, *tensors), strict=True):
            know(symbol, tensor)
        for constant, symbol in graph.captures:
            know(symbol, constant)
        for node in graph.nodes:
            found = node.primitive(*[values[id(x)] for x in node.inputs], **node.params)
            for symbol, tensor in zip(
                node.outputs, found if node.primitive.multiple else (found,), strict=True
            ):
                know(symbol, tensor)
        new = [values[id(y)] for y in graph.outputs]
        changed = {id(v) for v in self.changed}
        for variable, value in zip(self.variables, new, strict=False):
            if id(variable) in changed:
                variable.assign(value)
        rest = iter(new[len(self.variables) :])
        return map_structure(lambda y: None if y is None else next(rest), self._capture.structure)

    def __repr__(self) -> str:
        given = ", ".join(f"{path}: {text}" for path, text in self.arguments)
        return f"{self.name}({given}) -> {_shown(self.structured_outputs)}"


def _with_specs(captured: Capture) -> Any:
    specs = iter(captured.specs)
    return map_structure(lambda y: None if y is None else next(specs), captured.structure)


def _shown(structure: Any) -> str:
    text = map_structure(lambda y: None if y is None else described(y), structure)
    return str(text).replace("'", "")


def _packer(structure: Any) -> Callable[[list[Array]], Any]:
    """From the arrays of a run to what the function returns; most return few tensors, flat."""
    leaves = flatten(structure)
    if structure is True:
        return lambda found: Tensor(found[0])
    if all(leaf is True for leaf in leaves):
        if type(structure) is tuple and not any(map(is_nested, structure)):
            return lambda found: tuple([Tensor(y) for y in found])
        if type(structure) is list and not any(map(is_nested, structure)):
            return lambda found: [Tensor(y) for y in found]
        if type(structure) is dict and not any(map(is_nested, structure.values())):
            order = pack(structure, range(len(leaves)))
            return lambda found: {key: Tensor(found[i]) for key, i in order.items()}

    def nested(found: list[Array]) -> Any:
        rest = iter(found)
        return pack(structure, [None if y is None else Tensor(next(rest)) for y in leaves])

    return nested
