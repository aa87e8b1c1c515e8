"""`thalweg.function`: a Python function, traced once for each kind of arguments."""

from __future__ import annotations

import functools
import sys
import threading
import weakref
from collections.abc import Callable, Hashable, Sequence
from types import MethodType
from typing import Any, NamedTuple, overload

import numpy as np

from thalweg import config
from thalweg.devices import Explanation
from thalweg.primitives.graph import Graph, SymbolicTensor
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tracing.autograph import convert
from thalweg.tracing.capture import Capture, capture, results_of
from thalweg.tracing.concrete import ConcreteFunction
from thalweg.tracing.executor import make_executable
from thalweg.tracing.identity import Cache, Identity
from thalweg.tracing.relaxed import RelaxedFunction
from thalweg.tracing.retracing import Retracing
from thalweg.tracing.signature import Call, Signature, counts_by_identity

__all__ = ["BoundFunction", "Function", "function"]

# Python values that count by value and hash fast; floats need care with -0.0 and NaN.
_PLAIN = frozenset({bool, int, str, type(None)})


class _Options(NamedTuple):
    """The arguments of `function`, behind the Python function."""

    input_signature: Sequence[Any] | None
    autograph: bool
    jit_compile: bool | None
    reduce_retracing: bool
    name: str | None


class Function:
    """A Python function that runs as a graph; see `thalweg.function`, which makes it.

    As an attribute of a class it is a method, with graphs of its own for each instance; it keeps
    no instance alive.
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        options: _Options,
        converted: Callable[..., Any] | None = None,
        owner: Any = None,
    ) -> None:
        self._python_function = python_function
        self._options = options
        self._converted = converted
        self._owner = None if owner is None else weakref.ref(owner)
        self._instances: dict[int, Function] = {}
        self._cache: Cache[ConcreteFunction] = Cache()
        # The first look-up, for arguments in their places none of which is a structure: it binds
        # no signature and walks nothing. `_objects` are the classes that count by identity.
        self._known: Cache[ConcreteFunction] = Cache()
        self._objects: set[type] = set()
        self._lock = threading.RLock()
        self._calls = 0
        name = getattr(python_function, "__name__", type(python_function).__name__)
        self.__name__: str = options.name or name
        self.__qualname__: str = getattr(python_function, "__qualname__", name)
        self.__module__ = getattr(python_function, "__module__", __name__)
        self.__doc__ = python_function.__doc__
        if owner is None:
            self.__wrapped__ = python_function
        any_shape = options.reduce_retracing or options.input_signature is not None
        self._retracing = Retracing(self.__name__, any_shape)

    # --- what it is -------------------------------------------------------------------------------

    @functools.cached_property
    def _signature(self) -> Signature:
        """Made late: a method is first seen as a function with an argument `self`."""
        return Signature(self.python_function, self.__name__, self._options.input_signature)

    @property
    def name(self) -> str:
        """Its name in messages."""
        return self.__name__

    @property
    def python_function(self) -> Callable[..., Any]:
        """The Python function that was given."""
        return self._on_owner(self._python_function)

    @property
    def input_signature(self) -> tuple[Any, ...] | None:
        """The specs that arguments are cast to and checked against, or None."""
        specs = self._options.input_signature
        return None if specs is None else tuple(specs)

    def _on_owner(self, callable_: Callable[..., Any]) -> Callable[..., Any]:
        if self._owner is None:
            return callable_
        owner = self._owner()
        if owner is None:
            raise ReferenceError(f"function '{self.__name__}': its object no longer exists.")
        return MethodType(callable_, owner)

    def _traceable(self) -> Callable[..., Any]:
        """What is traced: the Python function, its control flow on tensors converted."""
        if self._converted is None:
            self._converted = (
                convert(self._python_function) if self._options.autograph else self._python_function
            )
        return self._on_owner(self._converted)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        found = self._instances.get(id(instance))
        if found is None:
            found = self._of_instance(instance)
        return BoundFunction(found, instance)

    def _of_instance(self, instance: Any) -> Function:
        instances, key = self._instances, id(instance)
        with self._lock:
            if key in instances:
                return instances[key]
            if self._converted is None:
                self._traceable()
            try:
                found = Function(self._python_function, self._options, self._converted, instance)
            except TypeError as problem:
                if "weak reference" not in str(problem):
                    raise
                raise TypeError(
                    f"function '{self.__name__}': a method's object must allow weak references; "
                    f"add '__weakref__' to the __slots__ of {type(instance).__name__}."
                ) from None
            instances[key] = found
            weakref.finalize(instance, instances.pop, key, None).atexit = False
        return found

    def __reduce__(self) -> Any:
        found: Any = sys.modules.get(self.__module__)
        for part in self.__qualname__.split("."):
            found = getattr(found, part, None)
        if found is self:
            return self.__qualname__
        return function, (self._python_function, *self._options)

    def __repr__(self) -> str:
        return f"<Function {self.__name__}>"

    # --- calling ----------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        context = CONTEXT
        if not (
            kwargs
            or context.graph is not None
            or context.recorders
            or context.variables is not None
            or context.autocast is not None
            or context.training is not None
            or config._functions_run_eagerly
        ):
            key: list[Any] = []
            arrays = []
            for x in args:
                kind = type(x)
                if kind is Tensor:
                    array = x._value
                elif kind is np.ndarray:
                    array = x
                else:
                    if kind in _PLAIN:
                        part = x
                    elif kind is float:
                        part = x.hex()
                    elif kind in self._objects:
                        part = Identity(x)
                    else:
                        break
                    key.append(kind)
                    key.append(part)
                    continue
                key.append(array.shape)
                key.append(array.dtype)
                arrays.append(array)
            else:
                known = self._known.get(tuple(key))
                if known is not None:
                    self._calls += 1
                    return known.run(arrays)
                return self._call(args, kwargs, tuple(key))
        return self._call(args, kwargs, None)

    def _call(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], place: tuple[Hashable, ...] | None
    ) -> Any:
        """Call with any arguments, anywhere; `place` is where the first look-up did not find it."""
        self._calls += 1
        call = self._signature.call(args, kwargs)
        if config._functions_run_eagerly:
            return self._inline(self.python_function, call)
        if CONTEXT.graph is not None or any(
            hasattr(type(x), "__symbolic_call__") for x in call.leaves
        ):
            return self._inline(self._traceable(), call)
        for x in call.leaves:
            if isinstance(x, (SymbolicTensor, TensorSpec)):
                raise TypeError(
                    f"function '{self.__name__}': an argument has no values, it is {x}, "
                    "a symbol of a trace that is over or a specification."
                )
        concrete = self._concrete(call, warn=True)
        if place is not None and self._same_tensors(args, call):
            self._known.add(place, concrete)
        elif not kwargs:
            # The next call of this kind finds its place.
            self._objects.update(type(x) for x in args if counts_by_identity(x))
        if concrete.has_custom_gradients and concrete.recorded(call.tensors):
            return self._inline(self._traceable(), call)
        return concrete.apply(call.tensors)

    def _same_tensors(self, args: tuple[Any, ...], call: Call) -> bool:
        """Whether the tensors of a call are its arguments as they came: none was cast or made."""
        given = [x for x in args if isinstance(x, (Tensor, np.ndarray))]
        return [(x.shape, x.dtype) for x in given] == [(x.shape, x.dtype) for x in call.tensors]

    def _inline(self, python_function: Callable[..., Any], call: Call) -> Any:
        """Run the Python function here: eagerly, or as a part of what is being traced."""
        args, kwargs = call.arguments(call.leaves)
        return results_of(self.__name__, python_function(*args, **kwargs))

    def _concrete(self, call: Call, warn: bool) -> ConcreteFunction:
        # What layers ask their surroundings for is a part of the key as well.
        key = (CONTEXT.autocast, CONTEXT.training, *call.key)
        found = self._cache.get(key)
        if found is None:
            with self._lock:
                found = self._cache.get(key)
                if found is None:
                    found = self._traced(call)
                    self._cache.add(key, found)
                    self._retracing.traced(self._calls, found.arguments, warn)
        return found

    def _traced(self, call: Call) -> ConcreteFunction:
        captured = self._captured(call)
        if captured.created:
            # The first call may make variables (a layer its weights). A second trace shows the
            # function as it is from then on.
            captured = self._captured(call)
        if captured.created:
            raise ValueError(
                f"function '{self.__name__}': it makes Variable '{captured.created[0].path}' each "
                "time it runs; make variables once, outside or only if they are not there yet."
            )
        executable = make_executable(
            captured.graph,
            len(captured.variables),
            self._options.jit_compile,
            f"function '{self.__name__}'",
            [v.path for v in captured.variables],
        )
        return ConcreteFunction(self.__name__, self._signature, call, captured, executable)

    def _captured(self, call: Call) -> Capture:
        traceable = self._traceable()
        places = [i for i, x in enumerate(call.leaves) if isinstance(x, (Tensor, TensorSpec))]

        def of_tensors(*tensors: Tensor) -> Any:
            leaves = list(call.leaves)
            for i, x in zip(places, tensors, strict=True):
                leaves[i] = x
            args, kwargs = call.arguments(leaves)
            return traceable(*args, **kwargs)

        return capture(self.__name__, of_tensors, call.tensors)

    # --- looking at it ----------------------------------------------------------------------------

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> Any:
        """The traced function for arguments like these, without running it.

        Args:
            args: TensorSpecs or tensors for tensors, other values as they are; nothing where
                there is an `input_signature`.
            kwargs: the same by name.

        Returns:
            A `ConcreteFunction`; a `RelaxedFunction` where specs leave lengths open.

        >>> import thalweg as tw
        >>> double = tw.function(lambda x: 2 * x, name="double")
        >>> double.get_concrete_function(tw.TensorSpec((3,), "float32"))
        double(x: float32[3]) -> float32[3]
        """
        specs = self._options.input_signature
        if not args and not kwargs and specs is not None:
            args = tuple(specs)
        call = self._signature.call(args, kwargs)
        if any(None in x.shape for x in call.tensors):
            return RelaxedFunction(
                self.__name__, self._signature, call, lambda c: self._concrete(c, warn=False)
            )
        return self._concrete(call, warn=False)

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """The kernels of its Program for arguments like these; print it to see a table.

        Args:
            args: the arguments to measure with, as in a call; without any, what it was traced for
                last, measured with zeros.
            kwargs: the same by name.

        >>> import thalweg as tw
        >>> f = tw.function(lambda x: tw.ops.sum(tw.ops.exp(x), axis=-1))
        >>> [row.name for row in f.explain(tw.ops.ones((4, 8))).rows]
        ['sum']
        """
        if not args and not kwargs:
            return self._latest().explain()
        call = self._signature.call(args, kwargs)
        return self._concrete(call, warn=False).explain(*call.tensors)

    @property
    def graph(self) -> Graph:
        """The graph that was traced last."""
        return self._latest().graph

    @property
    def llvm(self) -> str:
        """The LLVM code of what was traced last, as text."""
        return self._latest().llvm

    @property
    def asm(self) -> str:
        """The assembly of what was traced last, as text."""
        return self._latest().asm

    @property
    def wgsl(self) -> str:
        """The shaders for WebGPU of what was traced last, as text."""
        return self._latest().wgsl

    def _latest(self) -> ConcreteFunction:
        found = self._cache.values()
        if not found:
            raise ValueError(
                f"function '{self.__name__}' was not traced yet; call it, or get_concrete_function."
            )
        return found[-1]

    def pretty_printed_concrete_signatures(self) -> str:
        """What it was traced for so far, a line each."""
        return "\n".join(map(repr, self._cache.values()))

    def experimental_get_tracing_count(self) -> int:
        """How often it was traced."""
        return self._retracing.count


class BoundFunction:
    """A `Function` as a method of one object, which it keeps alive while it is used."""

    __slots__ = ("__self__", "_function")

    def __init__(self, bound: Function, instance: Any) -> None:
        self._function = bound
        self.__self__ = instance

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    def __reduce__(self) -> Any:
        return getattr, (self.__self__, self._function.__name__)

    def __repr__(self) -> str:
        return f"<Function {self._function.__name__} of {self.__self__!r}>"


@overload
def function(
    func: Callable[..., Any],
    input_signature: Sequence[Any] | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    name: str | None = None,
) -> Function: ...


@overload
def function(
    func: None = None,
    input_signature: Sequence[Any] | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    name: str | None = None,
) -> Callable[[Callable[..., Any]], Function]: ...


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Sequence[Any] | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    name: str | None = None,
) -> Function | Callable[[Callable[..., Any]], Function]:
    """Make a Python function run as a graph: it is traced once for each kind of arguments.

    Used as `@function`, `@function(...)` or `function(f)`. The first call with tensors of some
    shapes and dtypes runs the Python code once, on symbols; that and every later call of the kind
    runs the graph that came of it. Python values (numbers, strings, objects) are part of the kind.
    Variables may be read and assigned as in eager code.

    Args:
        func: the Python function.
        input_signature: TensorSpecs (possibly nested) to which the arguments are cast and must
            fit; lengths may be None.
        autograph: whether `if`, `while` and `for` over tensors become parts of the graph.
        jit_compile: False to run the graph with the reference instead of the compiler.
        reduce_retracing: whether a trace for each shape is expected, and no cause for a warning.
        name: the name in messages; by default that of `func`.

    Raises:
        TypeError: for arguments that do not fit, and results that are not tensors.
        ValueError: if the function makes new variables each time it runs.

    >>> import thalweg as tw
    >>> weight = tw.Variable(3.0)
    >>> @tw.function
    ... def step(x):
    ...     weight.assign_sub(0.1 * x)
    ...     return weight * x
    >>> step(tw.constant(2.0)).numpy(), step(tw.constant(2.0)).numpy()
    (np.float32(5.6), np.float32(5.2))
    >>> step.experimental_get_tracing_count()
    1
    """
    options = _Options(input_signature, autograph, jit_compile, reduce_retracing, name)
    if func is None:
        return lambda given: _made(given, options)
    return _made(func, options)


def _made(python_function: Any, options: _Options) -> Function:
    if not callable(python_function):
        raise TypeError(
            f"function: func must be a function, got a {type(python_function).__name__}."
        )
    return Function(python_function, options)
