"""The command `thalweg`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import thalweg
from thalweg.cli.explain import MODES, explain_script
from thalweg.cli.export import add_export

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: what follows the program's name, by default that of this process.

    Returns:
        The exit status; wrong arguments exit with status 2 and a message of one sentence.
    """
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="thalweg", description="Deep learning in Python.")
    parser.add_argument("--version", action="version", version=f"thalweg {thalweg.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    demo = commands.add_parser(
        "demo",
        help="train on Boston housing and show what was learned",
        description="Train a linear model and a network with two hidden layers of 50 units on "
        "Boston housing, and compare how well they predict the price of a home.",
    )
    demo.add_argument(
        "--seed",
        type=_integer(0, 2**32 - 1),
        default=0,
        help="divides the rows, draws the weights, shuffles the batches (default: %(default)s)",
    )
    demo.add_argument(
        "--epochs",
        type=_integer(1),
        default=200,
        help="how often each model sees the train rows (default: %(default)s)",
    )
    demo.add_argument(
        "--json", action="store_true", help="print the numbers as one line of JSON instead"
    )
    demo.set_defaults(run=_demo)
    add_export(commands)
    explain = commands.add_parser(
        "explain",
        help="run a script, and show what its steps and functions compile to",
        description="Run a script as Python does, then show the kernels of each step of a model "
        "and of each thalweg.function that it ran, with measured times; longest-running first. "
        "Options stand before the script; what follows it is the script's own.",
    )
    explain.add_argument("--mode", choices=MODES, help="show only these (default: all)")
    forms = explain.add_mutually_exclusive_group()
    for form, text in (
        ("json", "print all figures as one line of JSON instead"),
        ("llvm", "print the LLVM code of what ran longest instead"),
        ("asm", "print the assembly of what ran longest instead"),
    ):
        forms.add_argument(f"--{form}", dest="form", action="store_const", const=form, help=text)
    explain.add_argument("script", help="the Python file")
    explain.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script is given")
    explain.set_defaults(run=_explain, form="table")
    return parser


def _integer(least: int, most: int | None = None) -> Any:
    def parse(text: str) -> int:
        expected = f"an integer from {least} up" + (f" to {most}" if most is not None else "")
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
        return value

    return parse


def _explain(options: argparse.Namespace) -> int:
    return explain_script(options.script, options.arguments, options.mode, options.form)


def _demo(options: argparse.Namespace) -> int:
    from rich.console import Console

    from thalweg.demo.boston import Progress, run_demo
    from thalweg.demo.screen import live_progress, quiet_progress, report

    # Progress goes to stderr: stdout can be redirected, and --json puts one line there.
    console = Console(stderr=True)
    progress: AbstractContextManager[Progress | None]
    if console.is_terminal:
        progress = live_progress(console, options.epochs)
    elif not options.json:
        progress = quiet_progress(console, options.epochs)
    else:
        progress = nullcontext()
    with progress as update:
        demo = run_demo(options.seed, options.epochs, update)
    if options.json:
        print(json.dumps(demo.as_dict(), allow_nan=False))
    else:
        Console().print(report(demo))
    return 0
