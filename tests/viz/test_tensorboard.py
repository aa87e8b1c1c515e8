"""The event files of the callback TensorBoard, read back by the tensorboard package."""

from __future__ import annotations

import json
import sys
import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def
from tensorboard.plugins.projector.projector_plugin import _read_tensor_tsv_file
from tensorboard.util.tensor_util import make_ndarray

import thalweg as tw
from thalweg.callbacks import TensorBoard
from thalweg.viz.tensorboard.pictures import as_pictures

X = np.random.default_rng(0).normal(size=(48, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]], "float32")).astype("float32")


def model(rate=0.05, **arguments):
    tw.set_random_seed(1)
    found = tw.Sequential([tw.Input((3,)), tw.layers.Dense(1, name="out")], name="line")
    found.compile(tw.optimizers.SGD(rate), "mse", metrics=["mae"], **arguments)
    return found


def fit(folder, epochs=4, found=None, **arguments):
    options = {k: arguments.pop(k) for k in list(arguments) if k in FIT}
    board = TensorBoard(folder, **arguments)
    found = found or model()
    return found.fit(
        X, Y, batch_size=8, epochs=epochs, callbacks=[board], verbose=0, shuffle=False, **options
    )


FIT = ("validation_split", "validation_freq", "initial_epoch")


class Read:
    """What is in a folder of event files."""

    def __init__(self, folder):
        self.events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
        self.events.Reload()

    @property
    def tags(self):
        return self.events.Tags()["tensors"]

    def tensors(self, tag):
        return [(e.step, make_ndarray(e.tensor_proto)) for e in self.events.Tensors(tag)]

    def scalars(self, tag):
        assert self.plugin(tag) == "scalars"
        return {step: float(value) for step, value in self.tensors(tag)}

    def plugin(self, tag):
        return self.events.SummaryMetadata(tag).plugin_data.plugin_name


def by_step(values, first=0):
    return {first + i: pytest.approx(v, rel=1e-6) for i, v in enumerate(values)}


def test_epochs_are_those_of_the_history(tmp_path):
    began = time.time()
    history = fit(tmp_path, validation_split=0.25).history
    train, validation = Read(tmp_path / "train"), Read(tmp_path / "validation")
    assert train.scalars("epoch_loss") == by_step(history["loss"])
    assert train.scalars("epoch_mae") == by_step(history["mae"])
    assert validation.scalars("epoch_loss") == by_step(history["val_loss"])
    assert validation.scalars("epoch_mae") == by_step(history["val_mae"])
    assert train.scalars("epoch_learning_rate") == by_step([0.05] * 4)
    assert sorted(train.tags) == ["epoch_learning_rate", "epoch_loss", "epoch_mae", "keras"]
    # 36 samples in batches of 8 are 5 steps an epoch.
    assert validation.scalars("evaluation_loss_vs_iterations") == {
        5 * (i + 1): pytest.approx(v, rel=1e-6) for i, v in enumerate(history["val_loss"])
    }
    times = [event.wall_time for event in train.events.Tensors("epoch_loss")]
    assert times == sorted(times)
    assert began - 1 <= times[0] <= times[-1] <= time.time() + 1


def test_a_schedule_is_seen_epoch_by_epoch(tmp_path):
    schedule = tw.optimizers.schedules.ExponentialDecay(0.1, decay_steps=6, decay_rate=0.5)
    fit(tmp_path, found=model(schedule))
    rates = Read(tmp_path / "train").scalars("epoch_learning_rate")
    assert rates == by_step([0.05, 0.025, 0.0125, 0.00625])


@pytest.mark.parametrize(("update_freq", "every"), [("batch", 1), (1, 1), (4, 4)])
def test_batches(tmp_path, update_freq, every):
    seen = []
    note = tw.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(dict(logs))
    )
    board = TensorBoard(tmp_path, update_freq=update_freq, write_steps_per_second=True)
    model().fit(X, Y, batch_size=8, epochs=3, callbacks=[note, board], verbose=0)
    train = Read(tmp_path / "train")
    for name in ("loss", "mae"):
        assert train.scalars(f"batch_{name}") == {
            i + 1: pytest.approx(logs[name], rel=1e-6)
            for i, logs in enumerate(seen)
            if (i + 1) % every == 0
        }
    speeds = train.scalars("batch_steps_per_second")
    assert set(speeds) == set(train.scalars("batch_loss"))
    assert min(speeds.values()) > 0
    assert min(train.scalars("epoch_steps_per_second").values()) > 0


def test_batches_in_groups(tmp_path):
    found = model(steps_per_execution=4)
    fit(tmp_path, epochs=2, found=found, update_freq=3)
    # Groups end after 4 and 6 batches of each epoch.
    assert list(Read(tmp_path / "train").scalars("batch_loss")) == [4, 6, 10, 12]


