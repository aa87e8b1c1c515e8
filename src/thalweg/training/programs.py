"""StepProgram: a step of a model as a pure function, traced, and run by its compiled Programs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg import devices
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.program import Program
from thalweg.primitives.graph import Graph, trace
from thalweg.random.seed import global_seed_generator, is_global_seed
from thalweg.tensor.states import States
from thalweg.tensor.storage import STATE_LOCK, Holder
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tensor.tree import flatten, map_structure, pack
from thalweg.tensor.variable import Variable
from thalweg.tracing.capture import results_of
from thalweg.tracing.worth import seconds_by_operation, seconds_to_compile
from thalweg.training.compiling import SizedPrograms
from thalweg.training.rows import Pass

__all__ = ["StepProgram", "leaves_of"]

Array = np.ndarray[Any, Any]
Pure = Callable[[Sequence[Tensor], Any], tuple[Any, list[Tensor]]]


def leaves_of(data: Any) -> list[Any]:
    """The tensors of a batch, without what is None."""
    return [x for x in flatten(data) if x is not None]


def _sizes(source: Pass) -> list[int]:
    """The batch sizes that occur in a pass, the usual one first."""
    batch = min(source.batch_size, source.samples)
    rest = source.samples % batch
    return [batch, rest] if rest else [batch]


@dataclass(slots=True, eq=False)
class _Traced:
    graph: Graph
    structure: Any


class StepProgram:
    """What runs a pure step `pure(values, data) -> (outputs, new_values)` natively.

    Args:
        pure: the step.
        variables: whose values it takes and gives.
        data: a batch, for its structure, shapes and dtypes.
        name: what it is called when it is explained.

    Attributes:
        changed: the variables that it changes.
        flexible: whether one Program serves all batch sizes, as far as is known.
        seconds_by_operation: about how long a step takes operation by operation.
        seconds_to_compile: about how long it takes to compile it.
    """

    def __init__(self, pure: Pure, variables: Sequence[Variable], data: Any, name: str) -> None:
        self._pure, self.variables, self._data = pure, list(variables), data
        self._n = int(leaves_of(data)[0].shape[0])
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._first = self._trace(self._n)
        self._draws = any(map(is_global_seed, self.variables))
        graph = self._first.graph
        states = len(self.variables)
        pairs = zip(graph.inputs[:states], graph.outputs[:states], strict=True)
        self.changed = [v for v, (x, y) in zip(self.variables, pairs, strict=True) if x is not y]
        self.seconds_by_operation = seconds_by_operation(graph)
        self.seconds_to_compile = seconds_to_compile(graph)
        self._states = States(self.variables)
        self._programs = SizedPrograms(
            lambda n: self._trace(n).graph,
            graph,
            self._n,
            states,
            name,
            [v.path for v in variables],
        )

    # --- tracing

    def _trace(self, n: int) -> _Traced:
        structure: Any = None
        states = [TensorSpec(v.shape, v.dtype) for v in self.variables]
        leaves = leaves_of(self._data)
        specs = [
            TensorSpec((n, *x.shape[1:]) if x.shape[:1] == (self._n,) else x.shape, x.dtype)
            for x in leaves
        ]

        def flat(*tensors: Tensor) -> list[Tensor]:
            nonlocal structure
            rest = iter(tensors[len(states) :])
            shape = flatten(self._data)
            data = pack(self._data, [None if x is None else next(rest) for x in shape])
            outputs, values = self._pure(tensors[: len(states)], data)
            outputs = results_of("step", outputs)
            structure = map_structure(lambda y: None if y is None else True, outputs)
            return [*values, *(y for y in flatten(outputs) if y is not None)]

        graph = trace(flat, (*states, *specs))
        return _Traced(graph, structure)

    # --- compiling

    @property
    def flexible(self) -> bool:
        """Whether one Program serves all batch sizes, as far as is known."""
        return self._programs.flexible

    def start(self) -> None:
        """Begin to compile in the background, after this thread has run the user's code for it."""
        with self._lock:
            if self._thread is None and not self._programs:
                self._programs.trace_all()
                self._thread = threading.Thread(target=self._background, name="thalweg-compiler")
                self._thread.start()

    def _background(self) -> None:
        try:
            self._programs.executable(self._n)
        except BaseException as error:
            self._failure = error

    def executable(self, *sizes: int) -> devices.Executable:
        """What runs batches of these sizes; compiles it if need be."""
        thread = self._thread
        if thread is not None:
            thread.join()
            self._thread = None
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
        return self._programs.executable(*sizes)

    def program(self, capacity: int) -> Program:
        """The Program alone, for other devices; see `SizedPrograms.program`."""
        return self._programs.program(capacity)

    @property
    def structure(self) -> Any:
        """That of the outputs: True where there is a tensor, None where there is none."""
        return self._first.structure

    # --- running

    def _present(self, holder: Holder | None) -> tuple[Any, ...]:
        """The states, with what the variables hold."""
        if self._draws:
            global_seed_generator()  # takes a new seed after `set_random_seed`
        return self._states.present(holder)

    @contextmanager
    def _updating(self, holder: Holder | None) -> Iterator[tuple[Any, ...]]:
        """The states, for a Program to change in place; nobody else reads or writes them."""
        with STATE_LOCK:
            states = self._present(holder)
            try:
                yield states
            finally:
                for variable in self.changed:
                    variable.written(holder)

    def run(self, data: Any) -> Any:
        """Take the step with a batch of tensors."""
        arrays = [x._value for x in leaves_of(data)]
        n = int(arrays[0].shape[0])
        executable = self.executable(n)
        with self._updating(executable.holder) as states:
            found = executable.run(states, arrays, n)
        return self._packed(found)

    def explain(self, data: Any) -> devices.Explanation:
        """The kernels of the Program, measured with a batch; nothing changes."""
        arrays = [x._value for x in leaves_of(data)]
        n = int(arrays[0].shape[0])
        executable = self.executable(n)
        with STATE_LOCK:
            states = self._present(executable.holder)
            return devices.explain(executable, states, arrays, n)

    def run_rows(self, source: Pass, first: int, steps: int) -> Any:
        """Take steps with neighbouring batches of a pass; the outputs of the last one.

        Outputs with a row for each sample come for the samples of all batches.
        """
        batch, *rest = _sizes(source)
        executable = self.executable(batch, *rest)
        wholes = [a for a in source.arrays if a is not None]
        with self._updating(executable.holder) as states:
            found = executable.run_many(states, wholes, source.order, batch, first, steps)
        return self._packed(found)

    def run_epochs(
        self, source: Pass, orders: Array | None, epochs: int, begin: Sequence[Variable]
    ) -> Any:
        """Take every step of several epochs; the outputs of each epoch's last step, stacked.

        Args:
            source: a pass, for its arrays.
            orders: of all epochs, one after the other.
            epochs: how many.
            begin: variables that begin each epoch with the value that they have now.
        """
        batch, *rest = _sizes(source)
        executable = self.executable(batch, *rest)
        wholes = [a for a in source.arrays if a is not None]
        places = {id(v): i for i, v in enumerate(self.variables)}
        with self._updating(executable.holder) as states:
            resets = [(places[id(v)], v.resident().copy()) for v in begin]
            found = executable.run_epochs(states, wholes, orders, batch, epochs, resets)
        return self._packed(found)

    @property
    def gives_numbers(self) -> bool:
        """Whether the outputs are a dict of single numbers by name."""
        structure, graph = self._first.structure, self._first.graph
        results = graph.outputs[len(self.variables) :]
        return (
            isinstance(structure, dict)
            and all(leaf is True for leaf in structure.values())
            and all(y.shape == () for y in results)
        )

    def seconds(self, source: Pass) -> float:
        """About how long an epoch takes."""
        batch, *rest = _sizes(source)
        return self.executable(batch, *rest).seconds(batch) * -(-source.samples // batch)

    def takes_rows(self, source: Pass, together: bool) -> bool:
        """Whether all batches of a pass can be taken in one go.

        Args:
            source: the pass.
            together: whether every row of the outputs is wanted.
        """
        image = self.executable(*_sizes(source)).image
        rowwise = all(x.size.scale and not x.size.offset for x in image.inputs)
        gathered = all(shape[:1] == (Dim(1, 0),) for shape in image.output_shapes)
        return self.flexible and rowwise and (gathered or not together)

    def _packed(self, arrays: list[Array]) -> Any:
        rest = iter(arrays)
        leaves = [None if y is None else Tensor(next(rest)) for y in flatten(self._first.structure)]
        return pack(self._first.structure, leaves)
