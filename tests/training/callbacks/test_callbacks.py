"""The callbacks, one by one."""

from __future__ import annotations

import csv
import warnings

import numpy as np
import pytest

import thalweg as tw
from tests.training.models import linear
from thalweg.training.callbacks import CallbackList, ProgbarLogger
from thalweg.training.callbacks.callback_list import python_logs

callbacks = tw.callbacks
random = np.random.default_rng(3)
X = random.normal(size=(10, 2)).astype("float32")
Y = (X @ [2.0, -1.0] + 0.3).astype("float32")[:, np.newaxis]


class Scripted(callbacks.Callback):
    """Puts numbers into the logs that other callbacks watch."""

    def __init__(self, **values):
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        for name, numbers in self.values.items():
            if numbers[epoch] is not None:
                logs[name] = numbers[epoch]


def run(numbers, *others, epochs=None, monitor="val_loss", model=None):
    model = model or linear()
    history = model.fit(
        X,
        Y,
        epochs=epochs or len(numbers),
        callbacks=[Scripted(**{monitor: numbers}), *others],
        verbose=0,
    )
    return model, history


# --- order of calls -------------------------------------------------------------------------------


class Record(callbacks.Callback):
    def __init__(self):
        self.calls = []


def _recording(name):
    def method(self, *args, logs=None, **kwargs):
        self.calls.append((name, *[a for a in args if isinstance(a, int)]))

    return method


for _name in [n for n in dir(callbacks.Callback) if n.startswith("on_") and "_batch" not in n[3:9]]:
    setattr(Record, _name, _recording(_name))


def test_the_order_of_calls():
    record = Record()
    model = linear()
    model.fit(X, Y, batch_size=5, epochs=1, validation_data=(X, Y), callbacks=[record], verbose=0)
    assert record.calls == [
        ("on_train_begin",),
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 0),
        ("on_train_batch_begin", 1),
        ("on_train_batch_end", 1),
        ("on_test_begin",),
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0),
        ("on_test_batch_begin", 1),
        ("on_test_batch_end", 1),
        ("on_test_end",),
        ("on_epoch_end", 0),
        ("on_train_end",),
    ]
    record.calls.clear()
    model.predict(X, callbacks=[record], verbose=0)
    assert record.calls == [
        ("on_predict_begin",),
        ("on_predict_batch_begin", 0),
        ("on_predict_batch_end", 0),
        ("on_predict_end",),
    ]


def test_the_older_names_of_the_batch_methods():
    seen = []

    class Old(callbacks.Callback):
        def on_batch_begin(self, batch, logs=None):
            seen.append("begin")

        def on_batch_end(self, batch, logs=None):
            seen.append(type(logs["loss"]))

    linear().fit(X, Y, callbacks=[Old()], verbose=0)
    assert seen == ["begin", float]


