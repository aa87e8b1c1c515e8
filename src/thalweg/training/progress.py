"""The line that shows how far an epoch is: live in a terminal or notebook, else once at its end."""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["ProgressLine", "can_be_live", "format_duration", "format_metric", "in_notebook"]

# Often enough to look alive, rarely enough to cost nothing.
REDRAW_SECONDS = 1 / 15
BAR_WIDTHS = (10, 30)
GAP = "  "


def format_metric(value: Any) -> str:
    """A number in about six characters.

    >>> format_metric(0.31241), format_metric(12345.678), format_metric(2e-5)
    ('0.3124', '12345.68', '2.000e-05')
    """
    if not isinstance(value, (int, float)):
        return str(value).replace("\n", "")
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e3 or size != size:
        return f"{value:.4f}"
    return f"{value:.2f}" if 1e3 <= size < 1e6 else f"{value:.3e}"


def format_duration(seconds: float) -> str:
    """A time in a few characters.

    >>> format_duration(0.0034), format_duration(3.21), format_duration(75), format_duration(7384)
    ('3.4ms', '3.2s', '1:15', '2:03:04')
    """
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f}µs"
    if seconds < 0.01:
        return f"{seconds * 1e3:.1f}ms"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook; those who run notebooks are not."""
    return "ipykernel.kernelapp" in sys.modules


def can_be_live() -> bool:
    """Whether a line on the standard output can be changed after it was written."""
    if in_notebook():
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


class _Screen(Protocol):
    """Where the line is drawn."""

    @property
    def width(self) -> int: ...

    @property
    def ascii_only(self) -> bool: ...

    def draw(self, line: Text) -> None: ...

    def finish(self, line: Text | None) -> None: ...


class _Terminal:
    """A line at the bottom of a terminal; what is printed meanwhile appears above it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self.console = Console(file=sys.stdout, highlight=False)
        self.ascii_only = self.console.options.ascii_only
        self.live = Live(console=self.console, auto_refresh=False, transient=True)
        self.live.start()

    @property
    def width(self) -> int:
        return self.console.width

    def draw(self, line: Text) -> None:
        self.live.update(line, refresh=True)

    def finish(self, line: Text | None) -> None:
        self.live.stop()
        if line is not None:
            self.console.print(line)


class _Notebook:
    """An output of a notebook cell that is replaced by newer ones."""

    width = 100
    ascii_only = False

    def __init__(self) -> None:
        self.handle: Any = None

    def draw(self, line: Text) -> None:
        if self.handle is None:
            display = importlib.import_module("IPython.display").display
            self.handle = display(line, display_id=True)
        else:
            self.handle.update(line)

    def finish(self, line: Text | None) -> None:
        if line is not None:
            self.draw(line)


