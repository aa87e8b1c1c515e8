"""The paths under which the parts of a model are kept are Keras's."""

from __future__ import annotations

from typing import Any

import thalweg as tw
from thalweg.saving.object_paths import walk


def paths(model: Any) -> list[str]:
    return [path for path, _ in walk(model)]


def test_functional_model_and_optimizer():
    x = tw.Input((3,), name="x")
    a = tw.layers.Dense(4, name="mine")(x)
    b = tw.layers.Dense(4)(a)
    model = tw.Model(x, tw.layers.Add()([a, b]))
    model.compile("adam", "mse")
    assert [p for p in paths(model) if p.startswith("layers") or p in ("", "optimizer")] == [
        "",
        "layers/input_layer",
        "layers/dense",
        "layers/dense_1",
        "layers/add",
        "optimizer",
    ]


def test_sequential_has_no_input_layer():
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2), tw.layers.Dense(2)])
    assert paths(model) == ["", "layers/dense", "layers/dense_1"]


class Block(tw.layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        shared = tw.layers.Dense(2)
        self.zed = shared
        self.many = [tw.layers.Dense(1), tw.layers.LayerNormalization(), tw.layers.Dense(1)]
        self.named = {"b": tw.layers.Dense(1), "a": [tw.layers.Dense(1), [tw.layers.Dense(1)]]}
        self._hidden = tw.layers.Dense(1)
        self.again = shared
        self.numbers = [1, 2]

    @property
    def broken(self) -> Any:
        raise RuntimeError("no value")


def test_attributes_lists_and_dicts():
    assert paths(Block()) == [
        "",
        "again",
        "many/dense",
        "many/layer_normalization",
        "many/dense_1",
        "named/dense",
        "named/container/dense",
        "named/container/container/dense",
        "_hidden",
    ]


def test_layers_of_layers():
    lstm = tw.layers.LSTM(2)
    both = tw.layers.Bidirectional(tw.layers.GRU(2))
    each = tw.layers.TimeDistributed(tw.layers.Dense(2))
    attention = tw.layers.MultiHeadAttention(1, 2)
    for layer, shape in ((lstm, (1, 3, 2)), (both, (1, 3, 2)), (each, (1, 3, 2))):
        layer.build(shape)
    attention.build((1, 3, 2), (1, 3, 2))
    assert "cell" in paths(lstm)
    assert {"forward_layer/cell", "backward_layer/cell"} <= set(paths(both))
    assert "layer" in paths(each)
    wanted = {f"{part}_dense" for part in ("query", "key", "value", "output")}
    assert wanted <= set(paths(attention))


def test_nested_models():
    inner = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2)], name="inner")
    x = tw.Input((3,))
    deep = tw.Model(x, tw.layers.Dense(3)(x))
    y = tw.Input((3,))
    model = tw.Model(y, inner(deep(y)))
    found = paths(model)
    assert "layers/sequential/layers/dense" in found
    assert "layers/functional/layers/dense" in found


def test_a_cycle_ends():
    layer = Block()
    layer.itself = [layer, {"x": layer}]
    endless: list[Any] = []
    endless.append(endless)
    layer.endless = endless
    assert len(paths(layer)) == 9
