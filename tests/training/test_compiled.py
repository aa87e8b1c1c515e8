"""Compiled steps give the numbers of steps that run operation by operation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import thalweg as tw
from thalweg.training.bursts import orders

layers = tw.layers
RNG = np.random.default_rng(5)


def floats(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


def dense() -> tuple[Any, dict[str, Any], dict[str, Any]]:
    model = tw.Sequential(
        [
            tw.Input((13,)),
            layers.Dense(16, "relu", kernel_regularizer="l2"),
            layers.Dropout(0.3),
            layers.BatchNormalization(),
            layers.Dense(3),
        ]
    )
    loss = tw.losses.SparseCategoricalCrossentropy(from_logits=True)
    fit = {"x": floats(50, 13), "y": RNG.integers(0, 3, 50), "batch_size": 12}
    return model, {"optimizer": "adam", "loss": loss, "metrics": ["accuracy"]}, fit


def convolution() -> tuple[Any, dict[str, Any], dict[str, Any]]:
    model = tw.Sequential(
        [
            tw.Input((12, 12, 2)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(5, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("gelu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )
    fit = {"x": floats(20, 12, 12, 2), "y": floats(20, 1), "batch_size": 8}
    return model, {"optimizer": tw.optimizers.SGD(0.05, momentum=0.9), "loss": "mse"}, fit


def recurrent() -> tuple[Any, dict[str, Any], dict[str, Any]]:
    model = tw.Sequential(
        [
            tw.Input((7,), dtype="int32"),
            layers.Embedding(11, 6, mask_zero=True),
            layers.Bidirectional(layers.GRU(5, return_sequences=True)),
            layers.LSTM(4),
            layers.Dense(1, "sigmoid"),
        ]
    )
    fit = {"x": RNG.integers(0, 11, (18, 7)), "y": RNG.integers(0, 2, (18, 1)), "batch_size": 5}
    return model, {"optimizer": "rmsprop", "loss": "binary_crossentropy", "metrics": ["auc"]}, fit


def attention() -> tuple[Any, dict[str, Any], dict[str, Any]]:
    x = tw.Input((6, 8))
    h = layers.LayerNormalization()(x)
    h = x + layers.MultiHeadAttention(2, 4, dropout=0.1)(h, h, use_causal_mask=True)
    h = h + layers.Dense(8)(layers.Dense(16, "gelu")(layers.LayerNormalization()(h)))
    model = tw.Model(x, layers.Dense(2)(h))
    rate = tw.optimizers.schedules.CosineDecay(0.01, 40, warmup_steps=5, warmup_target=0.02)
    fit = {"x": floats(10, 6, 8), "y": floats(10, 6, 2), "batch_size": 4}
    return model, {"optimizer": tw.optimizers.AdamW(rate, clipnorm=1.0), "loss": "huber"}, fit


def several() -> tuple[Any, dict[str, Any], dict[str, Any]]:
    a, b = tw.Input((3,), name="a"), tw.Input((4,), name="b")
    h = layers.Dense(6, "tanh")(layers.Concatenate()([a, b]))
    model = tw.Model([a, b], {"p": layers.Dense(1, name="p")(h), "q": layers.Dense(2, name="q")(h)})
    fit = {
        "x": {"a": floats(17, 3), "b": floats(17, 4)},
        "y": {"p": floats(17, 1), "q": floats(17, 2)},
        "sample_weight": {"p": np.linspace(0.5, 1.5, 17), "q": np.ones(17)},
        "batch_size": 6,
    }
    compiled = {
        "optimizer": tw.optimizers.Adam(0.02, gradient_accumulation_steps=3),
        "loss": {"p": "mse", "q": "mae"},
        "loss_weights": {"p": 1.0, "q": 0.3},
        "weighted_metrics": {"p": ["mse"], "q": ["cosine_similarity"]},
    }
    return model, compiled, fit


class Adversaries(tw.Model):
    """Two models that train against each other in a train step of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.maker = tw.Sequential([tw.Input((2,)), layers.Dense(4, "relu"), layers.Dense(3)])
        self.judge = tw.Sequential([tw.Input((3,)), layers.Dense(4, "relu"), layers.Dense(1)])
        self.seeds = tw.random.SeedGenerator(3)
        self.other = tw.optimizers.Adam(0.02)
        self.other.build(self.judge.trainable_variables)

    def call(self, x: Any) -> Any:
        return self.judge(x)

    def train_step(self, data: Any) -> Any:
        real = data[0]
        noise = tw.random.normal((real.shape[0], 2), seed=self.seeds)
        with tw.GradientTape() as tape:
            judged = tw.ops.mean(tw.ops.softplus(self.judge(self.maker(noise))))
            judged = judged + tw.ops.mean(tw.ops.softplus(-self.judge(real)))
        weights = self.judge.trainable_variables
        self.other.apply_gradients(zip(tape.gradient(judged, weights), weights, strict=True))
        with tw.GradientTape() as tape:
            made = tw.ops.mean(tw.ops.softplus(-self.judge(self.maker(noise))))
        weights = self.maker.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(made, weights), weights, strict=True))
        return {"judged": judged, "made": made}


