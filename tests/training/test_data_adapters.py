"""Batches from arrays, generators and other iterables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from thalweg.training.data_adapter import pack_x_y_sample_weight, unpack_x_y_sample_weight
from thalweg.training.data_adapter_arrays import ArrayAdapter
from thalweg.training.data_adapter_iterables import IterableAdapter
from thalweg.training.data_adapters import adapter_for, split_validation
from thalweg.training.data_arrays import arrays_of, check_finite
from thalweg.training.feeder import Feeder, global_seed, in_groups
from thalweg.training.pace import Pace
from thalweg.training.position import Position
from thalweg.training.rows import tensors_of

X = np.arange(20.0).reshape(10, 2)
Y = np.arange(10)


def rows(batches):
    found = [tensors_of(b) for b in batches]
    return [np.asarray(b if isinstance(b, tw.Tensor) else b[0])[:, 0].tolist() for b in found]


# --- packing --------------------------------------------------------------------------------------


def test_pack_and_unpack():
    assert pack_x_y_sample_weight(1) == 1
    assert pack_x_y_sample_weight([1, 2]) == ([1, 2],)
    assert pack_x_y_sample_weight(1, 2) == (1, 2)
    assert pack_x_y_sample_weight(1, 2, 3) == (1, 2, 3)
    assert unpack_x_y_sample_weight(1) == (1, None, None)
    assert unpack_x_y_sample_weight((1,)) == (1, None, None)
    assert unpack_x_y_sample_weight([1, 2]) == (1, 2, None)
    assert unpack_x_y_sample_weight((1, 2, 3)) == (1, 2, 3)
    with pytest.raises(ValueError, match="got a tuple of length 4"):
        unpack_x_y_sample_weight((1, 2, 3, 4))


# --- arrays ---------------------------------------------------------------------------------------


def test_dtypes():
    data = arrays_of(
        {
            "double": np.zeros(2),
            "half": np.zeros(2, "float16"),
            "long": np.zeros(2, "int64"),
            "byte": np.zeros(2, "uint8"),
            "bool": np.zeros(2, bool),
            "list": [[1, 2], [3, 4]],
            "floats": [1.0, 2.0],
            "tensor": tw.ops.zeros((2, 1)),
            "variable": tw.Variable([1.0, 2.0]),
        },
        "x",
    )
    assert {k: v.dtype.name for k, v in data.items()} == {
        "double": "float32",
        "half": "float32",
        "long": "int64",
        "byte": "uint8",
        "bool": "bool",
        "list": "int64",
        "floats": "float32",
        "tensor": "float32",
        "variable": "float32",
    }


def test_a_list_of_arrays_is_several_inputs_a_list_of_numbers_is_one():
    assert isinstance(arrays_of([[1.0, 2.0], [3.0, 4.0]], "x"), np.ndarray)
    found = arrays_of([np.zeros((2, 1)), [1, 2]], "x")
    assert isinstance(found, list)
    assert [f.shape for f in found] == [(2, 1), (2,)]


@given(
    samples=st.integers(1, 40),
    batch_size=st.integers(1, 50),
    shuffle=st.booleans(),
)
@settings(deadline=None, max_examples=50)
def test_each_sample_comes_once(samples, batch_size, shuffle):
    x = np.arange(samples)
    adapter = ArrayAdapter(x, {"y": x * 2}, x * 0.5, batch_size, shuffle=shuffle)
    batches = [tensors_of(rows) for rows in adapter.batches()]
    assert len(batches) == adapter.num_batches == -(-samples // batch_size)
    assert all(len(b[0].numpy()) == batch_size for b in batches[:-1])
    x_seen = np.concatenate([b[0].numpy() for b in batches])
    assert sorted(x_seen) == list(range(samples))
    assert (shuffle and samples > 1) or x_seen.tolist() == x.tolist()
    for x_batch, y_batch, w_batch in batches:
        np.testing.assert_array_equal(y_batch["y"], x_batch.numpy() * 2)
        np.testing.assert_array_equal(w_batch["y"], x_batch.numpy() * 0.5)


def test_batch_size_from_steps():
    assert ArrayAdapter(X, Y, steps=4).num_batches == 4
    assert ArrayAdapter(X, Y).batch_size == 32


def test_the_rest_of_a_shuffled_pass():
    tw.set_random_seed(4)
    adapter = ArrayAdapter(X, Y, batch_size=3, shuffle=True)
    whole = rows(adapter.batches())
    tw.set_random_seed(4)
    assert rows(adapter.batches(skip=2)) == whole[2:]


def test_the_users_array_may_change_while_a_batch_is_in_use():
    x = np.zeros((4, 1), "float32")
    stream = (x for _ in range(2))
    batch = next(IterableAdapter(stream).batches())
    x += 1
    assert batch.numpy().tolist() == [[0.0]] * 4


def test_one_sample_weight_for_several_targets():
    _, _, weight = ArrayAdapter(X, [Y, Y], np.ones(10)).peek()
    assert isinstance(weight, list)
    with pytest.raises(ValueError, match="must have one weight for each sample, got shape"):
        ArrayAdapter(X, [Y, Y], np.ones((10, 2)))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.8])
def test_split(share):
    cut = int(np.floor(10 * (1 - share)))
    (x, y, w), (vx, vy, vw) = split_validation([X, {"k": X}], Y, None, share)
    assert len(y) == cut
    assert x[1]["k"].shape == (cut, 2)
    np.testing.assert_array_equal(vx[0], X[cut:])
    np.testing.assert_array_equal(vy, Y[cut:])
    assert w is vw is None


# --- NaN ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@given(place=st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 1)))
@settings(deadline=None, max_examples=10)
def test_the_place_of_the_first_nan(dtype, value, place):
    array = np.ones((5, 3, 2), np.dtype(tw.ops.zeros((), dtype=dtype).dtype))
    check_finite(array, "x")
    array[place] = value
    what = "NaN" if value != value else "an infinite value"
    with pytest.raises(ValueError, match=rf"x contains {what} at sample {place[0]}, index"):
        check_finite(array, "x")


def test_large_numbers_are_no_infinities():
    check_finite(np.full(1000, 3e38, "float32"), "x")
    check_finite(np.array([3e38, -3e38, 3e38, 3e38], "float32"), "x")
    check_finite(np.full(1000, 6e4, "float16"), "x")


# --- iterables ------------------------------------------------------------------------------------


class Repeatable:
    """An object that can be iterated again, with or without a length."""

    def __iter__(self):
        return iter([(X[:4], Y[:4]), (X[4:], Y[4:])])


class Sequence:
    """Batches by number, as Keras's PyDataset has them."""

    ended = 0

    def __len__(self):
        return 3

    def __getitem__(self, i):
        return X[i : i + 2], Y[i : i + 2]

    def on_epoch_end(self):
        self.ended += 1


