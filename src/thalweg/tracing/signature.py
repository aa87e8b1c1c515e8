"""The signature of a traced function: arguments in their places, and the key of a call.

Two calls with the same key run the same graph. Tensors count by shape and dtype, Python values by
value, variables and other objects by identity, structures by their form.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MethodType
from typing import Any, NamedTuple

import numpy as np

from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tensor.tree import flatten, is_nested, pack
from thalweg.tensor.variable import Variable
from thalweg.tracing.identity import Identity

__all__ = ["Call", "Signature", "as_leaf", "counts_by_identity", "described"]

_VALUES = frozenset({bool, int, complex, str, bytes, type(None), type(Ellipsis), range, type})
_ANY = inspect.Signature(
    [
        inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL),
        inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
    ]
)


class Call(NamedTuple):
    """The arguments of a call, in the order of the parameters, with defaults filled in.

    Attributes:
        bound: the arguments by name; its values are not those below.
        leaves: what stands in them, arrays made tensors.
        key: equal for calls that share a graph.
    """

    bound: inspect.BoundArguments
    leaves: list[Any]
    key: tuple[Hashable, ...]

    @property
    def tensors(self) -> list[Any]:
        """The tensors (or specs) among the leaves."""
        return [x for x in self.leaves if isinstance(x, (Tensor, TensorSpec))]

    def arguments(self, leaves: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments with these leaves."""
        values = pack(tuple(self.bound.arguments.values()), leaves)
        arguments = dict(zip(self.bound.arguments, values, strict=True))
        filled = inspect.BoundArguments(self.bound.signature, arguments)
        return filled.args, filled.kwargs

    def named_leaves(self) -> list[tuple[str, str]]:
        """Each leaf as the path to it (`x`, `batch[0]`, `config['rate']`) and what it is."""
        paths = [path for name, x in self.bound.arguments.items() for path in _paths(name, x)]
        return [(p, described(x)) for p, x in zip(paths, self.leaves, strict=True)]


class Signature:
    """Puts the arguments of a Python function in order.

    Args:
        function: the Python function.
        name: its name in messages.
        input_signature: what its arguments are cast to and checked against, if anything.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        input_signature: Sequence[Any] | None = None,
    ) -> None:
        try:
            self._signature = inspect.signature(function)
        except (TypeError, ValueError):  # written in C, with no signature
            self._signature = _ANY
        self._name = name
        self._specs = None if input_signature is None else tuple(input_signature)
        if self._specs is not None:
            self._check_specs(self._specs)

    def _check_specs(self, specs: tuple[Any, ...]) -> None:
        for spec in flatten(specs):
            if not isinstance(spec, TensorSpec):
                raise TypeError(
                    f"function '{self._name}': input_signature must hold TensorSpecs, got a "
                    f"{type(spec).__name__}."
                )
        try:
            self._signature.bind(*specs)
        except TypeError as problem:
            raise TypeError(
                f"function '{self._name}': input_signature does not fit its parameters: {problem}."
            ) from None

    def call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        """The arguments in order, arrays made tensors, with the key."""
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as problem:
            raise TypeError(f"function '{self._name}': {problem}.") from None
        bound.apply_defaults()
        if self._specs is not None:
            self._cast(bound, self._specs)
        structure = tuple(bound.arguments.values())
        leaves = [as_leaf(x) for x in flatten(structure)]
        return Call(bound, leaves, (_form(structure), *map(_leaf_key, leaves)))

    def _cast(self, bound: inspect.BoundArguments, specs: tuple[Any, ...]) -> None:
        """The leading arguments in the dtypes of the specs; the others keep their defaults."""
        given = list(bound.args)
        for i, spec in enumerate(specs):
            given[i] = self._fit(given[i], spec, self._place(i))
        arguments = self._signature.bind(*given, **bound.kwargs)
        arguments.apply_defaults()
        bound.arguments = arguments.arguments

    def _place(self, i: int) -> str:
        names = list(self._signature.parameters)
        return names[min(i, len(names) - 1)]

    def _fit(self, x: Any, spec: Any, place: str) -> Any:
        if not is_nested(spec):
            return self._fit_leaf(x, spec, place)
        if isinstance(spec, dict):
            places = list(spec)
            same = isinstance(x, dict) and x.keys() == spec.keys()
        else:
            places = list(range(len(spec)))
            same = isinstance(x, (list, tuple)) and len(x) == len(spec)
        if not same:
            raise TypeError(
                f"function '{self._name}': argument '{place}' does not have the structure of the "
                f"input_signature, {spec}."
            )
        fitted = {k: self._fit(x[k], spec[k], f"{place}[{k!r}]") for k in places}
        if isinstance(spec, dict):
            return fitted
        return tuple(fitted.values()) if isinstance(spec, tuple) else list(fitted.values())

    def _fit_leaf(self, x: Any, spec: TensorSpec, place: str) -> Any:
        if isinstance(x, TensorSpec) or hasattr(type(x), "__symbolic_call__"):
            shape, found, dtype = x.shape, x, x.dtype
            suits = dtype == spec.dtype
        else:
            try:
                found = convert_to_tensor(x, spec.dtype)
            except (TypeError, ValueError) as problem:
                raise TypeError(
                    f"function '{self._name}': argument '{place}' must become a tensor like the "
                    f"{spec} of the input_signature: {problem}"
                ) from None
            shape, suits = found.shape, True
        lengths = len(shape) == len(spec.shape) and all(
            b is None or a == b for a, b in zip(shape, spec.shape, strict=True)
        )
        if not (suits and lengths):
            raise TypeError(
                f"function '{self._name}': argument '{place}' is {described(found)}, which does "
                f"not fit the input_signature's {described(spec)}."
            )
        return found


def as_leaf(x: Any) -> Any:
    """Arrays become tensors, of the machine's byte order; everything else stays."""
    if type(x) is Tensor and not x.dtype.isnative:
        return Tensor(x._value.astype(x.dtype.newbyteorder("=")))
    if isinstance(x, (Tensor, Variable, TensorSpec, type)) or not hasattr(x, "__array__"):
        return x
    if hasattr(type(x), "__symbolic_call__"):
        return x
    return as_leaf(convert_to_tensor(x))


