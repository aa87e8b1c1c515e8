"""The demonstration in a terminal: progress while it trains, and its results on one screen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from thalweg.demo.boston import DOLLARS, Demo, Errors, FeatureWeight, Progress

__all__ = ["live_progress", "quiet_progress", "report"]

TITLES = {
    "baseline": "always the mean price",
    "linear": "linear model",
    "network": "network 50-50-1",
}

# What one standard deviation is counted in, short enough for a line.
UNITS = {
    "CRIM": "crimes per head and year",
    "ZN": "% of land for large lots",
    "INDUS": "% of land for industry",
    "CHAS": "1 at the river, else 0",
    "NOX": "parts of NOx per 10 million",
    "RM": "rooms per home",
    "AGE": "% of homes from before 1940",
    "DIS": "distance to work, weighted",
    "RAD": "access to highways, index",
    "TAX": "$ tax per $10,000 of value",
    "PTRATIO": "pupils per teacher",
    "LSTAT": "% of people of lower status",
}

BAR_CELLS = 9
SPARKS = "▁▂▃▄▅▆▇█"
SPARK_CELLS = 16


@contextmanager
def live_progress(console: Console, epochs: int) -> Iterator[Progress]:
    """A bar for each model while it trains; they vanish when all is done."""
    bars = Bars(
        TextColumn("  {task.description:<15}"),
        BarColumn(24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}", style="dim"),
        console=console,
        transient=True,
    )
    tasks = {}
    with bars:

        def update(model: str, epoch: int, loss: float, validation_loss: float) -> None:
            if model not in tasks:
                tasks[model] = bars.add_task(TITLES[model], total=epochs, losses="")
            losses = f"MSE {loss:.1f}, validation {validation_loss:.1f}"
            bars.update(tasks[model], completed=epoch, losses=losses)

        yield update


@contextmanager
def quiet_progress(console: Console, epochs: int) -> Iterator[Progress]:
    """One line when a model is trained, for where nobody watches."""

    def update(model: str, epoch: int, loss: float, validation_loss: float) -> None:
        if epoch == epochs:
            console.print(
                f"{TITLES[model]}: {epochs} epochs, MSE {loss:.1f}, "
                f"validation {validation_loss:.1f}",
                highlight=False,
            )

    yield update


def report(demo: Demo) -> Padding:
    """Everything that the demonstration found."""
    return Padding(
        Group(
            _heading(demo),
            Text(),
            _errors(demo),
            Text(),
            _Curve(demo.validation_curve),
            Text(),
            Text("What a home is worth to the linear model", style="bold"),
            _weights(demo.weights),
        ),
        (1, 2),
    )


def _heading(demo: Demo) -> Group:
    rows = demo.rows
    return Group(
        Text.assemble(
            ("Boston housing", "bold"),
            (f"   seed {demo.seed}, {demo.epochs} epochs", "dim"),
        ),
        Text(
            f"{sum(rows)} districts, {len(demo.weights)} features each, and the median price of a "
            f"home there.\n{rows.train} districts to train on, {rows.validation} to validate, "
            f"{rows.test} to test."
        ),
    )


def _table() -> Table:
    return Table(
        box=box.SIMPLE_HEAD,
        header_style="dim",
        border_style="dim",
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        expand=True,
    )


def _errors(demo: Demo) -> Table:
    table = _table()
    table.add_column("Mean squared error", no_wrap=True)
    for title in ("train", "validation", "test", "test MAE"):
        table.add_column(title, justify="right", no_wrap=True)
    rows = {"baseline": demo.baseline, "linear": demo.linear, "network": demo.network}
    best = min(rows, key=lambda name: rows[name].test_mse)
    for name, errors in rows.items():
        table.add_row(TITLES[name], *_cells(errors), style="bold" if name == best else "")
    return table


def _cells(errors: Errors) -> list[str]:
    squares = (errors.train_mse, errors.validation_mse, errors.test_mse)
    return [*(f"{value:.2f}" for value in squares), f"${errors.test_mae_dollars:,.0f}"]


class _Curve:
    """The losses after each epoch in one line, both scales logarithmic."""

    def __init__(self, losses: Sequence[float]) -> None:
        self.losses = losses

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        losses = [value for value in self.losses if math.isfinite(value) and value > 0]
        if not losses:
            return
        line = Text("Network, validation   ", no_wrap=True, overflow="crop")
        line.append(f"{losses[0]:.1f} ")
        line.append("..." if options.ascii_only else _sparks(losses), "cyan")
        line.append(f" {losses[-1]:.1f}")
        line.append(f"   in {len(losses)} epochs, log scales", "dim")
        yield line


def _sparks(losses: Sequence[float]) -> str:
    """Bars of eight heights for epochs whose numbers grow by an equal factor."""
    steps = range(SPARK_CELLS)
    epochs = sorted({round(len(losses) ** (i / (SPARK_CELLS - 1))) for i in steps})
    heights = [math.log(losses[epoch - 1]) for epoch in epochs]
    low, high = min(heights), max(heights)
    scale = (len(SPARKS) - 1) / ((high - low) or 1)
    return "".join(SPARKS[round((height - low) * scale)] for height in heights)


def _weights(weights: Sequence[FeatureWeight]) -> Table:
    table = _table()
    table.add_column("Feature", no_wrap=True)
    table.add_column("Weight", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("for one standard deviation", no_wrap=True, overflow="ellipsis", ratio=1)
    largest = max(abs(row.weight) for row in weights) or 1
    for row in weights:
        style = "red" if row.weight < 0 else "green"
        table.add_row(
            row.name,
            Text(f"{'-' if row.weight < 0 else '+'}${abs(row.weight) * DOLLARS:,.0f}", style),
            _Bar(row.weight / largest, style),
            Text.assemble(
                f"{row.deviation:#.3g}".rstrip(".").rjust(5), (f" {UNITS[row.name]}", "dim")
            ),
        )
    return table


class _Bar:
    """A bar to the left of a middle line for a negative share, to the right for a positive one."""

    def __init__(self, share: float, style: str) -> None:
        self.share = share
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        full, left_half, right_half, middle = "━╺╸│" if not options.ascii_only else "=  |"
        halves = round(abs(self.share) * BAR_CELLS * 2)
        whole, half = full * (halves // 2), halves % 2
        if self.share < 0:
            left, right = (left_half * half + whole).rjust(BAR_CELLS), " " * BAR_CELLS
        else:
            left, right = " " * BAR_CELLS, (whole + right_half * half).ljust(BAR_CELLS)
        yield Text.assemble((left, self.style), (middle, "dim"), (right, self.style), no_wrap=True)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(2 * BAR_CELLS + 1, 2 * BAR_CELLS + 1)
