from __future__ import annotations

import numpy as np
import pytest

from tests.devices.programs import add, buffer, program
from thalweg import devices
from thalweg.compiler.target import AVX2, AVX512, NEON, SSE
from thalweg.devices.cpu import host as hosts
from thalweg.devices.cpu.limit import limit


def test_families_follow_from_features():
    whole = {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma", "sse4.2"}
    assert list(hosts._families(whole).values()) == [AVX512, AVX2, SSE]
    assert list(hosts._families(whole - {"avx512vl"}).values()) == [AVX2, SSE]
    assert list(hosts._families({"avx2"}).values()) == [SSE]
    assert list(hosts._families({"neon", "fp-armv8"}).values()) == [NEON]


def test_this_processor_has_a_family():
    found = hosts.host()
    assert found.cpu
    assert found.target.l1 >= 8 * 1024
    assert found.target.l2 >= found.target.l1


def families() -> list[str]:
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    return sorted(hosts._families({name for name, has in features.items() if has}))


@pytest.mark.parametrize("name", families())
def test_an_older_family_can_be_asked_for(name, monkeypatch):
    monkeypatch.setenv("THALWEG_TARGET", name)
    assert hosts.host().target.name == name
    state = buffer("state", 37)
    values = np.zeros(37, np.float32)
    executable = devices.load(program([add(state, state, 1.5)], [state]))
    executable.run([values], [])
    np.testing.assert_array_equal(values, 1.5)
    if name == "sse":
        assert "ymm" not in executable.asm


def test_an_unknown_family_is_refused(monkeypatch):
    monkeypatch.setenv("THALWEG_TARGET", "abacus")
    with pytest.raises(ValueError, match="THALWEG_TARGET is 'abacus'; this processor can run"):
        hosts.host()


def test_limits_are_those_of_a_machine():
    found = limit()
    assert found is limit()
    assert 1e8 < found.flops < 1e15
    assert 1e8 < found.bandwidth < 1e14
