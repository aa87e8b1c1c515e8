"""`plot_model`: files, options, and that nothing in the picture overlaps."""

import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from tests.viz.models import Deciding, Doubling, branches, chain, twins
from thalweg.viz.model.arrange import arranged
from thalweg.viz.model.card import Show
from thalweg.viz.model.graph import Box, End, ModelGraph

ALL = {
    "show_shapes": True,
    "show_dtype": True,
    "show_layer_names": True,
    "show_layer_activations": True,
    "show_trainable": True,
}


def words(plot):
    return {text.get_text() for text in plot.axes.texts}


def test_everything_about_a_chain():
    plot = tw.viz.plot_model(chain(), to_file=None, **ALL)
    check_look(plot, "plot_model_chain")
    assert {"Conv2D", "conv", "relu", "(None, 26, 26, 8)", "float32", "yes", "no"} <= words(plot)
    assert plot.caption == (
        "The model 'digits' has 5 layers with 13,642 parameters, 1 input and 1 output."
    )


def test_by_default_the_classes():
    plot = tw.viz.plot_model(chain(), to_file=None)
    assert words(plot) == {
        "Input",
        "Conv2D",
        "BatchNormalization",
        "MaxPooling2D",
        "Flatten",
        "Dense",
    }


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("show_shapes", "(None, 10)"),
        ("show_dtype", "float32"),
        ("show_layer_names", "digit"),
        ("show_layer_activations", "softmax"),
        ("show_trainable", "no"),
    ],
)
def test_each_option_shows_its_own(option, shown):
    assert shown in words(tw.viz.plot_model(chain(), to_file=None, **{option: True}))
    others = {name: True for name in ALL if name != option}
    assert shown not in words(tw.viz.plot_model(chain(), to_file=None, **others))


def test_branches():
    options = {"to_file": None, "show_shapes": True, "show_layer_names": True}
    check_look(tw.viz.plot_model(branches(), **options), "plot_model_branches")


def test_from_the_left_to_the_right():
    check_look(tw.viz.plot_model(branches(), to_file=None, rankdir="LR"), "plot_model_lr")


def test_models_inside_are_frames():
    plot = tw.viz.plot_model(twins(), to_file=None, expand_nested=True, show_shapes=True)
    check_look(plot, "plot_model_nested")
    assert {"encoder · call 1 of 2", "encoder · call 2 of 2", "head"} <= words(plot)
    assert "Multiply" in words(plot)
    closed = tw.viz.plot_model(twins(), to_file=None)
    assert "Multiply" not in words(closed)


def test_dark_frames_from_the_left_to_the_right():
    with tw.viz.theme("dark"):
        plot = tw.viz.plot_model(twins(), to_file=None, expand_nested=True, rankdir="LR")
    check_look(plot, "plot_model_nested_dark")


@pytest.mark.parametrize(("kind", "edges"), [(Doubling, True), (Deciding, False)])
def test_subclasses(kind, edges):
    model = kind(name="mine")
    model(np.ones((2, 3), "float32"))
    plot = tw.viz.plot_model(model, to_file=None, show_shapes=True, show_layer_names=True)
    check_layout(plot.figure)
    assert bool(plot.numbers.edges) is edges
    assert ("its call needs values" in plot.caption) is not edges


