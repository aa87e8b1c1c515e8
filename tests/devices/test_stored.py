"""Programs on disk: found again by what they were compiled from, and only then."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as tw
from tests.devices.programs import add, buffer, host, program
from thalweg import devices, ops
from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.program import Program
from thalweg.compiler.reference import Reference
from thalweg.devices.cpu import cache, load, stored
from thalweg.devices.cpu.host import Host
from thalweg.devices.cpu.image import Image
from thalweg.devices.cpu.pool import launcher
from thalweg.primitives import PRIMITIVES
from thalweg.tensor.dtypes import bfloat16, complex64


@pytest.fixture
def folder(tmp_path, monkeypatch):
    launcher()  # the code of the threads is kept elsewhere
    place = tmp_path / "cache"
    monkeypatch.setenv("THALWEG_CACHE_DIR", str(place))
    monkeypatch.setenv("THALWEG_VERIFY", "0")
    # As if no source file had been written just now.
    monkeypatch.setattr(stored, "_sources", lambda: "sources")
    return place


@pytest.fixture
def made(monkeypatch):
    """The Programs that were not found on disk."""
    found = []
    real = load.render

    def count(program, target):
        found.append(program)
        return real(program, target)

    monkeypatch.setattr(load, "render", count)
    return found


def adding(step: float, size: int = 8) -> Program:
    state = buffer("state", size)
    return program([add(state, state, step)], [state])


def never() -> Program:
    raise AssertionError("this was to be found on disk")


def runs(executable: devices.Executable | None, step: float = 1.0, size: int = 8) -> bool:
    assert executable is not None
    values = np.zeros(size, np.float32)
    executable.run([values], [])
    return bool((values == step).all())


# --- what is kept and found


def test_nothing_is_made_again(folder, made):
    assert devices.restore("a", never) is None
    assert runs(devices.load(adding(1.0), fingerprint="a", note="told"))
    found = devices.restore("a", never, "title", ["w"])
    assert runs(found)
    assert (found.note, found.title, found.names) == ("told", "title", ("w",))
    assert devices.restore("b", never) is None
    assert devices.restore(None, never) is None
    assert len(made) == 1


def test_without_a_fingerprint_nothing_is_kept(folder):
    devices.load(adding(1.0))
    assert len(list(folder.iterdir())) == 1  # the code


def test_the_last_one_counts(folder):
    devices.load(adding(1.0), fingerprint="a")
    devices.load(adding(2.0), fingerprint="a")
    assert runs(devices.restore("a", never), 2.0)


def test_looking_inside_compiles(folder, made):
    devices.load(adding(1.0, 64), fingerprint="a")
    expected = devices.load(adding(1.0, 64))
    found = devices.restore("a", lambda: adding(1.0, 64))
    assert len(made) == 2
    assert found.llvm == expected.llvm
    assert len(found.leaves) == 1
    assert found.asm == expected.asm
    state = np.zeros(64, np.float32)
    assert len(found.profile([state], [])) == 1
    assert len(made) == 3
    assert runs(found, size=64)


def test_everything_of_a_program_comes_back(folder):
    n = Dim(1, 0)
    half = np.arange(3).astype(bfloat16)
    x, z = buffer("input", n.times(3)), buffer("output", n.times(3))
    whole = program(
        [add(z, x, 1.0)],
        [buffer("state", 2, bool)],
        [x],
        [z],
        [
            (buffer("constant", 3, bfloat16), half),
            (buffer("constant", 2), np.array([np.nan, -0.0])),
        ],
        capacity=5,
        arena=128,
    )
    whole.output_shapes = [(n, Dim(0, 3))]
    first = devices.load(whole, fingerprint="a")
    second = devices.restore("a", never)
    assert second.image.packed() == first.image.packed()
    a, b = first.image, second.image
    assert b.capacity == 5
    assert b.arena == second.arena == 128
    assert b.table == a.table
    assert b.works == a.works
    assert [(s.dtype, s.size) for s in b.states] == [(np.dtype(bool), Dim(0, 2))]
    for (_, one), (_, other) in zip(a.constants, b.constants, strict=True):
        np.testing.assert_array_equal(np.asarray(one, other.dtype), other)
    rows = np.ones((4, 3), np.float32)
    states = [np.zeros(2, bool)]
    (found,) = second.run(states, [rows], 4)
    assert found.shape == (4, 3)
    assert (found == 2).all()
    assert first.seconds(4) == second.seconds(4)


def test_host_calls_come_back(folder, made):
    def calling(n: int) -> Program:
        x, z = buffer("input", n, complex64), buffer("output", n, complex64)
        call = host(lambda x: x, [x], [z])
        call.evaluate = Reference(PRIMITIVES["exp"], {})
        return program([call], [], [x], [z])

    devices.load(calling(4), fingerprint="a")
    x = np.array([1j, 2, 3, 0], np.complex64)
    (found,) = devices.restore("a", never).run([], [x])
    np.testing.assert_allclose(found, np.exp(x), rtol=1e-6)


def test_functions_of_others_are_not_kept(folder):
    x, z = buffer("input", 4), buffer("output", 4)
    devices.load(program([host(lambda x: x + 1, [x], [z])], [], [x], [z]), fingerprint="a")
    assert devices.restore("a", never) is None


def test_large_constants_are_not_kept(folder, monkeypatch):
    monkeypatch.setattr(stored, "_LARGEST", 100)
    x, z, c = buffer("input", 30), buffer("output", 30), buffer("constant", 30)
    devices.load(
        program([add(z, x, c)], [], [x], [z], [(c, np.ones(30, np.float32))]), fingerprint="a"
    )
    assert devices.restore("a", never) is None


# --- what must not be found


def test_other_processors_compilers_and_libraries(folder, monkeypatch):
    machine = load.host()
    names = {stored._name("a", machine)}
    names.add(stored._name("b", machine))
    names.add(stored._name("a", Host("other", machine.features, machine.target)))
    monkeypatch.setattr(np, "__version__", "0.0")
    names.add(stored._name("a", machine))
    monkeypatch.setattr(stored.jit, "version", lambda: "0.0")
    names.add(stored._name("a", machine))
    monkeypatch.setattr(stored, "_sources", lambda: "edited")
    names.add(stored._name("a", machine))
    assert len(names) == 6
    assert None not in names


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Sources of a compiler of its own, written a minute ago."""
    place = tmp_path / "package"
    for room in ("config.py", "tensor/a.py", "primitives/b.py", "compiler/c/d.py", "devices/e.py"):
        path = place / room
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
        os.utime(path, (stored._READ - 60, stored._READ - 60))
    monkeypatch.setattr(stored, "_PACKAGE", place)
    return place


