"""The table of an Explanation, for screens of any width.

Wide screens show what a kernel computes in a column of its own, narrower ones in a line below the
kernel; and where that does not fit, columns are left out, the least telling first.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from thalweg.devices.explanation import Explanation, KernelRow

__all__ = ["lines"]

_GAP = "  "
# What a column with the operations needs at least, and the most that one line of it takes.
_COMPUTES, _READABLE = 36, 100
_BAR = 8
_EIGHTHS = " ▏▎▍▌▋▊▉█"
# Seconds of runs that mostly begin and end loops.
_SHORT = 20e-6
# Left out on narrow screens, in this order.
_SPARE = ("bar", "memory", "work", "rate")


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its title, its cells, that of the total, and on which side they are aligned."""

    key: str
    title: str
    cells: list[str]
    total: str = ""
    right: bool = True
    style: str = ""

    @property
    def width(self) -> int:
        return max(map(cell_len, (self.title, *self.cells, self.total)))

    def padded(self, text: str) -> str:
        space = " " * (self.width - cell_len(text))
        return space + text if self.right else text + space


def lines(explanation: Explanation, width: int) -> list[Text]:
    """The table with its title and a legend, in lines of at most so many columns.

    Very narrow screens get the columns that cannot be left out, and lines that are longer.
    """
    columns = _columns(explanation)
    room = _span(columns) + len(_GAP) + _COMPUTES
    aside = room <= width
    for key in _SPARE:
        if not aside and _span(columns) > width:
            columns = [c for c in columns if c.key != key]
    head = [Text(line, "bold") for line in textwrap.wrap(_head(explanation), width)]
    legend = [
        Text(line, "dim")
        for sentence in _legend(explanation)
        for line in textwrap.wrap(sentence, min(width, _READABLE + 20))
    ]
    return [*head, *_rows(explanation, columns, width, aside), *legend]


def _span(columns: Sequence[_Column]) -> int:
    return sum(c.width for c in columns) + len(_GAP) * (len(columns) - 1)


def _head(explanation: Explanation) -> str:
    batch = f", batch of {explanation.batch:,}" if explanation.batch else ""
    threads = f"{explanation.workers} thread{'s' if explanation.workers > 1 else ''}"
    kernels = f"{len(explanation.rows)} kernel{'s' if len(explanation.rows) != 1 else ''}"
    if explanation.limit.gpu:
        threads = f"the GPU '{explanation.limit.gpu}'"
        count = sum(row.times for row in explanation.rows if row.bound)
        kernels += f" and {count:,} dispatch{'es' if count != 1 else ''}"
    title = explanation.title[:1].upper() + explanation.title[1:]
    found = f"{title}{batch}: {kernels} in {_time(explanation.seconds)} on {threads}"
    runs = explanation.runs
    if runs:
        found += f"; it ran {runs:,} time{'s' if runs > 1 else ''}"
        found += f", about {_time(explanation.seconds * runs)} in all"
    return found


def _time(seconds: float) -> str:
    for unit, name in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= unit:
            return f"{seconds / unit:,.3g} {name}"
    return f"{seconds * 1e6:.3g} µs"


# --- columns


def _columns(explanation: Explanation) -> list[_Column]:
    rows = explanation.rows
    total = explanation.seconds
    unit, name = (1e-3, "ms") if total >= 0.1 else (1e-6, "µs")
    flops, flop_name = (1e9, "GFLOP") if explanation.flops >= 1e10 else (1e6, "MFLOP")
    size, size_name = (1 << 20, "MB") if explanation.bytes >= 100 << 20 else (1 << 10, "KB")
    shares = [row.seconds / total if total else 0.0 for row in rows]
    rates = [row.flops / row.seconds / 1e9 if row.seconds else 0.0 for row in rows]
    rate = explanation.flops / total / 1e9 if total else 0.0
    whole = f"{_percent(rate * 1e9 / explanation.limit.flops)} matmul"

    def figures(key: str, title: str, values: list[float], total: float) -> _Column:
        show = _format([*values, total])
        return _Column(key, title, [show(v) for v in values], show(total))

    return [
        _Column("number", "#", [str(row.number) for row in rows]),
        _Column("name", "kernel", [_indented(row) for row in rows], "all", right=False),
        _Column("shape", "over", [row.shape for row in rows], right=False),
        figures("time", name, [row.seconds / unit for row in rows], total / unit),
        _Column("share", "of time", [_percent(share) for share in shares], "100%"),
        _Column("bar", "", [_bar(share) for share in shares], "", False, "cyan"),
        figures("work", flop_name, [row.flops / flops for row in rows], explanation.flops / flops),
        figures("rate", "GFLOP/s", rates, rate),
        figures("memory", size_name, [row.bytes / size for row in rows], explanation.bytes / size),
        _Column("limit", "of limit", [_limit(row) for row in rows], whole),
    ]


