"""`thalweg explain`: a script runs as it would, and what it compiled is shown."""

import json
import os
import sys
from pathlib import Path

import pytest

from thalweg.cli import main

MODEL = """
import sys
import thalweg as tw

def main():
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(4, activation="relu", name="first")])
    model.compile("sgd", "mse")
    x, y = tw.ops.ones((20, 3)), tw.ops.ones((20, 4))
    model.fit(x, y, batch_size=8, epochs=5, verbose=0)
    model.evaluate(x, y, verbose=0)
    print("arguments", sys.argv[1:])

main()
"""

FUNCTION = """
import thalweg as tw

@tw.function
def rows(x):
    print("seen")
    return tw.ops.sum(tw.ops.exp(x), axis=1)

for _ in range(3):
    rows(tw.ops.ones((5, 6)))
"""


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def script(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "script.py"
        path.write_text(text)
        return str(path)

    return write


def explained(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0):
    before = sys.argv, sys.path[:], os.environ.get("THALWEG_COMPILE")
    assert main(["explain", *arguments]) == status
    assert (sys.argv, sys.path, os.environ.get("THALWEG_COMPILE")) == before
    printed = capsys.readouterr()
    return printed.out, printed.err


def test_steps_of_a_model_that_is_gone_are_shown(script, capsys):
    out, err = explained(capsys, script(MODEL), "a", "--json")
    assert out.startswith("arguments ['a', '--json']\n")
    head = [line for line in out.splitlines() if " step of model " in line]
    # 5 epochs of 3 batches come before one batch of evaluation.
    assert head[0].startswith("Train step of model 'sequential")
    assert "batch of 8" in head[0]
    assert "ran 15 times" in head[0]
    assert head[1].startswith("Test step of model 'sequential")
    assert "ran 1 time," in head[1]
    assert "updates first/kernel" in out
    assert not err


def test_json_is_all_that_stdout_gets(script, capsys):
    out, err = explained(capsys, "--json", script(MODEL))
    programs = json.loads(out)
    assert err == "arguments []\n"
    assert [(p["batch"], p["runs"]) for p in programs] == [(8, 15), (20, 1)]
    for program in programs:
        assert [row["number"] for row in program["rows"]] == [*range(1, len(program["rows"]) + 1)]
        assert sum(row["flops"] for row in program["rows"]) == program["flops"]
        assert program["seconds"] > 0
        assert program["limit"]["flops"] > 0


def test_a_mode_is_picked(script, capsys):
    out, _ = explained(capsys, "--mode", "test", script(MODEL))
    assert "Test step" in out
    assert "Train step" not in out


def test_functions_are_shown_and_print_no_more_than_they_would(script, capsys):
    with pytest.warns(UserWarning, match="print"):
        out, _ = explained(capsys, script(FUNCTION))
    assert out.count("seen") == 1
    assert "Function 'rows': 1 kernel in" in out
    assert "ran 3 times" in out


@pytest.mark.parametrize(
    ("form", "expected"), [("--llvm", "define "), ("--asm", ".text"), ("--wgsl", "@compute")]
)
def test_code_of_what_ran_longest(script, capsys, form, expected):
    out, err = explained(capsys, form, script(MODEL))
    assert expected in out
    assert "arguments" not in out
    assert "arguments" in err


def test_a_script_that_is_not_there(capsys):
    out, err = explained(capsys, "nothing.py", status=1)
    assert not out
    assert err == "thalweg explain: there is no script 'nothing.py'.\n"


@pytest.mark.parametrize("mode", [None, "predict"])
def test_nothing_to_show(script, capsys, mode):
    path = script(MODEL if mode else "print('hello')")
    arguments = ["--mode", mode, path] if mode else [path]
    _, err = explained(capsys, *arguments, status=1)
    assert err.startswith(f"thalweg explain: {path} compiled nothing")
    assert err.count("\n") == 1


def test_a_script_that_raises_shows_its_own_traceback(script, capsys):
    path = script("def broken():\n    raise KeyError('here')\n\nbroken()\n")
    out, err = explained(capsys, path, status=1)
    lines = err.splitlines()
    assert not out
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == f'  File "{path}", line 4, in <module>'
    assert lines[-1] == "KeyError: 'here'"
    assert "runpy" not in err


def test_a_script_with_an_error_in_its_syntax(script, capsys):
    path = script("x = (\n")
    _, err = explained(capsys, path, status=1)
    assert f'File "{path}", line 1' in err
    assert err.splitlines()[-1].startswith("SyntaxError")


@pytest.mark.parametrize(("leave", "status"), [("3", 3), ("'why'", 1), ("", None)])
def test_a_script_that_exits(script, capsys, leave, status):
    text = f"{MODEL}\nsys.exit({leave})\n"
    out, err = explained(capsys, script(text), status=status or 0)
    assert ("Train step" in out) == (status is None)
    assert ("why" in err) == (leave == "'why'")


def test_modules_beside_the_script_are_found(script, capsys, tmp_path: Path):
    (tmp_path / "beside_explained.py").write_text("NAME = 'found'")
    explained(capsys, script("import beside_explained\nprint(beside_explained.NAME)"), status=1)
    del sys.modules["beside_explained"]


def test_a_script_is_needed(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["explain"])
    assert caught.value.code == 2
    assert "script" in capsys.readouterr().err
