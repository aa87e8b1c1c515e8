"""The table of layers, shapes and parameters."""

from __future__ import annotations

import pytest

import thalweg as tw
from tests.training.models import two_by_two
from thalweg.training.summary import format_bytes


def text_of(model, **arguments):
    found = []
    model.summary(print_fn=found.append, **arguments)
    assert len(found) == 1
    return found[0]


def test_a_notebook_shows_nothing_of_what_a_function_prints(monkeypatch, capsys):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert "Total params" in text_of(two_by_two())
    assert capsys.readouterr().out == ""


def cells(text):
    """The rows of the table, by columns."""
    lines = [line for line in text.splitlines() if line.strip()]
    start = next(i for i, line in enumerate(lines) if set(line.strip()) == {"─"})
    end = next(i for i, line in enumerate(lines) if line.startswith("Total params"))
    return [line.split("  ") for line in lines[start + 1 : end]]


def rows(text):
    return [[c.strip() for c in row if c.strip()] for row in cells(text)]


def net():
    return tw.Sequential(
        [
            tw.Input((8, 8, 3)),
            tw.layers.Conv2D(4, 3, name="conv"),
            tw.layers.BatchNormalization(name="norm"),
            tw.layers.Flatten(name="flat"),
            tw.layers.Dense(10, name="out"),
        ],
        name="net",
    )


def test_layers_shapes_and_totals():
    model = net()
    text = text_of(model)
    assert text.splitlines()[0] == 'Model "net" (Sequential)'
    assert rows(text) == [
        ["conv (Conv2D)", "(None, 6, 6, 4)", "112"],
        ["norm (BatchNormalization)", "(None, 6, 6, 4)", "16"],
        ["flat (Flatten)", "(None, 144)", "0"],
        ["out (Dense)", "(None, 10)", "1,450"],
    ]
    assert text.splitlines()[-3:] == [
        "Total params: 1,578 (6.16 KB)",
        "Trainable params: 1,570 (6.13 KB)",
        "Non-trainable params: 8 (32 B)",
    ]
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    assert text_of(model).splitlines()[-1] == "Optimizer params: 3,142 (12.27 KB)"


def test_it_reads_well_at_80_columns():
    for line in text_of(two_by_two(), line_length=80, show_trainable=True).splitlines():
        assert len(line) <= 80
        assert line == line.rstrip()


def test_branches_show_connections():
    text = text_of(two_by_two())
    found = {row[0]: row[1:] for row in rows(text)}
    assert found["a (InputLayer)"] == ["(None, 2)", "0", "-"]
    assert found["join (Concatenate)"] == ["(None, 5)", "0", "a, b"]
    assert found["kind (Dense)"] == ["(None, 3)", "18", "join"]


def test_operations_and_shared_layers():
    x = tw.Input((4,), name="x")
    shared = tw.layers.Dense(4, name="shared")
    model = tw.Model(x, shared(x) + shared(tw.ops.relu(x)))
    found = {row[0]: row[1:] for row in rows(text_of(model))}
    assert found["shared (Dense)"][1] == "20"
    assert any("(ops.add)" in name for name in found)
    assert any("(ops.relu)" in name for name in found)
    assert "shared[0], shared[1]" in text_of(model)


def test_trainable():
    model = net()
    model.get_layer("conv").trainable = False
    found = {row[0]: row[-1] for row in rows(text_of(model, show_trainable=True))}
    assert found == {
        "conv (Conv2D)": "no",
        "norm (BatchNormalization)": "yes",
        "flat (Flatten)": "-",
        "out (Dense)": "yes",
    }


def test_nested_models():
    inner = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2, name="deep")], name="inner")
    model = tw.Sequential([tw.Input((3,)), inner, tw.layers.Dense(1, name="last")])
    assert "deep" not in text_of(model)
    found = rows(text_of(model, expand_nested=True))
    assert [row[0] for row in found] == ["inner (Sequential)", "└ deep (Dense)", "last (Dense)"]


def test_a_range_of_layers():
    found = rows(text_of(net(), layer_range=["norm", "fl.*"]))
    assert [row[0] for row in found] == ["norm (BatchNormalization)", "flat (Flatten)"]
    with pytest.raises(ValueError, match="no layer matches 'nothing' of layer_range; there are"):
        text_of(net(), layer_range=["norm", "nothing"])
    with pytest.raises(ValueError, match="layer_range must be two names"):
        text_of(net(), layer_range=["norm"])


def test_positions():
    text = text_of(net(), line_length=60, positions=[0.5, 0.8, 1.0])
    header = next(line for line in text.splitlines() if "Layer" in line)
    assert header.index("Output") == 31
    with pytest.raises(ValueError, match="leave a column less than 4 characters of 60"):
        text_of(net(), line_length=60, positions=[0.5, 0.52, 1.0])
    with pytest.raises(ValueError, match="positions must have one number for each of the columns"):
        text_of(net(), positions=[0.5, 1.0])


def test_models_that_are_not_built():
    model = tw.Sequential([tw.layers.Dense(3, name="a"), tw.layers.Dense(1, name="b")])
    assert rows(text_of(model)) == [
        ["a (Dense)", "?", "not built"],
        ["b (Dense)", "?", "not built"],
    ]
    model.build((None, 2))
    assert rows(text_of(model)) == [
        ["a (Dense)", "(None, 3)", "9"],
        ["b (Dense)", "(None, 1)", "4"],
    ]


def test_a_subclass_that_was_called():
    class Net(tw.Model):
        def __init__(self):
            super().__init__()
            self.a = tw.layers.Dense(3, name="a")

        def call(self, x):
            return self.a(x)

    model = Net()
    model(tw.ops.ones((2, 5)))
    assert rows(text_of(model)) == [["a (Dense)", "(2, 3)", "18"]]


def test_it_is_printed(capsys):
    net().summary()
    printed = capsys.readouterr().out
    assert 'Model "net"' in printed
    assert "Trainable params: 1,570" in printed


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.00 KB"), (5 * 2**30, "5.00 GB")]
)
def test_sizes(count, text):
    assert format_bytes(count) == text
