"""The benchmark of training on a GPU."""

from __future__ import annotations

import pytest

from benchmarks.train_webgpu import measure
from benchmarks.workloads import WORKLOADS


def test_both_devices_train_the_same(monkeypatch: pytest.MonkeyPatch):
    rows = []
    for device in ("cpu", "webgpu"):
        monkeypatch.setattr("thalweg.config._device", device)
        rows.append(measure(WORKLOADS["boston"], 0.0))
    (*_, first), (*_, second) = rows
    assert float(first) == pytest.approx(float(second), rel=1e-4)
    assert [row[2] == "" for row in rows] == [True, False]
    assert 0 < int(rows[1][2]) < 15
