"""`model.summary()`: the layers with their output shapes and numbers of parameters, as a table."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from thalweg.tensor.tree import flatten, is_nested
from thalweg.tensor.variable import Variable

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

__all__ = ["format_bytes", "print_summary"]

MAX_WIDTH = 110
SIZES = ("B", "KB", "MB", "GB", "TB")


def format_bytes(count: int) -> str:
    """A number of bytes in the largest unit that fits.

    >>> format_bytes(512), format_bytes(139304)
    ('512 B', '136.04 KB')
    """
    if count < 1024:
        return f"{count} B"
    size, unit = float(count), 0
    while size >= 1024 and unit < len(SIZES) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.2f} {SIZES[unit]}"


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print the table; `Model.summary` has the same arguments.

    Args:
        model: the model.
        line_length: the width of the table; by default what the terminal has and the table needs.
        positions: where each column ends, as shares of the width or in characters.
        print_fn: called with the plain text instead of printing it.
        expand_nested: whether models inside the model show their layers.
        show_trainable: whether a column says which layers are trained.
        layer_range: names (or regular expressions for them) of the first and last layer to show.
    """
    from rich.console import Console

    width = line_length or min(shutil.get_terminal_size().columns, MAX_WIDTH)
    table = _table(model, width, positions, expand_nested, show_trainable, layer_range)
    if print_fn is None:
        console = Console(file=sys.stdout, width=width, highlight=False)
    else:
        console = Console(
            width=width,
            highlight=False,
            color_system=None,
            force_terminal=False,
            force_jupyter=False,
        )
        console.begin_capture()
    console.print(_title(model))
    console.print(table)
    for line in _totals(model):
        console.print(line)
    if print_fn is not None:
        lines = console.end_capture().splitlines()
        print_fn("\n".join(line.rstrip() for line in lines))


def _title(model: Any) -> Text:
    from rich.text import Text

    return Text.assemble((f'Model "{model.name}"', "bold"), f" ({type(model).__name__})")


def _table(
    model: Any,
    width: int,
    positions: Sequence[float] | None,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Sequence[str] | None,
) -> Table:
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    branches = _has_branches(model)
    headers = ["Layer (type)", "Output shape", "Params"]
    if branches:
        headers.append("Connected to")
    if show_trainable:
        headers.append("Trainable")
    widths = _column_widths(positions, width, headers)
    columns = [
        Column(
            header,
            justify="right" if header == "Params" else "left",
            width=w,
            overflow="fold",
            no_wrap=header == "Params",
        )
        for header, w in zip(headers, widths, strict=True)
    ]
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    shown = _in_range(_operations(model), layer_range)
    for operation, owner, depth in _rows(model, shown, expand_nested, 0):
        name = Text("   " * (depth - 1) + "└ " if depth else "", style="dim")
        name.append(operation.name, style="not dim")
        name.append(f" ({_kind(operation)})", style="not dim cyan")
        cells: list[Any] = [name, _output_shape(operation, owner), _params(operation)]
        if branches:
            cells.append(_sources(operation, owner))
        if show_trainable:
            cells.append(_trainable(operation))
        table.add_row(*cells)
    return table


def _column_widths(
    positions: Sequence[float] | None, width: int, headers: Sequence[str]
) -> list[int | None]:
    if positions is None:
        return [None] * len(headers)
    if len(positions) != len(headers):
        raise ValueError(
            f"summary: positions must have one number for each of the columns "
            f"{', '.join(headers)}, got {list(positions)}."
        )
    ends = [round(p * width) if positions[-1] <= 1 else round(p) for p in positions]
    # Two characters between columns.
    found = [end - start - 2 for start, end in zip([0, *ends], ends, strict=False)]
    if min(found) < 4:
        raise ValueError(
            f"summary: positions {list(positions)} leave a column less than 4 characters of "
            f"{width}."
        )
    return list(found)


def _operations(model: Any) -> list[Any]:
    """Layers, and in functional models the operations between them."""
    graph = getattr(model, "_graph", None)
    layers: list[Any] = model.layers
    if graph is None or len(layers) < len(graph.layers):  # Sequential leaves its Input out
        return layers
    return list(graph.operations)


