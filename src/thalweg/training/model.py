"""Model: a layer that can be trained, evaluated, saved and summarised."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from thalweg.layers.dtype_policy import DTypePolicy
from thalweg.layers.layer import Layer
from thalweg.layers.shapes import specs_of
from thalweg.layers.symbolic import infer
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object
from thalweg.tensor.tree import flatten, map_structure
from thalweg.training.functional import FunctionalGraph
from thalweg.training.functional_config import functional_config, functional_from_config
from thalweg.training.methods import MODEL_METHODS
from thalweg.training.summary import print_summary
from thalweg.training.trainer import Trainer

__all__ = ["Functional", "Model", "clone_model", "model_from_json"]


def _gives_functional(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return len(args) >= 2 or "outputs" in kwargs or ("inputs" in kwargs and len(args) == 1)


@serializable("keras")
class Model(Trainer, Layer):
    """A network: layers, and how they are trained.

    Three ways to make one: `Model(inputs, outputs)` from symbolic tensors, `Sequential([...])`, or
    a subclass that makes layers in `__init__` and calls them in `call`.

    Args:
        inputs: symbolic tensors (functional models only).
        outputs: symbolic tensors (functional models only).
        name: the model's name.

    >>> import thalweg as tw
    >>> x = tw.Input((3,))
    >>> h = tw.layers.Dense(4, activation="relu")(x)
    >>> model = tw.Model(x, tw.layers.Dense(1)(h))
    >>> model.count_params()
    21
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and _gives_functional(args, kwargs):
            return Layer.__new__(Functional)
        return Layer.__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._graph: FunctionalGraph | None = None
        functional = _gives_functional(args, kwargs)
        if functional:
            named = dict(zip(("inputs", "outputs", "name"), args, strict=False))
            clash = set(named) & set(kwargs)
            if clash or len(args) > 3:
                raise TypeError(f"Model got too many arguments: {args} and {sorted(kwargs)}.")
            kwargs.update(named)
            inputs, outputs = kwargs.pop("inputs", None), kwargs.pop("outputs", None)
            if inputs is None or outputs is None:
                raise ValueError("Model: give both inputs and outputs, or neither.")
        elif args:
            raise TypeError(
                f"{type(self).__name__} got an unexpected positional argument {args[0]!r}; a "
                "functional model takes inputs and outputs."
            )
        Layer.__init__(self, **kwargs)
        Trainer.__init__(self)
        if functional:
            self._graph = FunctionalGraph(inputs, outputs, self.name)
            self.built = True

    # --- structure ----------------------------------------------------------------------------

    def _sublayers(self) -> list[Layer]:
        found = {id(x): x for x in self._graph.layers} if self._graph is not None else {}
        for layer in super()._sublayers():
            found.setdefault(id(layer), layer)
        return list(found.values())

    @property
    def layers(self) -> list[Layer]:
        """The layers of the model, in the order in which weights are saved."""
        return self._sublayers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its place in `layers`."""
        if (name is None) == (index is None):
            raise ValueError(f"get_layer: give either name or index, got {name!r} and {index!r}.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(
                    f"Model '{self.name}' has {len(layers)} layers, there is no layer {index}."
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"Model '{self.name}' has no layer named {name!r}; it has "
            f"{[layer.name for layer in layers]}."
        )

    def _symbolic_graph(self) -> FunctionalGraph:
        if self._graph is None:
            raise AttributeError(
                f"Model '{self.name}' has no symbolic inputs and outputs: it is not functional, or "
                "not built yet."
            )
        return self._graph

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs."""
        return flatten(self._symbolic_graph().inputs)

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs."""
        return flatten(self._symbolic_graph().outputs)

    @property
    def input(self) -> Any:
        """The symbolic inputs in the structure in which they were given."""
        return self._symbolic_graph().inputs

    @property
    def output(self) -> Any:
        """The symbolic outputs in the structure in which they were given."""
        return self._symbolic_graph().outputs

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or a list of those of several; None for unknown lengths."""
        return _alone([x.shape for x in self.inputs])

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or a list of those of several; None for unknown lengths."""
        return _alone([x.shape for x in self.outputs])

    @property
    def input_names(self) -> list[str]:
        """The name of each input."""
        return self._symbolic_graph().input_names

    @property
    def output_names(self) -> list[str]:
        """The name of each output."""
        return self._symbolic_graph().output_names

    # --- calling ------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights of all layers for inputs of this shape."""
        if self.built:
            return
        problem: Exception | None = None
        for dtype in (self.compute_dtype, "int32"):
            try:
                infer(self.call, (specs_of(input_shape, dtype),), {})
            except Exception as error:  # the other dtype may be what the model takes
                problem = problem or error
            else:
                return
        raise ValueError(
            f"Model '{self.name}' cannot be built for inputs of shape {input_shape}: {problem}"
        ) from problem

    def _ensure_built(self, tensors: dict[str, Any]) -> None:
        # The layers inside build themselves when they are called.
        if type(self).build is not Model.build:
            super()._ensure_built(tensors)
        elif not self.built and tensors:
            first = next(iter(tensors.values()))
            self._build_shapes = {"input_shape": map_structure(lambda x: tuple(x.shape), first)}
            self.built = True

    def _output_names(self) -> list[str] | None:
        """The names of the outputs, if they are known."""
        return None if self._graph is None else self._graph.output_names

    def _callable(self) -> bool:
        """Whether it computes outputs itself; a subclass with only a train_step may not."""
        return type(self).call is not Model.call or self._graph is not None

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Run the functional graph; subclasses write their own."""
        if self._graph is None:
            raise NotImplementedError(
                f"Model '{self.name}': {type(self).__name__} does not define call()."
            )
        if mask is not None:
            for x, m in zip(flatten(inputs), flatten(mask), strict=True):
                if m is not None:
                    x._keras_mask = m

        def step(operation: Any, args: Any, kwargs: Any) -> Any:
            # What the model is called with holds for all its layers, as in Keras.
            if training is not None and "training" in kwargs:
                kwargs = {**kwargs, "training": training}
            return operation(*args, **kwargs)

        return _alone(self._graph.run(inputs, step))

    # --- looking and writing --------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: list[str] | tuple[str, str] | None = None,
    ) -> None:
        """Print a table of the layers with their output shapes and numbers of parameters.

        Args:
            line_length: the width of the table in characters.
            positions: the relative widths of the columns.
            print_fn: called with the text instead of printing it.
            expand_nested: whether models inside the model show their layers.
            show_trainable: whether a column says which layers are trained.
            layer_range: names of the first and last layer to show.
        """
        print_summary(
            self,
            line_length=line_length,
            positions=positions,
            print_fn=print_fn,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None) -> None:
        """Write architecture, weights, optimizer and compile arguments to a `.keras` file."""
        MODEL_METHODS["save"](self, filepath, overwrite=overwrite, zipped=zipped)

    def save_weights(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Write weights and optimizer state to a `.weights.h5` or a `.safetensors` file."""
        MODEL_METHODS["save_weights"](self, filepath, overwrite=overwrite, **kwargs)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read weights from a `.weights.h5`, `.safetensors` or `.keras` file."""
        MODEL_METHODS["load_weights"](self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def export_web(
        self,
        folder: Any,
        *,
        batch_size: int = 32,
        x: Any = None,
        y: Any = None,
        sample_weight: bool = False,
        dtype: str = "float32",
        webgpu: bool | None = None,
        types: bool = False,
        page: bool = False,
        shard_bytes: int = 64 * 2**20,
    ) -> Any:
        """Write the model as a folder from which a page or Node predicts, and goes on training.

        The folder holds the compiled steps for WebAssembly and WebGPU, the weights, the runtime
        `thalweg.js`, and `program.json`, which describes them. A compiled model is trained and
        evaluated there too: the state of the optimizer and of the random generators goes along, so
        that training continues where it stopped here.

        Args:
            folder: where to write; it is made if need be.
            batch_size: the largest batch of a step; smaller ones (a remainder) are fine.
            x, y: a batch of inputs and targets as an example, where the model does not tell their
                shapes and dtypes (a model that is a subclass, a loss of your own).
            sample_weight: whether training in the page takes a weight for each sample.
            dtype: what the files hold weights as: `'float32'`, `'float16'` (half the size) or
                `'int8'` (a quarter; matrices by channel). The page computes in float32.
            webgpu: whether to write shaders for WebGPU besides WebAssembly; None: unless the model
                is so small that WebAssembly is faster on every machine.
            types: whether to write `thalweg.d.ts`, the runtime's types for TypeScript and editors.
            page: whether to write an `index.html` that shows the model at work.
            shard_bytes: how large a file of weights may be.

        Returns:
            The folder as a `pathlib.Path`.

        Raises:
            ValueError: if the model uses an operation or a dtype that pages cannot compute, or does
                not tell enough of its data.

        >>> import tempfile, thalweg as tw
        >>> model = tw.Sequential([tw.Input((4,)), tw.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> site = model.export_web(tempfile.mkdtemp())
        >>> sorted(file.name for file in site.iterdir())[:2]
        ['program.json', 'program.relaxed.wasm']
        """
        return MODEL_METHODS["export_web"](
            self,
            folder,
            batch_size=batch_size,
            x=x,
            y=y,
            sample_weight=sample_weight,
            dtype=dtype,
            webgpu=webgpu,
            types=types,
            page=page,
            shard_bytes=shard_bytes,
        )

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON, without weights."""
        return json.dumps(serialize_keras_object(self), **kwargs)

    def get_config(self) -> dict[str, Any]:
        if self._graph is not None:
            return functional_config(self)
        config = super().get_config()
        config.update(self._described_arguments())
        return config

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        if "input_layers" not in config:
            return super().from_config(config)
        inputs, outputs = functional_from_config(config, custom_objects)
        rest: dict[str, Any] = {k: config[k] for k in ("name", "trainable") if k in config}
        if isinstance(config.get("dtype"), dict):
            policy = deserialize_keras_object(config["dtype"])
            rest["dtype"] = policy if isinstance(policy, DTypePolicy) else None
        if cls is Model:
            return Functional(inputs, outputs, **rest)
        return cls(inputs=inputs, outputs=outputs, **rest)


@serializable("keras.src.models.functional")
class Functional(Model):
    """A model made from symbolic inputs and outputs."""

    def get_build_config(self) -> dict[str, Any] | None:
        return {"input_shape": None}


def _alone(structure: Any) -> Any:
    """The member of a list that has only one, as Keras gives it."""
    several = not isinstance(structure, (list, tuple)) or len(structure) != 1
    return structure if several else structure[0]


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """A new model (with fresh weights) from what `Model.to_json` returned."""
    return deserialize_keras_object(json.loads(json_string), custom_objects)


def clone_model(model: Any) -> Any:
    """A new model of the same architecture with fresh weights."""
    return deserialize_keras_object(
        {k: v for k, v in serialize_keras_object(model).items() if k != "compile_config"}
    )
