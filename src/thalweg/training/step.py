"""A step of training, testing or prediction: a pure function of (state, batch), run or compiled."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten
from thalweg.tensor.variable import Variable
from thalweg.tracing.state import commit, functionalize, present_values
from thalweg.tracing.worth import Worth
from thalweg.training.programs import StepProgram, leaves_of
from thalweg.training.rows import Rows, tensors_of

__all__ = ["KnownSteps", "Step"]


class Step:
    """`step(values, data) -> (outputs, new_values)`, and `run(data)`, which keeps the new values.

    Args:
        method: what the step does with a batch, for example `model.train_step`.
        variables: all state that it may change: weights, statistics, random generators, the
            optimizer's variables, metrics.
        after: called when the step is over, whether it failed or not.
        compiled: whether steps are compiled, else each operation runs by itself; None: where it is
            possible, and worth the time.
        name: what the step is called in messages.
    """

    def __init__(
        self,
        method: Callable[[Any], Any],
        variables: Sequence[Variable],
        after: Callable[[], None],
        compiled: bool | None = False,
        name: str = "step",
    ) -> None:
        def cleaned(data: Any) -> Any:
            try:
                return method(data)
            finally:
                after()

        self.variables = list(variables)
        self.name = name
        self._pure = functionalize(cleaned, self.variables)
        self._compiled = compiled
        self._programs: dict[Any, StepProgram] = {}
        self._worth = Worth()
        # Why steps cannot be compiled, to be told once they are known to work otherwise.
        self._obstacle: str | None = None

    def __call__(self, values: Sequence[Tensor], data: Any) -> tuple[Any, list[Tensor]]:
        """The outputs for this state and batch, and the state after it; nothing is changed."""
        return self._pure(values, data)

    def run(self, data: Any) -> Any:
        """Take the step: only if it succeeds does the state change."""
        return self.run_all([data])

    def run_all(self, batches: Sequence[Any], more: int = 0, whole: int | None = None) -> Any:
        """Take a step with each batch (tensors or `Rows`); the outputs of the last one.

        Args:
            batches: in order.
            more: how many steps are known to follow, for deciding whether compiling is worth it.
            whole: the steps of the whole training, which alone decide then.
        """
        return deque(self.pieces(batches, more, False, whole), maxlen=1).pop()

    def pieces(
        self,
        batches: Sequence[Any],
        more: int = 0,
        together: bool = True,
        whole: int | None = None,
    ) -> Iterator[Any]:
        """Take a step with each batch, and give the outputs of one batch or more at a time.

        Args:
            batches: in order.
            more: how many steps are known to follow.
            together: whether every row of the outputs is wanted; else those of a last batch are.
            whole: as for `run_all`.
        """
        done = 0
        while done < len(batches):
            batch, count = batches[done], 1
            if whole is not None:
                program = self.program(batch, whole, whole=True)
            else:
                program = self.program(batch, len(batches) - done + more)
            if program is None:
                yield self._run_eagerly(tensors_of(batch))
            elif isinstance(batch, Rows) and program.takes_rows(batch.source, together):
                while done + count < len(batches) and _follows(batches[done + count], batch, count):
                    count += 1
                yield program.run_rows(batch.source, batch.number, count)
            else:
                yield program.run(tensors_of(batch))
            done += count

    def _run_eagerly(self, data: Any) -> Any:
        outputs, values = self._pure(present_values(self.variables), data)
        commit(self.variables, values)
        self._worth.ran()
        if self._obstacle is not None:
            warnings.warn(
                f"The {self.name} runs operation by operation, because it cannot be compiled: "
                f"{self._obstacle} Pass run_eagerly=True to compile() if that is what you want.",
                stacklevel=2,
            )
            self._obstacle = None
        return outputs

    def program(self, batch: Any, steps: int, whole: bool = False) -> StepProgram | None:
        """The Program for a batch like this one; None where operations run by themselves.

        Args:
            batch: tensors or `Rows`.
            steps: how many steps are known to come.
            whole: whether these are all that count.
        """
        at_once = self._compiled is True
        if self._compiled is False or not (at_once or self._worth.tracing(steps, whole)):
            return None
        key = _signature(batch)
        found = self._programs.get(key)
        if found is None:
            found = self._traced(batch.source.batch(0) if isinstance(batch, Rows) else batch)
            if found is None:
                return None
            self._programs[key] = found
        return found if at_once or self._worth.compiling(found, steps, whole) else None

    def compiled(self, data: Any) -> StepProgram:
        """The Program for a batch of tensors, worth it or not."""
        key = _signature(data)
        if key not in self._programs:
            self._programs[key] = StepProgram(self._pure, self.variables, data, self.name)
        return self._programs[key]

    def _traced(self, data: Any) -> StepProgram | None:
        if not leaves_of(data):
            self._compiled = False
            return None
        try:
            return StepProgram(self._pure, self.variables, data, self.name)
        except Exception as error:
            if self._compiled is True:
                raise
            # If the step cannot be run at all, running it will say so better.
            self._obstacle, self._compiled = str(error), False
            return None


class KnownSteps:
    """The steps of a model, by mode. A copy of the model makes its own."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Any, Step]] = {}

    def get(self, mode: str, key: Any, make: Callable[[], Step]) -> Step:
        """The step of a mode, made anew when the key is another than last time."""
        known = self._known.get(mode)
        if known is None or known[0] != key:
            known = self._known[mode] = (key, make())
        return known[1]

    def __deepcopy__(self, memo: Any) -> KnownSteps:
        return KnownSteps()

    def __reduce__(self) -> Any:
        return KnownSteps, ()


def _follows(batch: Any, first: Rows, count: int) -> bool:
    return (
        isinstance(batch, Rows)
        and batch.source is first.source
        and batch.number == first.number + count
    )


def _signature(batch: Any) -> Any:
    """What a Program is made for: structure, and all of the shapes but the batch size."""
    if isinstance(batch, Rows):
        leaves = [None if a is None else (a.shape[1:], a.dtype) for a in batch.source.arrays]
        return str(len(leaves)), tuple(leaves)
    leaves = [None if x is None else (tuple(x.shape[1:]), x.dtype) for x in flatten(batch)]
    return str(len(leaves)), tuple(leaves)
