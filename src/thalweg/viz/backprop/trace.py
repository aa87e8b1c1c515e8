"""One traced function that gives all values and all gradients of a pass."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg import ops
from thalweg.tensor.dtypes import differentiable, is_floating
from thalweg.tensor.scope import StatelessScope
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.tracing.concrete import ConcreteFunction
from thalweg.tracing.function import function as traced
from thalweg.viz.backprop.knobs import Knob
from thalweg.viz.backprop.question import Question
from thalweg.viz.backprop.record import Recorder
from thalweg.viz.backprop.result import BackwardPass
from thalweg.viz.backprop.sketch import Sketch
from thalweg.viz.backprop.sketcher import Sketcher

__all__ = ["computed", "trace"]


def computed(question: Question) -> tuple[BackwardPass, tuple[tuple[str, Variable], ...]]:
    """The numbers of a pass, and the variables in the picture with their names there."""
    knobs = [Knob(name, tensor) for name, tensor in question.inputs.items()]
    function, sketch = trace(question, knobs)
    found = function(*question.inputs.values())
    return sketch.filled([y.numpy() for y in found]), tuple(sketch.variables)


def trace(
    question: Question, knobs: Sequence[Knob], largest: int | None = None
) -> tuple[ConcreteFunction, Sketch]:
    """Trace the forward and the backward pass.

    Args:
        question: what is asked.
        knobs: the arguments; other inputs are constants, other variables are read.
        largest: of a result with more elements, the norm takes its place.

    Returns:
        The function from the knobs to all results, and what they are.
    """
    sketch = Sketch()

    def everything(*given: Tensor) -> list[Tensor]:
        nonlocal sketch
        inputs, values = dict(question.inputs), []
        for knob, tensor in zip(knobs, given, strict=True):
            if knob.variable is None:
                inputs[knob.label] = tensor
            else:
                values.append((knob.variable, knob.applied(tensor)))
        recorder = Recorder()
        recorder.watch(list(inputs.values()))
        # Nothing that the function assigns stays: to look changes nothing.
        with StatelessScope(values):
            target = recorder.run(lambda: _scalar(question, list(inputs.values())))
        sketch = Sketcher(question, recorder, target, list(inputs.values())).sketch()
        return [_small(y, largest) for y in sketch.results]

    made = traced(everything, autograph=False, name="backward_pass")
    return made.get_concrete_function(*(knob.value for knob in knobs)), sketch


def _small(y: Tensor, largest: int | None) -> Tensor:
    if largest is None or y.size <= largest or not is_floating(y.dtype):
        return y
    norm: Tensor = ops.sqrt(ops.sum(ops.square(y)))
    return norm


def _scalar(question: Question, inputs: Sequence[Tensor]) -> Tensor:
    result = question.run(inputs)
    if isinstance(result, Variable):
        result = result.value
    if not isinstance(result, Tensor):
        raise TypeError(
            f"backward_pass: {question.subject} must return a scalar tensor, got "
            f"{'None' if result is None else f'a {type(result).__name__}'}."
        )
    if result.size != 1:
        raise ValueError(
            f"backward_pass: {question.subject} must return a scalar, got a result of shape "
            f"{result.shape}; reduce it with ops.sum or ops.mean."
        )
    if not differentiable(result.dtype):
        raise ValueError(
            f"backward_pass: {question.subject} returned {result.dtype.name}, and gradients flow "
            "only from floating results."
        )
    return result
