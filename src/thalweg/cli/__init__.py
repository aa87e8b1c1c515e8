"""The command `thalweg`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import thalweg
from thalweg.cli.demo import add_demo
from thalweg.cli.explain import MODES, explain_script
from thalweg.cli.export import add_export
from thalweg.cli.pages import add_pages

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
    add_demo(commands)
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
        ("wgsl", "print the shaders of what ran longest instead"),
    ):
        forms.add_argument(f"--{form}", dest="form", action="store_const", const=form, help=text)
    explain.add_argument("script", help="the Python file")
    explain.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script is given")
    explain.set_defaults(run=_explain, form="table")
    add_export(commands)
    add_pages(commands)
    return parser


def _explain(options: argparse.Namespace) -> int:
    return explain_script(options.script, options.arguments, options.mode, options.form)