def _form(structure: Any) -> Hashable:
    """A structure without its leaves."""
    if isinstance(structure, dict):
        return dict, tuple((k, _form(v)) for k, v in structure.items())
    if isinstance(structure, (list, tuple)):
        return type(structure), tuple([_form(v) for v in structure])
    return None


def _leaf_key(x: Any) -> Hashable:
    kind = type(x)
    if isinstance(x, (Tensor, TensorSpec)):
        return x.shape, x.dtype
    if kind is float:
        return float, x.hex()  # tells -0.0 from 0.0, and finds NaN again
    if kind in _VALUES or isinstance(x, np.dtype):
        return kind, x
    if kind is slice:
        return slice, _leaf_key(x.start), _leaf_key(x.stop), _leaf_key(x.step)
    if kind is frozenset:
        return frozenset, frozenset(_leaf_key(item) for item in x)
    if kind is MethodType:  # made anew by each access
        return MethodType, Identity(x.__self__), Identity(x.__func__)
    return Identity(x)


def counts_by_identity(x: Any) -> bool:
    """Whether all objects of this class are leaves that count by identity."""
    return not is_nested(x) and as_leaf(x) is x and isinstance(_leaf_key(x), Identity)


def _paths(name: str, x: Any) -> list[str]:
    """Paths to the leaves, in the order of `flatten`."""
    if isinstance(x, dict):
        places = {key: f"{name}[{key!r}]" for key in x}
        order = flatten({key: key for key in x})
        return [path for key in order for path in _paths(places[key], x[key])]
    if isinstance(x, (list, tuple)):
        return [path for i, item in enumerate(x) for path in _paths(f"{name}[{i}]", item)]
    return [name]


def described(x: Any) -> str:
    """A leaf in a few characters: `float32[2, 3]`, `Variable 'w'`, `'relu'`."""
    if isinstance(x, (Tensor, TensorSpec)) or hasattr(type(x), "__symbolic_call__"):
        return f"{x.dtype.name}{list(x.shape)}"
    if isinstance(x, Variable):
        return f"Variable '{x.path}'"
    text = repr(x)
    return text if len(text) <= 60 else f"{text[:57]}..."