def test_params_and_model():
    seen = {}

    class Look(callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.update(model=self.model, params=self.params)

    model = linear()
    model.fit(X, Y, batch_size=4, epochs=2, callbacks=[Look()], verbose=0)
    assert seen == {"model": model, "params": {"verbose": 0, "epochs": 2, "steps": 3}}


def test_the_model_is_up_to_date_in_batch_methods():
    seen = []

    class Look(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((int(self.model.optimizer.iterations), self.model.get_weights()[1][0]))

    linear().fit(X, Y, batch_size=5, callbacks=[Look()], verbose=0)
    assert [n for n, _ in seen] == [1, 2]
    assert seen[0][1] != seen[1][1]


def test_logs_as_python_values():
    found = python_logs(
        {"a": tw.ops.ones(()), "b": np.float32(2), "c": {"d": 3}, "e": tw.ops.ones((2,)), "f": "x"}
    )
    assert {k: v for k, v in found.items() if k != "e"} == {"a": 1.0, "b": 2.0, "d": 3.0, "f": "x"}
    assert all(type(found[k]) is float for k in "abd")
    np.testing.assert_array_equal(found["e"], [1.0, 1.0])
    assert python_logs(None) == {}


def test_callback_list_in_a_loop_of_ones_own():
    record, history = Record(), callbacks.History()
    told = CallbackList([record, [history]], model=linear(), epochs=1, verbose=0)
    told.append(callbacks.LambdaCallback())
    told.on_train_begin()
    told.on_epoch_begin(0)
    told.on_epoch_end(0, {"loss": tw.ops.ones(())})
    told.on_train_end()
    assert [c[0] for c in record.calls] == [
        "on_train_begin",
        "on_epoch_begin",
        "on_epoch_end",
        "on_train_end",
    ]
    assert history.history == {"loss": [1.0]}
    assert record.params == {"epochs": 1, "verbose": 0}


def test_a_callback_list_of_the_users_is_taken_as_it_is():
    record = Record()
    history = linear().fit(X, Y, callbacks=CallbackList([record]), verbose=0)
    assert ("on_train_end",) in record.calls
    assert list(history.history) == ["loss"]


# --- LambdaCallback, History ----------------------------------------------------------------------


def test_lambda_callback():
    seen = []
    note = callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(("epoch", epoch)),
        on_train_batch_end=lambda batch, logs: seen.append(("batch", batch, list(logs))),
        on_test_end=lambda logs: seen.append("tested"),
    )
    linear().fit(X, Y, validation_split=0.2, callbacks=[note], verbose=0)
    assert seen == [("epoch", 0), ("batch", 0, ["loss"]), "tested"]
    with pytest.raises(ValueError, match="a callback has no method 'on_whatever'"):
        callbacks.LambdaCallback(on_whatever=print)
    with pytest.raises(ValueError, match="on_epoch_end must be a function, got str"):
        callbacks.LambdaCallback(on_epoch_end="x")


def test_a_history_of_the_users_goes_on_over_fits():
    history = callbacks.History()
    model = linear()
    assert model.fit(X, Y, epochs=2, callbacks=[history], verbose=0) is history
    model.fit(X, Y, epochs=3, initial_epoch=2, callbacks=[history], verbose=0)
    assert len(history.history["loss"]) == 3
    assert history.epoch == [2]


# --- EarlyStopping --------------------------------------------------------------------------------


def stopped(numbers, **arguments):
    stop = callbacks.EarlyStopping(**arguments)
    _, history = run(numbers, stop, monitor=arguments.get("monitor", "val_loss"))
    return len(history.epoch), stop


@pytest.mark.parametrize(
    ("numbers", "arguments", "epochs"),
    [
        ([3.0, 2.0, 2.5, 1.0], {}, 3),
        ([3.0, 2.0, 2.5, 2.4, 2.3, 1.0], {"patience": 3}, 5),
        ([3.0, 2.0, 2.5, 1.0, 0.9], {"patience": 2}, 5),
        ([3.0, 2.95, 2.9, 1.0], {"min_delta": 0.2}, 2),
        ([1.0, 2.0, 1.5, 3.0], {"mode": "max"}, 3),
        ([9.0, 10.0, 11.0, 1.0], {"start_from_epoch": 2}, 4),
        ([5.0, 4.0, 3.0, 2.0], {"baseline": 1.0, "patience": 2}, 4),
        ([1.0, np.nan, 0.5, 0.4], {"patience": 2}, 4),
        ([np.nan, 1.0, 0.5, 0.4], {}, 4),
    ],
)
def test_when_early_stopping_stops(numbers, arguments, epochs):
    assert stopped(numbers, **arguments)[0] == epochs


def test_direction_from_the_metric():
    for metric, numbers in (("accuracy", [0.1, 0.2, 0.1]), ("mae", [0.2, 0.1, 0.2])):
        model = linear(metrics=[metric])
        stop = callbacks.EarlyStopping(monitor=f"val_{metric}")
        _, history = run([*numbers, 0.0], stop, monitor=f"val_{metric}", model=model)
        assert len(history.epoch) == 3
        assert stop.stopped_epoch == 2
        assert stop.best == numbers[1]


def test_a_metric_without_a_direction():
    def strange(y_true, y_pred):
        return tw.ops.mean(y_pred, axis=-1)

    model = linear(metrics=[strange])
    before = model.get_weights()
    with pytest.raises(ValueError, match="not known whether 'strange' should be large or small"):
        model.fit(X, Y, callbacks=[callbacks.EarlyStopping("strange")], verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])  # told before any step
    model.fit(X, Y, callbacks=[callbacks.EarlyStopping("strange", mode="max")], verbose=0)


