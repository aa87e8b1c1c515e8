"""The options of a layer's weights: for each weight an initializer, a regularizer, a constraint.

They are kept as Keras keeps them, in the attributes `kernel_initializer`, `kernel_regularizer`,
`kernel_constraint`, and so on for each weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thalweg import constraints, initializers, regularizers

if TYPE_CHECKING:
    from thalweg.layers.layer import Layer

__all__ = ["set_weight_options", "weight_config", "weight_options"]


def set_weight_options(layer: Layer, **options: tuple[Any, Any, Any]) -> None:
    """Keep the options of weights: `kernel=(initializer, regularizer, constraint)`."""
    for weight, (initializer, regularizer, constraint) in options.items():
        setattr(layer, f"{weight}_initializer", initializers.get(initializer))
        setattr(layer, f"{weight}_regularizer", regularizers.get(regularizer))
        setattr(layer, f"{weight}_constraint", constraints.get(constraint))


def weight_options(layer: Layer, weight: str) -> dict[str, Any]:
    """The options of one weight as arguments of `add_weight`."""
    return {
        part: getattr(layer, f"{weight}_{part}")
        for part in ("initializer", "regularizer", "constraint")
    }


def weight_config(layer: Layer, *weights: str) -> dict[str, Any]:
    """The options of these weights as `get_config` gives them."""
    found: dict[str, Any] = {}
    for part, room in (
        ("initializer", initializers),
        ("regularizer", regularizers),
        ("constraint", constraints),
    ):
        for weight in weights:
            found[f"{weight}_{part}"] = room.serialize(getattr(layer, f"{weight}_{part}"))
    return found
