"""The line or plane that a loss surface is over: where it lies in the space of all weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.tensor.variable import Variable
from thalweg.viz.surface.named import Named

__all__ = ["Plane", "given_plane", "named_plane", "parallel"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Plane:
    """Weights as `origin + sum of coordinate * direction`.

    Attributes:
        variables: the weights that move.
        origin: the value of each where all coordinates are 0.
        directions: for each coordinate, an array for each of the variables.
        names: what each coordinate is, as a label of an axis.
        center: the coordinates of the present weights; None where they are not on the plane.
        variance: the share of a path's variance along each direction, if a path gave them.
        exact: whether the coordinates are values of weights.
    """

    variables: list[Variable]
    origin: list[Array]
    directions: list[list[Array]]
    names: tuple[str, ...]
    center: tuple[float, ...] | None
    variance: tuple[float, ...] | None = None
    exact: bool = False


def named_plane(numbers: Sequence[Named]) -> Plane:
    """The plane whose coordinates are the values of one or two single numbers of weights."""
    variables = list({id(n.variable): n.variable for n in numbers}.values())
    origin = [np.array(v.numpy()) for v in variables]
    directions = []
    for number in numbers:
        place = next(i for i, v in enumerate(variables) if v is number.variable)
        direction = [np.zeros_like(a) for a in origin]
        direction[place][number.index] = 1
        directions.append(direction)
        origin[place][number.index] = 0
    return Plane(
        variables,
        origin,
        directions,
        names=tuple(n.name for n in numbers),
        center=tuple(float(n.value()) for n in numbers),
        exact=True,
    )


def given_plane(model: Any, directions: Any, caller: str) -> Plane:
    """The plane through the present weights along directions that the user made.

    Args:
        model: a model that is built.
        directions: one or two lists with an array for each of the model's trainable weights.
        caller: the function that was called, for messages.
    """
    variables = list(model.trainable_variables)
    shapes = [tuple(v.shape) for v in variables]
    if not isinstance(directions, (list, tuple)) or not all(
        isinstance(direction, (list, tuple)) for direction in directions
    ):
        raise TypeError(
            f"{caller}: directions must be 'random', 'path' or one or two lists of arrays, got "
            f"{directions!r}."
        )
    given = list(directions)
    if not 1 <= len(given) <= 2:
        raise ValueError(f"{caller}: directions must be one or two, got {len(given)}.")
    made = []
    for i, direction in enumerate(given):
        if [np.shape(a) for a in direction] != shapes:
            raise ValueError(
                f"{caller}: directions[{i}] must have an array for each trainable weight, of "
                f"shapes {shapes}, got {[np.shape(a) for a in direction]}."
            )
        arrays = [np.asarray(a, v.dtype.name) for a, v in zip(direction, variables, strict=True)]
        if not all(np.isfinite(a).all() for a in arrays):
            raise ValueError(f"{caller}: directions[{i}] is not finite everywhere.")
        if not any(a.any() for a in arrays):
            raise ValueError(f"{caller}: directions[{i}] is 0 everywhere.")
        made.append(arrays)
    if len(made) == 2 and parallel(*made):
        raise ValueError(f"{caller}: both directions are the same line.")
    return Plane(
        variables,
        [np.array(v.numpy()) for v in variables],
        made,
        names=tuple(f"along direction {i + 1}" for i in range(len(made))),
        center=(0.0,) * len(made),
    )


def parallel(one: Sequence[Array], other: Sequence[Array]) -> bool:
    """Whether two directions are the same line."""
    a, b = (np.concatenate([x.reshape(-1) for x in d]).astype(np.float64) for d in (one, other))
    across = a - b * (a @ b) / (b @ b)
    return bool(across @ across < 1e-10 * (a @ a))
