"""The verifiers find what is wrong, and say where; descriptions are readable."""

from __future__ import annotations

import pytest

from tests.compiler.flows import flow_of
from thalweg import ops
from thalweg.compiler import passes
from thalweg.compiler.describe import describe_flow, describe_program
from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.graph import Flow, Number, Operation, Value
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Buffer,
    Choose,
    Constant,
    Guard,
    Load,
    Product,
    Total,
)
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.program import Cond, Contract, Copy, Loops, Program, Special
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Store
from thalweg.compiler.passes import optimize
from thalweg.compiler.verify import VerificationError, verify
from thalweg.compiler.verify_program import verify_program
from thalweg.primitives.control_flow import bind_cond, bind_scan, bind_while
from thalweg.primitives.elementwise import exp
from thalweg.primitives.movement import reshape
from thalweg.tensor.dtypes import bool_, float32, float64

N, N3, THREE = (Dim(1, 0),), (Dim(1, 0), Dim(0, 3)), (Dim(0, 3),)


def value(shape=N3, dtype=float32) -> Value:
    return Value(shape, dtype)


# --- flows --------------------------------------------------------------------------------------


def test_values_are_defined_before_use():
    x, y, z = value(), value(), value()
    flow = Flow([x], [Operation(exp, (y,), (z,)), Operation(exp, (x,), (y,))], [z])
    with pytest.raises(VerificationError, match="not defined yet"):
        verify(flow)


def test_values_are_defined_once():
    x, y = value(), value()
    with pytest.raises(VerificationError, match="defined twice"):
        verify(Flow([x], [Operation(exp, (x,), (y,)), Operation(exp, (x,), (y,))], [y]))
    with pytest.raises(VerificationError, match="stands there twice"):
        verify(Flow([x, x], [], [x]))


def test_outputs_are_defined():
    with pytest.raises(VerificationError, match="Output float32"):
        verify(Flow([value()], [], [value()]))


def test_shapes_follow_the_rules_for_every_batch():
    x, y = value(), value(N)
    with pytest.raises(VerificationError, match="the rule says"):
        verify(Flow([x], [Operation(exp, (x,), (y,))], [y]))
    y = value((Dim(2, 3),))
    with pytest.raises(ValueError, match="reshape"):
        verify(Flow([x], [Operation(reshape, (x,), (y,), {"shape": y.shape})], [y]))


def test_constants_have_no_inputs():
    x, y = value(), value()
    with pytest.raises(VerificationError, match="a constant has inputs"):
        verify(Flow([x], [Operation(Number(1), (x,), (y,))], [y]))


def test_passes_are_checked_when_wished(monkeypatch):
    flow = flow_of(lambda x: ops.exp(x), ((None,), "float32"))
    wrong = [("break it", lambda f: Flow(f.inputs, [], f.outputs))]
    monkeypatch.setattr(passes, "PASSES", wrong)
    monkeypatch.setenv("THALWEG_VERIFY", "1")
    with pytest.raises(VerificationError, match="After the pass 'break it'"):
        optimize(flow)
    monkeypatch.setenv("THALWEG_VERIFY", "0")
    assert optimize(flow).operations == []


def control_flow(x):
    def step(c, e):
        return ops.tanh(c + e), c

    last, _ = bind_scan(step, [x[0]], [x], x.shape[0])
    (y,) = bind_cond(ops.sum(x) > 0, lambda: [last * 2], lambda: [ops.exp(last)])
    return bind_while(lambda z: [ops.sum(z) < 9], lambda z: [z + 1], [y])


def test_bodies_must_fit():
    flow = flow_of(control_flow, ((None, 3), "float32"))
    for operation in flow.operations:
        if operation.family != "control_flow":
            continue
        for name in [k for k, p in operation.params.items() if isinstance(p, Flow)]:
            body = operation.params[name]
            wrong = Flow(body.inputs[1:], body.operations, body.outputs)
            params = operation.params | {name: wrong}
            bad = Operation(operation.kind, operation.inputs, operation.outputs, params)
            operations = [bad if o is operation else o for o in flow.operations]
            with pytest.raises((VerificationError, ValueError)):
                verify(Flow(flow.inputs, operations, flow.outputs))


def test_flows_are_described():
    text = describe_flow(flow_of(control_flow, ((None, 3), "float32")))
    assert text.startswith("inputs %0: float32[n, 3]")
    for word in ("scan(", "length=n", "cond(", "then:", "otherwise:", "while(", "test:", "return"):
        assert word in text


# --- programs -----------------------------------------------------------------------------------

X = Buffer("input", float32, Dim(3, 0), 0)
Y = Buffer("output", float32, Dim(3, 0), 0)


def loops(*body) -> Loops:
    return Loops(body, "work")