def sources() -> Any:
    return stored._sources.__wrapped__()


@pytest.mark.parametrize("name", ["config.py", "compiler/c/d.py", "devices/e.py"])
def test_edited_sources(package, name):
    before = sources()
    assert before == sources() is not None
    path = package / name
    path.write_text("x = 2\n")
    assert sources() is None  # written after this process read them
    os.utime(path, (stored._READ - 30, stored._READ - 30))
    assert sources() not in (None, before)
    path.write_text("x = 1  # longer\n")
    os.utime(path, (stored._READ - 60, stored._READ - 60))
    assert sources() not in (None, before)


def test_new_and_moved_sources(package):
    before = sources()
    path = package / "compiler" / "new.py"
    path.write_text("")
    os.utime(path, (0, 0))
    after = sources()
    assert after not in (None, before)
    path.rename(package / "compiler" / "c" / "new.py")
    assert sources() not in (None, before, after)


def test_no_sources(package):
    (package / "config.py").unlink()
    assert sources() is None


def test_the_sources_of_this_process_are_there():
    assert all((stored._PACKAGE / room).exists() for room in stored._ROOMS)


def test_unknown_sources_turn_it_off(folder, monkeypatch):
    monkeypatch.setattr(stored, "_sources", lambda: None)
    devices.load(adding(1.0), fingerprint="a")
    assert devices.restore("a", never) is None


def test_verifying_turns_it_off(folder, monkeypatch):
    devices.load(adding(1.0), fingerprint="a")
    monkeypatch.setenv("THALWEG_VERIFY", "1")
    assert devices.restore("a", never) is None


def test_an_empty_variable_turns_it_off(folder, monkeypatch):
    devices.load(adding(1.0), fingerprint="a")
    monkeypatch.setenv("THALWEG_CACHE_DIR", "")
    assert devices.restore("a", never) is None
    assert runs(devices.load(adding(1.0), fingerprint="a"))


def kept(folder: Path) -> tuple[Path, Path]:
    """The Program's file and the code's."""
    name = stored._name("a", load.host())
    assert name is not None
    (code,) = (p for p in folder.iterdir() if p.name != name)
    return folder / name, code


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("damage", ["half", "flipped", "empty", "gone", "open to others"])
def test_damaged_files_are_made_anew(folder, which, damage):
    devices.load(adding(1.0), fingerprint="a")
    file = kept(folder)[which]
    content = file.read_bytes()
    if damage == "half":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        file.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "gone":
        file.unlink()
    else:
        file.chmod(0o666)
    if damage == "open to others" and not hasattr(os, "geteuid"):
        return
    assert devices.restore("a", never) is None
    devices.load(adding(1.0), fingerprint="a")
    assert runs(devices.restore("a", never))


def test_a_program_is_no_code(folder):
    devices.load(adding(1.0), fingerprint="a")
    file, code = kept(folder)
    assert cache.fetch(code.name) is not None
    content = Image.unpacked(Image.of(*devices.load(adding(1.0))._made).packed())
    assert content.capacity == 0
    assert file.stat().st_mode & 0o077 == 0


# --- functions and models


def fresh(function: Callable[..., Any]) -> Any:
    return tw.function(function, jit_compile=True)


