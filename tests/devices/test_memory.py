from __future__ import annotations

import os

import pytest

from thalweg.devices.cpu.memory import address, room

LARGE = 8 * 1024 * 1024


@pytest.mark.parametrize("size", [1, 100, LARGE])
def test_rooms_begin_a_cache_line(size):
    found = room(size)
    assert found.size == size
    assert address(found) % 64 == 0
    found[:] = 7
    assert (found == 7).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("size", [4096, LARGE])
def test_a_child_process_works_in_memory_of_its_own(size):
    memory = room(size)
    memory[:] = 1
    child = os.fork()
    if child == 0:
        memory[:] = 2
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert (memory == 1).all()
