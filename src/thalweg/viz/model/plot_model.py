"""`plot_model`: a model drawn as boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thalweg.viz.checks import check_model
from thalweg.viz.figure import Plot, drawn
from thalweg.viz.model.arrange import arranged
from thalweg.viz.model.card import Show
from thalweg.viz.model.graph import ModelGraph, model_graph
from thalweg.viz.model.model_picture import draw_scene
from thalweg.viz.words import counted

__all__ = ["plot_model"]


@drawn
def plot_model(
    model: Any,
    to_file: str | Path | None = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Plot[ModelGraph]:
    """Draw a model as boxes: its layers, the operations between them, and what flows where.

    A coloured box has weights, and a dashed border says that training leaves them alone. A layer
    that is called several times has a box for each call. The graph of a subclass is found by
    calling it with symbols; where its code needs values, its layers stand in a row without edges.

    Args:
        model: a built model.
        to_file: where to write the picture: `.png`, `.svg`, `.pdf`, or `.html` to look closer;
            None to write none.
        show_shapes: whether boxes show the shapes of inputs and outputs; None is the batch.
        show_dtype: whether they show the dtype of the output.
        show_layer_names: whether they show the names of the layers.
        rankdir: `'TB'` from the top to the bottom, `'LR'` from the left to the right.
        expand_nested: whether models within the model are frames around their layers.
        dpi: pixels per inch of a `.png`. A model too large for a picture of pixels is drawn
            smaller; as `.svg` or `.html` it stays sharp.
        show_layer_activations: whether boxes show the activation of layers that have one.
        show_trainable: whether they show if training changes the layer's weights.

    Returns:
        A `Plot`; its `numbers` are a `ModelGraph`: `boxes` (each with `name`, `kind`, shapes of
        `inputs` and `outputs`, `parameters`, ...) and `edges` between them.

    Raises:
        TypeError: if it is not a model.
        ValueError: if the model is not built, or for another direction or ending.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((4,)), tw.layers.Dense(3, "relu"), tw.layers.Dense(1)])
    >>> plot = tw.viz.plot_model(model, to_file=None, show_shapes=True)
    >>> [(box.kind, box.outputs[0]) for box in plot.numbers.boxes]
    [('Input', (None, 4)), ('Dense', (None, 3)), ('Dense', (None, 1))]
    >>> [(a.box, b.box) for a, b in plot.numbers.edges]
    [(0, 1), (1, 2)]
    """
    check_model("plot_model", model)
    if rankdir not in ("TB", "LR"):
        raise ValueError(f"plot_model: rankdir must be 'TB' or 'LR', got {rankdir!r}.")
    if not isinstance(to_file, (str, Path, type(None))):
        raise TypeError(f"plot_model: to_file must be a path or None, got {to_file!r}.")
    if not isinstance(dpi, (int, float)) or not dpi > 0:
        raise ValueError(f"plot_model: dpi must be a number above 0, got {dpi!r}.")
    path = None if to_file is None else _with_ending(Path(to_file))
    graph = model_graph(model, nested=expand_nested)
    show = Show(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    figure, axes = draw_scene(arranged(graph, show, rankdir), dpi=max(dpi, 200))
    plot = Plot(figure, axes, graph, _caption(graph))
    if path is not None:
        plot.save(path, dpi=dpi)
    return plot


def _with_ending(path: Path) -> Path:
    """A PNG where nothing is said, as in Keras."""
    if not path.suffix:
        return path.with_name(f"{path.name}.png")
    if path.suffix.lower() not in (".png", ".svg", ".pdf", ".html"):
        raise ValueError(
            f"plot_model: to_file must end in .png, .svg, .pdf or .html, got '{path.name}'."
        )
    return path


def _caption(graph: ModelGraph) -> str:
    layers = [box for box in graph.boxes if box.kind != "Input" and not box.kind.startswith("ops.")]
    operations = sum(box.kind.startswith("ops.") for box in graph.boxes)
    parameters = {(box.name, box.kind): box.parameters for box in graph.boxes}
    words = counted(len({(box.name, box.kind) for box in layers}), "layer")
    if operations:
        words += f" and {counted(operations, 'operation')}"
    sentence = (
        f"The model '{graph.name}' has {words} with "
        f"{counted(sum(parameters.values()), 'parameter')}"
    )
    if graph.followed:
        ends = f"{counted(len(graph.inputs), 'input')} and {counted(len(graph.outputs), 'output')}"
        return f"{sentence}, {ends}."
    return f"{sentence}; its call needs values, so what flows where is not known."