class ProgressLine:
    """The line of one epoch, evaluation or prediction.

    Args:
        title: what the line begins with.
        target: the number of steps, None if unknown.
        live: whether the line is shown while the steps go on, or only at the end.
    """

    def __init__(self, title: str, target: int | None, live: bool) -> None:
        self.title = title
        self.target = target
        self.live = live
        self.step = 0
        self.note = ""
        self._metrics: dict[str, Any] = {}
        self._screen: _Screen | None = None
        self._start = time.perf_counter()
        self._last_step = self._start
        self._drawn = 0.0

    def update(self, step: int, metrics: dict[str, Any]) -> None:
        """Tell that `step` steps are done."""
        self.step = step
        self._metrics = metrics
        self._last_step = time.perf_counter()
        self.redraw(final=step == self.target)

    def redraw(self, final: bool = False) -> None:
        """Draw the line again, if it is live and was not drawn just now."""
        if not self.live:
            return
        now = time.perf_counter()
        screen = self._screen
        if screen is None:
            screen = _Notebook() if in_notebook() else _Terminal()
            self._screen = screen
        elif now - self._drawn < REDRAW_SECONDS and not final:
            return
        self._drawn = now
        screen.draw(self.text(screen.width, screen.ascii_only))

    def finish(self, metrics: dict[str, Any] | None) -> None:
        """Replace the live line by the last one with these metrics, or (None) by nothing."""
        if metrics is None:
            self.close()
            return
        pieces = self._final_pieces(metrics)
        if self._screen is None:
            print(GAP.join(text for text, _ in pieces), flush=True)
            return
        self._screen.finish(_wrapped(_fitting(pieces, self._screen.width), self._screen.width))
        self._screen = None

    def close(self) -> None:
        """Take the live line away."""
        if self._screen is not None:
            self._screen.finish(None)
            self._screen = None

    # --- what the lines say ---------------------------------------------------------------------

    def _steps(self) -> str:
        if self.target is None:
            return f"{self.step} steps"
        return f"{self.step:>{len(str(self.target))}}/{self.target}"

    def _speed(self) -> str:
        return f"{format_duration((self._last_step - self._start) / max(self.step, 1))}/step"

    def _final_pieces(self, metrics: dict[str, Any]) -> list[tuple[str, str]]:
        elapsed = format_duration(time.perf_counter() - self._start)
        return [
            (self.title, "bold"),
            (self._steps(), ""),
            (elapsed, "dim"),
            (self._speed(), "dim"),
            *((f"{name} {format_metric(value)}", "metric") for name, value in metrics.items()),
        ]

    def text(self, width: int, ascii_only: bool = False) -> Text:
        """Title, steps and metrics; then what there is room for: bar, time left, speed, elapsed.

        Args:
            width: in characters.
            ascii_only: whether the bar is made of ASCII's characters.
        """
        from rich.text import Text

        now = time.perf_counter()
        metrics = [f"{name} {format_metric(v)}" for name, v in self._metrics.items()]
        room = width - len(self.title) - len(GAP) - len(self._steps())
        while metrics and sum(len(m) + len(GAP) for m in metrics) > room and len(metrics) > 1:
            metrics.pop()
        room -= sum(len(m) + len(GAP) for m in metrics)
        bar = 0
        if self.target and room >= BAR_WIDTHS[0] + len(GAP):
            bar = BAR_WIDTHS[0]
            room -= bar + len(GAP)
        times = []
        for piece in self._times(now):
            if len(piece) + len(GAP) > room:
                break
            times.append(piece)
            room -= len(piece) + len(GAP)
        if bar:
            bar += min(room, BAR_WIDTHS[1] - bar)

        line = Text(self.title, style="bold", no_wrap=True, overflow="ellipsis")
        line.stylize("not bold", len(self.title))
        if bar:
            line.append(GAP)
            line.append_text(self._bar(bar, ascii_only))
        line.append(GAP + self._steps(), style="not bold")
        for piece in times:
            line.append(GAP + piece, style="not bold dim")
        for metric in metrics:
            _append_metric(line, metric)
        return line

    def _times(self, now: float) -> list[str]:
        if not self.step:
            return []
        elapsed = now - self._start
        found = [f"in {format_duration(elapsed)}"] if self.target is None else []
        if self.note:
            found = [self.note]
        elif self.target is not None and self.step < self.target:
            per_step = (self._last_step - self._start) / self.step
            left = per_step * (self.target - self.step)
            found = [f"{format_duration(left)} left"]
        return [*found, self._speed(), *([format_duration(elapsed)] if self.target else [])]

    def _bar(self, width: int, ascii_only: bool) -> Text:
        from rich.text import Text

        assert self.target
        done = round(width * min(self.step / self.target, 1.0))
        # Two shapes, so that the bar reads without colours as well.
        full, empty = ("=", "-") if ascii_only else ("━", "─")
        bar = Text(full * done, style="not bold cyan")
        return bar.append(empty * (width - done), style="not bold dim")


def _append_metric(line: Text, metric: str) -> None:
    name, value = metric.split(" ", 1)
    line.append(f"{GAP}{name} ", style="not bold dim")
    line.append(value, style="not bold")


def _fitting(pieces: list[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """The pieces without steps and speed, if then they fit into one line and else do not."""
    for left_out in ((), (3,), (1, 3)):
        kept = [piece for i, piece in enumerate(pieces) if i not in left_out]
        if sum(len(text) for text, _ in kept) + len(GAP) * (len(kept) - 1) <= width:
            return kept
    return pieces


def _wrapped(pieces: list[tuple[str, str]], width: int) -> Text:
    """The last line; where it is too long for the screen, metrics go on below, indented."""
    from rich.text import Text

    line = Text(no_wrap=True, overflow="fold")
    indent = len(pieces[0][0])
    column = 0
    for text, style in pieces:
        gap = GAP if column else ""
        if column and column + len(gap) + len(text) > width:
            line.append("\n" + " " * indent)
            column = indent
            gap = GAP
        if style == "metric":
            name, value = text.split(" ", 1)
            line.append(f"{gap}{name} ", style="dim")
            line.append(value)
        else:
            line.append(gap)
            line.append(text, style=style or None)
        column += len(gap) + len(text)
    return line
