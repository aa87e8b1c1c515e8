"""Choosing the device."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import thalweg as tw
from thalweg import config


def output(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a new process prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_is_set_and_read():
    assert tw.config.device() == "cpu"
    assert tw.config.device("webgpu") == "webgpu"
    assert tw.config.device() == "webgpu"
    tw.config.set_device("cpu")
    assert tw.config.device() == "cpu"
    with pytest.raises(ValueError, match=r"value must be one of \('cpu', 'webgpu'\), got 'tpu'"):
        tw.config.device("tpu")
    assert tw.config.device() == "cpu"


def test_the_package_that_it_needs_is_named(monkeypatch):
    monkeypatch.setattr("thalweg.config.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"needs the package wgpu: run `pip install 'thalweg\["):
        tw.config.set_device("webgpu")
    assert tw.config.device() == "cpu"


def test_the_environment_may_choose_and_no_gpu_is_touched_before_it_is_needed():
    code = (
        "import sys, thalweg as tw; print(tw.config.device()); tw.Sequential;"
        "print([m for m in sys.modules if 'wgpu' in m or 'wgsl' in m or 'llvmlite' in m])"
    )
    assert output(code, THALWEG_DEVICE="webgpu").stdout == "webgpu\n[]\n"


def test_the_environment_may_be_wrong(monkeypatch):
    monkeypatch.setattr(config, "_device", None)
    monkeypatch.setenv("THALWEG_DEVICE", "gpu")
    with pytest.raises(ValueError, match=r"THALWEG_DEVICE must be one of .*, got 'gpu'\."):
        tw.config.device()
    monkeypatch.setenv("THALWEG_DEVICE", "")
    assert tw.config.device() == "cpu"


def test_a_machine_without_a_gpu_is_told_so():
    code = (
        "import thalweg as tw; tw.config.device('webgpu');"
        "tw.function(lambda x: x * 2, jit_compile=True)(tw.ops.ones(3))"
    )
    wrong = output(code, VK_DRIVER_FILES="/nowhere", VK_ICD_FILENAMES="/nowhere").stderr
    assert "needs a GPU with a driver for Vulkan, Metal or" in wrong.splitlines()[-1]
