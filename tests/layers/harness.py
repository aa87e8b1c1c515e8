"""One harness takes every layer through all that a layer has to do.

Eager and symbolic calls, configuration there and back, weights out and in, a trace whose graph
computes what the eager call computes, a little training, gradients against central differences, and
half precision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import thalweg as tw
from tests.gradients import check_gradients
from thalweg import layers
from thalweg.primitives.graph import evaluate_graph, trace
from thalweg.registry import deserialize_keras_object, serialize_keras_object
from thalweg.tensor import Tensor, TensorSpec, Variable, convert_to_tensor
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.tree import flatten, map_structure, pack

__all__ = ["State", "call_with", "run_layer_test", "sample"]

Array = np.ndarray[Any, Any]


def sample(shape: Sequence[int], dtype: str = "float32", seed: int = 0) -> Array:
    """Numbers between -1 and 1 that are not near each other or zero; integers 0, 1, 2."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind in "iu":
        return rng.integers(0, 3, shape).astype(dtype)
    count = int(np.prod(shape))
    # The shift keeps samples of different seeds apart.
    values = (np.arange(count) + 0.5) / max(count, 1) * 2 - 1 + 0.011 * seed
    return rng.permutation(values).reshape(shape).astype(dtype)


class State:
    """A variable scope: variables read what is given here, and write here and nowhere else."""

    def __init__(self, values: dict[int, Tensor] | None = None) -> None:
        self.values = dict(values or {})
        self.written: dict[int, Tensor] = {}

    def read(self, variable: Variable) -> Tensor:
        found = self.values.get(id(variable))
        return variable._tensor if found is None else found

    def write(self, variable: Variable, value: Tensor) -> None:
        self.values[id(variable)] = value
        self.written[id(variable)] = value

    @contextmanager
    def active(self) -> Any:
        outer = CONTEXT.variables
        CONTEXT.variables = self
        try:
            yield self
        finally:
            CONTEXT.variables = outer


