"""Layer: building, names, tracking, masks, configuration."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from thalweg import ops
from thalweg.layers import Dense, Layer


class Scale(Layer):
    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
        self.offset = self.add_weight(shape=(), initializer="zeros", trainable=False, name="offset")

    def call(self, inputs):
        return inputs * self.factor + self.offset


def test_weights_come_with_the_first_call():
    layer = Scale(name="scale")
    assert layer.weights == []
    assert not layer.built
    y = layer(np.ones((4, 3), "float32"))
    assert y.shape == (4, 3)
    assert layer.built
    assert [w.path for w in layer.weights] == ["scale/factor", "scale/offset"]
    assert len(layer.trainable_weights) == 1
    assert layer.count_params() == 4
    layer.trainable = False
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 2


def test_lists_of_numbers_are_inputs_too():
    assert Scale()([[1.0, 2.0]]).shape == (1, 2)


def test_layers_in_lists_and_dicts_are_found():
    class Block(Layer):
        def __init__(self):
            super().__init__()
            self.parts = [Dense(2), Dense(3)]
            self.named = {"last": Dense(4)}
            self.extra = tw.Variable(1.0, name="extra")

        def call(self, x):
            for part in self.parts:
                x = part(x)
            return self.named["last"](x) * self.extra

    block = Block()
    block(np.ones((1, 5), "float32"))
    assert len(block.weights) == 7
    assert block.weights[0].name == "extra"
    assert sum(v.size for v in block.trainable_variables) == 1 + 12 + 9 + 16


def test_output_shape_is_traced_and_changes_nothing():
    layer = Scale()
    assert layer.compute_output_shape((None, 7)) == (None, 7)
    assert layer.factor.shape == (7,)
    assert Dense(5).compute_output_shape((None, 3, 7)) == (None, 3, 5)


def test_symbolic_call_keeps_unknown_lengths():
    x = tw.Input((None, 6))
    y = Dense(2)(x)
    assert y.shape == (None, None, 2)
    z = ops.mean(y, axis=1) + 1
    assert z.shape == (None, 2)
    assert ops.reshape(y, (-1, 2)).shape == (None, 2)


def test_own_config_of_a_class_without_get_config():
    class Wide(Layer):
        def __init__(self, factor, activation=None, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, x):
            return x * self.factor

    layer = Wide(3.0, activation="relu", name="wide")
    config = layer.get_config()
    assert config["factor"] == 3.0
    assert config["activation"] == "relu"
    again = Wide.from_config(config)
    assert again.name == "wide"
    assert again.factor == 3.0


def test_a_config_that_cannot_be_written_says_why():
    class Odd(Layer):
        def __init__(self, thing):
            super().__init__(name="odd")

    with pytest.raises(NotImplementedError, match=r"'odd'.*'thing'"):
        Odd(object()).get_config()


def test_training_reaches_inner_layers():
    seen = []

    class Inner(Layer):
        def call(self, x, training=None):
            seen.append(training)
            return x

    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def call(self, x):
            return self.inner(x)

    layer = Outer()
    x = np.ones((1, 1), "float32")
    layer.inner(x, training=True)
    layer(x)
    model = tw.Sequential([Outer()])
    model(x, training=True)
    assert seen[0] is True
    assert seen[1] is None
    assert seen[-1] is True


def test_losses_are_those_of_the_last_call():
    class Penalty(Layer):
        def call(self, x):
            self.add_loss(ops.sum(x))
            return x

    layer = Penalty()
    layer(np.ones((2, 2), "float32"))
    layer(np.ones((2, 2), "float32"))
    assert [float(v) for v in layer.losses] == [4.0]
    dense = Dense(2, kernel_regularizer="l2", use_bias=False, kernel_initializer="ones")
    dense(np.ones((1, 3), "float32"))
    assert np.isclose(float(dense.losses[0]), 0.01 * 6)


def test_masks_travel():
    class Masked(Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x, mask=None):
            return x if mask is None else ops.where(ops.expand_dims(mask, -1), x, 0)

    embedded = tw.layers.Embedding(5, 2, mask_zero=True)(np.array([[1, 0, 2]]))
    np.testing.assert_array_equal(embedded._keras_mask, [[True, False, True]])
    y = Masked()(embedded)
    np.testing.assert_array_equal(y.numpy()[0, 1], [0, 0])
    np.testing.assert_array_equal(y._keras_mask, [[True, False, True]])


def test_set_weights_checks_before_it_writes():
    layer = Dense(2, name="d")
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"'d'.*1 arrays, expected 2"):
        layer.set_weights([before[0]])
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        layer.set_weights([np.zeros((3, 2)), np.zeros(3)])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])
    layer.set_weights([np.ones((3, 2)), np.zeros(2)])
    assert layer.kernel.dtype == "float32"


def test_errors_name_the_layer():
    with pytest.raises(ValueError, match=r"Layer 'mine'.*at least 2 axes.*\(3,\)"):
        Dense(2, name="mine")(np.ones(3, "float32"))
    layer = Dense(2, name="mine")
    layer(np.ones((1, 3), "float32"))
    with pytest.raises(ValueError, match=r"'mine'.*axis -1.*length 3"):
        layer(np.ones((1, 4), "float32"))
    with pytest.raises(ValueError, match="unknown argument"):
        Layer(unit=3)

    class Forgot(Layer):
        def __init__(self):
            pass

    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        Forgot()(np.ones((1, 1)))


def test_float64_inputs_are_cast_and_integers_are_not():
    class Seen(Layer):
        def call(self, x):
            self.seen = x.dtype.name
            return x

    layer = Seen()
    layer(np.ones((1, 1)))
    assert layer.seen == "float32"
    layer(np.ones((1, 1), "int64"))
    assert layer.seen == "int64"
    wide = Seen(dtype="float64")
    wide(np.ones((1, 1), "float32"))
    assert wide.seen == "float64"


def test_mixed_policy():
    layer = Dense(2, dtype="mixed_bfloat16")
    y = layer(np.ones((1, 3), "float32"))
    assert y.dtype.name == "bfloat16"
    assert layer.kernel.dtype == "float32"
