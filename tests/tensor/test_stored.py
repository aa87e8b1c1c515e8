"""Values of variables in numbered stores, and the room that new variables have."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from thalweg.tensor.context import limited_room
from thalweg.tensor.stored import assign_stored, store_variables


def variables() -> list[tw.Variable]:
    return [tw.Variable([1.0, 2.0], name="a"), tw.Variable(3, name="b")]


def test_values_come_back():
    store: dict[str, np.ndarray] = {}
    store_variables(variables(), store)
    assert list(store) == ["0", "1"]
    others = [tw.Variable([0.0, 0.0]), tw.Variable(0)]
    assign_stored("x", others, store)
    assert others[0].numpy().tolist() == [1.0, 2.0]
    assert others[1].numpy() == 3


def test_all_misfits_are_listed_and_nothing_changes():
    mine = variables()
    with pytest.raises(ValueError, match=r"x has 2 variables \(a, b\), the file has 1 for it"):
        assign_stored("x", mine, {"0": np.zeros(2)})
    with pytest.raises(
        ValueError, match=r"'a' has shape \(2,\), in the file \(3,\), 'b' is missing"
    ):
        assign_stored("x", mine, {"0": np.zeros(3), "2": np.zeros(())})
    with pytest.raises(ValueError, match=r"'b' has shape \(\), in the file \(1,\)"):
        assign_stored("x", mine, {"0": np.zeros(2), "1": np.zeros(1)})
    assert mine[0].numpy().tolist() == [1.0, 2.0]


def test_room_for_variables():
    with limited_room(40):
        tw.Variable(tw.initializers.Zeros(), shape=(5,))
        with pytest.raises(ValueError, match=r"'w' of shape \(6,\) is larger than all that"):
            tw.Variable(tw.initializers.Zeros(), shape=(6,), name="w")
    tw.Variable(tw.initializers.Zeros(), shape=(6,))
