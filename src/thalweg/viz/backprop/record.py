"""What a function does, operation by operation, and in which calls each operation happened.

A gradient tape hears of every operation with the real rule for its gradient. This one also looks at
the Python frames around: of which layers and of which public operation a primitive is a part.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from thalweg.autodiff.tape import GradientTape
from thalweg.layers.layer import Layer
from thalweg.primitives.primitive import Primitive
from thalweg.primitives.reverse import Applied, Entry
from thalweg.tensor.dtypes import differentiable, is_floating
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Call", "Recorder", "Step"]

# Where the operations are that users call by name.
_ROOMS = tuple(
    f"thalweg.{room}" for room in ("ops", "nn", "math", "linalg", "activations", "random")
)
_DISPATCH = "thalweg.ops.dispatch"
_CUSTOM = "thalweg.autodiff.custom"

# What NumPy and TensorFlow call operands; other arguments are options, such as a slope.
_OPERANDS = frozenset({"a", "b", "x", "x1", "x2", "y"})


@dataclass(frozen=True, eq=False)
class Call:
    """A call in which operations happened.

    Attributes:
        name: of the layer, or of the operation as users call it.
        layer: the layer, None for an operation.
        repeated: whether the operation was given one tensor twice, as in `x * x`.
        numbers: the plain numbers that the operation was given, as the 2 in `x * 2`.
    """

    name: str
    layer: Layer | None = None
    repeated: bool = False
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Step:
    """One operation that was heard.

    Attributes:
        entry: what it took and made, and its way backward.
        layers: the calls of layers around it, from the outermost on.
        call: the call of an operation of which it is a part.
    """

    entry: Entry
    layers: tuple[Call, ...]
    call: Call

    @property
    def primitive(self) -> Primitive | None:
        """None for a function with a gradient of its own."""
        return self.entry.primitive if isinstance(self.entry, Applied) else None


class Recorder(GradientTape):
    """Hears every operation, also those that nothing differentiable goes into.

    Attributes:
        steps: the operations in order.
        variables: by the id of a tensor, the variable that had this value when it was read.
    """

    def __init__(self) -> None:
        super().__init__(persistent=True)
        self.steps: list[Step] = []
        self.variables: dict[int, tuple[Tensor, Variable]] = {}
        # Calls by the identity of their frames, which are kept alive so that no id comes twice.
        self._calls: dict[int, tuple[FrameType, Call]] = {}

    def run(self, function: Callable[[], Any]) -> Any:
        """The result of a function, which is listened to."""
        with self:
            result = function()
        self._calls.clear()
        return result

    def record(
        self,
        primitive: Primitive,
        inputs: tuple[Tensor, ...],
        params: dict[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None:
        self.add(Applied(primitive, inputs, params, outputs))

    def add(self, entry: Entry) -> None:
        super().add(entry)
        layers, call = self._around()
        if call is None:
            call = Call(entry.primitive.name if isinstance(entry, Applied) else "custom")
        self.steps.append(Step(entry, layers, call))

    def variable_read(self, variable: Variable, tensor: Tensor) -> None:
        super().variable_read(variable, tensor)
        self.variables.setdefault(id(tensor), (tensor, variable))
        if differentiable(tensor.dtype):
            # Functions with a gradient of their own are heard where a watched tensor goes in.
            self._watched.setdefault(id(tensor), tensor)

    def _around(self) -> tuple[tuple[Call, ...], Call | None]:
        """The layers around what happens now, and the operation directly inside of them."""
        layers: list[Call] = []
        operation: FrameType | None = None
        frame = inspect.currentframe()
        while frame is not None and frame.f_code is not Recorder.run.__code__:
            if frame.f_code is Layer.__call__.__code__:
                layers.append(self._call(frame, _layer_call))
            elif not layers and _is_operation(frame):
                operation = frame  # the last one that is met is the outermost
            frame = frame.f_back
        call = None if operation is None else self._call(operation, _operation_call)
        return tuple(reversed(layers)), call

    def _call(self, frame: FrameType, make: Callable[[FrameType], Call]) -> Call:
        known = self._calls.get(id(frame))
        if known is None:
            known = self._calls[id(frame)] = frame, make(frame)
        return known[1]


def _is_operation(frame: FrameType) -> bool:
    module, name = frame.f_globals.get("__name__", ""), frame.f_code.co_name
    if module == _CUSTOM:
        return name == "wrapped"
    return module.startswith(_ROOMS) and module != _DISPATCH and not name.startswith(("_", "<"))


def _layer_call(frame: FrameType) -> Call:
    layer = frame.f_locals["self"]
    return Call(layer.name, layer)


def _operation_call(frame: FrameType) -> Call:
    code, known = frame.f_code, frame.f_locals
    if frame.f_globals["__name__"] == _CUSTOM:
        return Call(getattr(known["f"], "__name__", "custom"))
    names = code.co_varnames[: code.co_argcount]
    given = [known.get(name) for name in names if name in _OPERANDS]
    tensors = [id(x) for x in given if isinstance(x, (Tensor, Variable))]
    numbers = [x for value in given for x in _number(value)]
    return Call(code.co_name, None, len(set(tensors)) < len(tensors), tuple(numbers))


def _number(value: Any) -> list[float]:
    """The number that an argument is; the operation may have made a tensor of it already."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [float(value)]
    if type(value) is Tensor and value.size and is_floating(value.dtype):
        values = value.numpy()
        return [float(values.flat[0])] if (values == values.flat[0]).all() else []
    return []