def test_functions_are_found(folder, made):
    def function(x):
        return ops.sum(ops.tanh(x) * 2.0, axis=-1)

    x = ops.reshape(ops.arange(12, dtype="float32"), (3, 4))
    first = fresh(function)(x)
    assert len(made) == 1
    np.testing.assert_array_equal(fresh(function)(x), first)
    assert len(made) == 1
    again = fresh(function)
    np.testing.assert_array_equal(again(x), first)
    assert [row.name for row in again.explain(x).rows] == ["sum"]
    assert "define" in again.llvm
    fresh(lambda x: ops.sum(ops.tanh(x) * 3.0, axis=-1))(x)
    fresh(function)(x[:2])
    assert len({id(p) for p in made}) == len(made) >= 3


def test_functions_with_state_are_found(folder, made):
    results = []
    for _ in range(2):
        count = tw.Variable(1.0)

        def function(x, count=count):
            count.assign_add(x)
            return count * 2.0

        run = fresh(function)
        results.append([float(run(tw.constant(3.0))) for _ in range(3)])
    assert results == [[8.0, 14.0, 20.0]] * 2
    assert len(made) == 1


def test_constants_count(folder, made):
    def result(number: float) -> Any:
        array = tw.constant(np.arange(4, dtype=np.float32) * number)
        return fresh(lambda x: x + array)(ops.zeros((4,))).numpy()[3]

    assert [result(1.0), result(2.0), result(1.0)] == [3.0, 6.0, 3.0]
    assert len(made) == 2


def test_printing_is_not_kept(folder, made, capsys):
    for _ in range(2):

        @tw.function(jit_compile=True)
        def function(x):
            print(x)
            return x + 1.0

        function(ops.ones(()))
    assert len(made) == 2


def model(width: int = 6) -> Any:
    tw.utils.set_random_seed(4)
    found = tw.Sequential(
        [tw.Input((3,)), tw.layers.Dense(width, "tanh"), tw.layers.Dense(1)],
    )
    found.compile(tw.optimizers.Adam(0.01), "mse", metrics=["mae"], jit_compile=True)
    return found


X = np.linspace(-1, 1, 66).reshape(22, 3).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)


def trained(batch_size: int, width: int = 6) -> Any:
    found = model(width)
    history = found.fit(X, Y, batch_size=batch_size, epochs=3, shuffle=False, verbose=0).history
    return history, found


@pytest.mark.parametrize("batch_size", [1, 8, 11, 22])
def test_models_are_found(folder, made, batch_size):
    history, first = trained(batch_size)
    count = len(made)
    assert count > 0
    again, second = trained(batch_size)
    assert len(made) == count
    assert history == again
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    # Other sizes, smaller and larger.
    for n in (1, 5, 22):
        assert first.evaluate(X[:n], Y[:n], verbose=0) == second.evaluate(X[:n], Y[:n], verbose=0)
        np.testing.assert_array_equal(
            first.predict(X, batch_size=n, verbose=0), second.predict(X, batch_size=n, verbose=0)
        )
    rows = [row.name for row in second.explain(X[:4], Y[:4]).rows]
    assert rows == [row.name for row in first.explain(X[:4], Y[:4]).rows]


def test_other_models_are_not_found(folder, made):
    trained(8)
    count = len(made)
    trained(8, width=7)
    assert len(made) > count


def test_the_same_at_one_size_only(folder, made):
    """Where two steps have the same trace at one batch size, each is right at the other sizes."""

    def with_loss(loss: Callable[..., Any]) -> Any:
        found = tw.Sequential([tw.Input((3,)), tw.layers.Dense(1, kernel_initializer="zeros")])
        found.compile("sgd", loss, jit_compile=True)
        return found

    def by_size(y, z):
        return ops.mean((y - z) ** 2) * float(z.shape[0])

    def by_eight(y, z):
        return ops.mean((y - z) ** 2) * 8.0

    # By themselves, without anything from disk.
    expected = {}
    for loss in (by_size, by_eight):
        runner = with_loss(loss)
        runner.compile("sgd", loss, run_eagerly=True)
        expected[loss] = [runner.test_on_batch(X[:n], Y[:n]) for n in (8, 5, 2)]
    assert expected[by_size][0] == expected[by_eight][0]
    assert expected[by_size][1] != expected[by_eight][1]
    for loss in (by_size, by_eight, by_size, by_eight):
        runner = with_loss(loss)
        found = [runner.test_on_batch(X[:n], Y[:n]) for n in (8, 5, 2)]
        assert found == pytest.approx(expected[loss], rel=1e-5)


def test_processes_share_programs(folder):
    code = """
import os, sys
from thalweg.devices.cpu import load, stored
stored._sources = lambda: "sources"
if sys.argv[1] == "never":
    def render(*_): raise AssertionError
    load.render = render
from tests.devices.test_stored import trained
print(trained(8)[0])
"""

    def start(wish: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, wish],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )

    together = [start("any"), start("any")]
    first = [p.communicate(timeout=120)[0] for p in together]
    assert [p.returncode for p in together] == [0, 0]
    later = start("never")
    assert [later.communicate(timeout=120)[0]] * 2 == first
    assert later.returncode == 0
