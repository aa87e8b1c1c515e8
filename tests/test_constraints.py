"""Constraints: hand values, names and configurations, errors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from thalweg import constraints, ops

W = np.array([[3.0, 0.1], [-4.0, 0.0]])


def test_max_norm() -> None:
    np.testing.assert_allclose(constraints.MaxNorm(2.0)(W), [[1.2, 0.1], [-1.6, 0.0]], rtol=1e-5)
    found = constraints.MaxNorm(1.0, axis=1)(W)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)
    found = constraints.MaxNorm(2.5, axis=[0, 1])(W)
    assert np.linalg.norm(found) == pytest.approx(2.5)


def test_non_neg() -> None:
    np.testing.assert_array_equal(constraints.NonNeg()(W), [[3.0, 0.1], [0.0, 0.0]])


def test_unit_norm() -> None:
    np.testing.assert_allclose(constraints.UnitNorm()(W), [[0.6, 1.0], [-0.8, 0.0]], rtol=1e-5)


def test_min_max_norm() -> None:
    found = constraints.MinMaxNorm(0.5, 2.0)(W)
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), [2.0, 0.5], rtol=1e-5)
    found = constraints.MinMaxNorm(0.5, 2.0, rate=0.5)(W)
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), [3.5, 0.3], rtol=1e-5)


@pytest.mark.parametrize("name", ["MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"])
def test_dtype_and_zeros(name: str) -> None:
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        found = getattr(constraints, name)()(ops.zeros((2, 2), dtype=dtype))
        assert found.dtype.name == dtype
        if dtype != "float16":  # there the epsilon itself is nearly zero
            assert not np.any(np.asarray(found, "float32"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("max_norm", "MaxNorm"),
        ("maxNorm", "MaxNorm"),
        ("non_neg", "NonNeg"),
        ("NonNeg", "NonNeg"),
        ("unit_norm", "UnitNorm"),
        ("minMaxNorm", "MinMaxNorm"),
    ],
)
def test_by_name_and_round_trip(name: str, kind: str) -> None:
    constraint = constraints.get(name)
    assert type(constraint) is getattr(constraints, kind)
    config = json.loads(json.dumps(constraints.serialize(constraint)))
    assert (config["module"], config["class_name"]) == ("keras.constraints", kind)
    assert constraints.get(config).get_config() == constraint.get_config()


def test_anything_that_can_be_called() -> None:
    def own(w: Any) -> Any:
        return w

    assert constraints.get(own) is own
    assert constraints.get(None) is None
    assert constraints.get(constraints.NonNeg).get_config() == {}
    assert constraints.Constraint()(W) is W
    assert constraints.deserialize("max_norm").max_value == 2


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"Unknown constraint 'maxnrom'; did you mean 'MaxNorm'"):
        constraints.get("maxnrom")
    with pytest.raises(ValueError, match=r"A constraint must be a name.*got 2\."):
        constraints.get(2)
