"""What the live view records: tables that thin out, news since a cursor, speeds, allowances."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.viz.live.allowance import Allowance
from thalweg.viz.live.clock import Clock
from thalweg.viz.live.record import Cursor, Record, Run
from thalweg.viz.live.table import Moment, Table, columns


def moment(step: int) -> Moment:
    return Moment(step / 10, step, step * 0.5, step * 0.25, 0.1)


@settings(max_examples=40)
@given(keep=st.integers(2, 12), count=st.integers(1, 100), looks=st.sets(st.integers(1, 100)))
def test_a_table_keeps_evenly_chosen_rows_and_the_last_one(
    keep: int, count: int, looks: set[int]
) -> None:
    table: Table[int] = Table(keep)
    known, heard = -1, []
    for i in range(count):
        table.append(moment(i), i)
        if i in looks:
            heard += [content for _, _, content in table.after(known)]
            known = table.count - 1
    numbers = [number for number, _, _ in table.after(-1)]
    assert len(table.rows) <= keep
    assert numbers[0] == 0
    assert numbers[-1] == count - 1
    assert set(numbers[:-1]) <= set(range(0, count, table.stride))
    if count <= keep:
        assert numbers == list(range(count))
    # Who looks again and again hears of everything once, in order.
    assert heard == sorted(set(heard))
    assert table.after(count - 1) == []


def test_columns_are_what_json_can_hold() -> None:
    rows = [
        (0, moment(1), {"loss": math.inf, "word": "x"}),
        (1, moment(2), {"loss": -math.inf, "accuracy": 0.1 + 0.2}),
        (2, moment(3), {"loss": math.nan}),
    ]
    found = json.loads(json.dumps(columns(rows), allow_nan=False))
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
