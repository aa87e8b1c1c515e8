"""`thalweg explain script.py`: runs a script, and shows what its steps and functions compile to."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import runpy
import shutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from thalweg import devices

__all__ = ["MODES", "explain_script"]

# By the first word of a Program's title.
MODES = ("train", "test", "predict", "function")


def explain_script(
    script: str, arguments: Sequence[str] = (), mode: str | None = None, form: str = "table"
) -> int:
    """Run a script like `python script.py`, then print what it compiled; longest-running first.

    Args:
        script: its path.
        arguments: what follows the script's name.
        mode: one of `MODES`: only these Programs; None: all.
        form: `table`; `json` for one line of JSON; `llvm`, `asm` or `wgsl` for the code of the
            Program that ran longest. Unless it is `table`, what the script prints goes to stderr.

    Returns:
        The exit status.
    """
    if not Path(script).is_file():
        return _refuse(f"there is no script {script!r}.")
    output = contextlib.nullcontext() if form == "table" else contextlib.redirect_stdout(sys.stderr)
    with devices.watching() as found, _as_main(script, arguments), output:
        status = _run(script)
    if status:
        return status
    watched = [w for w in found.values() if mode is None or w.executable.title.startswith(mode)]
    if not watched:
        which = "nothing" if mode is None else f"nothing for --mode {mode}"
        return _refuse(
            f"{script} compiled {which}: what is shown are steps of fit, evaluate and predict, "
            "and calls of thalweg.function, unless run_eagerly or jit_compile=False is set."
        )
    explained = [
        (
            dataclasses.replace(
                devices.explain(w.executable, w.states, w.inputs, w.n), runs=w.runs
            ),
            w.executable,
        )
        for w in watched
    ]
    explained.sort(key=lambda pair: pair[0].seconds * pair[0].runs, reverse=True)
    if form == "table":
        _print([explanation for explanation, _ in explained])
    elif form == "json":
        print(json.dumps([explanation.as_dict() for explanation, _ in explained]))
    else:
        print(getattr(explained[0][1], form))
    return 0


def _print(explanations: Sequence[devices.Explanation]) -> None:
    from rich.console import Console

    console = Console(width=shutil.get_terminal_size((120, 24)).columns)
    for explanation in explanations:
        console.print()
        console.print(explanation)


def _refuse(sentence: str) -> int:
    print(f"thalweg explain: {sentence}", file=sys.stderr)
    return 1


@contextlib.contextmanager
def _as_main(script: str, arguments: Sequence[str]) -> Iterator[None]:
    """What a script finds around it, and every step compiled."""
    argv, path, wish = sys.argv, sys.path[:], os.environ.get("THALWEG_COMPILE")
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).resolve().parent))
    os.environ["THALWEG_COMPILE"] = "always"
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, path
        if wish is None:
            del os.environ["THALWEG_COMPILE"]
        else:
            os.environ["THALWEG_COMPILE"] = wish


def _run(script: str) -> int:
    """Run a script; its exit status."""
    try:
        runpy.run_path(script, run_name="__main__")
    except KeyboardInterrupt:
        raise
    except SystemExit as leave:
        return _status(leave.code)
    except BaseException as error:
        traceback.print_exception(type(error), error, _from(error.__traceback__, script))
        return 1
    return 0


def _status(code: Any) -> int:
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1


def _from(trace: TracebackType | None, script: str) -> TracebackType | None:
    """A traceback from the script's own line on."""
    while trace is not None and trace.tb_frame.f_code.co_filename != script:
        trace = trace.tb_next
    return trace
