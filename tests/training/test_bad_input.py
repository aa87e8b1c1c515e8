"""Mistakes in the arguments and data: one sentence, before training, and nothing has changed."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from tests.training.models import assert_unchanged, classifier, linear, snapshot, two_by_two

random = np.random.default_rng(3)
X = random.normal(size=(30, 2)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
LABELS = np.arange(30) % 3
B = X[:, [0, 1, 0]]


def with_value(array, place, value):
    changed = np.array(array)
    changed[place] = value
    return changed


def check(model, method, args, kwargs, message):
    """The error's sentence, and that nothing changed: with a fresh model and a trained one."""
    before = snapshot(model)
    with pytest.raises((ValueError, TypeError), match=message) as error:
        getattr(model, method)(*args, verbose=0, **kwargs)
    text = str(error.value)
    assert "\n" not in text
    assert text.rstrip().endswith((".", ")")), text
    assert_unchanged(model, before)


FIT = [
    # lengths
    ((X, Y[:29]), {}, r"same number of samples, but x has 30, y has 29\."),
    (
        (X, Y),
        {"sample_weight": np.ones(3)},
        r"x has 30, y has 30, sample_weight has 3\.",
    ),
    ((X[:0], Y[:0]), {}, r"There are no samples: x has shape \(0, 2\)\."),
    (([], []), {}, r"There are no samples"),
    ((None, Y), {}, r"x must be an array.*got None"),
    # values
    ((with_value(X, (17, 1), np.nan), Y), {}, r"x contains NaN at sample 17, feature 1;"),
    ((with_value(X, (3, 0), np.inf), Y), {}, r"x contains an infinite value at sample 3, feat"),
    ((X, with_value(Y, 5, np.nan)), {}, r"y contains NaN at sample 5, feature 0;"),
    ((X, Y[:, 0].astype(object)), {}, r"y must hold numbers, got dtype object \(for example "),
    ((X, ["a"] * 30), {}, r"y must hold numbers, got text \(for example 'a'\)\."),
    (
        (X, Y),
        {"sample_weight": with_value(np.ones(30), 2, np.nan)},
        r"sample_weight contains NaN at sample 2;",
    ),
    ((X, with_value(Y, 25, np.nan)), {"validation_split": 0.5}, r"y contains NaN at sample 25"),
    # shapes
    ((X[:, :1], Y), {}, r"expects input '.*' to have shape \(None, 2\), got shape \(30, 1\)"),
    ((X[:, 0], Y), {}, r"expects input '.*' to have shape \(None, 2\), got shape \(30,\)"),
    ((X, B), {}, r"y has shape \(None, 3\), but output 'dense' has shape \(None, 1\) and the loss"),
    (([X, X], Y), {}, r"Model 'line' expects 1 inputs .*, got 2"),
    ((X, [Y, Y]), {}, r"The model has 1 output, got 2 for y"),
    (([[1.0, 2.0], [3.0]], [1.0, 2.0]), {}, r"x has rows of different lengths"),
    ((3.0, Y), {}, r"x must have an axis of samples, got the single value"),
    # arguments
    ((X, Y), {"batch_size": 0}, r"batch_size must be a positive whole number, got 0\."),
    ((X, Y), {"batch_size": 2.5}, r"batch_size must be a positive whole number, got 2\.5"),
    ((X, Y), {"batch_size": True}, r"batch_size must be a positive whole number, got True"),
    ((X, Y), {"epochs": -1}, r"epochs must be a whole number that is not negative, got -1"),
    ((X, Y), {"epochs": "3"}, r"epochs must be a whole number .*'3'"),
    ((X, Y), {"initial_epoch": 1.5}, r"initial_epoch must be a whole number"),
    ((X, Y), {"validation_split": 1.0}, r"validation_split must be .* not including 1, got 1\.0"),
    ((X, Y), {"validation_split": -0.1}, r"validation_split must be"),
    ((X, Y), {"validation_split": 0.99}, r"leaves no sample on one side of 30"),
    ((X, Y), {"validation_freq": 0}, r"validation_freq must be"),
    ((X, Y), {"steps_per_epoch": 0}, r"steps_per_epoch must be a positive whole number"),
    ((X, Y), {"validation_steps": -2}, r"validation_steps must be"),
    ((X, Y), {"validation_batch_size": 0}, r"validation_batch_size must be"),
    ((X, Y), {"class_weight": {0: 1.0}, "sample_weight": np.ones(30)}, r"cannot be combined"),
    ((X, Y), {"class_weight": [1, 2]}, r"class_weight must be a dict .*, got list"),
    ((X, Y), {"class_weight": {"cat": 1.0}}, r"a class must be a number from 0 on, got 'cat'"),
    ((X, Y), {"class_weight": {0: np.nan}}, r"the weight of class 0 must be a finite number"),
    ((X, Y), {"class_weight": {7: 2.0}}, r"class_weight names class 7, but the model's output"),
    # callbacks
    (
        (X, Y),
        {"callbacks": [tw.callbacks.History(), lambda epoch: None]},
        r"callbacks\[1\] must be a Callback, got a function <lambda>; wrap it as LambdaCallback",
    ),
    ((X, Y), {"callbacks": [3]}, r"callbacks\[0\] must be a Callback, got a int; derive"),
    ((X, Y), {"callbacks": tw.callbacks.History}, r"got the class History; make an instance"),
    # data that yield batches
    ((iter([(X, Y)]), Y), {}, r"y cannot be given beside data that yield batches"),
    ((iter([]),), {}, r"There are no samples: the data yields no batch"),
    ((iter([(X, Y)]),), {"validation_split": 0.2}, r"validation_split needs data in memory"),
    ((iter([(X, Y, None, None)]),), {}, r"Data must be x, .* got a tuple of length 4"),
    (("data.csv",), {}, r"x must hold numbers, got text \(for example 'data.csv'\)\."),
    (([{"a", "b"}],), {}, r"x must be an array, .*, got a list with a set in it"),
    # validation data
    ((X, Y), {"validation_data": (X, Y[:3])}, r"Validation data: All data must have the same num"),
    ((X, Y), {"validation_data": (with_value(X, (4, 1), np.nan), Y)}, r"Validation data: x conta"),
    ((X, Y), {"validation_data": (X, B)}, r"Validation data: y has shape \(None, 3\), but output"),
]


