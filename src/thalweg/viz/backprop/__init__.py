"""The backward pass explorer: the value and the gradient on each edge of a computation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from thalweg.training.model import Model
from thalweg.viz.backprop.moments import moments_of
from thalweg.viz.backprop.of_function import about_function
from thalweg.viz.backprop.of_model import about_model
from thalweg.viz.backprop.plot import BackwardPassPlot, plotted
from thalweg.viz.backprop.trace import computed
from thalweg.viz.figure import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["backward_pass"]


@drawn
def backward_pass(
    function: Callable[..., Any] | Model,
    *args: Any,
    names: str | Sequence[str] | None = None,
    sources: str | Sequence[str] | None = None,
    layer: str | None = None,
    expand_nested: bool = False,
    grouped: bool = True,
    training: bool = True,
    step: int | None = None,
    rankdir: str | None = None,
    ax: Axes | None = None,
) -> BackwardPassPlot:
    """Draw how a number is computed, and how its gradient comes back, edge by edge.

    Beside each line stand the value that goes forward along it and the gradient that comes back:
    that of the box it leads to, times the derivative of this box. Where several lines leave a box,
    what comes back is summed (the chain rule; Rumelhart, Hinton and Williams 1986). Everything is
    taken from the traced function and the rules by which `GradientTape` differentiates.

    `plot.steps()` are the pictures of the single steps; `plot.save('pass.html')` is a page in which
    one steps through the pass and changes the inputs.

    Args:
        function: a function that returns a scalar; or a built and compiled `Model`, whose loss is
            then drawn layer by layer, told by norms.
        args: the arguments of the function: numbers, arrays, tensors, variables. For a model x, y
            and perhaps the weights of the samples, a batch as `train_on_batch` takes it.
        names: of the arguments of a function; by default those of its parameters.
        sources: the names of the arguments and variables whose gradients are wanted, of a variable
            the end of its path, such as `"dense/kernel"`; by default all of a function's, and the
            trainable variables of a model.
        layer: the name of a layer of the model, to see its operations.
        expand_nested: whether models inside of the model are drawn as their layers.
        grouped: whether an operation that is made of others, such as softmax, is one box.
        training: whether the model's layers behave as in training (dropout drops).
        step: how many steps to show, from 0; by default the whole pass.
        rankdir: `'LR'` draws from the left to the right, with values above the lines and gradients
            below them; `'TB'` from the top to the bottom, with values on the left and gradients on
            the right. By default what fits.
        ax: axes to draw into; smaller if need be.

    Returns:
        A plot whose numbers are a `BackwardPass`: `nodes` in the order of the forward pass, each
        with its `name`, `inputs`, `shape`, `value`, `gradient` and, where it is one number for each
        element, the local `derivatives`; `edges` with what flows along each; `backward`, the order
        of the steps back. `numbers['v']` is a node by its name.

    Raises:
        TypeError: if an argument is not a number, array, tensor or variable.
        ValueError: if the result is not a scalar, nothing in it has a gradient, a model is not
            built or has no loss, or there is too much to draw.

    >>> import thalweg as tw
    >>> plot = tw.viz.backward_pass(lambda v: tw.square(v * 2 - 5), 0.0)
    >>> [(edge.source, float(edge.value), float(edge.gradient)) for edge in plot.numbers.edges[::2]]
    [('v', 0.0, -20.0), ('multiply', 0.0, -10.0), ('subtract', -5.0, -10.0)]
    >>> plot
    <Plot: The value of the function is 25; its gradient is −20 for v.>
    """
    if rankdir not in (None, "LR", "TB"):
        raise ValueError(f"backward_pass: rankdir must be 'LR', 'TB' or None, got {rankdir!r}.")
    names, sources = _listed("names", names), _listed("sources", sources)
    if isinstance(function, Model):
        if names is not None:
            raise ValueError(
                "backward_pass: names are for a function's arguments, not for a model's."
            )
        question = about_model(function, args, layer, sources, grouped, expand_nested, training)
    elif layer is not None:
        raise ValueError(f"backward_pass: layer='{layer}' needs a model, got a function.")
    elif callable(function):
        question = about_function(function, args, names, sources, grouped)
    else:
        raise TypeError(
            "backward_pass: function must be a function or a Model, got a "
            f"{type(function).__name__}."
        )
    found, variables = computed(question)
    count = len(moments_of(found))
    whole = isinstance(step, int) and not isinstance(step, bool)
    if step is not None and not (whole and 0 <= step <= count):
        raise ValueError(
            f"backward_pass: step must be a whole number from 0 to {count}, got {step!r}."
        )
    return plotted(found, question, variables, step, rankdir, ax)


def _listed(argument: str, names: Any) -> list[str] | None:
    if names is None or isinstance(names, str):
        return None if names is None else [names]
    if not isinstance(names, (list, tuple, set, frozenset)):
        raise TypeError(
            f"backward_pass: {argument} must be a list of names, got a {type(names).__name__}."
        )
    return list(names)
