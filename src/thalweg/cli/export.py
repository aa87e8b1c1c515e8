"""`thalweg export`: a saved model as a folder for pages and Node."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

__all__ = ["add_export"]


def add_export(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "export",
        help="write a saved model as a folder for a web page or Node",
        description="Compile a saved model's prediction, and if it was compiled its training and "
        "evaluation, to WebAssembly and WebGPU, and write them with the weights and the runtime "
        "into a folder that any static host can serve.",
    )
    parser.add_argument("model", help="a .keras file")
    parser.add_argument("folder", help="where to write; it is made if need be")
    parser.add_argument(
        "--batch-size", type=int, default=32, help="the largest batch (default: %(default)s)"
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float16", "int8"),
        default="float32",
        help="what the files hold weights as (default: %(default)s)",
    )
    parser.add_argument(
        "--webgpu",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="write shaders for WebGPU, or WebAssembly alone (default: shaders unless the model is "
        "so small that WebAssembly is faster on every machine)",
    )
    parser.add_argument(
        "--types", action="store_true", help="write thalweg.d.ts, the runtime's types, too"
    )
    parser.add_argument("--page", action="store_true", help="write an index.html too")
    parser.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> int:
    from rich.console import Console

    from thalweg.saving import load_model

    try:
        model = load_model(options.model)
        folder = model.export_web(
            options.folder,
            batch_size=options.batch_size,
            dtype=options.dtype,
            webgpu=options.webgpu,
            types=options.types,
            page=options.page,
        )
    except (OSError, ValueError, TypeError) as error:
        print(f"thalweg export: {error}", file=sys.stderr)
        return 1
    Console().print(_table(folder))
    return 0


def _table(folder: Path) -> Any:
    """The files with their sizes, as they are and as servers compress them."""
    import gzip

    from rich.table import Table

    table = Table(title=str(folder), title_justify="left", box=None, pad_edge=False)
    table.add_column("file")
    table.add_column("bytes", justify="right")
    table.add_column("gzip", justify="right")
    total = packed = 0
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        content = path.read_bytes()
        small = len(gzip.compress(content, 9))
        total, packed = total + len(content), packed + small
        table.add_row(path.name, f"{len(content):,}", f"{small:,}")
    table.add_row("[bold]total[/]", f"[bold]{total:,}[/]", f"[bold]{packed:,}[/]")
    return table
