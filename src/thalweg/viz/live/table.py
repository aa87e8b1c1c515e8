"""Table: rows about one moment each; when there are too many, every second one goes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

__all__ = ["Moment", "Row", "Table", "columns", "plain"]

T = TypeVar("T")


class Moment(NamedTuple):
    """Where a training is.

    Attributes:
        epoch: how many epochs are done, as a part of one within an epoch; None if unknown.
        step: how many steps of this run are done.
        seconds: since the run began.
        busy: those of them in which it took steps.
        rate: the learning rate, None if unknown.
    """

    epoch: float | None
    step: int
    seconds: float
    busy: float
    rate: float | None


Row = tuple[int, Moment, T]
"""Its number, from 0 on, the moment, and what there is to say about it."""


@dataclass(eq=False)
class Table(Generic[T]):
    """Rows in the order of time, numbered from 0.

    Args:
        keep: how many rows stay. With more, every second one is left out, then every second one of
            those that remained, and so on; the latest one is there in any case.
    """

    keep: int
    rows: list[Row[T]] = field(default_factory=list)
    stride: int = 1
    count: int = 0
    latest: Row[T] | None = None

    def append(self, moment: Moment, content: T) -> None:
        """Add a row."""
        row = self.latest = (self.count, moment, content)
        self.count += 1
        if row[0] % self.stride:
            return
        self.rows.append(row)
        if len(self.rows) > self.keep:
            self.stride *= 2
            self.rows = [row for row in self.rows if row[0] % self.stride == 0]

    @property
    def wants_next(self) -> bool:
        """Whether the next row will stay."""
        return self.count % self.stride == 0

    def skip(self) -> None:
        """Leave out the next row, and it is not the latest one either."""
        self.count += 1

    def after(self, number: int) -> list[Row[T]]:
        """The rows that came after the one of this number; -1 for all."""
        found = self.rows[bisect_right(self.rows, number, key=lambda row: row[0]) :]
        if self.latest and self.latest[0] > (found[-1][0] if found else number):
            found.append(self.latest)
        return found


def columns(rows: Sequence[Row[Mapping[str, Any]]]) -> dict[str, Any]:
    """Rows of metrics as columns that JSON can hold; a metric that is no number is left out.

    >>> rows = [
    ...     (0, Moment(0.5, 1, 0.2, 0.2, None), {"loss": 2.0}),
    ...     (1, Moment(1.0, 2, 0.4, 0.4, None), {"loss": math.nan, "accuracy": 0.5}),
    ... ]
    >>> columns(rows)["logs"]
    {'loss': [2.0, 'NaN'], 'accuracy': [None, 0.5]}
    """
    names = dict.fromkeys(
        name for _, _, logs in rows for name, value in logs.items() if isinstance(value, float)
    )
    moments = zip(*(moment for _, moment, _ in rows), strict=True) if rows else [()] * 5
    return {
        **dict(zip(Moment._fields, map(list, moments), strict=True)),
        "logs": {name: [plain(logs.get(name)) for _, _, logs in rows] for name in names},
    }


def plain(value: Any) -> float | str | None:
    """A number for JSON, which has no NaN and no infinities: they are told by name."""
    if not isinstance(value, float):
        return None
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
