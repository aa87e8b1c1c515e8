"""Bidirectional: a recurrent layer that reads a sequence from both ends."""

from __future__ import annotations

from typing import Any, Self

from thalweg import ops
from thalweg.layers.arguments import error, one_of
from thalweg.layers.layer import Layer
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object

__all__ = ["Bidirectional"]

_MODES = ("sum", "mul", "ave", "concat", None)


@serializable("keras.layers")
class Bidirectional(Layer):
    """Two copies of a recurrent layer, one for each direction, and their outputs together.

    Args:
        layer: a recurrent layer; both copies are made from its configuration.
        merge_mode: how the outputs come together: `'concat'`, `'sum'`, `'mul'`, `'ave'`, or None
            for a pair.
        weights: arrays to start from, first those of the forward layer.
        backward_layer: the layer for the other direction, if it is to be another one; it has the
            opposite `go_backwards`.

    >>> import thalweg as tw
    >>> layer = tw.layers.Bidirectional(tw.layers.LSTM(4, return_sequences=True))
    >>> layer(tw.ops.ones((2, 10, 3))).shape
    (2, 10, 8)
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for argument, given in (("layer", layer), ("backward_layer", backward_layer)):
            if given is None and argument == "backward_layer":
                continue
            if not isinstance(given, Layer) or not hasattr(given, "go_backwards"):
                raise error(self, f"{argument} must be a recurrent layer, got {given!r}.")
        self.merge_mode = one_of(self, "merge_mode", merge_mode, _MODES)
        self.forward_layer = _copy(layer, "forward")
        self.backward_layer = backward_layer or _copy(layer, "backward", go_backwards=True)
        self._check_directions()
        for one in (self.forward_layer, self.backward_layer):
            # The two outputs of a masked step must not be merged from different steps.
            if hasattr(one, "zero_output_for_mask"):
                one.zero_output_for_mask = one.return_sequences
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.stateful = layer.stateful
        self.supports_masking = True
        self.input_spec = layer.input_spec
        self._initial_weights = weights

    def _check_directions(self) -> None:
        one, other = self.forward_layer, self.backward_layer
        if one.go_backwards == other.go_backwards:
            raise error(
                self,
                "forward and backward layer must have opposite go_backwards, both have "
                f"{one.go_backwards}.",
            )
        for name in ("stateful", "return_sequences", "return_state"):
            first, second = getattr(one, name), getattr(other, name)
            if first != second:
                raise error(
                    self,
                    f"forward and backward layer must have the same {name}, got {first} and "
                    f"{second}.",
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
        if self._initial_weights is not None:
            half = len(self._initial_weights) // 2
            self.forward_layer.set_weights(self._initial_weights[:half])
            self.backward_layer.set_weights(self._initial_weights[half:])

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        states: list[Any] = [None, None]
        if initial_state is not None:
            half = len(initial_state) // 2
            states = [list(initial_state[:half]), list(initial_state[half:])]
        found = [
            layer(sequences, initial_state=state, mask=mask, training=training)
            for layer, state in zip((self.forward_layer, self.backward_layer), states, strict=True)
        ]
        last: tuple[Any, ...] = ()
        if self.return_state:
            last = (*found[0][1:], *found[1][1:])
            found = [outputs[0] for outputs in found]
        forward, backward = found
        if self.return_sequences:
            backward = ops.flip(backward, axis=1)
        merged = self._merge(forward, backward)
        if not self.return_state:
            return merged
        return (*merged, *last) if self.merge_mode is None else (merged, *last)

    def _merge(self, forward: Any, backward: Any) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([forward, backward], axis=-1)
        if self.merge_mode == "sum":
            return forward + backward
        if self.merge_mode == "ave":
            return (forward + backward) / 2
        if self.merge_mode == "mul":
            return forward * backward
        return forward, backward

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        mask = previous_mask if self.return_sequences else None
        masks = (mask, mask) if self.merge_mode is None else (mask,)
        if self.return_state:
            return (*masks, *(None for _ in range(2 * len(self.forward_layer.state_size))))
        return masks if self.merge_mode is None else mask

    @property
    def states(self) -> Any:
        """The states that a stateful layer kept, of both directions; None if there are none."""
        one, other = self.forward_layer.states, self.backward_layer.states
        return None if one is None or other is None else (*one, *other)

    def reset_state(self) -> None:
        """Set the kept states of both directions to zero."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        layers = {
            key: deserialize_keras_object(config[key])
            for key in ("layer", "backward_layer")
            if config.get(key) is not None
        }
        return cls(**{**config, **layers})


def _copy(layer: Any, direction: str, **changes: Any) -> Any:
    """A layer with the same configuration and fresh weights."""
    description = serialize_keras_object(layer)
    name = f"{direction}_{layer.name.removeprefix(f'{direction}_')}"
    config = {**description["config"], "name": name, **changes}
    known = {type(one).__name__: type(one) for one in (layer, *layer._flatten_layers())}
    return deserialize_keras_object({**description, "config": config, "build_config": None}, known)