def test_restore_best_weights(capsys):
    kept = []
    note = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: kept.append(model.get_weights()[0])
    )
    stop = callbacks.EarlyStopping(patience=2, restore_best_weights=True, verbose=1)
    model = linear()
    model, history = run([3.0, 1.0, 2.0, 2.0, 2.0], note, stop, model=model)
    assert len(history.epoch) == 4
    np.testing.assert_array_equal(model.get_weights()[0], kept[1])
    assert stop.best_epoch == 1
    printed = capsys.readouterr().out
    assert "Epoch 4: early stopping" in printed
    assert "end of epoch 2" in printed
    # Also where the epochs were over first, and when used again.
    stop.verbose = 0
    kept.clear()
    run([3.0, 1.0, 2.0], note, stop, model=model)
    np.testing.assert_array_equal(model.get_weights()[0], kept[1])


def test_one_warning_for_a_missing_metric():
    with pytest.warns(UserWarning, match="monitors 'val_los', which is not available") as caught:
        linear().fit(X, Y, epochs=3, callbacks=[callbacks.EarlyStopping("val_los")], verbose=0)
    assert len(caught) == 1


def test_wrong_mode():
    with pytest.raises(ValueError, match="mode must be 'auto', 'min' or 'max', got 'up'"):
        callbacks.EarlyStopping(mode="up")


# --- learning rates -------------------------------------------------------------------------------


def test_learning_rate_scheduler(capsys):
    model = linear()
    schedule = callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5, verbose=1)
    history = model.fit(X, Y, epochs=3, callbacks=[schedule], verbose=0).history
    assert history["learning_rate"] == pytest.approx([0.025, 0.0125, 0.00625])
    assert "Epoch 2: learning rate set to 0.0125" in capsys.readouterr().out
    older = callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    history = model.fit(X, Y, epochs=2, callbacks=[older], verbose=0).history
    assert history["learning_rate"] == pytest.approx([0.1, 0.05])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05)


def test_mistakes_in_a_schedule():
    with pytest.raises(ValueError, match="schedule must be a function of"):
        callbacks.LearningRateScheduler(0.1)
    with pytest.raises(ValueError, match=r"must return a float, got '0\.1' for epoch 0"):
        linear().fit(
            X, Y, callbacks=[callbacks.LearningRateScheduler(lambda e, r: "0.1")], verbose=0
        )

    def broken(epoch, rate):
        return rate + "x"

    with pytest.raises(TypeError, match="unsupported operand"):  # of the function itself
        linear().fit(X, Y, callbacks=[callbacks.LearningRateScheduler(broken)], verbose=0)


@pytest.mark.parametrize(
    ("numbers", "arguments", "rates"),
    [
        ([3.0, 2.0, 2.0, 2.0, 2.0], {"patience": 2, "factor": 0.5}, [8, 8, 8, 8, 4]),
        ([3.0, 3.0, 3.0, 3.0, 3.0], {"patience": 1, "factor": 0.5}, [8, 8, 4, 2, 1]),
        (
            [3.0, 3.0, 3.0, 3.0, 3.0],
            {"patience": 1, "factor": 0.5, "cooldown": 1},
            [8, 8, 4, 2, 1],
        ),
        (
            [3.0, 3.0, 3.0, 3.0, 3.0],
            {"patience": 1, "factor": 0.5, "cooldown": 2},
            [8, 8, 4, 4, 2],
        ),
        ([3.0, 3.0, 3.0, 3.0], {"patience": 1, "factor": 0.5, "min_lr": 3.0}, [8, 8, 4, 3]),
        ([3.0, 2.99995, 2.9999], {"patience": 1, "factor": 0.5}, [8, 8, 4]),
        ([1.0, 1.0, 2.0], {"patience": 1, "factor": 0.5, "mode": "max"}, [8, 8, 4]),
    ],
)
def test_reduce_on_plateau(numbers, arguments, rates):
    model = linear(optimizer=tw.optimizers.SGD(8.0))
    with warnings.catch_warnings():
        model.stop = None
        reduce = callbacks.ReduceLROnPlateau(**arguments)
        quiet = callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: model.set_weights(start)
        )
        start = model.get_weights()
        history = run(numbers, quiet, reduce, model=model)[1].history
    # The rate is that of the epoch before, reduced after it.
    assert history["learning_rate"] == pytest.approx(rates)


def test_mistakes_in_reduce_on_plateau():
    with pytest.raises(ValueError, match=r"factor must be below 1, got 1\.5"):
        callbacks.ReduceLROnPlateau(factor=1.5)


