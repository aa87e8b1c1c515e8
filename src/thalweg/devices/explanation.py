"""Explanation: what the kernels of a Program do and how fast they are; printed, it is a table."""

from __future__ import annotations

import dataclasses
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from thalweg.devices.limit import Limit

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

__all__ = ["Explanation", "KernelRow"]

# Columns where nobody says how many there are.
_WIDTH = 120
_WIDTH_OF_PAGES = 140


@dataclass(frozen=True, slots=True)
class KernelRow:
    """One kernel. Figures are those of all its runs in one run of the Program.

    Attributes:
        number: its place in the Program, from 1.
        name: what it does above all.
        shape: over what: for a matrix product `rows x columns x summed`, else the loops.
        flops: floating-point operations.
        bytes: of the tensors that it reads and writes, each counted once.
        seconds: how long it takes, the median of several runs.
        bound: what it is measured by: `matmul`, `memory`, or nothing for what NumPy computes.
        share: of that limit of the machine; above 1 for data that were still in a cache.
        fused: the operations that it computes.
        reads: the variables that it reads, and does not write.
        updates: the variables that it writes, in place.
        inside: the loops and branches around it, the outermost first.
        times: how often it runs in one run of the Program.
    """

    number: int
    name: str
    shape: str
    flops: int
    bytes: int
    seconds: float
    bound: str
    share: float
    fused: tuple[str, ...]
    reads: tuple[str, ...]
    updates: tuple[str, ...]
    inside: tuple[str, ...]
    times: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a Program does and how fast; `print` shows it as a table.

    Attributes:
        title: what the Program was made from.
        rows: the kernels in order.
        batch: the batch size that was measured; 0 where there is none.
        workers: threads that take part.
        arena: bytes of memory for what lives only inside of a run.
        peak: bytes of arena, states, constants, inputs and outputs together.
        limit: what the machine reaches at most.
        runs: how often it ran before, where that was counted.
    """

    title: str
    rows: tuple[KernelRow, ...]
    batch: int
    workers: int
    arena: int
    peak: int
    limit: Limit
    runs: int = 0

    @property
    def seconds(self) -> float:
        """Of one run, in kernels."""
        return sum(row.seconds for row in self.rows)

    @property
    def flops(self) -> int:
        """Floating-point operations of one run."""
        return sum(row.flops for row in self.rows)

    @property
    def bytes(self) -> int:
        """Of the tensors that all kernels read and write."""
        return sum(row.bytes for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values, for JSON."""
        return {**dataclasses.asdict(self), "seconds": self.seconds, "flops": self.flops}

    def lines(self, width: int) -> list[Text]:
        """The table for a screen with so many columns."""
        from thalweg.devices.explanation_table import lines

        return lines(self, width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        yield from self.lines(options.max_width)

    def __str__(self) -> str:
        # As wide as the terminal, where there is one.
        width = shutil.get_terminal_size((_WIDTH, 24)).columns
        return "\n".join(line.plain.rstrip() for line in self.lines(width))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The table in a notebook."""
        from rich.console import Console

        console = Console(
            record=True, width=_WIDTH_OF_PAGES, file=io.StringIO(), force_jupyter=False
        )
        console.print(self)
        style = "white-space: pre; overflow-x: auto; line-height: 1.3; font-family: monospace"
        return console.export_html(
            inline_styles=True, code_format=f'<pre style="{style}">{{code}}</pre>'
        )
