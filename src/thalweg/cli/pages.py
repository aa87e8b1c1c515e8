"""`thalweg pages`: the pages of the demonstration as a static site."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from thalweg.cli.arguments import add_training

__all__ = ["add_pages"]


def add_pages(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "pages",
        help="train the models of the pages, and write them all as a static site",
        description="Train the models of the pages about download times, Boston housing and drawn "
        "digits, and write them into a folder that any static host can serve.",
    )
    parser.add_argument("folder", type=Path, help="where to write; it is made if need be")
    parser.add_argument(
        "--without",
        action="append",
        choices=("line", "boston", "digit"),
        default=[],
        metavar="PAGE",
        help="leave out line, boston or digit (which needs MNIST); may be given several times",
    )
    add_training(parser)
    parser.set_defaults(run=_pages)


def _pages(options: argparse.Namespace) -> int:
    from rich.console import Console

    from thalweg.demo.pages import PAGES, MissingDataError, build_pages

    pages = [page for page in PAGES if page not in options.without]
    try:
        with Console(stderr=True).status("") as status:
            build_pages(options.folder, pages, options.seed, options.epochs, status.update)
    except OSError as error:
        hint = " --without digit builds the others." if isinstance(error, MissingDataError) else ""
        print(f"thalweg pages: {error}{hint}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in options.folder.rglob("*") if path.is_file())
    print(
        f"{options.folder}: {', '.join(pages) or 'no page'}, {size / 1000:,.0f} KB. To look at it: "
        f"python -m http.server --directory {options.folder}"
    )
    return 0