def call_with(
    layer: Any, args: Sequence[Any], kwargs: dict[str, Any], values: dict[int, Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """A pure call: the outputs, and the values of the variables that it wrote."""
    with State(values).active() as state:
        outputs = layer(*args, **kwargs)
    written = [state.written[k] for k in sorted(state.written, key=_order(layer))]
    return [y for y in flatten(outputs) if isinstance(y, Tensor)], written


def _order(layer: Any) -> Callable[[int], int]:
    places = {id(v): i for i, v in enumerate(layer.variables)}
    return lambda key: places.get(key, len(places))


def _shapes(structure: Any) -> Any:
    return map_structure(lambda y: tuple(y.shape), structure)


def run_layer_test(
    cls: Any,
    init_kwargs: dict[str, Any],
    inputs: Any,
    *,
    expected_output_shape: Any = None,
    call_kwargs: dict[str, Any] | None = None,
    weights: int | None = None,
    trainable: int | None = None,
    gradients: bool = True,
    order: int = 1,
    half: bool = True,
    static_batch: bool = False,
    custom_objects: dict[str, Any] | None = None,
) -> Any:
    """Take a layer through everything; returns the layer that was called on `inputs`.

    Args:
        cls: the layer's class.
        init_kwargs: the arguments of its constructor.
        inputs: an array, or a tuple of positional arguments of the call, each of which may be a
            list of arrays.
        expected_output_shape: the shape (or a list of shapes) of the output.
        call_kwargs: further arguments of the call; arrays among them are not differentiated.
        weights: how many weights the layer has.
        trainable: how many of them are trained.
        gradients: whether to compare the gradients with central differences.
        order: up to which order.
        half: whether to run it in half precision.
        static_batch: whether it needs to know the batch's length.
        custom_objects: what deserialisation has to know.
    """
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    kwargs = dict(call_kwargs or {})
    layer = cls(**init_kwargs)
    outputs = layer(*args, **kwargs)
    shapes = _shapes(outputs)
    if expected_output_shape is not None:
        expected = expected_output_shape
        if isinstance(expected, tuple):
            assert shapes == expected, (shapes, expected)
        else:
            assert list(map(tuple, flatten_shapes(shapes))) == expected, (shapes, expected)
    if weights is not None:
        assert len(layer.weights) == weights, [v.path for v in layer.weights]
    if trainable is not None:
        assert len(layer.trainable_weights) == trainable, [v.path for v in layer.trainable_weights]
    for y in flatten(outputs):
        assert y.dtype.kind not in "f" or y.dtype.name == "float32", y.dtype

    _check_symbolic(cls, init_kwargs, args, kwargs, shapes, static_batch)
    revived = _check_config(layer, args, kwargs, custom_objects)
    _check_weights(layer, revived, args, kwargs)
    _check_trace(layer, args, {**kwargs})
    _check_trace(layer, args, {**kwargs, "training": True}) if _takes_training(layer) else None
    _check_training(cls, init_kwargs, args, kwargs)
    if gradients:
        _check_gradients(cls, init_kwargs, args, kwargs, order)
    if half:
        for dtype in ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16"):
            _check_half(cls, init_kwargs, args, kwargs, dtype)
    return layer


def flatten_shapes(shapes: Any) -> list[Any]:
    """The shapes of a nest of outputs, in order."""
    if isinstance(shapes, tuple) and all(isinstance(n, int) for n in shapes):
        return [shapes]
    return [s for item in shapes for s in flatten_shapes(item)]


def _takes_training(layer: Any) -> bool:
    import inspect

    return "training" in inspect.signature(layer.call).parameters


def _symbols(structure: Any, batch: int | None, unknown: bool) -> Any:
    def symbol(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        shape = (None, *x.shape[1:]) if unknown and x.ndim and x.shape[0] == batch else x.shape
        return layers.Input(batch_shape=shape, dtype=x.dtype.name)

    return map_structure(symbol, structure)


def _check_symbolic(
    cls: Any, init_kwargs: Any, args: Any, kwargs: Any, shapes: Any, static_batch: bool
) -> None:
    batch = next(x.shape[0] for x in flatten(args) if isinstance(x, np.ndarray) and x.ndim)
    expected = flatten_shapes(shapes)
    for unknown in (False,) if static_batch else (False, True):
        layer = cls(**init_kwargs)
        symbols = _symbols((list(args), kwargs), batch, unknown)
        found = layer(*symbols[0], **symbols[1])
        given = [tuple(y.shape) for y in flatten(found)]
        wanted = [(None, *s[1:]) if unknown and s and s[0] == batch else tuple(s) for s in expected]
        assert given == wanted, (given, wanted)
    if not kwargs and len(args) == 1 and isinstance(args[0], np.ndarray):
        found = cls(**init_kwargs).compute_output_shape(args[0].shape)
        assert flatten_shapes(_tupled(found)) == expected, (found, expected)


def _tupled(shape: Any) -> Any:
    if isinstance(shape, (list, tuple)):
        return tuple(_tupled(s) for s in shape)
    return shape


def _plain(config: Any) -> Any:
    """As it comes back from a file; whether inner layers are built does not count."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: without(v) for k, v in value.items() if k != "build_config"}
        return [without(v) for v in value] if isinstance(value, list) else value

    return without(json.loads(json.dumps(config)))


def _check_config(layer: Any, args: Any, kwargs: Any, custom_objects: Any) -> Any:
    config = layer.get_config()
    described = json.loads(json.dumps(serialize_keras_object(layer)))
    revived = deserialize_keras_object(described, custom_objects)
    assert type(revived) is type(layer)
    assert _plain(revived.get_config()) == _plain(config)
    again = type(layer).from_config(layer.get_config()) if not custom_objects else revived
    assert _plain(again.get_config()) == _plain(config)
    revived(*args, **kwargs)
    return revived


def _check_weights(layer: Any, revived: Any, args: Any, kwargs: Any) -> None:
    arrays = layer.get_weights()
    assert [a.shape for a in arrays] == [a.shape for a in revived.get_weights()]
    assert [v.name for v in layer.weights] == [v.name for v in revived.weights]
    assert layer.count_params() == sum(a.size for a in arrays)
    revived.set_weights(arrays)
    first, _ = call_with(layer, args, kwargs, {})
    second, _ = call_with(revived, args, kwargs, {})
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def _check_trace(layer: Any, args: Any, kwargs: Any) -> None:
    """The traced graph gives what the eager call gives, and writes what it writes."""
    leaves = flatten((list(args), kwargs))
    arrays = [x for x in leaves if isinstance(x, np.ndarray)]

    def pure(*tensors: Tensor) -> list[Tensor]:
        rest = iter(tensors)
        filled = [next(rest) if isinstance(x, np.ndarray) else x for x in leaves]
        given = pack((list(args), kwargs), filled)
        outputs, written = call_with(layer, given[0], given[1], {})
        return [*outputs, *written]

    eager = pure(*[convert_to_tensor(a) for a in arrays])
    graph = trace(pure, [TensorSpec(a.shape, a.dtype) for a in arrays])
    assert all(type(outer) is Tensor for outer in graph.captured)
    found = evaluate_graph(graph, arrays, [t._value for t in graph.captured])
    for a, b in zip(eager, found, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(_wide(a.numpy()), _wide(b), rtol=1e-5, atol=1e-6)


def _wide(x: Any) -> Any:
    return np.asarray(x).astype(np.float64)


def _check_gradients(cls: Any, init_kwargs: Any, args: Any, kwargs: Any, order: int) -> None:
    layer = cls(**{**init_kwargs, "dtype": "float64"})
    layer(*args, **kwargs)
    variables = [v for v in layer.trainable_weights if v.size]
    leaves = flatten(list(args))
    arrays = [x for x in leaves if isinstance(x, np.ndarray)]

    def function(*tensors: Tensor) -> Any:
        rest = iter(tensors)
        filled = [next(rest) if isinstance(x, np.ndarray) else x for x in leaves]
        values = {id(v): next(rest) for v in variables}
        return call_with(layer, pack(list(args), filled), kwargs, values)[0]

    rng = np.random.default_rng(1)
    starts = [v.numpy() + rng.uniform(-0.2, 0.2, v.shape) for v in variables]
    check_gradients(function, *arrays, *starts, order=order, atol=1e-5, rtol=1e-4)


def _check_training(cls: Any, init_kwargs: Any, args: Any, kwargs: Any) -> None:
    """A model of this layer alone trains: each trainable weight moves, and stays finite.

    Compiled it gives the same numbers as operation by operation.
    """
    eager = _trained(cls, init_kwargs, args, kwargs, run_eagerly=True)
    if eager is None:
        return
    assert np.isfinite(eager.losses).all()
    trained = {id(v) for v in eager.layer.trainable_weights}
    for old, variable in zip(eager.before, eager.layer.weights, strict=True):
        new = variable.numpy()
        assert np.isfinite(new).all()
        assert id(variable) not in trained or (old != new).any(), variable.path
    compiled = _trained(cls, init_kwargs, args, kwargs, jit_compile=True)
    assert compiled is not None
    np.testing.assert_allclose(compiled.losses, eager.losses, rtol=1e-5, atol=1e-6)
    for a, b in zip(compiled.after, eager.after, strict=True):
        np.testing.assert_allclose(_wide(a), _wide(b), rtol=1e-4, atol=1e-5)
    for a, b in zip(flatten(compiled.outputs), flatten(eager.outputs), strict=True):
        np.testing.assert_allclose(_wide(a), _wide(b), rtol=1e-4, atol=1e-5)


@dataclass(frozen=True)
class _Trained:
    layer: Any
    before: list[Array]
    after: list[Array]
    losses: list[float]
    outputs: Any


def _trained(
    cls: Any, init_kwargs: Any, args: Any, kwargs: Any, **compiling: bool
) -> _Trained | None:
    """A model of one layer, trained for two epochs; None if there is nothing to train."""
    tw.set_random_seed(12)
    layer = cls(**init_kwargs)
    symbols = _symbols(list(args), None, False)
    outputs = layer(*symbols, **kwargs)
    if not layer.trainable_weights or any(y.dtype.kind != "f" for y in flatten(outputs)):
        return None
    model = tw.Model(symbols, outputs)
    model.compile(tw.optimizers.SGD(0.01), "mse", **compiling)
    targets = [sample(y.shape, seed=i) + 1.5 for i, y in enumerate(flatten(outputs))]
    before = layer.get_weights()
    data = [x for x in flatten(list(args)) if isinstance(x, np.ndarray)]
    batch = data[0].shape[0]
    history = model.fit(data, targets, epochs=2, batch_size=batch, verbose=0).history
    predicted = model.predict(data, batch_size=batch, verbose=0)
    return _Trained(layer, before, layer.get_weights(), history["loss"], predicted)


def _check_half(cls: Any, init_kwargs: Any, args: Any, kwargs: Any, dtype: str) -> None:
    layer = cls(**{**init_kwargs, "dtype": dtype})
    outputs = layer(*args, **kwargs)
    for y in flatten(outputs):
        if y.dtype.kind == "f" or y.dtype.name == "bfloat16":
            assert y.dtype.name == dtype.removeprefix("mixed_"), (y.dtype.name, dtype)
            assert np.isfinite(np.asarray(y).astype(np.float32)).all()
    kept = "float32" if dtype.startswith("mixed_") else dtype
    for variable in layer.weights:
        assert variable.dtype.kind in "iu" or variable.dtype.name == kept, variable
