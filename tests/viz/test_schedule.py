"""plot_schedule: the values of all schedules against their formulas, and the pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from thalweg.optimizers import schedules
from thalweg.viz.figure import blank, drawn
from thalweg.viz.rate.schedules import plot_schedule

K = np.arange(400)


def cosine(share):
    return 0.5 * (1 + np.cos(np.pi * share))


def one_cycle(low, high, last, top=119, end=399):
    up = low + (high - low) * (1 - cosine(K / top))
    down = last + (high - last) * cosine((K - top) / (end - top))
    return np.where(top >= K, up, down)


FORMULAS = {
    "exponential": (schedules.ExponentialDecay(0.1, 50, 0.5), 0.1 * 0.5 ** (K / 50)),
    "stairs": (schedules.ExponentialDecay(0.1, 50, 0.5, staircase=True), 0.1 * 0.5 ** (K // 50)),
    "inverse": (schedules.InverseTimeDecay(0.1, 50, 2.0), 0.1 / (1 + 2 * K / 50)),
    "polynomial": (
        schedules.PolynomialDecay(0.1, 300, 0.01, power=2),
        0.09 * (1 - np.minimum(K, 300) / 300) ** 2 + 0.01,
    ),
    "piecewise": (
        schedules.PiecewiseConstantDecay([100, 200], [0.1, 0.05, 0.01]),
        np.select([K <= 100, K <= 200], [0.1, 0.05], 0.01),
    ),
    "cosine": (
        schedules.CosineDecay(0.02, 300, warmup_target=0.1, warmup_steps=50),
        np.where(K < 50, 0.02 + 0.08 * K / 50, 0.1 * cosine(np.minimum(K - 50, 300) / 300)),
    ),
    "restarts": (
        schedules.CosineDecayRestarts(0.1, 100, t_mul=1.0),
        0.1 * cosine(K % 100 / 100),
    ),
    "one cycle": (schedules.OneCycle(0.1, 400), one_cycle(0.004, 0.1, 4e-7)),
    "momentum": (schedules.OneCycleMomentum(400), one_cycle(0.95, 0.85, 0.95)),
    "number": (0.003, np.full(400, 0.003)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_values_are_those_of_the_formula(name):
    schedule, expected = FORMULAS[name]
    plot = plot_schedule({name: schedule}, 400)
    np.testing.assert_array_equal(plot.numbers.steps, K)
    np.testing.assert_allclose(plot.numbers.values[name], expected, rtol=1e-5, atol=1e-8)
    (line,) = plot.axes.lines
    np.testing.assert_array_equal(line.get_ydata(), plot.numbers.values[name])


class Stairs(schedules.LearningRateSchedule):
    """With a decision in Python, which is traced."""

    def __call__(self, step):
        if step < 3:
            return 0.5
        return 0.25


class Counted(schedules.LearningRateSchedule):
    """With numbers of Python, which cannot be traced."""

    def __call__(self, step):
        return math.sqrt(int(step))


class Vector(schedules.LearningRateSchedule):
    def __call__(self, step):
        return tw.ops.stack([step, step])


def test_schedules_of_the_users_own():
    values = plot_schedule([Stairs(), Counted()], 6).numbers.values
    np.testing.assert_allclose(values["Stairs"], [0.5] * 3 + [0.25] * 3)
    np.testing.assert_allclose(values["Counted"], np.sqrt(np.arange(6)), rtol=1e-6)
    with pytest.raises(
        ValueError, match=r"'Vector' must give one number for a step, got shape \(2,"
    ):
        plot_schedule(Vector(), 6)


def warm(epoch, rate):
    return rate * 2 if epoch < 2 else rate


def test_functions_of_the_epoch():
    by_epoch = tw.callbacks.LearningRateScheduler(lambda epoch: 1.0 / (1 + epoch))
    plot = plot_schedule([warm, by_epoch], 5, steps_per_epoch=2, learning_rate=0.1)
    np.testing.assert_allclose(plot.numbers.values["warm"], [0.2, 0.2, 0.4, 0.4, 0.4])
    np.testing.assert_allclose(plot.numbers.values["function"], [1, 1, 0.5, 0.5, 1 / 3])
    assert plot.axes.get_xlabel() == "epoch"
    np.testing.assert_allclose(plot.axes.lines[0].get_xdata(), [0, 0.5, 1, 1.5, 2])
    with pytest.raises(ValueError, match="'warm' is a function of the epoch: give steps_per_epoch"):
        plot_schedule(warm, 5)
    with pytest.raises(ValueError, match="'warm' starts from the optimizer's learning rate"):
        plot_schedule(warm, 5, steps_per_epoch=2)


def test_an_optimizer_has_its_momentum_below():
    cycle = schedules.OneCycle(0.1, 400)
    optimizer = tw.optimizers.Adam(cycle, beta_1=cycle.momentum())
    plot = plot_schedule(optimizer, 400)
    assert [axes.get_ylabel() for axes in plot.axes] == ["learning rate", "beta_1"]
    assert list(plot.numbers.values) == ["Adam", "Adam, beta_1"]
    np.testing.assert_allclose(plot.numbers.values["Adam, beta_1"], FORMULAS["momentum"][1], 1e-5)
    assert int(optimizer.iterations) == 0
    plain = plot_schedule([tw.optimizers.SGD(0.1), tw.optimizers.SGD(0.2)], 5).numbers.values
    assert {name: values[0] for name, values in plain.items()} == {
        "SGD 1": pytest.approx(0.1),
        "SGD 2": pytest.approx(0.2),
    }
    with pytest.raises(ValueError, match="one quantity, and these are learning rate and beta_1"):
        plot_schedule(optimizer, 400, ax=Figure().subplots())


def test_the_caption_says_what_is_seen():
    plot = plot_schedule([schedules.OneCycle(0.1, 400), 0.003], 400)
    assert plot.caption == (
        "OneCycle goes from 0.004 to 4e−7, up to 0.1 at step 119 on the way; 0.003 stays at 0.003."
    )
    momentum = plot_schedule(schedules.OneCycleMomentum(400), 400, steps_per_epoch=100)
    assert momentum.caption == (
        "OneCycleMomentum goes from 0.95 and back, down to 0.85 at epoch 1.19 on the way."
    )


BAD = [
    (("cosine", 5), "schedule must be a LearningRateSchedule, .*, got a str"),
    ((schedules.OneCycle, 5), "got a type"),
    (([], 5), "must hold at least one schedule, got none"),
    ((0.1, 0), "steps must be a positive whole number, got 0"),
    ((0.1, None), "steps must be a positive whole number, got None"),
    ((lambda epoch: "fast", 5, 1), "must give a learning rate for epoch 0, got 'fast'"),
    ((float("nan"), 5), "'nan' must give finite numbers, got nan at step 0"),
    ((tw.Sequential([tw.layers.Dense(1)]), 5), "got a Sequential"),
    ((0.1, 5, "epochs"), "steps_per_epoch must be a positive whole number, got 'epochs'"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments(arguments, message):
    schedule, steps, *per_epoch = arguments
    with pytest.raises(ValueError, match=message):
        plot_schedule(schedule, steps, steps_per_epoch=per_epoch[0] if per_epoch else None)


def test_a_logarithmic_scale_needs_something_above_0():
    with pytest.raises(ValueError, match="log=True cannot show '0', which is never above 0"):
        plot_schedule(0.0, 5, log=True)


def test_the_rate_that_functions_start_from_is_a_number():
    with pytest.raises(ValueError, match="learning_rate must be a number, got 'slow'"):
        plot_schedule(lambda epoch, rate: rate, 5, steps_per_epoch=1, learning_rate="slow")


def several():
    names = ["exponential", "cosine", "restarts", "polynomial", "piecewise", "inverse"]
    return plot_schedule({name: FORMULAS[name][0] for name in names}, 400)


def cycle_of_sgd():
    cycle = schedules.OneCycle(0.1, 400)
    return plot_schedule(tw.optimizers.SGD(cycle, cycle.momentum()), 400, steps_per_epoch=200)


def test_look_of_several():
    check_look(several(), "schedules")


def test_look_of_an_optimizer():
    check_look(cycle_of_sgd(), "schedule_of_optimizer")


def test_look_in_the_dark():
    with tw.viz.theme("dark"):
        check_look(cycle_of_sgd(), "schedule_dark")


@pytest.mark.parametrize("size", [(3.2, 2.4), (6, 3), (12, 5)])
def test_layout_in_the_axes_of_the_user(size):
    figure, axes = drawn(blank)(*size)
    cycles = {f"{rate:g}": schedules.OneCycle(rate, 400) for rate in (0.3, 0.1)}
    plot = plot_schedule(cycles, 400, log=True, ax=axes)
    assert plot.figure is figure
    assert plot.axes.get_yscale() == "log"
    check_layout(figure)
