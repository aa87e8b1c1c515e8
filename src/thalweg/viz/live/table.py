"""Table: numbers over time, in columns; when they are too many, every second row goes.

Columns, since a row would be an object of its own: a small model has ten thousand epochs a second,
and the garbage collector would look at each of them again and again.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Moment", "Slice", "Table"]


class Moment(NamedTuple):
    """Where a training is.

    Attributes:
        epoch: how many epochs are done, as a part of one within an epoch; None if unknown.
        step: how many steps of this run are done.
        seconds: since the run began.
        busy: those of them in which it took steps.
        rate: the learning rate, None where it was not read.
    """

    epoch: float | None
    step: int
    seconds: float
    busy: float
    rate: float | None


@dataclass(frozen=True, eq=False)
class Slice:
    """Some rows of a table.

    Attributes:
        moments: for each field of `Moment` a column.
        logs: for each name a column; None where a row has nothing of that name.
    """

    moments: dict[str, list[Any]]
    logs: dict[str, list[Any]]

    def as_json(self) -> dict[str, Any]:
        """The moments and what are numbers of the logs, as JSON can hold them.

        >>> logs = {"loss": [2.0, math.nan], "accuracy": [None, 0.5], "note": ["a", "b"]}
        >>> Slice({"step": [1, 2]}, logs).as_json()
        {'step': [1, 2], 'logs': {'loss': [2.0, 'NaN'], 'accuracy': [None, 0.5]}}
        """
        numbers = {
            name: [_plain(value) for value in column]
            for name, column in self.logs.items()
            if any(isinstance(value, float) for value in column)
        }
        return {**self.moments, "logs": numbers}


@dataclass(eq=False)
class Table:
    """Rows in the order of time, numbered from 0.

    Args:
        keep: how many rows stay. With more, every second one is left out, then every second one of
            those that remained, and so on; the latest one is there in any case.

    Attributes:
        stride: how far the numbers of rows that stay are apart.
        count: how many rows there were.
    """

    keep: int
    stride: int = 1
    count: int = 0
    _kept: dict[str, list[Any]] = field(
        default_factory=lambda: {name: [] for name in Moment._fields}
    )
    _logs: dict[str, list[Any]] = field(default_factory=dict)
    _latest: tuple[Moment, Mapping[str, Any]] | None = None

    @property
    def latest(self) -> Moment | None:
        """The moment of the last row."""
        return self._latest[0] if self._latest else None

    def append(self, moment: Moment, logs: Mapping[str, Any]) -> None:
        """Add a row."""
        self.extend([moment.epoch], [moment.step], moment, [logs])

    def extend(
        self,
        epochs: Sequence[float | None],
        steps: Sequence[int],
        moment: Moment,
        logs: Sequence[Mapping[str, Any]],
    ) -> None:
        """Add rows that were heard of at one time.

        Args:
            epochs: of each row, like `steps` and `logs`.
            steps: of each row.
            moment: that of the last one, with what else holds for all of them.
            logs: of each row.
        """
        stays = slice(-self.count % self.stride, None, self.stride)
        before, new = len(self), logs[stays]
        for name, column in self._kept.items():
            if name in ("epoch", "step"):
                column.extend((epochs if name == "epoch" else steps)[stays])
            elif name == "rate":
                # It was read after the last of them.
                last = (self.count + len(logs) - 1) % self.stride == 0
                column.extend([None] * (len(new) - last) + [moment.rate] * last)
            else:
                column.extend([getattr(moment, name)] * len(new))
        for name in set(self._logs).union(*new):
            column = self._logs.setdefault(name, [None] * before)
            column.extend([row.get(name) for row in new])
        self.count += len(logs)
        self._latest = moment, dict(logs[-1])
        while len(self) > self.keep:
            self.stride *= 2
            for column in (*self._kept.values(), *self._logs.values()):
                del column[1::2]

    def __len__(self) -> int:
        return len(self._kept["step"])

    def after(self, number: int) -> Slice:
        """The rows that came after the one of this number; -1 for all."""
        begin = bisect_right(range(0, len(self) * self.stride, self.stride), number)
        found = Slice(
            {name: column[begin:] for name, column in self._kept.items()},
            {name: column[begin:] for name, column in self._logs.items()},
        )
        last = self.count - 1
        if self._latest and last > number and last % self.stride:
            moment, logs = self._latest
            for name, column in found.moments.items():
                column.append(getattr(moment, name))
            for name, column in found.logs.items():
                column.append(logs.get(name))
        return found


def _plain(value: Any) -> float | str | None:
    """A number for JSON, which has no NaN and no infinities: they are told by name."""
    if not isinstance(value, float):
        return None
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
