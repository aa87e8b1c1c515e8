"""The graph of a model: its calls, what flows between them, and models inside."""

import numpy as np
import pytest

import thalweg as tw
from tests.viz.models import Deciding, Doubling, branches, chain, twins
from thalweg.viz.model.graph import kind_of, model_graph


def named_edges(graph):
    return [(graph.boxes[a.box].name, graph.boxes[b.box].name) for a, b in graph.edges]


def test_a_chain():
    graph = model_graph(chain())
    assert [box.kind for box in graph.boxes] == [
        "Input",
        "Conv2D",
        "BatchNormalization",
        "MaxPooling2D",
        "Flatten",
        "Dense",
    ]
    assert [(a.box, b.box) for a, b in graph.edges] == [(i, i + 1) for i in range(5)]
    conv, norm = graph.boxes[1:3]
    assert (conv.inputs, conv.outputs) == (((None, 28, 28, 1),), ((None, 26, 26, 8),))
    assert (conv.activation, conv.dtype, conv.parameters) == ("relu", "float32", 80)
    assert [box.trainable for box in graph.boxes] == [None, True, False, None, None, True]
    assert norm.activation is None


def test_branches_inputs_outputs_and_operations():
    graph = model_graph(branches())
    assert set(named_edges(graph)) == {
        ("image", "stem"),
        ("stem", "first"),
        ("first", "second"),
        ("stem", "join"),
        ("second", "join"),
        ("join", "mean"),
        ("facts", "dense"),
        ("dense", graph.boxes[8].name),
        (graph.boxes[8].name, "both"),
        ("mean", "both"),
        ("both", "kind"),
        ("both", "age"),
    }
    assert graph.boxes[8].kind == "ops.multiply"
    assert graph.inputs == (0, 1)
    assert [graph.boxes[end.box].name for end in graph.outputs] == ["kind", "age"]
    join = next(box for box in graph.boxes if box.name == "join")
    assert join.inputs == ((None, 16, 16, 8),) * 2


def test_a_shared_model_has_a_box_for_each_call():
    graph = model_graph(twins(), nested=True)
    encoders = [box for box in graph.boxes if box.name == "encoder"]
    assert [(box.call, box.calls) for box in encoders] == [(1, 2), (2, 2)]
    assert set(named_edges(encoders[0].inside)) == {
        ("pixels", "embed"),
        ("pixels", "gate"),
        ("embed", "times"),
        ("gate", "times"),
    }
    assert [box.name for box in model_graph(twins()).boxes if box.inside] == []


def test_the_same_tensor_twice():
    x = tw.Input((2,))
    graph = model_graph(tw.Model(x, tw.layers.Multiply()([x, x])))
    assert [(a.box, b.box, b.place) for a, b in graph.edges] == [(0, 1, 0), (0, 1, 1)]


def test_a_layer_called_on_its_own_output():
    x = tw.Input((4,))
    layer = tw.layers.Dense(4, name="again")
    graph = model_graph(tw.Model(x, layer(layer(x))))
    assert [(box.call, box.calls) for box in graph.boxes[1:]] == [(1, 2), (2, 2)]


def test_the_call_of_a_subclass_is_followed_and_leaves_no_trace():
    model = Doubling(name="mine")
    model(np.ones((2, 3), "float32"))
    calls = [len(layer._inbound_nodes) for layer in model.layers]
    graph = model_graph(model)
    assert graph.followed
    assert [box.kind for box in graph.boxes] == [
        "Input",
        "Dense",
        "Dense",
        "ops.multiply",
        "ops.add",
        "Dense",
    ]
    assert graph.boxes[0].outputs == ((None, 3),)
    assert [len(layer._inbound_nodes) for layer in model.layers] == calls
    # Names go on as if nothing had been called.
    tw.utils.clear_session()
    model_graph(model)
    assert tw.layers.Add().name == "add"


def test_a_subclass_that_needs_values_shows_its_layers():
    model = Deciding(name="mine")
    model(np.ones((2, 3), "float32"))
    graph = model_graph(model)
    assert not graph.followed
    assert [box.name for box in graph.boxes] == ["hidden", "again", "last"]
    assert graph.edges == ()


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (lambda: tw.layers.Bidirectional(tw.layers.LSTM(2)), "Bidirectional(LSTM)"),
        (lambda: tw.layers.TimeDistributed(tw.layers.Dense(2)), "TimeDistributed(Dense)"),
    ],
)
def test_wrappers_name_what_they_wrap(layer, kind):
    assert kind_of(layer()) == kind
