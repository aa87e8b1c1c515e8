"""Layer: weights, and a call that uses them."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from thalweg import constraints as constraints_room
from thalweg import initializers, ops, regularizers
from thalweg.layers.dtype_policy import get_policy
from thalweg.layers.input_spec import check_input_spec
from thalweg.layers.ownership import WeightOwner
from thalweg.layers.shapes import as_tuples, legacy_shape, specs_of
from thalweg.layers.signatures import (
    as_called,
    bound_arguments,
    build_parameters,
    call_signature,
    overrides,
)
from thalweg.layers.symbolic import KerasTensor, Node, infer, known_shape
from thalweg.naming import auto_name
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object
from thalweg.tensor.context import CONTEXT, outside_trace
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import as_dtype, is_floating
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, is_nested, map_structure
from thalweg.tensor.variable import Variable
from thalweg.tracing.traceable import traceable

__all__ = ["Layer"]


class _CallContext(threading.local):
    """What the outermost layer call decides for all layers that it calls."""

    def __init__(self) -> None:
        self.depth = 0
        self.path: list[str] = []


_CALL = _CallContext()


@serializable("keras.layers")
class Layer(WeightOwner):
    """Base class of all layers: override `build` (make weights), `call`, and `get_config`.

    Args:
        activity_regularizer: a regularizer of the layer's output, added to the loss.
        trainable: whether the weights that are trainable are trained.
        dtype: the dtype or `DTypePolicy` of the computation and the weights.
        autocast: whether floating inputs are cast to the computation's dtype.
        name: the layer's name; by default made from the class's.
        kwargs: `input_shape`, `batch_shape` or `input_dim`, as in older Keras code.

    >>> import thalweg as tw
    >>> class Scale(tw.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(), initializer="ones", name="factor")
    ...
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> layer = Scale()
    >>> layer(tw.constant([1.0, 2.0])).numpy()
    array([1., 2.], dtype=float32)
    >>> len(layer.weights)
    1
    """

    _auto_config: dict[str, Any] | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        instance = super().__new__(cls)
        # Kept for get_config() of classes that do not write their own.
        instance._auto_config = bound_arguments(cls, args, kwargs)
        return instance

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        if not isinstance(self.name, str):
            raise ValueError(f"Layer name must be a string, got {name!r}.")
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.dtype_policy = get_policy(dtype)
        self.autocast = autocast
        self.supports_masking = False
        self.built = False
        self.input_spec: Any = None
        self._trainable = trainable
        self._own_variables: list[Variable] = []
        self._losses: list[Any] = []
        self._inbound_nodes: list[Node] = []
        self._build_shapes: dict[str, Any] | None = None
        self._first_shape = legacy_shape(kwargs)
        if kwargs:
            raise ValueError(
                f"Layer '{self.name}' ({type(self).__name__}) got an unknown argument "
                f"{next(iter(kwargs))!r}."
            )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _wrap_build(cls.__dict__["build"])  # type: ignore[method-assign]

    # --- building -----------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape (None for lengths that may vary)."""
        self.built = True

    def add_weight(
        self,
        shape: Sequence[int] | int | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new weight of the layer.

        Args:
            shape: lengths of its axes.
            initializer: how it starts; by default Glorot uniform (zeros for integers and bools).
            dtype: by default the policy's variable dtype.
            trainable: whether optimizers update it.
            autocast: whether the layer reads it in its computation's dtype.
            regularizer: added to the loss.
            constraint: applied after each update.
            name: its name inside the layer.
        """
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        wanted = as_dtype(dtype or self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if is_floating(wanted) else "zeros"
        variable = Variable(
            initializers.get(initializer),
            shape=shape,
            dtype=wanted.name,
            trainable=trainable,
            name=name,
            regularizer=regularizers.get(regularizer),
            constraint=constraints_room.get(constraint),
            autocast=autocast,
        )
        variable.path = "/".join([*(_CALL.path or [self.name]), variable.name])
        self._own_variables.append(variable)
        return variable

    def _build_for(self, shapes: dict[str, Any]) -> None:
        with outside_trace(), self._named():
            parameters = build_parameters(type(self))
            if len(parameters) == 1:
                self.build(next(iter(shapes.values())))
            else:
                self.build(**{k: v for k, v in shapes.items() if k in parameters})
        self.built = True

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build as `get_build_config` described it."""
        if self.built:
            return
        if "input_shape" in config:
            first = build_parameters(type(self))[0]
            self._build_for({first: as_tuples(config["input_shape"])})
        elif "shapes_dict" in config:
            self._build_for({k: as_tuples(v) for k, v in config["shapes_dict"].items()})

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that the layer was built for, or None."""
        shapes = self._build_shapes
        if shapes is None:
            return None
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": dict(shapes)}

    # --- calling ------------------------------------------------------------------------------

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's computation; subclasses write it."""
        raise NotImplementedError(
            f"Layer '{self.name}': {type(self).__name__} does not define call()."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not hasattr(self, "_own_variables"):
            raise RuntimeError(
                f"{type(self).__name__}.__init__ must call super().__init__() before the layer is "
                "used."
            )
        signature = call_signature(type(self))
        given = None
        if not {"training", "kwargs"} & set(signature.parameters):
            # It may always be given: the layers inside get it, also where call() does not take it.
            given = kwargs.pop("training", None)
        bound = signature.bind(self, *args, **kwargs)
        arguments = dict(list(bound.arguments.items())[1:])
        arguments.update(arguments.pop("kwargs", {}) if "kwargs" in signature.parameters else {})
        tensors = self._converted(arguments, signature)
        first = next(iter(tensors), None)
        check_input_spec(self.input_spec, tensors.get(first) if first else None, self.name)
        self._ensure_built(tensors)
        masks = {name: _mask_of(value) for name, value in tensors.items()}
        self._fill_masks(tensors, masks, arguments, signature)
        training = self._resolve_training(arguments, signature, given)
        positional, keyword = as_called(signature, arguments)

        symbolic = any(isinstance(x, KerasTensor) for x in flatten((positional, keyword)))
        outer, outer_cast = CONTEXT.training, CONTEXT.autocast
        CONTEXT.training = training
        if self.autocast and self.compute_dtype != self.variable_dtype:
            CONTEXT.autocast = as_dtype(self.compute_dtype)
        else:
            CONTEXT.autocast = None
        _CALL.depth += 1
        if _CALL.depth == 1:
            self._clear_losses()
        try:
            with self._named():
                if symbolic:
                    outputs = self._call_symbolic(positional, keyword)
                else:
                    outputs = traceable(self.call)(*positional, **keyword)
                    self._regularize_activity(outputs)
        finally:
            _CALL.depth -= 1
            CONTEXT.training, CONTEXT.autocast = outer, outer_cast
        previous = masks.get(first) if first else None
        if previous is not None and any(m is not None for m in flatten(previous)):
            self._set_mask(tensors[first], previous, outputs)  # type: ignore[index]
        elif overrides(type(self), "compute_mask", Layer) and first is not None:
            self._set_mask(tensors[first], previous, outputs)
        if symbolic:
            Node(self, positional, keyword, outputs)
        return outputs

    def _call_symbolic(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return infer(lambda *a, **k: traceable(self.call)(*a, **k), args, kwargs)

    def _converted(self, arguments: dict[str, Any], signature: inspect.Signature) -> dict[str, Any]:
        """Arrays among the arguments become tensors (in place); returns the tensor arguments."""
        found = {}
        for i, (name, value) in enumerate(arguments.items()):
            if value is None or isinstance(value, (bool, str)):
                continue
            if i == 0 and isinstance(value, (list, tuple)) and _plain_numbers(value):
                value = convert_to_tensor(value)
            leaves = flatten(value)
            if not any(isinstance(x, (Tensor, KerasTensor, Variable, np.ndarray)) for x in leaves):
                continue
            value = map_structure(self._cast_input, value)
            arguments[name] = value
            if all(isinstance(x, (Tensor, KerasTensor)) or x is None for x in flatten(value)):
                found[name] = value
        return {k: v for k, v in found.items() if k != "mask" and not k.endswith("_mask")}

    def _cast_input(self, x: Any) -> Any:
        if isinstance(x, (Variable, np.ndarray)):
            x = convert_to_tensor(x)
        if not isinstance(x, (Tensor, KerasTensor)) or not self.autocast:
            return x
        if is_floating(x.dtype) and x.dtype.name != self.compute_dtype:
            mask = x._keras_mask
            x = ops.cast(x, self.compute_dtype)
            if mask is not None:
                x._keras_mask = mask
        return x

    def _ensure_built(self, tensors: dict[str, Any]) -> None:
        if self.built:
            return
        shapes = {
            (
                "input_shape" if i == 0 and len(build_parameters(type(self))) == 1 else f"{k}_shape"
            ): (map_structure(lambda x: None if x is None else known_shape(x.shape), value))
            for i, (k, value) in enumerate(tensors.items())
        }
        if not shapes:
            shapes = {"input_shape": None}
        self._build_for(shapes)
        if self.input_spec is not None and tensors:
            check_input_spec(self.input_spec, next(iter(tensors.values())), self.name)

    def _fill_masks(
        self,
        tensors: dict[str, Any],
        masks: dict[str, Any],
        arguments: dict[str, Any],
        signature: inspect.Signature,
    ) -> None:
        for i, name in enumerate(tensors):
            target = f"{name}_mask"
            if i == 0 and target not in signature.parameters:
                target = "mask"
            if target in signature.parameters and arguments.get(target) is None:
                mask = masks[name]
                if any(m is not None for m in flatten(mask)):
                    arguments[target] = mask

    def _resolve_training(
        self, arguments: dict[str, Any], signature: inspect.Signature, given: bool | None
    ) -> bool | None:
        given = arguments.get("training", given)
        training = CONTEXT.training if given is None else given
        if "training" in signature.parameters and training is not None:
            arguments["training"] = training
        return training

    def _set_mask(self, inputs: Any, previous: Any, outputs: Any) -> None:
        mask = self.compute_mask(inputs, previous)
        if mask is None:
            return
        masks = flatten(mask)
        for y, m in zip(flatten(outputs), masks, strict=False):
            if m is not None and isinstance(y, (Tensor, KerasTensor)):
                y._keras_mask = m

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output: by default that of the input, where the layer supports it."""
        return previous_mask if self.supports_masking else None

    @contextmanager
    def _named(self) -> Iterator[None]:
        _CALL.path.append(self.name)
        try:
            yield
        finally:
            _CALL.path.pop()

    # --- shapes -------------------------------------------------------------------------------

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the output for inputs of these shapes (None for unknown lengths)."""
        specs = [specs_of(shape, self.compute_dtype) for shape in args]
        named = {
            k.removesuffix("_shape"): specs_of(shape, self.compute_dtype)
            for k, shape in kwargs.items()
        }
        if "input" in named:
            specs.insert(0, named.pop("input"))
        outputs = self.compute_output_spec(*specs, **named)
        return map_structure(lambda y: y.shape, outputs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic output for symbolic inputs, outside of any model."""
        return infer(self.__call__, args, kwargs)

    # --- losses -------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a scalar (or several) to what training minimises; called inside `call`."""
        for value in flatten(loss):
            self._losses.append(value)

    def _regularize_activity(self, outputs: Any) -> None:
        if self.activity_regularizer is None:
            return
        for y in flatten(outputs):
            if isinstance(y, Tensor):
                # Divided by the batch size, as in Keras.
                self.add_loss(self.activity_regularizer(y) / y.shape[0])

    def _clear_losses(self) -> None:
        self._losses.clear()
        for layer in self._flatten_layers():
            layer._losses.clear()

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` and activity regularizers gave in the last call, and weight penalties."""
        found = list(self._losses)
        for layer in self._flatten_layers():
            found.extend(layer._losses)
        for variable in self.trainable_weights:
            if variable.regularizer is not None:
                found.append(variable.regularizer(variable))
        return found

    # --- dtypes -------------------------------------------------------------------------------

    @property
    def dtype(self) -> str:
        """The dtype of the weights, by name."""
        return self.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights, by name."""
        return self.dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the computation, by name."""
        return self.dtype_policy.compute_dtype

    # --- history in functional models -----------------------------------------------------------

    def _only_node(self) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(
                f"Layer '{self.name}' was never called on a symbolic tensor, so it has no input or "
                "output of its own."
            )
        return self._inbound_nodes[0]

    @property
    def input(self) -> Any:
        """The symbolic input of its first call."""
        inputs = self._only_node().inputs
        return inputs[0] if len(inputs) == 1 else inputs

    @property
    def output(self) -> Any:
        """The symbolic output of its first call."""
        return self._only_node().outputs

    # --- configuration --------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make the layer again, without its weights."""
        config = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": serialize_keras_object(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if not overrides(type(self), "get_config", Layer):
            config.update(self._described_arguments())
        return config

    def _described_arguments(self) -> dict[str, Any]:
        """The constructor's arguments of a class that does not write get_config()."""
        found = {}
        for key, value in (self._auto_config or {}).items():
            if key in ("name", "trainable", "dtype", "activity_regularizer"):
                continue
            try:
                found[key] = serialize_keras_object(value)
            except (TypeError, ValueError) as problem:
                raise NotImplementedError(
                    f"Layer '{self.name}': {type(self).__name__} needs a get_config() method, "
                    f"because its argument {key!r} ({type(value).__name__}) cannot be written by "
                    "itself."
                ) from problem
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from what `get_config` returned."""
        config = dict(config)
        if not overrides(cls, "get_config", Layer):
            for key, value in config.items():
                if isinstance(value, dict) and "class_name" in value:
                    config[key] = deserialize_keras_object(value)
        try:
            return cls(**config)
        except TypeError as problem:
            raise TypeError(
                f"{cls.__name__}.from_config: the configuration {config} does not fit: {problem}"
            ) from problem

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _wrap_build(build: Callable[..., None]) -> Callable[..., None]:
    """Keep the shapes and make the weights for real, whoever calls `build` and wherever."""

    @functools.wraps(build)
    def wrapped(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self._build_shapes is None:
            bound = inspect.signature(build).bind(self, *args, **kwargs)
            self._build_shapes = dict(list(bound.arguments.items())[1:])
        path = [] if _CALL.path and _CALL.path[-1] == self.name else [self.name]
        _CALL.path.extend(path)
        try:
            with outside_trace():
                build(self, *args, **kwargs)
        finally:
            if path:
                _CALL.path.pop()
        self.built = True

    return wrapped


def _plain_numbers(value: Any) -> bool:
    leaves = flatten(value)
    return bool(leaves) and all(isinstance(x, (bool, int, float, np.generic)) for x in leaves)


def _mask_of(value: Any) -> Any:
    if is_nested(value):
        return map_structure(lambda x: getattr(x, "_keras_mask", None), value)
    return getattr(value, "_keras_mask", None)
