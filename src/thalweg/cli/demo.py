"""`thalweg demo`: trains, shows what was learned, and serves pages where training goes on."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from thalweg.cli.arguments import add_training, integer

__all__ = ["add_demo"]

# Where the pages are unless it is taken: what a browser keeps for them belongs to their address.
PORT = 8321


def add_demo(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "demo",
        help="train on Boston housing, show what was learned, and serve pages that go on training",
        description="Train a linear model and a network with two hidden layers of 50 units on "
        "Boston housing, and compare how well they predict the price of a home. Then export models "
        "for the browser and serve the pages where they go on learning, until Ctrl-C.",
    )
    add_training(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the numbers as one line of JSON instead, and serve nothing",
    )
    parser.add_argument("--no-serve", action="store_true", help="train and show, and no more")
    parser.add_argument(
        "--port",
        type=integer(0, 65535),
        help=f"of the pages' address, 0 for any (default: {PORT}, or any where that is taken)",
    )
    parser.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    _train(options)
    if options.json or options.no_serve:
        return 0
    return _serve(options)


def _train(options: argparse.Namespace) -> None:
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


def _serve(options: argparse.Namespace) -> int:
    from rich.console import Console

    from thalweg.demo.pages import PAGES, MissingDataError, build_pages

    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="thalweg-pages-") as name:
        folder = Path(name)
        try:
            server = _server(folder, options.port)
        except OSError as error:
            print(f"thalweg demo: port {options.port} cannot be used ({error}).", file=sys.stderr)
            return 1
        with server:
            with console.status("Pages") as status:

                def tell(text: str) -> None:
                    status.update(f"Pages: {text}")

                try:
                    build_pages(folder, PAGES, options.seed, options.epochs, tell)
                except MissingDataError as error:
                    console.print(f"The page that reads digits is left out: {error}")
                    rest = [page for page in PAGES if page != "digit"]
                    build_pages(folder, rest, options.seed, options.epochs, tell)
            print(f"The models go on learning in the browser: {server.address}", flush=True)
            print("Ctrl-C ends this.", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                print()
    return 0


def _server(folder: Path, port: int | None) -> Any:
    from thalweg.demo.serve import PageServer

    if port is not None:
        return PageServer(folder, port)
    try:
        return PageServer(folder, PORT)
    except OSError:
        return PageServer(folder, 0)
