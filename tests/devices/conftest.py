"""Fixtures of the tests of devices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import thalweg as tw


@pytest.fixture
def on_webgpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything is compiled, for the GPU."""
    monkeypatch.setenv("THALWEG_COMPILE", "always")
    before = tw.config.device()
    tw.config.set_device("webgpu")
    yield
    tw.config.set_device(before)
