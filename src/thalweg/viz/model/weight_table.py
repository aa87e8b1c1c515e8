"""The weights of a model in numbers: mean, spread, norm, zeros, and what is not finite."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.layers.layer import Layer
from thalweg.tensor.variable import Variable
from thalweg.training.model import Model
from thalweg.viz.charts.arguments import Floats
from thalweg.viz.charts.table import Table
from thalweg.viz.checks import check_model
from thalweg.viz.model.chosen import chosen_layers
from thalweg.viz.words import counted, number, percent

__all__ = [
    "WeightStatistics",
    "WeightTable",
    "short",
    "values_of",
    "weight_table",
    "weights_by_path",
]


@dataclass(frozen=True)
class WeightStatistics:
    """One weight in numbers; mean to norm are of its finite elements, NaN if there are none.

    Attributes:
        shape: of the weight.
        dtype: by name.
        count: the number of elements.
        mean: of the elements.
        std: their standard deviation, divided by their number.
        minimum: the least.
        maximum: the greatest.
        norm: the Euclidean length of all elements together.
        zeros: the share of all elements that are 0.
        nans: how many are NaN.
        infs: how many are infinite.
    """

    shape: tuple[int, ...]
    dtype: str
    count: int
    mean: float
    std: float
    minimum: float
    maximum: float
    norm: float
    zeros: float
    nans: int
    infs: int

    @classmethod
    def of(cls, variable: Variable) -> WeightStatistics:
        """Those of a weight."""
        values = values_of(variable)
        finite = values[np.isfinite(values)]
        some = finite.size > 0
        return cls(
            shape=tuple(variable.shape),
            dtype=variable.dtype.name,
            count=values.size,
            mean=float(finite.mean()) if some else math.nan,
            std=float(finite.std()) if some else math.nan,
            minimum=float(finite.min()) if some else math.nan,
            maximum=float(finite.max()) if some else math.nan,
            norm=float(np.linalg.norm(finite)) if some else math.nan,
            zeros=float(np.mean(values == 0)) if values.size else math.nan,
            nans=int(np.isnan(values).sum()),
            infs=int(np.isinf(values).sum()),
        )


class WeightTable(Table):
    """The weights of a model as a table: text in a terminal, HTML in a notebook.

    Attributes:
        numbers: a `WeightStatistics` for each weight, by its path.
        caption: one sentence about all of them.
    """

    def __init__(
        self, numbers: dict[str, WeightStatistics], names: list[str], caption: str, title: str
    ) -> None:
        rows = [_row(*each) for each in zip(names, numbers.values(), strict=True)]
        super().__init__(_COLUMNS, rows, title)
        self.numbers = numbers
        self.caption = caption


_COLUMNS = (
    "weight",
    "shape",
    "dtype",
    "count",
    "mean",
    "std",
    "min",
    "max",
    "norm",
    "zeros",
    "NaN",
    "inf",
)


def _row(name: str, found: WeightStatistics) -> tuple[Any, ...]:
    floats = (found.mean, found.std, found.minimum, found.maximum, found.norm)
    return (
        name,
        str(found.shape),
        found.dtype,
        found.count,
        *floats,
        percent(found.zeros),
        found.nans,
        found.infs,
    )


def weight_table(model: Any, layers: str | Layer | list[str | Layer] | None = None) -> WeightTable:
    """Make a table of a model's weights: how large they are, and whether all are well.

    Args:
        model: a built model.
        layers: names of layers, or layers, one or several; None: all weights of the model.

    Returns:
        A `WeightTable`: print it, or have a notebook show it. `.numbers` has a `WeightStatistics`
        for each weight by its path; `.column('norm')` is a column, `.caption` a sentence.

    Raises:
        TypeError: if it is not a model.
        ValueError: if the model is not built, or has no such layer.

    >>> import thalweg as tw
    >>> layer = tw.layers.Dense(2, kernel_initializer="ones", name="dense")
    >>> model = tw.Sequential([tw.Input((3,)), layer], name="line")
    >>> table = tw.viz.weight_table(model)
    >>> table.numbers["line/dense/kernel"].count, table.numbers["line/dense/bias"].zeros
    (6, 1.0)
    >>> table.column("norm")
    [2.449489742783178, 0.0]
    """
    check_model("weight_table", model)
    weights = weights_by_path("weight_table", model, layers)
    numbers = {path: WeightStatistics.of(v) for path, v in weights.items()}
    names = [short(model, path) for path in numbers]
    return WeightTable(numbers, names, _caption(model, numbers), f"Weights of '{model.name}'")


def weights_by_path(
    caller: str, model: Model, layers: str | Layer | list[str | Layer] | None
) -> dict[str, Variable]:
    """The weights of a model, or of some of its layers, by path.

    Raises:
        ValueError: for a layer that the model does not have, and if there are no weights.
    """
    if layers is None:
        weights = model.weights
    else:
        chosen = chosen_layers(caller, model, layers)
        weights = [v for layer in chosen.values() for v in layer.weights]
    if not weights:
        whose = f"model '{model.name}'" if layers is None else " and ".join(map(repr, chosen))
        raise ValueError(f"{caller}: there are no weights in {whose}.")
    found: dict[str, Variable] = {}
    for variable in weights:
        path, i = variable.path, 1
        while path in found and found[path] is not variable:
            # Layers of a subclass may share their names.
            path, i = f"{variable.path} ({i + 1})", i + 1
        found[path] = variable
    return found


def short(model: Model, path: str) -> str:
    """The path of a weight without the name of the model, which begins it in some models."""
    return path.removeprefix(f"{model.name}/")


def values_of(variable: Variable) -> Floats:
    """The elements of a weight as float64 in its shape."""
    return np.asarray(variable.numpy()).astype(np.float64)


def _caption(model: Model, numbers: dict[str, WeightStatistics]) -> str:
    count = sum(found.count for found in numbers.values())
    largest = max(numbers, key=lambda path: np.nan_to_num(numbers[path].norm))
    sentence = (
        f"The model '{model.name}' has {count:,} weights in {counted(len(numbers), 'array')}; "
        f"the longest is {short(model, largest)} with norm {number(numbers[largest].norm)}"
    )
    wrong = [path for path, found in numbers.items() if found.nans or found.infs]
    if not wrong:
        return f"{sentence}; all are finite."
    odd = sum(numbers[path].nans + numbers[path].infs for path in wrong)
    return (
        f"{sentence}; {odd:,} are NaN or infinite, in "
        f"{', '.join(short(model, path) for path in wrong)}."
    )
