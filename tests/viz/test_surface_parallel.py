"""Runs of a compiled function on several threads give what one after the other gives."""

import threading

import numpy as np
import pytest

import thalweg as tw
from thalweg import config, ops
from thalweg.viz.surface.parallel import on_all_threads

CALLS = [(np.full((3,), float(i), "float32"), np.ones((3,), "float32")) for i in range(7)]


@pytest.fixture
def threads():
    yield config.set_threads
    config.set_threads(None)


@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_results_are_in_order(threads, count):
    threads(count)
    run = on_all_threads(lambda x, y: ops.sum(x * x + y), "squares")
    for _ in range(2):
        found = [float(y) for y in run(CALLS)]
        assert found == [3 * i * i + 3 for i in range(7)]


def test_it_reads_variables_as_they_are(threads):
    threads(2)
    scale = tw.Variable(2.0)
    run = on_all_threads(lambda x, y: ops.sum(scale * x), "scaled")
    assert float(run(CALLS)[1]) == 6
    scale.assign(3.0)
    assert [float(y) for y in run(CALLS)] == [9.0 * i for i in range(7)]


def test_a_failure_is_raised(threads):
    threads(2)

    def failing(x, y):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        on_all_threads(failing, "failing")(CALLS)


def test_no_thread_stays():
    before = threading.active_count()
    on_all_threads(lambda x, y: ops.sum(x), "sum")(CALLS)
    assert threading.active_count() == before


def test_one_thread_is_for_this_thread_only(threads):
    threads(4)
    seen = []
    with config.one_thread():
        assert config.threads() == 1
        other = threading.Thread(target=lambda: seen.append(config.threads()))
        other.start()
        other.join()
    assert seen == [4]
    assert config.threads() == 4
