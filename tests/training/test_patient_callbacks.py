"""Callbacks that need not hear of each epoch at once, and the batch that they may measure with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg as tw
from thalweg.training.present_data import present_batch

X = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)


class Patient(tw.callbacks.Callback):
    """Notes what it hears, and how far training was by then."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, int]] = []
        self.losses: list[float] = []

    def wants_epochs(self) -> bool:
        return False

    def _note(self, what: str, epoch: int) -> None:
        self.heard.append((what, epoch, int(self.model.optimizer.iterations.numpy())))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._note("begin", epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._note("end", epoch)
        self.losses.append(logs["loss"])


class Impatient(Patient):
    def wants_epochs(self) -> bool:
        return True


def fitted(callback: Patient) -> Any:
    tw.set_random_seed(1)
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)
    return model.fit(X, Y, batch_size=16, epochs=8, callbacks=[callback], verbose=0)


def test_epochs_in_one_go_are_told_of_afterwards_in_order() -> None:
    patient, impatient = Patient(), Impatient()
    history = fitted(patient)
    expected = [(what, epoch) for epoch in range(8) for what in ("begin", "end")]
    assert [heard[:2] for heard in patient.heard] == expected
    assert patient.losses == history.history["loss"]
    # Several epochs were over before the first was told of.
    assert patient.heard[0][2] > 4
    assert fitted(impatient).history["loss"] == pytest.approx(history.history["loss"], rel=1e-6)
    assert [heard[:2] for heard in impatient.heard] == expected
    assert [heard[2] for heard in impatient.heard[:3]] == [0, 4, 4]


def test_a_callback_without_methods_for_epochs_is_patient() -> None:
    assert not tw.callbacks.LambdaCallback(on_train_end=print).wants_epochs()
    assert tw.callbacks.LambdaCallback(on_epoch_end=print).wants_epochs()
    assert tw.callbacks.EarlyStopping().wants_epochs()
    assert not tw.callbacks.History().wants_epochs()

    class Telling(tw.callbacks.History):
        pass  # it may do anything when an epoch ends

    assert Telling().wants_epochs()


def test_an_exception_afterwards_leaves_what_was_trained() -> None:
    class Fails(Patient):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise RuntimeError("no")

    tw.set_random_seed(1)
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(1)])
    model.compile(tw.optimizers.SGD(use_ema=True), "mse", jit_compile=True)
    before = [w.copy() for w in model.get_weights()]
    with pytest.raises(RuntimeError, match="no"):
        model.fit(X, Y, epochs=8, callbacks=[Fails()], verbose=0)
    assert int(model.optimizer.iterations.numpy()) > 0
    assert not np.array_equal(model.get_weights()[0], before[0])
    assert model._present_data is None


@pytest.mark.parametrize("data", ["arrays", "generator"])
def test_the_present_batch_is_the_first_and_always_the_same(data: str) -> None:
    found: list[Any] = []

    class Looks(tw.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            found.append(present_batch(self.model))

    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert present_batch(model) is None
    if data == "arrays":
        model.fit(X, Y, batch_size=16, epochs=2, callbacks=[Looks()], verbose=0)
    else:
        batches = ((X[i % 50 : i % 50 + 1], Y[i % 50 : i % 50 + 1]) for i in range(100))
        model.fit(batches, epochs=2, steps_per_epoch=3, callbacks=[Looks()], verbose=0)
    assert present_batch(model) is None
    assert len(found) == 2
    for x, y, weight in found:
        count = 16 if data == "arrays" else 1
        np.testing.assert_array_equal(x.numpy(), X[:count])
        np.testing.assert_array_equal(y.numpy(), Y[:count])
        assert weight is None
