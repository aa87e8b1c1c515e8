"""Functions with a gradient of their own: `custom_gradient` and `recompute_grad`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from thalweg.autodiff.tape import GradientTape, record_entry
from thalweg.primitives.elementwise import stop_gradient, zero_like
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.scope import StatelessScope
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, pack
from thalweg.tensor.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["custom_gradient", "recompute_grad"]


class _VariableReads:
    """Listens for the variables that a function reads, and records nothing else."""

    def __init__(self) -> None:
        self.reads: dict[int, tuple[Variable, Tensor]] = {}

    def record(self, *_: Any) -> None: ...

    def left(self, tensor: Tensor) -> None: ...

    def variable_read(self, variable: Variable, tensor: Tensor) -> None:
        if variable.trainable:
            self.reads.setdefault(id(variable), (variable, tensor))


@contextmanager
def _unrecorded() -> Iterator[_VariableReads]:
    reads = _VariableReads()
    recorders, CONTEXT.recorders = CONTEXT.recorders, [reads]
    try:
        yield reads
    finally:
        CONTEXT.recorders = recorders
        for variable, tensor in reads.reads.values():
            for recorder in recorders:
                recorder.variable_read(variable, tensor)


class _Custom:
    """A tape entry whose way backward is a function."""

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        function: Callable[[tuple[Tensor, ...]], Sequence[Tensor | None]],
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.function = function

    def backward(
        self, gradients: tuple[Tensor | None, ...], wanted: tuple[bool, ...]
    ) -> Sequence[Tensor | None]:
        filled = tuple(
            zero_like(y) if g is None else g for g, y in zip(gradients, self.outputs, strict=True)
        )
        return self.function(filled)


def _is_array(x: Any) -> bool:
    return isinstance(x, (Tensor, Variable)) or hasattr(x, "__array__")


def _fresh(y: Any) -> Tensor:
    """An output as a tensor of its own, so that returning an input unchanged works."""
    found: Tensor = stop_gradient(convert_to_tensor(y), custom=True)
    return found


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function a gradient of its own.

    Args:
        f: takes tensors and returns `(result, grad_fn)`, where `grad_fn(*upstream)` gets the
            gradient of each result and returns the gradient of each tensor argument. If `f` reads
            trainable variables, `grad_fn` must take `variables` too, and return
            `(argument_gradients, variable_gradients)`.

    >>> import thalweg as tw
    >>> @tw.custom_gradient
    ... def log1pexp(x):
    ...     e = tw.exp(x)
    ...
    ...     def grad(upstream):
    ...         return upstream * (1 - 1 / (1 + e))
    ...
    ...     return tw.math.log(1 + e), grad
    >>> x = tw.constant(100.0)
    >>> with tw.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = log1pexp(x)
    >>> tape.gradient(y, x).numpy()
    np.float32(1.0)
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves = flatten(args)
        leaves = [convert_to_tensor(x) if _is_array(x) else x for x in leaves]
        tensors = tuple(x for x in leaves if isinstance(x, Tensor))
        with _unrecorded() as reads:
            result, grad_fn = f(*pack(args, leaves), **kwargs)
            outputs = tuple(_fresh(y) for y in flatten(result))
        variables = [variable for variable, _ in reads.reads.values()]
        snapshots = tuple(tensor for _, tensor in reads.reads.values())
        if variables and not _takes_variables(grad_fn):
            raise TypeError(
                f"custom_gradient: {getattr(f, '__name__', 'f')} reads the variables "
                f"{[v.name for v in variables]}, so its grad_fn must accept variables=None and "
                "return (argument_gradients, variable_gradients)."
            )

        def backward(upstream: tuple[Tensor, ...]) -> Sequence[Tensor | None]:
            if variables:
                found, of_variables = grad_fn(*upstream, variables=variables)
                return (*_aligned(found, tensors, f), *flatten(of_variables))
            return _aligned(grad_fn(*upstream), tensors, f)

        record_entry(_Custom((*tensors, *snapshots), outputs, backward))
        return pack(result, outputs)

    return wrapped


def _takes_variables(grad_fn: Callable[..., Any]) -> bool:
    parameters = inspect.signature(grad_fn).parameters.values()
    return any(p.name == "variables" or p.kind is p.VAR_KEYWORD for p in parameters)


def _aligned(found: Any, tensors: tuple[Tensor, ...], f: Callable[..., Any]) -> list[Tensor | None]:
    gradients = flatten(found)
    if len(gradients) != len(tensors):
        raise ValueError(
            f"custom_gradient: the grad_fn of {getattr(f, '__name__', 'f')} returned "
            f"{len(gradients)} gradients for {len(tensors)} tensor arguments."
        )
    return [None if g is None else convert_to_tensor(g) for g in gradients]


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Forget a function's intermediate results and compute them again in the backward pass.

    It trades time for memory: `f` runs twice, so its Python side effects happen twice. Variables
    that `f` reads get their gradients too.

    >>> import thalweg as tw
    >>> x = tw.Variable(2.0)
    >>> with tw.GradientTape() as tape:
    ...     y = tw.recompute_grad(lambda t: t * t * t)(x)
    >>> tape.gradient(y, x).numpy()
    np.float32(12.0)
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves = flatten(args)
        leaves = [convert_to_tensor(x) if _is_array(x) else x for x in leaves]
        tensors = tuple(x for x in leaves if isinstance(x, Tensor))
        with _unrecorded() as reads:
            result = f(*pack(args, leaves), **kwargs)
            outputs = tuple(_fresh(y) for y in flatten(result))
        variables = [variable for variable, _ in reads.reads.values()]
        snapshots = tuple(tensor for _, tensor in reads.reads.values())

        def backward(upstream: tuple[Tensor, ...]) -> Sequence[Tensor | None]:
            earlier = _Snapshots(zip(variables, snapshots, strict=True))
            with GradientTape() as tape, earlier:
                tape.watch(list(tensors))
                again = f(*pack(args, leaves), **kwargs)
            sources = [*tensors, *variables]
            found: list[Tensor | None] = tape.gradient(
                flatten(again), sources, output_gradients=list(upstream)
            )
            return found

        record_entry(_Custom((*tensors, *snapshots), outputs, backward))
        return pack(result, outputs)

    return wrapped


class _Snapshots(StatelessScope):
    """The variables as they were in the forward pass, whatever was assigned since."""

    def write(self, variable: Variable, value: Tensor) -> None:
        raise RuntimeError(
            f"recompute_grad: the function assigns to Variable '{variable.name}'; it would do so "
            "twice, so move the assignment out of it."
        )