def test_a_generator_loses_no_batch_by_peeking():
    adapter = adapter_for(iter([(X[:4], Y[:4]), (X[4:], Y[4:])]))
    assert adapter.num_batches is None
    assert not adapter.repeatable
    assert rows([adapter.peek(), adapter.peek()]) == [X[:4, 0].tolist()] * 2
    assert rows(adapter.batches()) == [X[:4, 0].tolist(), X[4:, 0].tolist()]
    assert rows(adapter.batches()) == []


def test_what_can_be_iterated_again():
    adapter = adapter_for(Repeatable())
    assert adapter.peek()[0].shape == (4, 2)
    assert len(list(adapter.batches())) == len(list(adapter.batches())) == 2


def test_a_sequence_of_batches():
    source = Sequence()
    adapter = adapter_for(source)
    assert adapter.num_batches == 3
    assert len(list(adapter.batches())) == 3
    assert source.ended == 1


def test_class_weight_for_batches():
    adapter = adapter_for(iter([(X[:4], Y[:4] % 2)]), class_weight={1: 3.0})
    np.testing.assert_array_equal(adapter.peek()[2], [1.0, 3.0, 1.0, 3.0])
    adapter = adapter_for(iter([(X, Y, np.ones(10))]), class_weight={1: 3.0})
    with pytest.raises(ValueError, match="class_weight and the sample weights that the data"):
        adapter.peek()


# --- epochs ---------------------------------------------------------------------------------------


def epochs(feeder, count):
    return [rows(feeder.epoch()) for _ in range(count)]


def test_fewer_steps_than_a_pass_go_on_in_the_next_epoch():
    feeder = Feeder(ArrayAdapter(X, Y, batch_size=2), 2, "steps_per_epoch")
    with pytest.warns(UserWarning, match="ended after 1 of the 2 batches that steps_per_epoch"):
        found = epochs(feeder, 4)
    assert found == [[[0, 2], [4, 6]], [[8, 10], [12, 14]], [[16, 18]], [[0, 2], [4, 6]]]


def test_the_length_of_an_epoch_is_known_after_the_first():
    feeder = Feeder(adapter_for(Repeatable()), None, "steps_per_epoch")
    assert feeder.num_batches is None
    epochs(feeder, 1)
    assert feeder.num_batches == 2


def test_a_generator_goes_on_over_epochs():
    feeder = Feeder(adapter_for(X[i : i + 1] for i in range(10)), 3, "steps_per_epoch")
    assert epochs(feeder, 2) == [[[0], [2], [4]], [[6], [8], [10]]]


def test_going_on_in_the_middle_of_a_pass():
    tw.set_random_seed(9)
    adapter = ArrayAdapter(X, Y, batch_size=2, shuffle=True)
    feeder = Feeder(adapter, None, "steps_per_epoch")
    first = epochs(feeder, 1)[0]
    stream = feeder.epoch()
    second = rows([next(stream), next(stream)])
    position = Position(1, 2, feeder.taken, feeder.order_seed)
    after = global_seed().numpy()
    second += rows(stream)

    tw.set_random_seed(1234)
    again = Feeder(ArrayAdapter(X, Y, batch_size=2, shuffle=True), None, "steps_per_epoch")
    again.resume(position)
    global_seed().assign(after)
    assert rows(again.epoch(done=2)) == second[2:]
    assert first != second


def test_groups():
    found = list(in_groups(iter(range(5)), Pace(2, strict=True)))
    assert found == [(0, [0, 1]), (2, [2, 3]), (4, [4])]


@pytest.mark.parametrize("bad", [{"epoch": -1}, {"batch": 1.5}, {"order_seed": ["x"]}])
def test_a_place_in_a_training_is_made_of_numbers(bad):
    with pytest.raises(ValueError, match="made of numbers from 0 on"):
        Position(**bad)
