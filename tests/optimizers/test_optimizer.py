"""What all optimizers share: options, state, missing gradients, learning rates, errors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from thalweg import Variable, ops, optimizers
from thalweg.autodiff import GradientTape
from thalweg.optimizers import schedules
from thalweg.registry import custom_object_scope

Adam, SGD = optimizers.Adam, optimizers.SGD


def after(optimizer: Any, *gradients: Any, start: Any = (1.0, 2.0), **variable: Any) -> list[float]:
    v = Variable(np.array(start, "float32"), name="w", **variable)
    for g in gradients:
        optimizer.apply([ops.convert_to_tensor(np.array(g, "float32"))], [v])
    return v.numpy().tolist()


# --- options ------------------------------------------------------------------------------------


def test_clipping() -> None:
    assert after(SGD(1.0, clipnorm=1.0), [3.0, 4.0]) == pytest.approx([0.4, 1.2])
    assert after(SGD(1.0, clipnorm=9.0), [3.0, 4.0]) == pytest.approx([-2.0, -2.0])
    assert after(SGD(1.0, clipnorm=1.0), [0.0, 0.0]) == [1.0, 2.0]
    assert after(SGD(1.0, clipvalue=0.5), [3.0, -0.25]) == pytest.approx([0.5, 2.25])
    a, b = Variable([0.0]), Variable([0.0])
    SGD(1.0, global_clipnorm=1.0).apply([ops.ones(1) * 3.0, ops.ones(1) * 4.0], [a, b])
    assert [float(a[0]), float(b[0])] == pytest.approx([-0.6, -0.8])


def test_weight_decay() -> None:
    assert after(SGD(0.5, weight_decay=0.1), [0.0, 0.0]) == pytest.approx([0.95, 1.9])
    optimizer = SGD(0.5, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias", "^w$"])
    assert after(optimizer, [0.0, 0.0]) == [1.0, 2.0]
    optimizer, kept, other = SGD(0.5, weight_decay=0.1), Variable(1.0), Variable(1.0)
    optimizer.exclude_from_weight_decay(var_list=[kept])
    optimizer.apply([ops.zeros(()), ops.zeros(())], [kept, other])
    assert (float(kept), float(other)) == pytest.approx((1.0, 0.95))
    with pytest.raises(ValueError, match="before the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["bias"])


def test_loss_scale() -> None:
    optimizer = SGD(1.0, loss_scale_factor=4.0)
    assert float(optimizer.scale_loss(ops.convert_to_tensor(2.0))) == 8.0
    assert after(optimizer, [4.0, 8.0]) == [0.0, 0.0]
    assert SGD().scale_loss(3.0) == 3.0


def test_gradient_accumulation() -> None:
    optimizer = Adam(0.1, gradient_accumulation_steps=2)
    v = Variable([1.0, 2.0])
    optimizer.apply([ops.convert_to_tensor([1.0, 1.0])], [v])
    assert v.numpy().tolist() == [1.0, 2.0]
    assert int(optimizer.iterations) == 0
    optimizer.apply([ops.convert_to_tensor([3.0, -1.0])], [v])
    assert int(optimizer.iterations) == 1
    np.testing.assert_allclose(v, after(Adam(0.1), [2.0, 0.0]), rtol=1e-6)
    accumulator = next(x for x in optimizer.variables if "accumulator" in x.name)
    assert accumulator.numpy().tolist() == [0.0, 0.0]


def test_moving_averages() -> None:
    v = Variable(0.0)
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5)
    for g in (-1.0, -2.0, -4.0):
        optimizer.apply([ops.convert_to_tensor(g)], [v])
    assert float(v) == 7.0
    # The average starts at the first value: 1, then (1 + 3) / 2, then (2 + 7) / 2.
    optimizer.finalize_variable_values([v])
    assert float(v) == 4.5


def test_overwriting_with_moving_averages() -> None:
    v = Variable(0.0)
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    values = []
    for g in (-1.0, -2.0, -4.0, -1.0):
        optimizer.apply([ops.convert_to_tensor(g)], [v])
        values.append(float(v))
    assert values == [1.0, 2.0, 6.0, 5.5]


def test_constraint_after_the_update() -> None:
    found = after(SGD(1.0), [3.0, -1.0], constraint=lambda w: ops.maximum(w, 0.0))
    assert found == [0.0, 3.0]


def test_options_that_do_not_go_together() -> None:
    with pytest.raises(ValueError, match=r"only one of .* can be set, got \{'clipnorm': 1.0, 'cl"):
        SGD(clipnorm=1.0, clipvalue=2.0)
    with pytest.raises(ValueError, match="clipnorm must be > 0, got -1"):
        SGD(clipnorm=-1)
    with pytest.raises(ValueError, match="gradient_accumulation_steps must be an integer >= 2"):
        SGD(gradient_accumulation_steps=1)
    with pytest.raises(ValueError, match="ema_overwrite_frequency must be an integer >= 1"):
        SGD(use_ema=True, ema_overwrite_frequency=0)
    with pytest.raises(ValueError, match="ema_momentum must be from 0 to 1, got 2"):
        SGD(use_ema=True, ema_momentum=2)
    with pytest.raises(ValueError, match=r"momentum must be from 0 to 1, got 1\.5"):
        SGD(momentum=1.5)
    with pytest.raises(ValueError, match="weight_decay must be a number, got None"):
        optimizers.AdamW(weight_decay=None)
    with pytest.raises(TypeError, match="'lr'"):
        SGD(lr=0.1)


# --- gradients ----------------------------------------------------------------------------------


def test_a_missing_gradient_warns_with_the_reason() -> None:
    used, unused = Variable(2.0, name="used"), Variable(1.0, name="unused")
    with GradientTape() as tape:
        loss = used * used
    pairs = zip(tape.gradient(loss, [used, unused]), [used, unused], strict=True)
    optimizer = SGD(0.1)
    with pytest.warns(UserWarning, match=r"'unused' \(Not read: Variable 'unused'") as caught:
        optimizer.apply_gradients(pairs)
    assert "\n" not in str(caught[0].message)
    assert (float(used), float(unused)) == (pytest.approx(1.6), 1.0)
    with GradientTape() as tape:
        loss = used * used
    found = tape.gradient(loss, [unused])
    with pytest.raises(ValueError, match=r"no gradient for any variable: 'unused' \(Not read"):
        optimizer.apply_gradients(zip(found, [unused], strict=True))
    assert int(optimizer.iterations) == 1


def test_what_fits_together() -> None:
    v, w = Variable([1.0, 2.0], name="v"), Variable(0.0, name="w")
    optimizer = SGD(0.1)
    with pytest.raises(ValueError, match=r"1 gradients and 2 variables"):
        optimizer.apply([ops.zeros(2)], [v, w])
    with pytest.raises(ValueError, match=r"'v' has shape \(3,\), expected \(2,\)"):
        optimizer.apply([ops.zeros(3)], [v])
    assert not optimizer.built
    with pytest.raises(ValueError, match=r"needs build\(variables\) first"):
        optimizer.apply([ops.zeros(2)])
    optimizer.build([v])
    optimizer.apply([ops.zeros(2)])
    with pytest.raises(ValueError, match=r"Variable 'w' is not among those"):
        optimizer.apply([ops.zeros(())], [w])
    optimizer.apply([], [])
    assert int(optimizer.iterations) == 1


def test_gradients_are_cast() -> None:
    assert after(SGD(1.0), np.array([1.0, 1.0], "float64")) == [0.0, 1.0]
    v = Variable([1.0], dtype="float16")
    SGD(0.5, momentum=0.5).apply([ops.ones(1)], [v])
    assert v.dtype.name == "float16"
    assert float(v[0]) == 0.5


# --- learning rate and other hyper-parameters ---------------------------------------------------


def test_learning_rate_can_be_set() -> None:
    optimizer = SGD(0.1)
    optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate.assign(0.25)
    assert after(optimizer, [1.0, 1.0]) == [0.75, 1.75]
    assert optimizer.get_config()["learning_rate"] == 0.25
    optimizer.learning_rate = ops.convert_to_tensor(2.0)
    assert float(optimizer.learning_rate) == 2.0


def test_schedules_and_functions_as_learning_rate() -> None:
    schedule = schedules.PiecewiseConstantDecay([0], [1.0, 0.5])
    optimizer = SGD(schedule)
    assert after(optimizer, [1.0, 0.0], [1.0, 0.0]) == [-0.5, 2.0]
    assert [v.name for v in optimizer.variables] == ["iteration"]
    with pytest.raises(TypeError, match="its learning rate is a schedule"):
        optimizer.learning_rate = 0.1
    assert after(SGD(lambda: 0.5), [1.0, 1.0]) == [0.5, 1.5]
    optimizer = SGD(0.1)
    optimizer.learning_rate = schedule
    assert [v.name for v in optimizer.variables] == ["iteration"]
    assert after(optimizer, [1.0, 0.0]) == [0.0, 2.0]
    assert float(SGD(1).learning_rate) == 1.0
    with pytest.raises(ValueError, match=r"learning_rate must be a number.*got 'fast'"):
        SGD("fast")


def test_other_hyper_parameters_can_be_schedules() -> None:
    momentum = schedules.PiecewiseConstantDecay([0], [0.0, 0.5])
    # m = -1, w = 0; then m = 0.5 * -1 - 1, w = -1.5
    assert after(SGD(1.0, momentum=momentum), [1.0], [1.0], start=[1.0]) == [-1.5]
    for name, argument in (
        ("Adam", "beta_1"),
        ("RMSprop", "rho"),
        ("RMSprop", "momentum"),
        ("Nadam", "beta_2"),
        ("Adamax", "beta_1"),
        ("Lamb", "beta_1"),
        ("Lion", "beta_2"),
        ("Adadelta", "rho"),
    ):
        make = getattr(optimizers, name)
        changing = schedules.PiecewiseConstantDecay([1], [0.8, 0.8])
        gradients = [[1.0, -2.0], [0.5, 1.0], [2.0, 0.0]]
        scheduled = make(0.1, **{argument: changing})
        np.testing.assert_allclose(
            after(scheduled, *gradients), after(make(0.1, **{argument: 0.8}), *gradients), rtol=1e-6
        )
        again = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(scheduled))))
        assert getattr(again, argument).get_config() == changing.get_config()


# --- state --------------------------------------------------------------------------------------


def test_order_of_the_state() -> None:
    a, b = Variable([0.0], name="a"), Variable([0.0, 1.0], name="b")
    optimizer = Adam(use_ema=True, gradient_accumulation_steps=2, name="adam")
    optimizer.build([a, b])
    assert [v.path for v in optimizer.variables] == [
        "adam/iteration",
        "adam/learning_rate",
        "adam/a_average",
        "adam/b_average",
        "adam/a_gradient_accumulator",
        "adam/b_gradient_accumulator",
        "adam/a_momentum",
        "adam/a_velocity",
        "adam/b_momentum",
        "adam/b_velocity",
    ]
    assert optimizer.variables[0].dtype.name == "int32"
    assert not any(v.trainable for v in optimizer.variables)


@pytest.mark.parametrize("name", [n for n in optimizers.__all__ if n[0].isupper()][:-1])
def test_saving_and_going_on(name: str) -> None:
    if name == "Optimizer":
        return
    first, second = getattr(optimizers, name)(0.1), getattr(optimizers, name)(0.1)
    v, w = Variable([[1.0, 2.0]]), Variable([[0.0, 0.0]])
    gradients = np.random.default_rng(0).normal(size=(6, 1, 2)).astype("float32")
    for g in gradients[:3]:
        first.apply([g], [v])
    store: dict[str, Any] = {}
    first.save_own_variables(store)
    assert sorted(store, key=int) == [str(i) for i in range(len(first.variables))]
    second.build([w])
    second.load_own_variables(store)
    w.assign(v)
    for g in gradients[3:]:
        first.apply([g], [v])
        second.apply([g], [w])
    np.testing.assert_array_equal(v.numpy(), w.numpy())


def test_loading_what_does_not_fit() -> None:
    optimizer = Adam()
    with pytest.warns(UserWarning, match="it has 2 variables and the saved one 1"):
        optimizer.load_own_variables({"0": np.int32(3)})
    with pytest.raises(ValueError, match=r"learning_rate' has shape \(\), in the file \(2,\)"):
        optimizer.load_own_variables({"0": np.int32(3), "1": np.ones(2)})
    assert int(optimizer.iterations) == 0


def test_stateless_apply_changes_nothing() -> None:
    optimizer, v = Adam(0.1), Variable([1.0, 2.0])
    with pytest.raises(ValueError, match=r"needs build\(variables\) first"):
        optimizer.stateless_apply([], [], [])
    optimizer.build([v])
    state = [x.numpy() for x in optimizer.variables]
    trained, new_state = optimizer.stateless_apply(state, [ops.ones(2)], [v.numpy()])
    assert v.numpy().tolist() == [1.0, 2.0]
    assert int(optimizer.iterations) == 0
    assert int(new_state[0]) == 1
    np.testing.assert_allclose(trained[0], after(Adam(0.1), [1.0, 1.0]))
    with pytest.raises(ValueError, match="one value for each of its 4 variables, got 1"):
        optimizer.stateless_apply(state[:1], [ops.ones(2)], [v])
    with pytest.raises(ValueError, match=r"each of the 1 variables of build\(\), got 2"):
        optimizer.stateless_apply(state, [ops.ones(2)], [v, v])


# --- names and configurations -------------------------------------------------------------------


def test_by_name() -> None:
    for name, kind in (
        ("adam", Adam),
        ("Adam", Adam),
        ("sgd", SGD),
        ("SGD", SGD),
        ("RMSProp", optimizers.RMSprop),
        ("rmsprop", optimizers.RMSprop),
        ("adamw", optimizers.AdamW),
        ("nadam", optimizers.Nadam),
    ):
        assert type(optimizers.get(name)) is kind
    assert type(optimizers.get(SGD)) is SGD
    optimizer = SGD()
    assert optimizers.get(optimizer) is optimizer
    assert optimizers.get(None) is None
    assert type(optimizers.get({"class_name": "adam", "config": {"beta_1": 0.5}})) is Adam


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"^Unknown optimizer 'adm'; did you mean .*'Adam'"):
        optimizers.get("adm")
    with pytest.raises(ValueError, match=r"An optimizer must be a name.*got 3"):
        optimizers.get(3)


@pytest.mark.parametrize("name", [n for n in optimizers.__all__ if n[0].isupper()])
def test_round_trip(name: str) -> None:
    if name == "Optimizer":
        return
    optimizer = getattr(optimizers, name)(0.25, clipnorm=2.0, use_ema=True, name="x")
    config = json.loads(json.dumps(optimizers.serialize(optimizer)))
    assert (config["module"], config["class_name"]) == ("keras.optimizers", name)
    again = optimizers.get(config)
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()


def test_schedule_round_trip() -> None:
    optimizer = SGD(schedules.CosineDecay(0.1, 100), momentum=0.5)
    again = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert again.get_config() == optimizer.get_config()
    assert float(again.learning_rate) == pytest.approx(0.1)


def test_own_optimizer() -> None:
    class Plain(optimizers.Optimizer):
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            variable.assign_sub(gradient * learning_rate)

    assert after(Plain(0.5), [1.0, 1.0]) == [0.5, 1.5]
    with custom_object_scope({"Plain": Plain}):
        assert type(optimizers.get(optimizers.serialize(Plain(0.5)))) is Plain
    with pytest.raises(NotImplementedError, match="does not define update_step"):
        after(optimizers.Optimizer(0.5), [1.0, 1.0])
