"""How the pictures of predictions look."""

import numpy as np
import pytest

from tests.viz.looks import check_layout, check_look
from tests.viz.sizes import check_sizes
from thalweg import viz

FLOWERS = ["setosa", "versicolor", "virginica"]


def predictions(classes, examples, sure):
    """Class numbers, and probabilities of a model that is right more often the surer it is."""
    rng = np.random.default_rng(1)
    true = rng.integers(0, classes, examples)
    logits = 1.3 * rng.normal(size=(examples, classes))
    logits[np.arange(examples), true] += sure
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return true, shifted / shifted.sum(1, keepdims=True)


def two_classes():
    true, rows = predictions(2, 400, 1.2)
    return true, rows[:, 1] ** 2


IRIS = predictions(3, 300, 1.5)
DIGITS = predictions(10, 1000, 3)
PRICES = np.random.default_rng(2).gamma(5, 4, 173)

PICTURES = {
    "evaluation_confusion": lambda **k: viz.confusion_matrix(*DIGITS, title="Digits", **k),
    "evaluation_confusion_shares": lambda **k: viz.confusion_matrix(
        *IRIS, FLOWERS, normalize="true", shade_diagonal=False, **k
    ),
    "evaluation_per_class": lambda **k: viz.per_class_accuracy(*DIGITS, sort=True, **k),
    "evaluation_roc": lambda **k: viz.roc_curve(*IRIS, FLOWERS, title="Iris", **k),
    "evaluation_roc_many": lambda **k: viz.roc_curve(*DIGITS, **k),
    "evaluation_precision_recall": lambda **k: viz.precision_recall_curve(*two_classes(), **k),
}
SEVERAL_AXES = {
    "evaluation_calibration": lambda: viz.calibration(*two_classes(), title="Two classes"),
    "evaluation_residuals": lambda: viz.residuals(
        PRICES, 0.8 * PRICES + 3 + np.sin(PRICES), "price, thousand dollars"
    ),
}


@pytest.mark.parametrize("name", [*PICTURES, *SEVERAL_AXES])
def test_look(name):
    check_look({**PICTURES, **SEVERAL_AXES}[name](), name)


@pytest.mark.parametrize("name", ["evaluation_confusion", "evaluation_calibration"])
def test_look_in_the_dark(name):
    with viz.theme("dark"):
        check_look({**PICTURES, **SEVERAL_AXES}[name](), f"{name}_dark")


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_overlaps_at_any_usual_size(name):
    check_sizes(lambda ax: PICTURES[name](ax=ax))


def test_many_classes_have_a_scale_instead_of_numbers():
    plot = viz.confusion_matrix(*predictions(40, 3000, 4))
    check_layout(plot.figure)
    assert not plot.axes.texts[1:]  # the note alone
    (scale,) = plot.axes.child_axes
    assert [label.get_text() for label in scale.get_yticklabels()] == (
        ["50%", "25%", "5%", "0%", "5%", "25%", "50%"]
    )


def test_classes_that_no_example_has_are_named_so():
    plot = viz.per_class_accuracy([0, 0, 2], [0, 1, 2], ["a", "b", "c"])
    assert "no examples" in [text.get_text() for text in plot.axes.texts]
    check_layout(plot.figure)