def test_files(tmp_path):
    model = branches()
    for name in ("m.png", "m.svg", "m.pdf", "m.html", "plain"):
        tw.utils.plot_model(model, tmp_path / name, show_shapes=True, dpi=60)
    assert (tmp_path / "plain.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "m.pdf").read_bytes()[:4] == b"%PDF"
    assert "GlobalAveragePooling2D" in (tmp_path / "m.html").read_text()
    tw.utils.plot_model(model, tmp_path / "large.png", show_shapes=True, dpi=120)
    with Image.open(tmp_path / "m.png") as small, Image.open(tmp_path / "large.png") as large:
        assert np.allclose(np.divide(large.size, small.size), 2, atol=0.02)


def test_an_svg_has_the_words_as_text(tmp_path):
    tw.viz.plot_model(twins(), tmp_path / "m.svg", expand_nested=True, show_shapes=True)
    root = ElementTree.parse(tmp_path / "m.svg").getroot()
    found = {"".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Functional", "Subtract", "2 × (None, 8)", "head"} <= found


def test_a_model_of_many_layers_is_drawn_smaller():
    x = h = tw.Input((4,))
    layer = tw.layers.Dense(4)
    for _ in range(220):
        h = layer(h)
    plot = tw.viz.plot_model(tw.Model(x, h), to_file=None)
    assert len(plot.numbers.boxes) == 221
    assert max(plot.figure.get_size_inches()) * 200 == pytest.approx(30_000)


def test_dollars_in_names_are_no_formulas():
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1, name="a_$x$_b")])
    assert "a_$x$_b" in words(tw.viz.plot_model(model, to_file=None, show_layer_names=True))


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ((tw.Sequential([tw.layers.Dense(1)], name="m"),), ValueError, "model 'm' is not built"),
        ((3,), TypeError, "plot_model: model must be a Model, got a int"),
    ],
)
def test_what_is_no_built_model_is_named(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        tw.viz.plot_model(*arguments, to_file=None)


def test_other_bad_input_is_named(tmp_path):
    with pytest.raises(ValueError, match="rankdir must be 'TB' or 'LR', got 'BT'"):
        tw.viz.plot_model(chain(), to_file=None, rankdir="BT")
    with pytest.raises(ValueError, match=r"to_file must end in .*, got 'm.gif'"):
        tw.viz.plot_model(chain(), tmp_path / "m.gif")


# --- any graph, with models inside ----------------------------------------------------------------


@st.composite
def graphs(draw, depth=0):
    inputs = draw(st.integers(1, 2))
    count = inputs + draw(st.integers(1, 5))
    boxes, edges = [], []
    for i in range(count):
        nested = depth < 2 and i >= inputs and draw(st.integers(0, 3)) == 0
        inside = draw(graphs(depth=depth + 1)) if nested else None
        ways = 0 if i < inputs else len(inside.inputs) if inside else draw(st.integers(1, 3))
        for place in range(ways):
            source = draw(st.integers(0, i - 1))
            within = boxes[source].inside
            leaving = draw(st.integers(0, len(within.outputs) - 1)) if within else 0
            edges.append((End(source, leaving), End(i, place)))
        name = "layer" + "x" * draw(st.integers(0, 12))
        kind = "Input" if i < inputs else "Dense"
        boxes.append(
            Box(name, kind, ((None, 2),), ((None, 2),), None, None, 0, None, inside=inside)
        )
    last = boxes[-1].inside
    outputs = [End(count - 1, 0)] + ([End(count - 1, 1)] if last and len(last.outputs) > 1 else [])
    return ModelGraph(
        "m", "Model", tuple(boxes), tuple(edges), tuple(range(inputs)), tuple(outputs)
    )


@given(graphs(), st.sampled_from(["TB", "LR"]))
@settings(max_examples=40, deadline=None)
def test_boxes_are_apart_or_in_frames(graph, direction):
    scene = arranged(graph, Show(shapes=True, names=True), direction)
    everything = [*scene.boxes, *scene.frames]
    for p in everything:
        assert -1e-6 <= p.x <= p.x + p.width <= scene.width + 1e-6
        assert -1e-6 <= p.y <= p.y + p.height <= scene.height + 1e-6
    for p, q in itertools.combinations(everything, 2):
        if p.depth == q.depth:
            apart = max(q.x - p.x - p.width, p.x - q.x - q.width) > 0
            apart |= max(q.y - p.y - p.height, p.y - q.y - q.height) > 0
            assert apart
    for p in everything:
        # What is not in the whole picture stands in one frame, below its title.
        around = [f for f in scene.frames if f.depth == p.depth - 1 and holds(f, p)]
        assert len(around) == (p.depth > 0)
    for i in scene.heads:
        end = scene.ways[i][-1][-1]
        assert any(touches(p, end) for p in everything)
    ports = len([way for i, way in enumerate(scene.ways) if i not in scene.heads])
    assert ports == sum(len(f.box.inside.outputs) for f in scene.frames)


def holds(frame, p):
    left, top, bit = frame.x, frame.y + frame.card.height, 1e-6
    across = left - bit <= p.x and p.x + p.width <= frame.x + frame.width + bit
    along = top - bit <= p.y and p.y + p.height <= frame.y + frame.height + bit
    return across and along


def touches(p, point):
    x, y = point
    on_top = abs(y - p.y) < 1e-6 and p.x <= x <= p.x + p.width
    return on_top or (abs(x - p.x) < 1e-6 and p.y <= y <= p.y + p.height)


def test_wrong_arguments_are_named():
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)])
    with pytest.raises(TypeError, match=r"^plot_model: to_file must be a path or None, got 3\.$"):
        tw.viz.plot_model(model, 3)
    with pytest.raises(ValueError, match=r"^plot_model: dpi must be a number above 0, got 'x'\.$"):
        tw.viz.plot_model(model, None, dpi="x")
    for layers in (3, []):
        with pytest.raises(ValueError, match=r"^weight_table: layers must be names or layers"):
            tw.viz.weight_table(model, layers)
    with pytest.raises(ValueError, match=r"^activations: x must be one input"):
        tw.viz.activations(model, None)
