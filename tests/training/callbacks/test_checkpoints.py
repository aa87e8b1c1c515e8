"""ModelCheckpoint and BackupAndRestore: files, and trainings that go on with the same numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

import thalweg as tw
from tests.training.callbacks.test_callbacks import Scripted, X, Y
from tests.training.models import linear

callbacks = tw.callbacks


# --- ModelCheckpoint ------------------------------------------------------------------------------


def test_after_each_epoch_with_fields_in_the_name(tmp_path):
    model = linear()
    save = callbacks.ModelCheckpoint(tmp_path / "deep" / "e{epoch:02d}-{loss:.2f}.keras")
    history = model.fit(X, Y, epochs=2, callbacks=[save], verbose=0).history
    names = sorted(p.name for p in (tmp_path / "deep").iterdir())
    assert names == [f"e{i + 1:02d}-{loss:.2f}.keras" for i, loss in enumerate(history["loss"])]
    loaded = tw.models.load_model(tmp_path / "deep" / names[1])
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
    assert int(loaded.optimizer.iterations) == 2


def test_every_few_batches(tmp_path):
    save = callbacks.ModelCheckpoint(
        tmp_path / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=3
    )
    linear().fit(X, Y, batch_size=2, epochs=2, callbacks=[save], verbose=0)  # 5 batches each
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "1-3.weights.h5",
        "2-1.weights.h5",
        "2-4.weights.h5",
    ]


def test_the_best_only(tmp_path, capsys):
    path = tmp_path / "best.weights.h5"
    kept = []
    model = linear()
    note = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: kept.append(model.get_weights()[0])
    )
    save = callbacks.ModelCheckpoint(
        path, save_best_only=True, save_weights_only=True, verbose=1, initial_value_threshold=5.0
    )
    model.fit(
        X,
        Y,
        epochs=4,
        callbacks=[Scripted(val_loss=[9.0, 3.0, 4.0, 3.5]), note, save],
        verbose=0,
    )
    other = linear()
    other.load_weights(path)
    np.testing.assert_array_equal(other.get_weights()[0], kept[1])
    printed = capsys.readouterr().out
    assert "Epoch 1: val_loss did not improve from 5.0" in printed
    assert "Epoch 2: val_loss improved from 5.00000 to 3.00000, saving model to" in printed


def test_mistakes(tmp_path):
    with pytest.raises(ValueError, match=r"filepath must end in \.weights\.h5 .*, got 'a.keras'"):
        callbacks.ModelCheckpoint("a.keras", save_weights_only=True)
    with pytest.raises(ValueError, match=r"filepath must end in \.keras or"):
        callbacks.ModelCheckpoint("a.weights")
    with pytest.raises(ValueError, match="save_freq must be 'epoch' or a positive number"):
        callbacks.ModelCheckpoint("a.keras", save_freq=0)
    save = callbacks.ModelCheckpoint(tmp_path / "{val_loss}.keras")
    with pytest.raises(KeyError, match="has the field 'val_loss', there is"):
        linear().fit(X, Y, callbacks=[save], verbose=0)
    (tmp_path / "folder.keras").mkdir()
    save = callbacks.ModelCheckpoint(tmp_path / "folder.keras")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        linear().fit(X, Y, callbacks=[save], verbose=0)


# --- BackupAndRestore -----------------------------------------------------------------------------


def net():
    model = tw.Sequential(
        [
            tw.Input((2,)),
            tw.layers.Dense(6, "relu"),
            tw.layers.BatchNormalization(),
            tw.layers.Dropout(0.3),
            tw.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


class Interrupt(callbacks.Callback):
    def __init__(self, epoch, batch=None):
        self.place = epoch, batch
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if (epoch, None) == self.place:
            raise RuntimeError("power cut")

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.place:
            raise RuntimeError("power cut")


@pytest.mark.parametrize(
    ("save_freq", "place", "resumed", "extra"),
    [
        ("epoch", (2, None), 3, {}),
        ("epoch", (2, 1), 2, {}),
        (2, (2, 1), 2, {}),
        (1, (1, 3), 1, {}),
        (1, (1, 4), 1, {}),  # after the last batch of an epoch
        (7, (2, 4), 2, {}),
        ("epoch", (2, None), 3, {"steps_per_epoch": 3}),
        ("epoch", (2, 1), 2, {"steps_per_epoch": 3}),
        (2, (2, 1), 2, {"steps_per_epoch": 3}),
        (1, (1, 1), 1, {"steps_per_epoch": 3}),
        (1, (2, 2), 2, {"steps_per_epoch": 3}),
    ],
)
@pytest.mark.filterwarnings("ignore:The data ended after")
def test_a_training_that_goes_on_has_the_same_numbers(tmp_path, save_freq, place, resumed, extra):
    def fit(model, *others):
        return model.fit(
            X,
            Y,
            batch_size=2,
            epochs=5,
            validation_data=(X, Y),
            callbacks=list(others),
            verbose=0,
            **extra,
        )

    tw.set_random_seed(3)
    whole = net()
    expected = fit(whole).history

    tw.set_random_seed(3)
    backup = callbacks.BackupAndRestore(tmp_path / "backup", save_freq=save_freq)
    with pytest.raises(RuntimeError, match="power cut"):
        # The interruption comes after the backup of the same moment.
        fit(net(), backup, Interrupt(*place))

    tw.set_random_seed(99)  # a new process
    model = net()
    backup = callbacks.BackupAndRestore(tmp_path / "backup", save_freq=save_freq)
    history = fit(model, backup)
    assert history.epoch == list(range(resumed, 5))
    for name, values in expected.items():
        assert history.history[name] == values[resumed:]
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not (tmp_path / "backup").exists()


def test_the_backup_before_the_last_is_taken_where_that_cannot_be_read(tmp_path):
    backup = callbacks.BackupAndRestore(tmp_path, double_checkpoint=True)
    with pytest.raises(RuntimeError, match="power cut"):
        net().fit(X, Y, epochs=5, callbacks=[backup, Interrupt(2)], verbose=0)
    state = json.loads((tmp_path / "training_metadata.json").read_text())
    assert state["position"]["epoch"] == 3
    (tmp_path / state["weights"]).write_bytes(b"damaged")
    history = net().fit(X, Y, epochs=5, callbacks=[callbacks.BackupAndRestore(tmp_path)], verbose=0)
    assert history.epoch == [2, 3, 4]


def test_a_backup_of_another_model(tmp_path):
    with pytest.raises(RuntimeError, match="power cut"):
        net().fit(
            X,
            Y,
            epochs=3,
            callbacks=[callbacks.BackupAndRestore(tmp_path), Interrupt(1)],
            verbose=0,
        )
    model = linear()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"holds .* states for .* of this model"):
        model.fit(X, Y, callbacks=[callbacks.BackupAndRestore(tmp_path)], verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


@pytest.mark.parametrize(
    "text",
    ["[]", "{", '{"weights": "../../x", "position": {}, "variables": []}', '{"weights": 1}'],
)
def test_a_description_from_anywhere(tmp_path, text):
    (tmp_path / "training_metadata.json").write_text(text)
    with pytest.raises(ValueError, match=r"is not the description of a backup|Expecting"):
        linear().fit(X, Y, callbacks=[callbacks.BackupAndRestore(tmp_path)], verbose=0)


def test_the_folder_keeps_what_is_not_ours(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    linear().fit(X, Y, callbacks=[callbacks.BackupAndRestore(tmp_path)], verbose=0)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
    keep = callbacks.BackupAndRestore(tmp_path / "kept", delete_checkpoint=False)
    linear().fit(X, Y, epochs=2, callbacks=[keep], verbose=0)
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == [
        "epoch2-batch0.weights.h5",
        "training_metadata.json",
    ]
    with pytest.raises(ValueError, match="backup_dir must be a folder"):
        callbacks.BackupAndRestore("")