@pytest.mark.parametrize(("args", "kwargs", "message"), FIT)
def test_fit(args, kwargs, message):
    args = tuple(iter(list(a)) if hasattr(a, "__next__") else a for a in args)
    check(linear(metrics=["mae"]), "fit", args, kwargs, message)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((X, Y[:29]), r"same number of samples"),
        ((X[:0], Y[:0]), r"There are no samples"),
        ((with_value(X, (17, 1), np.nan), Y), r"x contains NaN at sample 17, feature 1"),
        ((X, B), r"y has shape \(None, 3\)"),
        ((X[:, :1], Y), r"expects input"),
    ],
)
def test_evaluate(args, message):
    check(linear(), "evaluate", args, {}, message)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((X[:, :1],), r"expects input"),
        ((X[:0],), r"There are no samples"),
        (("x",), r"x must hold numbers"),
    ],
)
def test_predict(args, message):
    check(linear(), "predict", args, {}, message)


def test_a_trained_model_keeps_its_state_too():
    model = linear(optimizer="adam", metrics=["mae"])
    model.fit(X, Y, epochs=2, verbose=0)
    for args, kwargs, message in FIT[:8]:
        check(model, "fit", args, kwargs, message)


# --- labels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["fit", "evaluate"])
@pytest.mark.parametrize("column", [False, True])
@pytest.mark.parametrize(("place", "value"), [(12, 3), (29, -1), (0, 100)])
def test_labels_out_of_range(method, column, place, value):
    labels = with_value(LABELS, place, value)
    message = (
        rf"y contains the label {value} at sample {place}, but output 'softmax' has 3 classes "
        r"\(0 to 2\)\."
    )
    data = (X, labels[:, np.newaxis] if column else labels)
    check(classifier(optimizer="adam"), method, data, {}, message)


def test_labels_out_of_range_of_one_of_several_outputs():
    message = r"y for output 'kind' contains the label 3 at sample 1, but output 'kind' has 3 clas"
    check(two_by_two(), "fit", ([X, B], [Y, with_value(LABELS, 1, 3)]), {}, message)


def test_a_class_to_ignore_is_no_label():
    loss = tw.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    classifier(loss=loss).fit(X, with_value(LABELS, 3, -1), verbose=0)


def test_labels_in_validation_data():
    wrong = with_value(LABELS, 1, 5)
    message = r"Validation data: y contains the label 5 at sample 1"
    check(classifier(), "fit", (X, LABELS), {"validation_data": (X, wrong)}, message)


@pytest.mark.parametrize("value", [2.0, -1.0])
def test_no_probability(value):
    model = linear(loss="binary_crossentropy")
    bits = (Y > 0).astype("float32")
    message = rf"y contains the label {value} at sample 4, but the loss 'binary_crossentropy' needs"
    check(model, "fit", (X, with_value(bits, 4, value)), {}, message)