# --- CSVLogger ------------------------------------------------------------------------------------


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    model = linear(metrics=["mae"])
    history = model.fit(
        X, Y, epochs=2, validation_split=0.2, callbacks=[callbacks.CSVLogger(path)], verbose=0
    ).history
    with path.open() as f:
        rows = list(csv.DictReader(f))
    assert list(rows[0]) == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [float(r["val_mae"]) for r in rows] == history["val_mae"]
    model.fit(X, Y, epochs=1, callbacks=[callbacks.CSVLogger(path, append=True)], verbose=0)
    with path.open() as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == 3
    assert rows[2]["val_loss"] == "NA"
    model.fit(X, Y, epochs=1, callbacks=[callbacks.CSVLogger(path, ";")], verbose=0)
    assert path.read_text().splitlines()[0] == "epoch;loss;mae;val_loss;val_mae"
    assert len(path.read_text().splitlines()) == 2


def test_a_file_that_cannot_be_written_shows_before_training(tmp_path):
    model = linear()
    with pytest.raises(FileNotFoundError):
        model.fit(X, Y, callbacks=[callbacks.CSVLogger(tmp_path / "no" / "log.csv")], verbose=0)
    assert int(model.optimizer.iterations) == 0


# --- TerminateOnNaN -------------------------------------------------------------------------------


def test_terminate_on_nan(capsys):
    model = linear(optimizer=tw.optimizers.SGD(1e30))
    history = model.fit(
        X, Y, batch_size=2, epochs=5, callbacks=[callbacks.TerminateOnNaN()], verbose=0
    )
    assert len(history.epoch) == 1
    assert int(model.optimizer.iterations) < 5
    assert "the loss is" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="The loss is"):
        linear(optimizer=tw.optimizers.SGD(1e30)).fit(
            X, Y, batch_size=2, callbacks=[callbacks.TerminateOnNaN(raise_error=True)], verbose=0
        )


# --- SwapEMAWeights -------------------------------------------------------------------------------


@pytest.mark.parametrize("on_epoch", [False, True])
def test_swap_ema_weights(on_epoch):
    seen = {}

    def look(name):
        return lambda *args, **kwargs: seen.setdefault(name, model.get_weights()[0])

    model = linear(optimizer=tw.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5))
    swap = callbacks.SwapEMAWeights(swap_on_epoch=on_epoch)
    note = callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.update(trained=model.get_weights()[0]),
        on_test_begin=look("tested"),
        on_epoch_end=look("ended"),
    )
    model.fit(X, Y, batch_size=5, validation_data=(X, Y), callbacks=[swap, note], verbose=0)
    averages = model.get_weights()[0]  # set by fit at its end
    assert not np.allclose(seen["trained"], averages)
    np.testing.assert_array_equal(seen["tested"], averages)
    np.testing.assert_array_equal(seen["ended"], averages if on_epoch else seen["trained"])


def test_swap_needs_averages():
    with pytest.raises(ValueError, match="needs an optimizer with use_ema=True"):
        linear().fit(X, Y, callbacks=[callbacks.SwapEMAWeights()], verbose=0)


# --- ProgbarLogger --------------------------------------------------------------------------------


def test_one_line_an_epoch_without_a_terminal(capsys):
    model = linear(metrics=["mae"])
    model.fit(X, Y, epochs=2, batch_size=4, validation_split=0.2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    first = lines[0].split("  ")
    assert first[0] == "Epoch 1/2"
    assert first[1] == "2/2"
    assert [piece.split(" ")[0] for piece in first[4:]] == ["loss", "mae", "val_loss", "val_mae"]
    for verbose in (1, 2):
        model.fit(X, Y, epochs=12, initial_epoch=10, verbose=verbose)
        assert len(capsys.readouterr().out.splitlines()) == 2
    model.evaluate(X, Y)
    assert capsys.readouterr().out.startswith("Evaluate  1/1  ")
    model.predict(X)
    assert capsys.readouterr().out == ""
    model.predict(X, verbose=1)
    assert capsys.readouterr().out.startswith("Predict  1/1  ")
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    assert capsys.readouterr().out == ""


def test_a_progbar_logger_of_the_users(capsys):
    model = linear()
    model.fit(X, Y, callbacks=[ProgbarLogger()], verbose=2)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_an_unknown_number_of_steps(capsys):
    class Again:
        def __iter__(self):
            return iter([(X, Y), (X, Y)])

    linear().fit(Again(), epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[1] for line in lines] == ["2/2", "2/2"]