def test_a_training_that_goes_on_goes_on_in_its_files(tmp_path):
    found = model()
    first = fit(tmp_path, epochs=2, found=found, update_freq=2).history["loss"]
    second = fit(tmp_path, epochs=5, initial_epoch=2, found=found, update_freq=2).history["loss"]
    train = Read(tmp_path / "train")
    assert train.scalars("epoch_loss") == by_step(first + second)
    assert list(train.scalars("batch_loss")) == list(range(2, 31, 2))
    assert len(list((tmp_path / "train").iterdir())) == 2


def test_histograms_of_the_weights(tmp_path):
    found = model()
    weights = []
    note = tw.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.append([w.numpy() for w in found.weights])
    )
    board = TensorBoard(tmp_path, histogram_freq=2)
    found.fit(X, Y, batch_size=8, epochs=5, callbacks=[note, board], verbose=0)
    train = Read(tmp_path / "train")
    tags = [tag for tag in train.tags if tag.endswith("/histogram")]
    assert tags == [f"{w.path}/histogram" for w in found.weights]
    for i, tag in enumerate(tags):
        assert train.plugin(tag) == "histograms"
        found_steps = train.tensors(tag)
        assert [step for step, _ in found_steps] == [0, 2, 4]
        for step, buckets in found_steps:
            values = weights[step][i].reshape(-1)
            assert buckets.shape == (30, 3)
            assert buckets[:, 2].sum() == values.size
            low, high = buckets[0, 0], buckets[-1, 1]
            assert (low, high) == (pytest.approx(values.min()), pytest.approx(values.max()))
            if values.size > 1:
                counts = np.histogram(values.astype(np.float64), 30)[0]
                np.testing.assert_array_equal(buckets[:, 2], counts)


def test_histograms_leave_out_what_is_not_finite(tmp_path):
    found = model()
    found.layers[-1].kernel.assign([[np.nan], [1.0], [np.inf]])
    fit(tmp_path, epochs=1, found=found, histogram_freq=1)
    assert Read(tmp_path / "train").tensors("line/out/bias/histogram")[0][1].shape == (30, 3)


def test_weights_as_pictures(tmp_path):
    found = model()
    fit(tmp_path, epochs=1, found=found, histogram_freq=1, write_images=True)
    train = Read(tmp_path / "train")
    tag = "line/out/kernel/image"
    assert train.plugin(tag) == "images"
    ((_, (width, height, png)),) = train.tensors(tag)
    picture = np.asarray(Image.open(BytesIO(png)))
    assert (int(width), int(height)) == (3, 1) == picture.shape[::-1]
    kernel = found.layers[-1].kernel.numpy().reshape(-1)
    expected = (kernel - kernel.min()) / np.ptp(kernel) * 255
    assert np.abs(picture[0] - expected).max() < 1.01


@pytest.mark.parametrize(
    ("shape", "pictures"),
    [
        ((7,), (1, 1, 7, 1)),
        ((2, 5), (1, 2, 5, 1)),
        ((5, 2), (1, 2, 5, 1)),
        ((3, 4, 6), (6, 3, 4, 1)),
        ((3, 3, 1, 8), (8, 3, 3, 1)),
        ((3, 3, 3, 8), (8, 3, 3, 3)),
        ((3, 3, 16, 8), None),
        ((0, 4), None),
    ],
)
def test_shapes_of_pictures(shape, pictures):
    found = as_pictures(np.random.default_rng(0).normal(size=shape))
    assert (None if found is None else found.shape) == pictures


def test_the_graph_of_the_layers(tmp_path):
    x = tw.Input((3,), name="x")
    a, b = (tw.layers.Dense(2, name=name)(x) for name in "ab")
    out = tw.layers.Dense(1, name="out")(tw.layers.Concatenate(name="both")([a, b]))
    found = tw.Model(x, out, name="net")
    found.compile("sgd", "mse")
    fit(tmp_path, epochs=1, found=found)
    train = Read(tmp_path / "train")
    assert train.plugin("keras") == "graph_keras_model"
    ((step, text),) = train.tensors("keras")
    assert step == 0
    assert json.loads(text.item()) == json.loads(found.to_json())
    graph = keras_model_to_graph_def(json.loads(text.item()))
    assert {node.name: list(node.input) for node in graph.node} == {
        "net/x": [],
        "net/a": ["net/x"],
        "net/b": ["net/x"],
        "net/both": ["net/a", "net/b"],
        "net/out": ["net/both"],
    }
    shown = {node.name: (node.op, *node.input) for node in train.events.Graph().node}
    assert shown == {
        "x": ("InputLayer",),
        "a": ("Dense", "x"),
        "b": ("Dense", "x"),
        "both": ("Concatenate", "a", "b"),
        "out": ("Dense", "both"),
    }


