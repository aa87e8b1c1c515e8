"""Schedules against hand values, and 1cycle against PyTorch's formula."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from thalweg import Variable, ops, optimizers
from thalweg.optimizers import schedules
from thalweg.primitives.graph import evaluate_graph, trace

# schedule, step -> value, by hand
CASES: list[tuple[schedules.LearningRateSchedule, dict[int, float]]] = [
    (schedules.ExponentialDecay(0.1, 10, 0.5), {0: 0.1, 5: 0.1 * 0.5**0.5, 20: 0.025}),
    (schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True), {9: 0.1, 10: 0.05, 29: 0.025}),
    (schedules.InverseTimeDecay(0.1, 10, 2.0), {0: 0.1, 5: 0.05, 10: 0.1 / 3}),
    (schedules.InverseTimeDecay(0.1, 10, 2.0, staircase=True), {9: 0.1, 10: 0.1 / 3}),
    (schedules.PolynomialDecay(1.0, 10, 0.0), {0: 1.0, 5: 0.5, 10: 0.0, 99: 0.0}),
    (schedules.PolynomialDecay(1.1, 10, 0.1, power=2.0), {5: 0.35, 10: 0.1}),
    (schedules.PolynomialDecay(1.0, 10, 0.0, cycle=True), {0: 1.0, 10: 0.0, 15: 0.25, 20: 0.0}),
    (schedules.PiecewiseConstantDecay([2, 4], [1.0, 0.5, 0.1]), {2: 1.0, 3: 0.5, 4: 0.5, 5: 0.1}),
    (schedules.CosineDecay(1.0, 10), {0: 1.0, 5: 0.5, 10: 0.0, 50: 0.0}),
    (schedules.CosineDecay(1.0, 10, alpha=0.2), {5: 0.6, 10: 0.2}),
    (
        schedules.CosineDecay(0.2, 10, warmup_target=1.0, warmup_steps=4),
        {0: 0.2, 2: 0.6, 4: 1.0, 9: 0.5, 14: 0.0, 20: 0.0},
    ),
    (schedules.CosineDecay(0.2, 10, warmup_target=1.0), {0: 1.0, 5: 0.5}),
    (schedules.CosineDecayRestarts(1.0, 10), {0: 1.0, 5: 0.5, 10: 1.0, 20: 0.5, 30: 1.0}),
    (
        schedules.CosineDecayRestarts(1.0, 10, t_mul=1.0, m_mul=0.5, alpha=0.1),
        {0: 1.0, 5: 0.55, 10: 0.55, 20: 0.9 * 0.25 + 0.1},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: type(case[0]).__name__)
def test_by_hand(case: Any) -> None:
    schedule, values = case
    for step, expected in values.items():
        assert float(schedule(step)) == pytest.approx(expected, abs=1e-6), step
        assert float(schedule(Variable(step))) == pytest.approx(expected, abs=1e-6)


EVERY = [schedule for schedule, _ in CASES] + [
    schedules.OneCycle(0.1, 50),
    schedules.OneCycle(0.1, 50, three_phase=True),
    schedules.OneCycle(0.1, 50).momentum(),
]


@pytest.mark.parametrize("schedule", EVERY, ids=lambda s: type(s).__name__)
def test_round_trip_and_trace(schedule: schedules.LearningRateSchedule) -> None:
    config = json.loads(json.dumps(schedules.serialize(schedule)))
    assert config["module"] == "keras.optimizers.schedules"
    again = schedules.deserialize(config)
    assert type(again) is type(schedule)
    assert again.get_config() == schedule.get_config()
    graph = trace(lambda step: [schedule(step)], [ops.convert_to_tensor(0)])
    captured = [np.asarray(outer) for outer, _ in graph.captures]
    for step in (0, 1, 7, 20, 49):
        found = schedule(step)
        assert found.shape == ()
        assert found.dtype.name == "float32"
        (traced,) = evaluate_graph(graph, [np.int32(step)], captured)
        assert float(traced) == float(found)


def torch_one_cycle(step: int, phases: list[tuple[float, float, float]], strategy: str) -> float:
    """OneCycleLR.get_lr of PyTorch for one number; phases are (last step, from, to)."""
    first = 0.0
    for i, (last, start, end) in enumerate(phases):
        if step <= last or i == len(phases) - 1:
            share = (step - first) / (last - first)
            if strategy == "linear":
                return (end - start) * share + start
            return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)
        first = last
    raise AssertionError


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize(("total", "share"), [(100, 0.3), (37, 0.25), (10, 0.5), (64, 0.2)])
def test_one_cycle_is_that_of_pytorch(
    strategy: str, three_phase: bool, total: int, share: float
) -> None:
    top, low, last = 0.5, 0.5 / 10, 0.5 / 10 / 100
    cycle = schedules.OneCycle(0.5, total, share, strategy, 10.0, 100.0, three_phase)
    momentum = cycle.momentum(0.8, 0.9)
    end = total - 1
    if three_phase:
        middle = 2 * share * total - 2
        rates = [(share * total - 1, low, top), (middle, top, low), (end, low, last)]
        momenta = [(share * total - 1, 0.9, 0.8), (middle, 0.8, 0.9), (end, 0.9, 0.9)]
    else:
        rates = [(share * total - 1, low, top), (end, top, last)]
        momenta = [(share * total - 1, 0.9, 0.8), (end, 0.8, 0.9)]
    for step in range(total):
        expected = torch_one_cycle(step, rates, strategy)
        assert float(cycle(step)) == pytest.approx(expected, rel=1e-4, abs=1e-7)
        expected = torch_one_cycle(step, momenta, strategy)
        assert float(momentum(step)) == pytest.approx(expected, rel=1e-5)
    # Afterwards the last value stays.
    assert float(cycle(total + 5)) == pytest.approx(last, rel=1e-5)


def test_one_cycle_by_hand() -> None:
    cycle = schedules.OneCycle(1.0, 10)  # the way up ends at step 0.3 * 10 - 1 = 2
    assert float(cycle(0)) == pytest.approx(0.04)
    assert float(cycle(1)) == pytest.approx(0.04 + 0.96 / 2)
    assert float(cycle(2)) == pytest.approx(1.0)
    share = (4 - 2) / (9 - 2)
    expected = 4e-6 + (1 - 4e-6) / 2 * (1 + math.cos(math.pi * share))
    assert float(cycle(4)) == pytest.approx(expected, rel=1e-5)
    assert float(cycle(9)) == pytest.approx(4e-6, rel=1e-5)
    assert float(cycle.momentum()(2)) == pytest.approx(0.85)
    assert float(cycle.momentum()(9)) == pytest.approx(0.95)


def test_one_cycle_without_a_way_up() -> None:
    cycle = schedules.OneCycle(1.0, 10, pct_start=0.0)
    assert float(cycle(9)) == pytest.approx(4e-6, rel=1e-5)
    one_step = schedules.OneCycle(1.0, 10, pct_start=0.1)
    assert float(one_step(0)) == pytest.approx(1.0)
    assert math.isfinite(float(one_step(1)))


def test_one_cycle_moves_rate_and_momentum_together() -> None:
    cycle = schedules.OneCycle(0.5, 10, anneal_strategy="linear")
    optimizer = optimizers.SGD(cycle, momentum=cycle.momentum())
    v = Variable(0.0)
    w = m = 0.0
    for step in range(10):
        optimizer.apply([ops.ones(())], [v])
        m = float(cycle.momentum()(step)) * m - float(cycle(step))
        w += m
        assert float(v) == pytest.approx(w, rel=1e-5)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^ExponentialDecay: decay_steps must be > 0, got 0\.$"):
        schedules.ExponentialDecay(0.1, 0, 0.5)
    with pytest.raises(ValueError, match="first_decay_steps must be > 0"):
        schedules.CosineDecayRestarts(0.1, -1)
    with pytest.raises(ValueError, match="values must be one more than boundaries, got 2 values"):
        schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match=r"boundaries must rise, got \[2, 2\]"):
        schedules.PiecewiseConstantDecay([2, 2], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="anneal_strategy must be 'cos' or 'linear', got 'sin'"):
        schedules.OneCycle(0.1, 10, anneal_strategy="sin")
    with pytest.raises(ValueError, match=r"pct_start must be from 0 to 0.5, got 0.7"):
        schedules.OneCycle(0.1, 10, pct_start=0.7, three_phase=True)
    with pytest.raises(ValueError, match="div_factor and final_div_factor must be > 0"):
        schedules.OneCycle(0.1, 10, div_factor=0.0)
    with pytest.raises(NotImplementedError, match=r"LearningRateSchedule does not define __call__"):
        schedules.LearningRateSchedule()(0)
