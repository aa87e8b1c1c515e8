"""StatelessScope: assignments stay inside, reads come from inside first, scopes nest."""

from __future__ import annotations

import numpy as np
import pytest

from thalweg import Variable
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.scope import StatelessScope


def test_assignments_stay_inside() -> None:
    v, w = Variable(1.0), Variable(2.0)
    with StatelessScope([(v, 5.0)]) as scope:
        assert float(v) == 5.0
        v.assign_add(w)
        w.assign(0.0)
        assert (float(v), float(w)) == (7.0, 0.0)
    assert (float(v), float(w)) == (1.0, 2.0)
    assert float(scope.get_current_value(v)) == 7.0
    assert float(scope.get_current_value(w)) == 0.0


def test_scopes_nest() -> None:
    v, w = Variable(1.0), Variable(2.0)
    with StatelessScope([(v, 10.0)]) as outer:
        with StatelessScope([(w, 20.0)]) as inner:
            v.assign_add(1.0)
            assert float(v + w) == 31.0
        assert float(v + w) == 12.0
    assert float(inner.get_current_value(v)) == 11.0
    assert float(outer.get_current_value(v)) == 10.0


def test_left_after_an_error() -> None:
    v = Variable(1.0)
    with pytest.raises(ValueError, match="shape"), StatelessScope():
        v.assign([2.0, 3.0])
    assert CONTEXT.variables is None
    assert float(v) == 1.0


def test_values_are_cast_and_checked() -> None:
    v = Variable([1.0, 2.0], name="v")
    with StatelessScope([(v, np.array([1, 2]))]):
        assert v.value.dtype.name == "float32"
    with pytest.raises(ValueError, match=r"for Variable 'v' has shape \(3,\), expected \(2,\)"):
        StatelessScope([(v, [1.0, 2.0, 3.0])])
