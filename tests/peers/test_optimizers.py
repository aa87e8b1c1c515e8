"""All optimizers over ten steps with all options, and all schedules, against Keras."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest

from thalweg import Variable, optimizers
from thalweg.ops import convert_to_tensor
from thalweg.optimizers import schedules

pytestmark = [
    pytest.mark.peer,
    # Keras's variables do not follow NumPy 2's protocol to the letter.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
]


# class, arguments of its own
OWN: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.8, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"rho": 0.7, "momentum": 0.5}),
    ("RMSprop", {"centered": True, "epsilon": 1e-3}),
    ("RMSprop", {"centered": True, "momentum": 0.9}),
    ("Adam", {}),
    ("Adam", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "amsgrad": True}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 1e-2}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.8, "epsilon": 1e-3}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.7, "beta_2": 0.95}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.7, "beta_2": 0.95}),
    ("Ftrl", {}),
    ("Ftrl", {"l1_regularization_strength": 0.1, "l2_regularization_strength": 0.2, "beta": 0.1}),
    ("Ftrl", {"learning_rate_power": -0.3, "l2_shrinkage_regularization_strength": 0.1}),
    ("Lion", {}),
    ("Lion", {"beta_1": 0.5, "beta_2": 0.8}),
    ("Lamb", {}),
    ("Lamb", {"beta_1": 0.8, "epsilon": 1e-3}),
    ("Adafactor", {}),
    ("Adafactor", {"beta_2_decay": -0.6, "clip_threshold": 0.5, "relative_step": False}),
]
# Options of all optimizers, in groups: JAX takes its time.
OPTIONS: list[dict[str, Any]] = [
    {"learning_rate": 0.3, "clipnorm": 0.7, "use_ema": True, "ema_momentum": 0.8},
    {"clipvalue": 0.2, "weight_decay": 0.05, "use_ema": True, "ema_overwrite_frequency": 3},
    {"global_clipnorm": 0.9, "loss_scale_factor": 8.0, "gradient_accumulation_steps": 3},
    {
        "gradient_accumulation_steps": 2,
        "clipnorm": 0.5,
        "use_ema": True,
        "ema_overwrite_frequency": 2,
        "weight_decay": 0.01,
    },
]
NAMES = sorted({name for name, _ in OWN})
SHAPES = {"kernel": (3, 2), "bias": (4,)}


def starts() -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {n: random.normal(size=shape).astype("float32") for n, shape in SHAPES.items()}


def gradients(step: int) -> list[Any]:
    random = np.random.default_rng(100 + step)
    return [random.normal(size=shape).astype("float32") for shape in SHAPES.values()]


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-5, atol=1e-5)


def run(here: Any, there: Any, steps: int = 10) -> None:
    ours = [Variable(value, name=name) for name, value in starts().items()]
    theirs = [keras.Variable(value, name=name) for name, value in starts().items()]
    for step in range(steps):
        here.apply([convert_to_tensor(g) for g in gradients(step)], ours)
        there.apply([keras.ops.convert_to_tensor(g) for g in gradients(step)], theirs)
        for a, b in zip(ours, theirs, strict=True):
            close(a, b)
    # The whole state, in one order, so that saved optimizers go both ways.
    assert len(here.variables) == len(there.variables)
    for a, b in zip(here.variables, there.variables, strict=True):
        assert a.shape == b.shape
        assert a.dtype.name == b.dtype
        # One variable of Nadam has no name in Keras.
        assert a.name == b.name or b.name.startswith("variable")
        close(a, b)
    here.finalize_variable_values(ours)
    there.finalize_variable_values(theirs)
    for a, b in zip(ours, theirs, strict=True):
        close(a, b)


@pytest.mark.parametrize(("name", "own"), OWN, ids=str)
def test_ten_steps(name: str, own: dict[str, Any]) -> None:
    run(getattr(optimizers, name)(**own), getattr(keras.optimizers, name)(**own))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_ten_steps_with_options(name: str, options: dict[str, Any]) -> None:
    run(getattr(optimizers, name)(**options), getattr(keras.optimizers, name)(**options))


SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8}),
    (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8, "staircase": True},
    ),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8}),
    (
        "InverseTimeDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8, "staircase": True},
    ),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    (
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 20, "power": 2.0, "cycle": True},
    ),
    (
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 9, "power": 0.5, "end_learning_rate": 0.02},
    ),
    ("PiecewiseConstantDecay", {"boundaries": [3, 10, 20], "values": [1.0, 0.5, 0.2, 0.1]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.2}),
    (
        "CosineDecay",
        {
            "initial_learning_rate": 0.01,
            "decay_steps": 20,
            "warmup_target": 0.1,
            "warmup_steps": 10,
            "alpha": 0.1,
        },
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 5}),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 5, "t_mul": 1.0, "m_mul": 0.8},
    ),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 6, "t_mul": 1.5, "alpha": 0.1},
    ),
]


@pytest.mark.parametrize(("name", "arguments"), SCHEDULES)
def test_schedules(name: str, arguments: dict[str, Any]) -> None:
    here = getattr(schedules, name)(**arguments)
    there = getattr(keras.optimizers.schedules, name)(**arguments)
    for step in [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 14, 15, 16, 19, 20, 21, 29, 30, 31, 100]:
        close(here(step), there(step))
    assert here.get_config() == there.get_config()
    written = keras.optimizers.schedules.serialize(there)
    assert type(schedules.deserialize(written)) is type(here)
    assert type(keras.optimizers.schedules.deserialize(schedules.serialize(here))) is type(there)


@pytest.mark.parametrize("options", [{}, {"gradient_accumulation_steps": 2, "weight_decay": 0.1}])
@pytest.mark.parametrize("name", ["SGD", "Adam", "Adafactor"])
def test_scheduled(name: str, options: dict[str, Any]) -> None:
    arguments = {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5}
    run(
        getattr(optimizers, name)(schedules.ExponentialDecay(**arguments), **options),
        getattr(keras.optimizers, name)(
            keras.optimizers.schedules.ExponentialDecay(**arguments), **options
        ),
    )


def test_constraints() -> None:
    ours, theirs = [], []
    for name, value in starts().items():
        if np.ndim(value) == 2:
            ours.append(Variable(value, name=name, constraint=lambda w: w / 2))
            theirs.append(keras.Variable(value, name=name))
            theirs[-1].constraint = lambda w: w / 2
    here, there = optimizers.Adam(0.1), keras.optimizers.Adam(0.1)
    for step in range(3):
        g = gradients(step)[0]
        here.apply([convert_to_tensor(g)], ours)
        there.apply([keras.ops.convert_to_tensor(g)], theirs)
    close(ours[0], theirs[0])


@pytest.mark.parametrize("name", NAMES)
def test_arguments(name: str) -> None:
    def arguments(thing: Any) -> dict[str, Any]:
        found = inspect.signature(thing).parameters.values()
        return {p.name: p.default for p in found if p.name not in ("options", "kwargs")}

    here = arguments(getattr(optimizers, name))
    there = arguments(getattr(keras.optimizers, name))
    # The first arguments are the optimizer's own; the options of all optimizers follow.
    assert list(here.items()) == list(there.items())[: len(here)]
    options = arguments(optimizers.Optimizer)
    for option, default in list(there.items())[len(here) :]:
        assert options[option] == default, option


@pytest.mark.parametrize(("name", "own"), OWN, ids=str)
def test_configurations_go_both_ways(name: str, own: dict[str, Any]) -> None:
    arguments = {**own, "clipnorm": 1.5, "use_ema": True, "name": "x"}
    there = getattr(keras.optimizers, name)(**arguments)
    here = optimizers.get(keras.optimizers.serialize(there))
    assert here.get_config() == there.get_config()
    again = keras.saving.deserialize_keras_object(optimizers.serialize(here))
    assert type(again) is type(there)
    assert again.get_config() == there.get_config()


@pytest.mark.parametrize("name", NAMES)
def test_state_goes_both_ways(name: str) -> None:
    here, there = getattr(optimizers, name)(), getattr(keras.optimizers, name)()
    ours = [Variable(value, name=n) for n, value in starts().items()]
    theirs = [keras.Variable(value, name=n) for n, value in starts().items()]
    for step in range(3):
        there.apply([keras.ops.convert_to_tensor(g) for g in gradients(step)], theirs)
    store: dict[str, Any] = {}
    there.save_own_variables(store)
    here.build(ours)
    here.load_own_variables({k: np.asarray(v) for k, v in store.items()})
    for v, other in zip(ours, theirs, strict=True):
        v.assign(np.asarray(other))
    for step in range(3, 6):
        here.apply([convert_to_tensor(g) for g in gradients(step)], ours)
        there.apply([keras.ops.convert_to_tensor(g) for g in gradients(step)], theirs)
    for a, b in zip(ours, theirs, strict=True):
        close(a, b)
    store = {}
    here.save_own_variables(store)
    there.load_own_variables(store)
