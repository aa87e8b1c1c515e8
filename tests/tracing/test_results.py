"""What a traced function may return."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import thalweg as tw
from tests.tracing.helpers import A

Pair = namedtuple("Pair", "a b")


def test_nested_structures_go_in_and_out():
    @tw.function
    def f(data):
        return {
            "z": [data["x"] + 1, None],
            "a": Pair(data["pair"].b, data["pair"].a),
            "n": 3,
            "empty": (),
        }

    found = f({"x": A, "pair": Pair(A[0], A[1])})
    assert list(found) == ["z", "a", "n", "empty"]
    np.testing.assert_array_equal(found["z"][0], A + 1)
    assert found["z"][1] is None
    assert isinstance(found["a"], Pair)
    np.testing.assert_array_equal(found["a"].a, A[1])
    assert int(found["n"]) == 3
    assert found["empty"] == ()


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x,
        lambda x: (x, x + 1),
        lambda x: [x],
        lambda x: {"b": x, "a": x * 2},
        lambda x: None,
        lambda x: (None, x),
        lambda x: 1.5,
        lambda x: np.arange(3),
        lambda x: {"a": {"b": x}},
    ],
)
def test_results_of_every_form(make):
    eager = make(tw.constant(A))
    f = tw.function(make)
    for _ in range(2):
        found = f(tw.constant(A))
        assert type(found) is type(eager) or isinstance(found, tw.Tensor)
        for a, b in zip(tw.tensor.tree.flatten(found), tw.tensor.tree.flatten(eager), strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                assert isinstance(a, tw.Tensor)
                np.testing.assert_array_equal(a, b)


def test_a_result_that_is_no_tensor_is_an_error():
    with pytest.raises(TypeError, match="function 'f' returned a str; a traced function returns"):
        tw.function(lambda: "text", name="f")()


def test_results_do_not_change_with_the_arguments():
    f = tw.function(lambda x: (x, x.T))
    x = A.copy()
    for _ in range(2):
        same, turned = f(x)
        x += 1
        np.testing.assert_array_equal(same, x - 1)
        np.testing.assert_array_equal(turned, x.T - 1)
