"""Traced functions as methods; copies; nothing is kept alive."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

import thalweg as tw
from tests.tracing.helpers import A, counting

# Lists that grow show when something is traced.
pytestmark = pytest.mark.filterwarnings("ignore::thalweg.tracing.autograph.TracingWarning")


class Scale:
    def __init__(self, factor: float) -> None:
        self.factor = tw.Variable(factor)
        self.traces = 0

    @tw.function
    def __call__(self, x: Any) -> Any:
        self.traces += 1
        return x * self.factor

    @tw.function(reduce_retracing=True)
    def named(self, x: Any, power: int = 1) -> Any:
        """Documented."""
        return x**power * self.factor


def test_methods_have_graphs_for_each_instance():
    a, b = Scale(2.0), Scale(3.0)
    assert [float(s(tw.constant(1.0))) for s in (a, b, a, b)] == [2.0, 3.0, 2.0, 3.0]
    assert (a.traces, b.traces) == (1, 1)
    assert float(a.named(tw.constant(2.0), power=3)) == 16.0
    assert a.named.experimental_get_tracing_count() == 1
    assert b.named.experimental_get_tracing_count() == 0
    assert float(Scale.named(b, tw.constant(2.0))) == 6.0
    bound = Scale(4.0).named  # keeps its object alive
    gc.collect()
    assert float(bound(tw.constant(1.0))) == 4.0


def test_instances_and_their_variables_do_not_leak():
    scale = Scale(2.0)
    scale(tw.constant(1.0))
    scale.named(tw.constant(1.0))
    references = [weakref.ref(scale), weakref.ref(scale.factor)]
    del scale
    gc.collect()
    assert [r() for r in references] == [None, None]


def test_arguments_do_not_leak():
    @tw.function
    def f(scale, variable, x):
        return scale.factor * variable * x

    scale, variable = Scale(2.0), tw.Variable(3.0)
    assert float(f(scale, variable, tw.constant(2.0))) == 12.0
    references = [weakref.ref(scale), weakref.ref(scale.factor), weakref.ref(variable)]
    del scale, variable
    gc.collect()
    assert [r() for r in references] == [None, None, None]
    assert f.pretty_printed_concrete_signatures() == ""
    assert float(f(Scale(5.0), tw.Variable(1.0), tw.constant(2.0))) == 10.0


def test_functions_do_not_leak():
    v = tw.Variable(1.0)
    f = tw.function(lambda x: v.assign_add(x))
    f(tw.constant(1.0))
    reference = weakref.ref(f)
    del f
    gc.collect()
    assert reference() is None


def test_objects_without_weak_references():
    class Slim:
        __slots__ = ("factor",)

        def __init__(self) -> None:
            self.factor = 2.0

        @tw.function
        def method(self, x):
            return x * self.factor

    slim = Slim()
    with pytest.raises(TypeError, match="add '__weakref__' to the __slots__ of Slim"):
        slim.method(A)
    f, traces = counting(lambda s, x: x * s.factor)
    for _ in range(2):
        np.testing.assert_array_equal(f(slim, A), A * 2)
    assert len(traces) == 1


def test_class_and_static_methods():
    class Host:
        factor = 3.0

        @classmethod
        @tw.function
        def of_class(cls, x):
            return x * cls.factor

        @staticmethod
        @tw.function
        def static(x):
            return x + 1

    for _ in range(2):
        assert float(Host.of_class(tw.constant(2.0))) == 6.0
        assert float(Host().static(tw.constant(2.0))) == 3.0


class Holder:
    def __init__(self) -> None:
        self.weight = tw.Variable(1.0)
        self.step = tw.function(self._step)

    def _step(self, x: Any) -> Any:
        return self.weight.assign_add(x)


@tw.function
def module_level(x: Any) -> Any:
    return x + 1


def test_copies_are_functions_of_their_own():
    holder = Holder()
    holder.step(tw.constant(1.0))
    other = copy.deepcopy(holder)
    assert [float(other.step(tw.constant(1.0))), float(holder.weight)] == [3.0, 2.0]
    assert copy.deepcopy(module_level) is module_level
    assert pickle.loads(pickle.dumps(module_level)) is module_level
    scale = Scale(2.0)
    again = pickle.loads(pickle.dumps(scale.named))
    assert again.__self__ is not scale
    assert float(again(tw.constant(1.0))) == 2.0
