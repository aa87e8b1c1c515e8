from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.devices.programs import add, buffer, program
from thalweg import devices
from thalweg.devices.cpu import cache, jit
from thalweg.devices.cpu.host import host
from thalweg.devices.cpu.pool import launcher


@pytest.fixture
def folder(tmp_path, monkeypatch):
    launcher()  # the code of the threads is kept elsewhere
    place = tmp_path / "cache"
    monkeypatch.setenv("THALWEG_CACHE_DIR", str(place))
    monkeypatch.setattr(cache, "_complained", False)
    return place


@pytest.fixture
def compiled(monkeypatch):
    """How often LLVM made code of a Program."""
    launcher()
    made = []
    real = jit._object

    def count(text, machine):
        made.append(text)
        return real(text, machine)

    monkeypatch.setattr(jit, "_object", count)
    return made


def load_and_run(step: float = 1.0) -> None:
    state = buffer("state", 8)
    values = np.zeros(8, np.float32)
    devices.load(program([add(state, state, step)], [state])).run([values], [])
    np.testing.assert_array_equal(values, step)


def test_code_is_made_once(folder, compiled):
    for _ in range(3):
        load_and_run()
    assert len(compiled) == 1
    load_and_run(2.0)
    assert len(compiled) == 2
    assert len(list(folder.iterdir())) == 2
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", ["half", "flipped", "empty", "other"])
def test_damaged_files_are_made_anew(folder, compiled, damage):
    load_and_run()
    (file,) = folder.iterdir()
    content = file.read_bytes()
    if damage == "half":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
    elif damage == "empty":
        content = b""
    else:
        content = b"#!/bin/sh" + content
    file.write_bytes(content)
    load_and_run()
    load_and_run()
    assert len(compiled) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of another kind")
def test_files_that_others_may_write_are_not_trusted(folder, compiled):
    load_and_run()
    (file,) = folder.iterdir()
    file.chmod(0o666)
    load_and_run()
    assert len(compiled) == 2
    (file,) = folder.iterdir()  # written anew, with the permissions it should have
    assert file.stat().st_mode & 0o077 == 0
    target = folder / "elsewhere"
    file.rename(target)
    file.symlink_to(target)
    load_and_run()
    assert len(compiled) == 3


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of another kind")
def test_a_folder_that_others_may_write_is_not_used(folder, compiled):
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.warns(RuntimeWarning, match="others may write"):
        load_and_run()
    load_and_run()  # complains once
    assert len(compiled) == 2
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_done_without(folder, compiled):
    folder.write_text("a file stands in the way")
    with pytest.warns(RuntimeWarning, match="THALWEG_CACHE_DIR"):
        load_and_run()
    load_and_run()
    assert len(compiled) == 2


def test_an_empty_variable_turns_it_off(monkeypatch, compiled):
    monkeypatch.setenv("THALWEG_CACHE_DIR", "")
    load_and_run()
    load_and_run()
    assert len(compiled) == 2


def test_it_lies_in_the_users_cache_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("THALWEG_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.keep("name", b"code")
    assert cache.fetch("name") == b"code"
    assert (tmp_path / "thalweg" / "name").exists()


def test_the_oldest_are_thrown_out(folder, monkeypatch):
    monkeypatch.setattr(cache, "_LIMIT", 5000)
    for k in range(6):
        cache.keep(f"{k}", bytes(1000))
        os.utime(folder / f"{k}", (k, k))
    assert cache.fetch("2") is not None  # now the one that was used last
    cache.keep("6", bytes(1000))
    present = {p.name for p in folder.iterdir()}
    assert present == {"2", "4", "5", "6"}


def test_keys_tell_processors_apart():
    assert cache.key("a", "bc") != cache.key("ab", "c")
    text = "define void @f() { ret void }"
    names = {cache.key(text, cpu, features) for cpu in ("x", "y") for features in ("", "+z")}
    assert len(names) == 4


def test_processes_may_write_at_once(folder):
    code = "from tests.devices.test_cache import load_and_run\nload_and_run()\nload_and_run(3.0)\n"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
        for _ in range(3)
    ]
    assert [p.wait(120) for p in processes] == [0, 0, 0]
    names = sorted(p.name for p in folder.iterdir())
    assert len(names) == 3  # two programs and the pool
    assert not any(name.startswith(".") for name in names)


def test_assembly_is_that_of_the_processor():
    assert "ret" in jit.assembly("define void @f() { ret void }", host())