def test_one_hot_rows_and_numbers_mixed_up():
    one_hot = np.eye(3)[LABELS]
    message = (
        r"y has shape \(None, 3\), but output 'softmax' has shape \(None, 3\) and the loss "
        r"'sparse_categorical_crossentropy' needs the number of a class for each sample, shape "
        r"\(None,\) \(one-hot rows need 'categorical_crossentropy'\)\."
    )
    model = classifier(metrics=["accuracy"])
    check(model, "fit", (X, one_hot), {}, message)
    # What 'accuracy' means was not told from the wrong labels.
    found = model.fit(X, LABELS, verbose=0, epochs=0) and model.evaluate(X, LABELS, verbose=0)
    correct = np.argmax(model.predict(X, verbose=0), axis=1) == LABELS
    assert found[1] == pytest.approx(correct.mean())
    message = r"needs targets of the same shape \(class numbers need 'sparse_categorical_crossentr"
    check(classifier(loss="categorical_crossentropy"), "fit", (X, LABELS), {}, message)


# --- several inputs and outputs -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, [Y, LABELS], r"Model 'two' expects 2 inputs \(a, b\), got 1"),
        ({"a": X}, [Y, LABELS], r"Model 'two' has no data for its inputs \['b'\]"),
        ([X, B], Y, r"The model has 2 outputs \(sum, kind\), got 1 for y"),
        (
            [X, B],
            {"sum": Y, "sort": LABELS},
            r"The model has 2 outputs \(sum, kind\), got a dict with \['sort', 'sum'\] for y",
        ),
        ([X, B[:5]], [Y, LABELS], r"x\[0\] has 30, x\[1\] has 5, y\[0\] has 30"),
        ([X, with_value(B, (2, 0), np.nan)], [Y, LABELS], r"x\[1\] contains NaN at sample 2"),
        (
            {"a": X, "b": with_value(B, (2, 0), np.nan)},
            [Y, LABELS],
            r"x\['b'\] contains NaN at sample 2",
        ),
    ],
)
def test_several_inputs_and_outputs(x, y, message):
    check(two_by_two(), "fit", (x, y), {}, message)


# --- the model ------------------------------------------------------------------------------------


def test_not_compiled():
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)], name="raw")
    for method, args in (
        ("fit", (X, Y)),
        ("evaluate", (X, Y)),
        ("train_on_batch", (X, Y)),
        ("test_on_batch", (X, Y)),
    ):
        with pytest.raises(ValueError, match=rf"Model 'raw' is not compiled: .* before {method}"):
            getattr(model, method)(*args)
    model.predict(X, verbose=0)  # needs no compile


def test_no_optimizer_no_loss_and_no_target():
    with pytest.raises(ValueError, match="was compiled without an optimizer"):
        linear(optimizer=None).fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="has no loss to train with: give compile"):
        linear(loss=None).fit(X, Y, verbose=0)
    check(linear(), "fit", (X,), {}, r"There is a loss for output 'dense' but no target y")
    trained = linear()
    trained.fit(X, Y, verbose=0)
    check(trained, "evaluate", (X,), {}, r"There is a loss for output 'dense' but no target y")


def test_wrong_rank_into_a_layer_of_a_model_that_is_not_built():
    model = tw.Sequential(
        [tw.layers.Conv2D(2, 3, name="picture"), tw.layers.Flatten(), tw.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    seed = tw.random.global_seed_generator().state.numpy()
    with pytest.raises(ValueError, match=r"Layer 'picture' expects .* got shape \(None, 2\)"):
        model.fit(X, Y, verbose=0)
    assert model.weights == []
    np.testing.assert_array_equal(tw.random.global_seed_generator().state.numpy(), seed)


def test_variables_that_the_optimizer_does_not_know():
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(2, name="a"), tw.layers.Dense(1)])
    model.get_layer("a").trainable = False
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model.get_layer("a").trainable = True
    with pytest.raises(ValueError, match=r"call compile\(\) again after changing which layers"):
        model.fit(X, Y, verbose=0)


def test_shapes_of_batches_that_are_not_in_memory():
    model = classifier()
    before = snapshot(model)
    with pytest.raises(ValueError, match="one-hot rows need 'categorical_crossentropy'"):
        model.fit(iter([(X, np.eye(3)[LABELS])]), verbose=0)
    assert_unchanged(model, before)


def test_data_that_end_early():
    model = linear()
    with pytest.warns(UserWarning, match="The data ended before epoch 2 of 3; training ends here"):
        history = model.fit(iter([(X, Y)]), epochs=3, verbose=0)
    assert history.epoch == [0]
    with pytest.warns(UserWarning, match="ended after 1 of the 5 batches that steps_per_epoch"):
        model.fit(iter([(X, Y)]), steps_per_epoch=5, verbose=0)
