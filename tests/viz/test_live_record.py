"""What the live view records: tables that thin out, news since a cursor, speeds, allowances."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.viz.live.allowance import Allowance
from thalweg.viz.live.clock import Clock
from thalweg.viz.live.record import Cursor, Record, Run
from thalweg.viz.live.table import Moment, Table


def moment(step: int) -> Moment:
    return Moment(step / 10, step, step * 0.5, step * 0.25, 0.1)


@settings(max_examples=40)
@given(keep=st.integers(2, 12), groups=st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_a_table_keeps_evenly_chosen_rows_and_the_last_one(keep: int, groups: list[int]) -> None:
    table = Table(keep)
    heard: list[int] = []
    known, count = -1, 0
    for size in groups:
        steps = list(range(count, count + size))
        table.extend(
            [step / 10 for step in steps],
            steps,
            moment(steps[-1]),
            [{"loss": float(step), **({"even": 1.0} if step % 2 == 0 else {})} for step in steps],
        )
        count += size
        heard += table.after(known).moments["step"]
        known = table.count - 1
    rows = table.after(-1)
    numbers = rows.moments["step"]
    assert table.count == count
    assert len(table) <= keep
    assert numbers[0] == 0
    assert numbers[-1] == count - 1
    assert numbers[:-1] == list(range(0, count - 1, table.stride))
    if count <= keep:
        assert numbers == list(range(count))
    assert rows.moments["epoch"] == [number / 10 for number in numbers]
    assert rows.logs["loss"] == numbers
    assert rows.logs["even"] == [None if number % 2 else 1.0 for number in numbers]
    assert {name: len(column) for name, column in rows.moments.items()} == dict.fromkeys(
        Moment._fields, len(numbers)
    )
    # The rate is known for the last row of each group.
    known_rates = [n for n, rate in zip(numbers, rows.moments["rate"], strict=True) if rate]
    assert set(known_rates) == set(np.cumsum(groups) - 1) & set(numbers)
    # Who looks again and again hears of nothing twice, and of the last row of each look.
    assert heard == sorted(set(heard))
    assert set(np.cumsum(groups) - 1) <= set(heard)
    assert table.after(count - 1).moments["step"] == []


def test_rows_are_what_json_can_hold() -> None:
    table = Table(100)
    table.append(moment(1), {"loss": math.inf, "word": "x"})
    table.append(moment(2), {"loss": -math.inf, "accuracy": 0.1 + 0.2})
    table.append(moment(3), {"loss": math.nan})
    found = json.loads(json.dumps(table.after(-1).as_json(), allow_nan=False))
    assert found["logs"] == {
        "loss": ["Infinity", "-Infinity", "NaN"],
        "accuracy": [None, 0.1 + 0.2, None],
    }
    assert found["step"] == [1, 2, 3]
    assert found["rate"] == [0.1] * 3


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_clock_leaves_pauses_out_and_forgets_how_it_began() -> None:
    time = Time()
    clock = Clock(time)
    assert clock.speed is None
    time.now += 7  # compiling
    assert clock.advance(1) == (7, 7)
    for step in range(2, 12):
        time.now += 1
        clock.advance(step)
    assert clock.speed == pytest.approx(1)
    clock.pause()
    time.now += 5
    clock.resume()
    time.now += 1
    assert clock.advance(12) == (23, 18)
    assert clock.speed == pytest.approx(1)
    # 12 steps to come, and, as half of the epochs are done, a pause as long as the first one.
    assert clock.left(24, 0.5) == pytest.approx(12 + 5)
    assert clock.left(None, 0.5) is None
    clock.end()
    time.now += 50
    assert clock.seconds == 23


def test_an_allowance_is_a_share_of_the_time() -> None:
    time = Time()
    allowance = Allowance(0.01, 2.0, time)
    spent = 0.0
    done = []
    for _ in range(100_000):
        time.now += 0.01
        if allowance.due:
            with allowance.used():
                took = 0.5 if not done else 0.06  # the first time it compiles
                time.now += took
            spent += took
            done.append(time.now)
    assert done[1] - done[0] == pytest.approx(2.06, abs=0.05)
    assert spent - 0.5 < 0.0101 * (time.now - 100)


def run_with(epochs: int, keep: int = 100) -> Run:
    run = Run("model", 0, 10, 4, 32.0, keep)
    for epoch in range(epochs):
        run.points.append(moment(epoch), {"loss": 1.0})
        run.ended.append(moment(epoch), {"loss": float(epoch)})
    return run


def test_news_are_what_came_since() -> None:
    record = Record()
    assert record.news(Cursor())[0] == {"runs": []}
    record.runs.append(run_with(3))
    news, known, _ = record.news(Cursor())
    assert news["runs"][0]["ended"]["logs"]["loss"] == [0.0, 1.0, 2.0]
    assert known == Cursor(0, 2, 2, -1) == Cursor.read(str(known))
    news, again, _ = record.news(known)
    assert news["runs"][0]["ended"]["logs"] == {}
    assert again == known
    record.runs[0].ended.append(moment(4), {"loss": 9.0})
    record.runs.append(run_with(1))
    news, known, _ = record.news(known)
    assert [run["number"] for run in news["runs"]] == [0, 1]
    assert [run["ended"]["logs"]["loss"] for run in news["runs"]] == [[9.0], [0.0]]
    assert known == Cursor(1, 0, 0, -1)
    json.dumps(record.everything(), allow_nan=False)


@pytest.mark.parametrize("text", [None, "", "x", "1.2", "1.2.3.4.5", "1.2.3.x", "-9.-9.-9.-9"])
def test_a_cursor_that_is_none_knows_nothing(text: str | None) -> None:
    record = Record()
    record.runs.append(run_with(2))
    news, _, _ = record.news(Cursor.read(text))
    assert len(news["runs"][0]["ended"]["step"]) == 2


def test_who_tells_can_wait_until_all_know() -> None:
    record = Record()
    record.tell()
    assert record.all_told(0)
    with record.watching() as watcher:
        assert record.watched == 1
        record.tell()
        assert not record.all_told(0.01)
        record.told(watcher, record.news(Cursor())[2])
        assert record.all_told(0)
        assert record.visited
    assert record.watched == 0
