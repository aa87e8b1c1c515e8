"""Variables whose value compiled Programs change in place."""

from __future__ import annotations

import copy
import os
import pickle
import threading

import numpy as np
import pytest

import thalweg as tw
from thalweg.tensor.dtypes import DTYPES
from thalweg.tensor.storage import ALIGNMENT, STATE_LOCK, aligned_empty


@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (3, 7)])
def test_aligned_arrays(shape, dtype):
    array = aligned_empty(shape, DTYPES[dtype])
    assert array.shape == shape
    assert array.dtype == DTYPES[dtype]
    assert array.size == 0 or array.ctypes.data % ALIGNMENT == 0
    assert array.flags.c_contiguous
    assert array.flags.writeable


def test_the_storage_has_the_present_value_and_stays_one_object():
    v = tw.Variable(np.arange(6.0, dtype="float32").reshape(2, 3).T)
    storage = v.resident()
    np.testing.assert_array_equal(storage, v)
    v.assign(v * 2)
    assert v.resident() is storage
    np.testing.assert_array_equal(storage, v)
    assert (v.shape, v.ndim, v.size, v.dtype.name) == ((3, 2), 2, 6, "float32")


def test_what_a_program_writes_is_read_and_snapshots_keep_their_value():
    v = tw.Variable([1.0, 2.0])
    storage = v.resident()
    before, array = v.value, v.numpy()
    storage += 1
    v.written()
    after = v.value
    assert v.value is after  # one snapshot until the next change
    storage += 1
    v.written()
    assert [x.tolist() for x in (before, array, after, v.value)] == [
        [1.0, 2.0],
        [1.0, 2.0],
        [2.0, 3.0],
        [3.0, 4.0],
    ]
    assert repr(v) == "<Variable 'variable' shape=(2,) dtype=float32 [3. 4.]>"


def test_an_assignment_between_two_runs_counts():
    v = tw.Variable(1.0)
    storage = v.resident()
    storage += 1
    v.written()
    v.assign(10.0)
    np.testing.assert_array_equal(storage, 2.0)  # until a Program asks
    v.resident()
    storage += 1
    v.written()
    assert float(v) == 11.0


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_have_a_storage_of_their_own(copied):
    v = tw.Variable([1.0], name="v", trainable=False)
    storage = v.resident()
    storage += 1
    v.written()
    other = copied(v)
    storage += 1
    v.written()
    assert (other.name, other.trainable, other.numpy().tolist()) == ("v", False, [2.0])
    assert other.resident() is not storage
    assert v.numpy().tolist() == [3.0]


class Elsewhere:
    """A device that has doubled the value of a variable."""

    def __init__(self) -> None:
        self.fetched = 0

    def fetch(self, storage):
        self.fetched += 1
        storage.array *= 2


def test_a_value_that_a_device_holds_comes_when_it_is_wanted():
    v, device = tw.Variable([1.0, 2.0]), Elsewhere()
    storage = v.storage()
    assert (storage.array.tolist(), storage.holder) == ([1, 2], None)
    v.written(device)
    assert v.storage() is storage  # which leaves it there
    assert (device.fetched, storage.holder) == (0, device)
    np.testing.assert_array_equal(v, [2, 4])
    np.testing.assert_array_equal(v.resident(), [2, 4])
    assert (device.fetched, storage.holder) == (1, None)
    v.written(device)
    np.testing.assert_array_equal(v.resident(), [4, 8])
    assert device.fetched == 2


def test_the_version_says_whether_a_copy_is_still_the_value():
    v, device = tw.Variable([1.0, 2.0]), Elsewhere()
    storage = v.storage()
    versions = [storage.version]

    def changed() -> bool:
        versions.append(v.storage().version)
        return versions[-1] not in versions[:-1]

    assert not changed()
    v.assign([3.0, 4.0])
    assert changed()
    v.written(device)
    assert changed()
    v.numpy()
    v.resident()
    assert not changed()
    v.written()
    assert changed()


def test_what_was_assigned_counts_more_than_what_a_device_holds():
    v, device = tw.Variable([1.0]), Elsewhere()
    v.storage()
    v.written(device)
    v.assign([5.0])
    assert v.storage().holder is None
    assert (v.resident().tolist(), v.numpy().tolist(), device.fetched) == ([5], [5], 0)


def test_readers_never_see_half_an_update():
    v = tw.Variable(np.zeros(4096, "float32"))
    storage = v.resident()
    torn = []

    def read():
        for _ in range(300):
            value = v.value.numpy()
            if value[0] != value[-1]:
                torn.append(value)

    def write():
        for _ in range(300):
            with STATE_LOCK:
                for part in np.split(storage, 4):
                    part += 1
                v.written()

    threads = [threading.Thread(target=f) for f in (read, write, read)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert torn == []
    np.testing.assert_array_equal(v, 300.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_process_can_go_on():
    v = tw.Variable(1.0)
    v.resident()[...] = 5.0
    v.written()
    child = os.fork()
    if child == 0:
        os._exit(0 if float(v) == 5.0 else 1)
    assert os.waitpid(child, 0)[1] == 0