def adversaries() -> tuple[Any, dict[str, Any], dict[str, Any]]:
    model = Adversaries()
    x = floats(14, 3)
    return model, {"optimizer": "adam", "loss": "mse"}, {"x": x, "y": x, "batch_size": 5}


MODELS: dict[str, Callable[[], tuple[Any, dict[str, Any], dict[str, Any]]]] = {
    f.__name__: f for f in (dense, convolution, recurrent, attention, several, adversaries)
}


class Hears(tw.callbacks.Callback):
    """Hears of each batch, so that batches are taken one by one."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, dict[str, Any]]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.heard.append((batch, dict(logs)))


def trained(
    make: Callable[[], Any], epochs: int, callbacks: Any = None, **compiling: Any
) -> tuple[Any, dict[str, list[float]]]:
    global RNG
    RNG = np.random.default_rng(5)
    tw.set_random_seed(9)
    model, arguments, fit = make()
    model.compile(**arguments, **compiling)
    history = model.fit(**fit, epochs=epochs, verbose=0, callbacks=callbacks).history
    return model, history


def agree(a: Any, b: Any, rtol: float = 2e-4, atol: float = 2e-5) -> None:
    for x, y in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_fifty_steps_as_operation_by_operation(name: str) -> None:
    make = MODELS[name]
    steps = {"dense": 5, "convolution": 3, "recurrent": 4, "attention": 3}.get(name, 3)
    epochs = -(-50 // steps)
    eager, expected = trained(make, epochs, run_eagerly=True)
    compiled, found = trained(make, epochs, jit_compile=True)
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, rtol=2e-3, atol=1e-4, err_msg=key)
    agree(compiled, eager, rtol=5e-3, atol=5e-4)


@pytest.mark.parametrize("name", ["dense", "several"])
def test_batch_by_batch_epoch_by_epoch_and_in_bursts(name: str) -> None:
    burst, first = trained(MODELS[name], 6, jit_compile=True)
    hears = Hears()
    stepped, second = trained(MODELS[name], 6, [hears], jit_compile=True)
    note = tw.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    by_epoch, third = trained(MODELS[name], 6, [note], jit_compile=True)
    for other, history in ((stepped, second), (by_epoch, third)):
        agree(burst, other, rtol=1e-6, atol=1e-7)
        for key, values in first.items():
            np.testing.assert_allclose(history[key], values, rtol=1e-6, err_msg=key)
    per_epoch = {"dense": 5, "several": 3}[name]
    assert [batch for batch, _ in hears.heard] == list(range(per_epoch)) * 6
    assert hears.heard[-1][1] == pytest.approx({k: v[-1] for k, v in second.items()})


def test_orders_are_those_of_shuffle() -> None:
    tw.set_random_seed(3)
    one_by_one = [tw.random.shuffle(tw.ops.arange(9)).numpy() for _ in range(4)]
    after = tw.random.normal((3,)).numpy()
    tw.set_random_seed(3)
    np.testing.assert_array_equal(orders(9, 4).reshape(4, 9), one_by_one)
    np.testing.assert_array_equal(tw.random.normal((3,)).numpy(), after)


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"adversaries"}))
def test_evaluate_and_predict_with_odd_remainders(name: str) -> None:
    eager, _ = trained(MODELS[name], 1, run_eagerly=True)
    compiled, _ = trained(MODELS[name], 1, jit_compile=True)
    compiled.set_weights(eager.get_weights())
    _, _, fit = MODELS[name]()
    x, y = fit["x"], fit["y"]
    for batch_size in (1, 4, 7, 64):
        found = compiled.evaluate(x, y, batch_size=batch_size, verbose=0, return_dict=True)
        expected = eager.evaluate(x, y, batch_size=batch_size, verbose=0, return_dict=True)
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
        a = compiled.predict(x, batch_size=batch_size, verbose=0)
        b = eager.predict(x, batch_size=batch_size, verbose=0)
        assert type(a) is type(b)
        for key in a if isinstance(a, dict) else [...]:
            np.testing.assert_allclose(a[key], b[key], rtol=1e-4, atol=1e-5)


def test_one_program_serves_every_batch_size() -> None:
    model, _ = trained(dense, 1, jit_compile=True)
    _, _, fit = dense()
    model.predict(fit["x"], batch_size=32, verbose=0)
    step = model._step("predict")
    (program,) = step._programs.values()
    executable = program.executable(32)
    for n in (1, 2, 31, 32):
        model.predict_on_batch(fit["x"][:n])
        assert program.executable(n) is executable


def test_a_model_of_one_batch_size() -> None:
    model = tw.Sequential([tw.Input(batch_shape=(4, 3)), layers.Dense(2)])
    model.compile("sgd", "mse", jit_compile=True)
    x, y = floats(12, 3), floats(12, 2)
    history = model.fit(x, y, batch_size=4, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert model.predict(x, batch_size=4, verbose=0).shape == (12, 2)


def test_validation_and_callbacks_that_change_things() -> None:
    def run(**compiling: Any) -> tuple[Any, Any]:
        note = [
            tw.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=0, factor=0.5),
            tw.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        ]
        global RNG
        RNG = np.random.default_rng(5)
        tw.set_random_seed(9)
        model, arguments, fit = dense()
        model.compile(**arguments, **compiling)
        history = model.fit(
            **fit, epochs=5, verbose=0, callbacks=note, validation_split=0.2
        ).history
        return model, history

    eager, expected = run(run_eagerly=True)
    compiled, found = run(jit_compile=True)
    agree(compiled, eager)
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-3, atol=1e-5, err_msg=key)


def test_an_exception_in_a_callback_leaves_the_model_usable() -> None:
    class Fails(tw.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                raise ZeroDivisionError("on purpose")

    global RNG
    RNG = np.random.default_rng(5)
    model, arguments, fit = dense()
    model.compile(**arguments, jit_compile=True)
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        model.fit(**fit, epochs=2, verbose=0, callbacks=[Fails()])
    assert int(model.optimizer.iterations.numpy()) == 3
    history = model.fit(**fit, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_nan_stays_nan() -> None:
    model = tw.Sequential([tw.Input((2,)), layers.Dense(3, "relu"), layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)
    x = np.array([[1.0, np.nan], [0.5, 2.0]], np.float32)
    found = model.predict(x, verbose=0)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_eager_reads_and_assignments_between_compiled_steps() -> None:
    eager, _ = trained(dense, 1, run_eagerly=True)
    compiled, _ = trained(dense, 1, jit_compile=True)
    _, _, fit = dense()
    for model in (eager, compiled):
        model.optimizer.learning_rate = 0.1
        kernel = model.trainable_variables[0]
        kernel.assign(kernel * 0.5)
        tw.set_random_seed(2)
        model.train_on_batch(fit["x"][:8], fit["y"][:8])
        before = kernel.numpy().copy()
        held = kernel.value
        model.train_on_batch(fit["x"][8:20], fit["y"][8:20])
        np.testing.assert_array_equal(held.numpy(), before)
        assert not np.array_equal(kernel.numpy(), before)
    agree(eager, compiled)


def test_two_threads_train_two_models() -> None:
    expected = [trained(MODELS[name], 4, jit_compile=True)[0] for name in ("dense", "convolution")]
    models, errors = [], []
    for name in ("dense", "convolution"):
        global RNG
        RNG = np.random.default_rng(5)
        tw.set_random_seed(9)
        model, arguments, fit = MODELS[name]()
        model.compile(**arguments, jit_compile=True)
        models.append((model, fit))

    def work(model: Any, fit: Any) -> None:
        try:
            for _ in range(3):
                model.fit(**fit, epochs=2, verbose=0, shuffle=False)
                model.predict(fit["x"], verbose=0)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for (model, _), reference in zip(models, expected, strict=True):
        assert len(model.get_weights()) == len(reference.get_weights())
        assert all(np.isfinite(w).all() for w in model.get_weights())


def test_a_step_that_looks_at_values_runs_operation_by_operation_and_says_so() -> None:
    class Looks(tw.Sequential):
        def train_step(self, data: Any) -> Any:
            logs = super().train_step(data)
            return {**logs, "looked": logs["loss"].numpy() * 0.0}

    model = Looks([tw.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = floats(160, 2), floats(160, 1)
    with pytest.warns(UserWarning, match="train step of model 'looks' runs operation by operation"):
        history = model.fit(x, y, batch_size=16, epochs=20, verbose=0).history
    assert history["looked"] == [0.0] * 20
    model.compile("sgd", "mse", jit_compile=True)
    with pytest.raises(TypeError, match="symbolic tensor"):
        model.fit(x, y, batch_size=16, verbose=0)


def test_explain_names_the_kernels() -> None:
    model, _ = trained(dense, 1, run_eagerly=False)
    _, _, fit = dense()
    before = model.get_weights()
    found = model.explain(fit["x"], fit["y"], batch_size=12)
    names = [row.name for row in found.rows]
    assert names.count("matmul") == 5
    assert all(row.seconds >= 0 for row in found.rows)
    assert found.flops > 0
    assert found.batch == 12
    assert "matmul" in str(found)
    assert "GFLOP/s" in str(found)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_background_runs_none_of_the_users_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THALWEG_COMPILE", raising=False)
    threads: set[str] = set()

    class Notes(layers.Layer):
        def call(self, x: Any) -> Any:
            threads.add(threading.current_thread().name)
            return x * 2.0

    model = tw.Sequential([tw.Input((3,)), Notes(), layers.Dense(2)])
    model.compile("sgd", "mse")
    x, y = floats(8, 3), floats(8, 2)
    model.train_on_batch(x, y)
    program = model._step("train").compiled((tw.Tensor(x), tw.Tensor(y)))
    program.start()
    program.executable(8)
    assert threads == {threading.current_thread().name}
