"""The layers of a model that a user asks to see; or an error that says what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from thalweg.layers.layer import Layer
from thalweg.training.model import Model
from thalweg.viz.layer_calls import named_layers

__all__ = ["chosen_layers", "layer_named"]


def chosen_layers(
    caller: str, model: Model, layers: Sequence[str | Layer] | str | Layer | None
) -> dict[str, Layer]:
    """Layers of a model by name, such as `'dense'`, or `'encoder/dense'` in a model inside.

    Args:
        caller: the function that users called, for the message.
        model: a model that is built.
        layers: names or layers, one or several; None: all, in the order of the model.

    Raises:
        ValueError: for a layer that the model does not have.
    """
    found = named_layers(model)
    if layers is None:
        return found
    if not isinstance(layers, (str, Layer, Sequence)) or not layers:
        raise ValueError(
            f"{caller}: layers must be names or layers, or None for all, got {layers!r}."
        )
    asked = [layers] if isinstance(layers, (str, Layer)) else layers
    return dict(layer_named(caller, model, found, one) for one in asked)


def layer_named(
    caller: str, model: Model, found: dict[str, Layer], asked: str | Layer
) -> tuple[str, Layer]:
    """The name and the layer that are meant; a name may leave out the models it is in."""
    if isinstance(asked, Layer):
        fitting = [name for name, layer in found.items() if layer is asked]
        asked = asked.name
    elif asked in found:
        fitting = [asked]
    else:
        fitting = [name for name in found if name.rpartition("/")[2] == asked]
    if len(fitting) == 1:
        return fitting[0], found[fitting[0]]
    if fitting:
        raise ValueError(
            f"{caller}: model '{model.name}' has several layers named '{asked}': "
            f"{', '.join(fitting)}."
        )
    near = difflib.get_close_matches(str(asked), found, 1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"it has {', '.join(found)}."
    raise ValueError(f"{caller}: model '{model.name}' has no layer '{asked}'; {hint}")
