"""The reference executable: states in place, results of their own, nothing half done."""

from __future__ import annotations

import numpy as np
import pytest

from thalweg import ops
from thalweg.primitives import trace
from thalweg.tensor import TensorSpec
from thalweg.tracing.executor import CompiledExecutable, ReferenceExecutable, make_executable

SPEC = TensorSpec((3,), "float32")


def arrays(*values: float) -> list[np.ndarray]:
    return [np.full(3, value, "float32") for value in values]


def test_states_swap_and_results_are_of_the_values_before():
    graph = trace(lambda a, b, x: (b, a, a + x, a), [SPEC, SPEC, SPEC])
    states, inputs = arrays(1, 2), arrays(10)
    run = ReferenceExecutable(graph, 2).run
    results = run(states, inputs)
    assert [s[0] for s in states] == [2, 1]
    assert [y[0] for y in results] == [11, 1]
    assert [y[0] for y in run(states, inputs)] == [12, 2]
    assert [y[0] for y in results] == [11, 1]


def test_a_state_that_is_only_read_stays():
    graph = trace(lambda a, x: (a, a * x), [SPEC, SPEC])
    states = arrays(2)
    states[0].flags.writeable = False
    assert ReferenceExecutable(graph, 1).run(states, arrays(3))[0][0] == 6


def test_results_share_no_memory_with_states_and_inputs():
    graph = trace(lambda a, x: (a, a[:2], x, ops.reshape(x, (3, 1))), [SPEC, SPEC])
    states, inputs = arrays(2), arrays(3)
    for y in ReferenceExecutable(graph, 1).run(states, inputs):
        assert not np.may_share_memory(y, states[0])
        assert not np.may_share_memory(y, inputs[0])


def test_a_failure_changes_no_state(monkeypatch):
    from thalweg.tracing import executor

    states = arrays(1)
    executable = make_executable(trace(lambda a: (a + 1,), [SPEC]), 1, jit_compile=False)
    assert isinstance(executable, ReferenceExecutable)

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(executor, "evaluate_graph", fail)
    with pytest.raises(MemoryError):
        executable.run(states, [])
    assert states[0][0] == 1


def test_runs_change_to_the_program_by_their_number_not_when_the_background_is_done(monkeypatch):
    monkeypatch.delenv("THALWEG_COMPILE", raising=False)
    graph = trace(lambda x: [ops.exp(x) + 1.0], [SPEC])
    executable = CompiledExecutable(graph, 0, False, "graph", ())
    x = np.array([0.0, 1.0, 2.0], np.float32)
    executable.start()
    assert executable._thread is not None
    executable._thread.join()
    program = executable._programs["cpu"]
    runner = executable.runner()
    assert isinstance(runner, ReferenceExecutable)
    (by_operation,) = runner.run([], [x])
    executable.seconds_to_compile = 0.0
    assert executable.runner() is program
    (compiled,) = program.run([], [x])
    np.testing.assert_allclose(compiled, by_operation, rtol=1e-6)
