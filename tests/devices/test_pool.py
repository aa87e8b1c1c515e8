from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.devices.programs import add, buffer, multiply, program, temporary
from thalweg import config, devices
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.program import Scan

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one worker only")


def make(turns: int = 20, size: int = 500):
    """Adds to its state 1 a turn, through a temporary in another order of the workers."""
    state, t = buffer("state", size), temporary(size, 0)
    body = (add(t, state, 1.0), multiply(state, t, 1.0))
    return devices.load(program([Scan(body, Dim.of(turns), False, ())], [state]))


@pytest.fixture
def shared(monkeypatch):
    """Every run is shared by three workers."""
    monkeypatch.setattr("thalweg.devices.cpu.executable.workers", lambda *_: 3)
    monkeypatch.setattr("thalweg.compiler.render.llvm.leaves._SMALL", 0.0)


def test_workers_see_what_the_others_wrote(shared):
    executable = make(turns=2000)
    values = np.zeros(500, np.float32)
    executable.run([values], [])
    np.testing.assert_array_equal(values, 2000)


def call_often(executable, turns, times, failures):
    try:
        values = np.zeros(500, np.float32)
        for _ in range(times):
            executable.run((values,), [])
        np.testing.assert_array_equal(values, turns * times)
    except BaseException as error:
        failures.append(error)


@pytest.mark.parametrize("same", [True, False])
def test_threads_of_the_user_may_call_at_once(shared, same):
    first = make()
    executables = [first, first if same else make(), first if same else make()]
    failures: list[BaseException] = []
    callers = [
        threading.Thread(target=call_often, args=(x, 20, 150, failures)) for x in executables
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(120)
    assert not failures
    assert not any(caller.is_alive() for caller in callers)


def exit_code_of_a_fork(executable=None) -> int:
    """Of a child process that runs an executable (None: one that it compiles)."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a child that hangs fails, and does not stay
        failures: list[BaseException] = []
        call_often(executable or make(), 20, 5, failures)
        os._exit(7 if failures else 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@linux
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own(shared):
    executable = make()
    executable.run([np.zeros(500, np.float32)], [])
    for _ in range(3):
        assert exit_code_of_a_fork(executable) == 0
    call_often(executable, 20, 3, failures := [])
    assert not failures


@linux
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_forked_in_the_middle_of_a_run_is_not_blocked(shared):
    executable, stop = make(), threading.Event()

    def keep_running():
        while not stop.is_set():
            call_often(executable, 20, 1, failures)

    failures: list[BaseException] = []
    caller = threading.Thread(target=keep_running)
    caller.start()
    try:
        codes = [exit_code_of_a_fork(executable) for _ in range(5)]
    finally:
        stop.set()
        caller.join()
    assert codes == [0] * 5
    assert not failures


@linux
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_forked_while_another_thread_compiles_can_compile(monkeypatch):
    monkeypatch.setenv("THALWEG_CACHE_DIR", "")
    make().run([np.zeros(500, np.float32)], [])
    stop = threading.Event()

    def keep_compiling():
        while not stop.is_set():
            make()

    compiler = threading.Thread(target=keep_compiling)
    compiler.start()
    try:
        codes = [exit_code_of_a_fork() for _ in range(3)]
    finally:
        stop.set()
        compiler.join()
    assert codes == [0] * 3


def run_in_a_process(queue) -> None:
    failures: list[BaseException] = []
    call_often(make(), 20, 3, failures)
    queue.put(len(failures))


def test_a_spawned_process_compiles_and_runs():
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=run_in_a_process, args=(queue,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert queue.get() == 0


def test_a_process_ends_while_its_threads_wait():
    code = (
        "import numpy as np\n"
        "import thalweg.devices.cpu.executable as x\n"
        "import thalweg.compiler.render.llvm.leaves as leaves\n"
        "from tests.devices.test_pool import make\n"
        "x.workers = lambda *_: 3\n"
        "leaves._SMALL = 0.0\n"
        "make().run([np.zeros(500, np.float32)], [])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@linux
def test_runs_leave_no_memory_behind():
    executable = make(turns=1)
    for _ in range(1000):
        executable.run([np.zeros(500, np.float32)], [])
    before = resident_bytes()
    for _ in range(10_000):
        executable.run([np.zeros(500, np.float32)], [])
    assert resident_bytes() - before < 1 << 20


@linux
def test_executables_leave_little_memory_behind():
    def load_and_run():
        executable = make(turns=1)
        executable.run([np.zeros(500, np.float32)], [])

    for _ in range(20):
        load_and_run()
    before = resident_bytes()
    for _ in range(100):
        load_and_run()
    # LLVM keeps the name of each module, and little else.
    assert resident_bytes() - before < 100 * 32 * 1024


def test_the_number_of_threads_is_a_setting():
    n = 1 << 20
    state = buffer("state", n)
    executable = devices.load(program([add(state, state, 1.0)], [state]))
    try:
        config.set_threads(1)
        assert executable.workers() == 1
        config.set_threads(3)
        assert executable.workers() == 3
        values = np.zeros(n, np.float32)
        executable.run([values], [])
        np.testing.assert_array_equal(values, 1)
    finally:
        config.set_threads(None)
    assert config.threads() >= 1
    for wrong in (0, -1, 1.5):
        with pytest.raises(ValueError, match="at least 1"):
            config.set_threads(wrong)