def test_no_graph_of_models_in_code_or_where_it_is_not_wanted(tmp_path):
    class Line(tw.Model):
        def __init__(self):
            super().__init__()
            self.out = tw.layers.Dense(1)

        def call(self, x):
            return self.out(x)

    line = Line()
    line.compile("sgd", "mse")
    fit(tmp_path / "a", epochs=1, found=line)
    fit(tmp_path / "b", epochs=1, write_graph=False)
    for name in "ab":
        assert "keras" not in Read(tmp_path / name / "train").tags


def test_a_graph_that_cannot_be_described_is_a_warning(tmp_path, monkeypatch):
    found = model()

    def fail(**_):
        raise ValueError("layer 'odd' has no configuration")

    monkeypatch.setattr(found, "to_json", fail)
    with pytest.warns(UserWarning, match="graph of model 'line' is not written: layer 'odd' has"):
        fit(tmp_path, epochs=1, found=found)
    assert "epoch_loss" in Read(tmp_path / "train").tags


def test_evaluate_alone(tmp_path):
    found = model()
    found.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    loss, mae = found.evaluate(X, Y, callbacks=[TensorBoard(tmp_path)], verbose=0)
    read = Read(tmp_path / "validation")
    assert read.scalars("evaluation_loss_vs_iterations") == {12: pytest.approx(loss)}
    assert read.scalars("evaluation_mae_vs_iterations") == {12: pytest.approx(mae)}
    assert not (tmp_path / "train").exists()


def test_embeddings_for_the_projector(tmp_path):
    found = tw.Sequential(
        [tw.Input((2,), dtype="int32"), tw.layers.Embedding(5, 3, name="words")]
        + [tw.layers.Flatten(), tw.layers.Dense(1)]
    )
    found.compile("sgd", "mse")
    board = TensorBoard(tmp_path, embeddings_freq=2, embeddings_metadata={"words": "words.txt"})
    x = np.arange(10, dtype="int32").reshape(5, 2) % 5
    found.fit(x, np.ones((5, 1), "float32"), epochs=3, callbacks=[board], verbose=0)
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert 'tensor_name: "words"' in config
    assert 'tensor_path: "words.tsv"' in config
    assert 'metadata_path: "words.txt"' in config
    table = _read_tensor_tsv_file(str(tmp_path / "words.tsv"))
    np.testing.assert_array_equal(table, found.get_layer("words").embeddings.numpy())


def test_metadata_for_embeddings_that_are_not_there(tmp_path):
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"words": "w.txt"})
    with pytest.raises(
        ValueError, match=r"^TensorBoard: embeddings_metadata names 'words', .* 'line' are none\.$"
    ):
        model().fit(X, Y, callbacks=[board], verbose=0)


def test_the_same_weights_as_without(tmp_path):
    found = []
    for callbacks in ([], [TensorBoard(tmp_path, histogram_freq=1, update_freq="batch")]):
        one = model()
        one.fit(X, Y, batch_size=8, epochs=5, callbacks=callbacks, verbose=0)
        found.append(one.get_weights())
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_only_batches_that_are_written_are_asked_for(tmp_path):
    assert not TensorBoard(tmp_path).wants_batches("train")
    assert TensorBoard(tmp_path, update_freq=3).wants_batches("train")
    assert not TensorBoard(tmp_path, update_freq=3).wants_batches("test")
    assert not list(tmp_path.iterdir())


def test_an_exception_keeps_what_was_written(tmp_path):
    def fail(epoch, logs):
        if epoch == 1:
            raise RuntimeError("enough")

    board, stop = TensorBoard(tmp_path), tw.callbacks.LambdaCallback(on_epoch_end=fail)
    with pytest.raises(RuntimeError, match="enough"):
        model().fit(X, Y, epochs=3, callbacks=[board, stop], verbose=0)
    assert list(Read(tmp_path / "train").scalars("epoch_loss")) == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"histogram_freq": -1}, r"histogram_freq must be a number of epochs or 0, got -1\."),
        ({"embeddings_freq": "epoch"}, "embeddings_freq must be a number of epochs or 0, got 'ep"),
        ({"update_freq": 0}, "update_freq must be 'epoch', 'batch' or a number of batches, got 0"),
        ({"update_freq": "step"}, "update_freq must be 'epoch', 'batch' or a number of batches"),
        ({"profile_batch": (2, 5)}, r"profile_batch=\(2, 5\) is not possible here; model\.explain"),
    ],
)
def test_bad_input(tmp_path, arguments, words):
    with pytest.raises(ValueError, match=f"^TensorBoard: {words}"):
        TensorBoard(tmp_path, **arguments)


def test_without_the_package(tmp_path, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ImportError, match=r"not installed: pip install thalweg\[tensorboard\]\.$"):
        TensorBoard(tmp_path)


def test_paths_that_are_none_are_named():
    with pytest.raises(TypeError, match=r"^TensorBoard: log_dir must be a path, got 3\.$"):
        TensorBoard(3)
    with pytest.raises(TypeError, match=r"^TensorBoard: embeddings_metadata must be a file's path"):
        TensorBoard(embeddings_metadata=3)