def _in_range(operations: list[Any], layer_range: Sequence[str] | None) -> list[Any]:
    if layer_range is None:
        return operations
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(f"summary: layer_range must be two names, got {layer_range!r}.")
    places = []
    for pattern in layer_range:
        matching = [i for i, o in enumerate(operations) if re.match(pattern, o.name)]
        if not matching:
            raise ValueError(
                f"summary: no layer matches {pattern!r} of layer_range; there are "
                f"{[o.name for o in operations]}."
            )
        places.append(matching)
    first, last = places
    return operations[min(min(first), min(last)) : max(max(first), max(last)) + 1]


def _rows(
    owner: Any, operations: list[Any], expand_nested: bool, depth: int
) -> list[tuple[Any, Any, int]]:
    rows = []
    for operation in operations:
        rows.append((operation, owner, depth))
        if expand_nested and getattr(operation, "layers", None):
            rows.extend(_rows(operation, _operations(operation), True, depth + 1))
    return rows


def _kind(operation: Any) -> str:
    function = getattr(operation, "function", None)
    if hasattr(operation, "weights") or function is None:
        return type(operation).__name__
    return f"ops.{function.__name__}"


def _nodes(operation: Any, owner: Any) -> list[Any]:
    """The calls of an operation in this model; all of its calls if the model has no graph."""
    graph = getattr(owner, "_graph", None)
    if graph is None:
        return list(operation._inbound_nodes)
    found = [node for node in graph.nodes if node.operation is operation]
    return found or list(operation._inbound_nodes[:1])


def _output_shape(operation: Any, owner: Any) -> str:
    nodes = _nodes(operation, owner)
    if nodes:
        shapes = [tuple(y.shape) for y in flatten(nodes[-1].outputs) if y is not None]
        return ", ".join(map(str, shapes))
    known = getattr(operation, "_build_shapes", None)
    if not known:
        return "?"
    try:
        shapes = operation.compute_output_shape(*known.values())
    except Exception:  # a layer of the user's own may not be callable with shapes
        return "?"
    if is_nested(shapes) and not isinstance(shapes, tuple):
        return ", ".join(map(str, shapes.values() if isinstance(shapes, dict) else shapes))
    return str(shapes)


def _params(operation: Any) -> str:
    if not hasattr(operation, "weights"):
        return "0"
    if not operation.built:
        return "not built"
    return f"{operation.count_params():,}"


def _sources(operation: Any, owner: Any) -> str:
    names = []
    for node in _nodes(operation, owner):
        for x in node.inputs:
            source, index, _ = x._keras_history
            several = len(_nodes(source, owner)) > 1
            names.append(f"{source.name}[{index}]" if several else source.name)
    return ", ".join(dict.fromkeys(names)) or "-"


def _trainable(operation: Any) -> str:
    if not getattr(operation, "weights", None):
        return "-"
    return "yes" if operation.trainable_weights else "no"


def _has_branches(model: Any) -> bool:
    """Whether the layers are anything but a chain."""
    graph = getattr(model, "_graph", None)
    if graph is None:
        return False
    used: dict[int, int] = {}
    called: dict[int, int] = {}
    for node in graph.nodes:
        called[id(node.operation)] = called.get(id(node.operation), 0) + 1
        for x in node.inputs:
            used[id(x)] = used.get(id(x), 0) + 1
        if len(node.inputs) != 1:
            return True
    ends = len(flatten(graph.inputs)) > 1 or len(flatten(graph.outputs)) > 1
    return ends or any(n > 1 for n in [*used.values(), *called.values()])


def _totals(model: Any) -> list[Text]:
    from rich.text import Text

    trained, others = model.trainable_weights, model.non_trainable_weights
    groups = [
        ("Total params", [*trained, *others]),
        ("Trainable params", trained),
        ("Non-trainable params", others),
    ]
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and optimizer.built:
        groups.append(("Optimizer params", optimizer.variables))
    return [Text.assemble((f"{label}: ", "bold"), _count(vs)) for label, vs in groups]


def _count(variables: Sequence[Variable]) -> str:
    number = sum(v.size for v in variables)
    return f"{number:,} ({format_bytes(sum(v.size * v.dtype.itemsize for v in variables))})"