def _indented(row: KernelRow) -> str:
    return "  " * len(row.inside) + row.name


def _format(values: Sequence[float]) -> Callable[[float], str]:
    """How the figures of a column are written: with as many decimals as their size asks for."""
    top = max(values, default=0.0)
    decimals = 0 if top >= 1000 else 1 if top >= 10 else 2
    least = 10.0**-decimals

    def show(value: float) -> str:
        if value == 0:
            return ""
        return f"<{least:g}" if value < least / 2 else f"{value:,.{decimals}f}"

    return show


def _bar(share: float) -> str:
    full, part = divmod(round(share * _BAR * 8), 8)
    return ("█" * full + (_EIGHTHS[part] if part else "")).ljust(_BAR)


def _limit(row: KernelRow) -> str:
    if not row.bound or not row.share:
        return ""
    if row.bound == "memory" and row.share > 1:
        return "in cache"
    return f"{_percent(row.share)} {row.bound}"


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


# --- lines


def _rows(
    explanation: Explanation, columns: Sequence[_Column], width: int, aside: bool
) -> list[Text]:
    span = _span(columns)
    room = min(width - span - len(_GAP), _READABLE)
    titles = [c.padded(c.title) for c in columns] + (["computes"] if aside else [])
    found = [Text(_GAP.join(titles), "bold underline")]
    indent = columns[0].width + len(_GAP)
    around: tuple[str, ...] = ()
    for i, row in enumerate(explanation.rows):
        for depth in range(_common(around, row.inside), len(row.inside)):
            found.append(Text(" " * (indent + 2 * depth) + row.inside[depth], "italic"))
        around = row.inside
        line = _joined(columns, [c.cells[i] for c in columns])
        if aside:
            first, *more = textwrap.wrap(_computes(row), room) or [""]
            found.append(line.append(_GAP).append(first, "dim"))
            found.extend(Text(" " * (span + len(_GAP)) + text, "dim") for text in more)
        else:
            found.append(line)
            before = " " * (indent + 2 * len(row.inside) + 2)
            text = textwrap.wrap(_computes(row), max(20, min(width - len(before), _READABLE)))
            found.extend(Text(before + part, "dim") for part in text)
    if len(explanation.rows) > 1:
        total = _joined(columns, [c.total for c in columns])
        total.stylize("bold")
        found.append(total)
    return found


def _joined(columns: Sequence[_Column], cells: Sequence[str]) -> Text:
    line = Text()
    for i, (column, cell) in enumerate(zip(columns, cells, strict=True)):
        line.append(_GAP if i else "").append(column.padded(cell), column.style)
    return line


def _common(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """How many first items are the same."""
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return i
    return min(len(a), len(b))


def _computes(row: KernelRow) -> str:
    said = len(row.fused) == 1 and row.name.startswith(row.fused[0])
    parts = [] if said or not row.fused else [", ".join(row.fused)]
    if row.updates:
        parts.append(f"updates {_named(row.updates, 1)}")
    elif row.reads:
        parts.append(f"reads {_named(row.reads, 2)}")
    return "; ".join(parts)


def _named(paths: Sequence[str], count: int) -> str:
    """The first variables by layer and name, and how many more there are."""
    shown, more = ["/".join(p.split("/")[-2:]) for p in paths[:count]], len(paths) - count
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _legend(explanation: Explanation) -> list[str]:
    limit = explanation.limit
    where = f"{limit.threads} thread{'s' if limit.threads > 1 else ''}"
    most = "NumPy's large matrix products"
    if limit.gpu:
        where, most = "the GPU", "multiply-adds in registers"
    found = [
        f"Limits measured here on {where}: {limit.flops / 1e9:,.0f} GFLOP/s in {most} (matmul), "
        f"{limit.bandwidth / 1e9:,.0f} GB/s from memory (memory)."
    ]
    if any(row.bound == "memory" and row.share > 1 for row in explanation.rows):
        found[0] += " In cache: faster than memory, because the data were still in a cache."
    if explanation.seconds < _SHORT:
        found.append("So short a run is over before it can come near a limit.")
    if any(row.inside for row in explanation.rows):
        found.append("Figures of a kernel in a loop are those of all its turns together.")
    found.append(
        f"Memory: {_size(explanation.arena)} for values inside of a run, {_size(explanation.peak)} "
        "with weights, inputs and outputs."
    )
    return found


def _size(count: int) -> str:
    return f"{count / 2**20:,.1f} MB" if count >= 2**20 else f"{count / 1024:,.1f} KB"
