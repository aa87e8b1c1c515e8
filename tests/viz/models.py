"""Models that the tests of pictures of models share."""

from __future__ import annotations

from typing import Any

import thalweg as tw


def chain() -> Any:
    """A stack with a frozen layer."""
    model = tw.Sequential(
        [
            tw.Input((28, 28, 1), name="image"),
            tw.layers.Conv2D(8, 3, activation="relu", name="conv"),
            tw.layers.BatchNormalization(name="norm"),
            tw.layers.MaxPooling2D(name="pool"),
            tw.layers.Flatten(name="flat"),
            tw.layers.Dense(10, "softmax", name="digit"),
        ],
        name="digits",
    )
    model.get_layer("norm").trainable = False
    return model


def branches() -> Any:
    """Two inputs, two outputs, a branch around layers, and an operation between layers."""
    tw.utils.clear_session()  # the operation is always called the same
    image, facts = tw.Input((16, 16, 3), name="image"), tw.Input((5,), name="facts")
    h = tw.layers.Conv2D(8, 3, padding="same", activation="relu", name="stem")(image)
    a = tw.layers.Conv2D(8, 3, padding="same", activation="relu", name="first")(h)
    a = tw.layers.Conv2D(8, 3, padding="same", name="second")(a)
    h = tw.layers.Add(name="join")([h, a])
    h = tw.layers.GlobalAveragePooling2D(name="mean")(h)
    d = tw.layers.Dense(4, "relu", name="dense")(facts)
    both = tw.layers.Concatenate(name="both")([h, d * 2.0])
    outputs = [
        tw.layers.Dense(3, "softmax", name="kind")(both),
        tw.layers.Dense(1, name="age")(both),
    ]
    return tw.Model([image, facts], outputs, name="branches")


def twins() -> Any:
    """One encoder, called on two inputs, and a head that is a model too."""
    x = tw.Input((16,), name="pixels")
    e = tw.layers.Dense(8, "relu", name="embed")(x)
    gate = tw.layers.Dense(8, "sigmoid", name="gate")(x)
    encoder = tw.Model(x, tw.layers.Multiply(name="times")([e, gate]), name="encoder")
    a, b = tw.Input((16,), name="left"), tw.Input((16,), name="right")
    head = tw.Sequential(
        [tw.layers.Dense(4, "relu", name="wide"), tw.layers.Dense(1, "sigmoid", name="same")],
        name="head",
    )
    difference = tw.layers.Subtract(name="minus")([encoder(a), encoder(b)])
    return tw.Model([a, b], head(difference), name="twins")


class Doubling(tw.Model):
    """A subclass whose call works on symbols."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden = tw.layers.Dense(4, "relu", name="hidden")
        self.again = tw.layers.Dense(4, name="again")
        self.last = tw.layers.Dense(1, name="last")

    def call(self, inputs: Any, training: Any = None) -> Any:
        h = self.hidden(inputs)
        return self.last(h + self.again(h) * 2.0)


class Deciding(Doubling):
    """A subclass whose call needs values."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        h = self.hidden(inputs)
        return self.last(h) if float(tw.reduce_sum(h)) >= 0 else self.last(self.again(h))
