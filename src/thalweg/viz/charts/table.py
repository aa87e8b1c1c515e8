"""A table for the terminal and for notebooks."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.charts.arguments import names_for
from thalweg.viz.words import number

if TYPE_CHECKING:
    from rich.table import Table as RichTable

__all__ = ["Table", "table"]


class Table:
    """Rows of cells under headers: text in a terminal, HTML in a notebook.

    Attributes:
        columns: the headers.
        rows: the cells, as they were given; numbers stay numbers.
        title: above the table, or None.
    """

    def __init__(
        self, columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None
    ) -> None:
        self.columns = tuple(columns)
        self.rows = [tuple(row) for row in rows]
        self.title = title

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[Any]:
        """The cells below a header.

        Raises:
            KeyError: if there is none of this name.
        """
        if name not in self.columns:
            raise KeyError(f"table: there is no column '{name}' among {list(self.columns)}.")
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def __rich__(self) -> RichTable:
        from rich import box
        from rich.table import Column
        from rich.table import Table as RichTable
        from rich.text import Text

        columns = [
            Column(Text(name), justify="right" if right else "left", no_wrap=right)
            for name, right in zip(self.columns, self._right(), strict=True)
        ]
        found = RichTable(
            *columns,
            title=None if self.title is None else Text(self.title),
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            header_style="bold",
        )
        for row in self.rows:
            found.add_row(*(Text(_written(cell)) for cell in row))
        return found

    def __str__(self) -> str:
        from rich.console import Console

        # In a notebook rich would show at once what is only to become a string.
        console = Console(
            width=200,
            color_system=None,
            force_terminal=False,
            force_jupyter=False,
            highlight=False,
        )
        with console.capture() as capture:
            console.print(self)
        return "\n".join(line.rstrip() for line in capture.get().splitlines()).strip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        sides = ["right" if right else "left" for right in self._right()]

        def line(tag: str, cells: Sequence[Any]) -> str:
            inner = "".join(
                f'<{tag} style="text-align:{side}">{html.escape(_written(cell))}</{tag}>'
                for side, cell in zip(sides, cells, strict=True)
            )
            return f"<tr>{inner}</tr>"

        title = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        body = "".join(line("td", row) for row in self.rows)
        head = line("th", self.columns)
        return f"<table>{title}<thead>{head}</thead><tbody>{body}</tbody></table>"

    def _right(self) -> list[bool]:
        """Which columns hold numbers, which stand below each other at the right."""
        return [
            any(_is_number(row[i]) for row in self.rows)
            and all(_is_number(row[i]) or row[i] is None for row in self.rows)
            for i in range(len(self.columns))
        ]


def table(rows: Any, columns: Sequence[str] | None = None, *, title: str | None = None) -> Table:
    """Make a table.

    Args:
        rows: a mapping from headers to columns of the same length; or mappings from headers to
            cells, one for each row; or an array or sequences of cells, one for each row. Cells
            are anything; numbers are written with 4 digits, None as nothing.
        columns: the headers; needed where `rows` does not have them, else which columns to show,
            in this order.
        title: above the table.

    Returns:
        A `Table`: print it, or have a notebook show it; `.rows`, `.columns` and `.column(name)`
        are what is in it.

    Raises:
        ValueError: if rows differ in length, or headers are missing.

    >>> import thalweg as tw
    >>> tw.viz.table({"feature": ["RM", "LSTAT"], "weight": [2.71828, -3.9]})
    feature   weight
    ────────────────
    RM         2.718
    LSTAT       −3.9
    """
    if isinstance(rows, Mapping):
        found = {str(k): list(v) for k, v in rows.items()}
        lengths = {len(v) for v in found.values()}
        if len(lengths) > 1:
            raise ValueError(
                "table: columns must be of the same length, got "
                f"{', '.join(f'{k}: {len(v)}' for k, v in found.items())}."
            )
        names = _chosen(columns, list(found))
        return Table(names, list(zip(*(found[name] for name in names), strict=True)), title)
    rows = list(rows)
    if rows and all(isinstance(row, Mapping) for row in rows):
        names = _chosen(columns, list(dict.fromkeys(str(k) for row in rows for k in row)))
        return Table(names, [[row.get(name) for name in names] for row in rows], title)
    if columns is None:
        raise ValueError("table: columns must name the cells of each row.")
    columns = names_for("table", "columns", columns, len(columns), "columns") or []
    for i, row in enumerate(rows):
        if isinstance(row, str) or not hasattr(row, "__len__"):
            raise TypeError(f"table: row {i} must be a list of cells, got {row!r}.")
        if len(row) != len(columns):
            raise ValueError(
                f"table: row {i} has {len(row)} cells, but there are {len(columns)} columns."
            )
    return Table(columns, rows, title)


def _chosen(columns: Sequence[str] | None, there: list[str]) -> list[str]:
    for name in columns or ():
        if name not in there:
            raise ValueError(f"table: there is no column '{name}' among {there}.")
    return there if columns is None else list(columns)


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool)


def _written(cell: Any) -> str:
    if cell is None:
        return ""
    return number(float(cell), 4) if _is_number(cell) else str(cell)