def run(*launches, temporaries=()) -> Program:
    return Program(4, [], [X], [Y], [], list(temporaries), list(launches))


def rows() -> Var:
    return Var("i", Dim(3, 0))


def test_a_program_that_is_right():
    i = rows()
    double = Apply("add", (Load(X, Index.of(i)), Load(X, Index.of(i))), float32)
    launch = loops(Loop(i, "parallel", (Store(Y, Index.of(i), double),)))
    verify_program(run(launch))
    text = describe_program(run(launch))
    assert "parallel for i<3n" in text
    assert "output0:float32[3n][i] = add(input0:float32[3n][i], input0:float32[3n][i])" in text


def wrong(match, *launches, temporaries=()):
    with pytest.raises(VerificationError, match=match):
        verify_program(run(*launches, temporaries=temporaries))


def filled(i=None):
    i = i or rows()
    return loops(Loop(i, "parallel", (Store(Y, Index.of(i), Load(X, Index.of(i))),)))


def test_outputs_are_written():
    wrong("never written")


def test_buffers_are_written_before_they_are_read():
    t = Buffer("temporary", float32, Dim(3, 0), 0)
    wrong("before it is written", Copy(t, Y, Dim(3, 0)), temporaries=[t])
    flag = Buffer("temporary", bool_, ONE, 1)
    wrong("before it is written", Cond(flag, (), ()), filled(), temporaries=[flag])


def test_indices_stay_inside():
    i = rows()
    out = Store(Y, Index.of(i).plus(1), Constant(1.0, float32))
    wrong("has no element", loops(Loop(i, "parallel", (out,))))
    far = Store(Y, Index.of(i), Load(X, Index.of(i).times(2)))
    wrong("has no element", loops(Loop(i, "parallel", (far,))))
    wrong("has no element", Copy(X, Y, Dim(3, 0), source_offset=Index.of(1)))


def test_guards_may_keep_an_index_inside():
    i = rows()
    shifted = Load(X, Index.of(i).plus(1))
    guard = Guard(Index.of(i), Dim(0, 0), Dim(3, -1))
    safe = Choose((guard,), shifted, Constant(0.0, float32))
    verify_program(run(loops(Loop(i, "parallel", (Store(Y, Index.of(i), safe),)))))


def test_variables_are_bound():
    i, j = rows(), rows()
    body = (Store(Y, Index.of(j), Constant(0.0, float32)),)
    wrong("needs", loops(Loop(i, "parallel", body)))
    wrong("two loops", loops(Loop(i, "parallel", (Loop(i, "serial", ()),))))
    wrong("not an outer one", loops(Loop(i, "serial", (Loop(j, "parallel", ()),))))


def test_dtypes_agree():
    i = rows()
    wrong(
        "stores float64",
        loops(Loop(i, "parallel", (Store(Y, Index.of(i), Constant(0.0, float64)),))),
    )
    wide = Buffer("input", float64, Dim(3, 0), 1)
    program = run(Copy(wide, Y, Dim(3, 0)))
    program.inputs.append(wide)
    with pytest.raises(VerificationError, match="two dtypes"):
        verify_program(program)


def test_sums_are_begun_before_they_are_used():
    i, total = rows(), Accumulator("sum", float32)
    adding = Loop(i, "serial", (Accumulate(total, Load(X, Index.of(i))),))
    reading = Store(Y, Index(), Total(total, float32))
    verify_program(run(loops(Reset(total), adding, reading)))
    wrong("not begun", loops(adding, reading))
    wrong("not there", loops(reading))
    # It ends with the block in which it was begun.
    wrong("not there", loops(Loop(rows(), "serial", (Reset(total),)), reading))


def test_products_belong_to_epilogues():
    wrong("outside of an epilogue", loops(Store(Y, Index(), Product(float32))))
    m, k = Var("m", Dim(3, 0)), Var("k", Dim(0, 1))
    store = Store(Y, Index.of(m), Product(float32))
    ones = Constant(1.0, float32)
    product = Contract((), (m,), (), (k,), Load(X, Index.of(m)), ones, (store,), float32)
    verify_program(run(product))
    assert "contract float32" in describe_program(run(product))


def test_plans_are_checked():
    a, b = (Buffer("temporary", float32, Dim(0, 16), i, offset=0) for i in range(2))
    fill = Special("any", {}, (), ((a, THREE), (b, THREE), (Y, N)))
    read = Special("any", {}, ((a, THREE), (b, THREE)), ())
    program = run(fill, read, temporaries=[a, b])
    program.arena = 64
    with pytest.raises(VerificationError, match="share bytes"):
        verify_program(program)
    b.offset = 64
    with pytest.raises(VerificationError, match="64 to 128 of 64"):
        verify_program(program)
    program.arena = 128
    verify_program(program)
