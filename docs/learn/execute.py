"""Runs the chapters of the course and keeps what they show.

Call it as `python docs/learn/execute.py [NAME...]`; without names all chapters run. A chapter is a
notebook in this folder; its outputs are stored in it, so that it can be read where nothing runs.
It needs what `pip install -e .[dev]` installs.
"""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image
from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent
SECONDS_FOR_A_CELL = 300
COLOURS = 128


def chapters() -> list[Path]:
    """The notebooks in their order."""
    return sorted(FOLDER.glob("[0-9]*.ipynb"))


def executed(path: Path, on_cell: Callable[[int], None] | None = None) -> Any:
    """A notebook as it is after all of its cells ran, in a new kernel; the file stays as it is.

    Args:
        path: of the notebook; it runs in its own folder.
        on_cell: called with the number of each cell when it is done.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell raises.
    """
    notebook: Any = nbformat.read(path, as_version=4)

    async def done(cell_index: int, **_: Any) -> None:
        if on_cell is not None:
            on_cell(cell_index)

    client = NotebookClient(
        notebook,
        timeout=SECONDS_FOR_A_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_executed=done,
        record_timing=False,
        coalesce_streams=True,
    )
    client.execute()
    return notebook


def code_cells(notebook: Any) -> Iterator[Any]:
    """The cells with code."""
    return (cell for cell in notebook.cells if cell.cell_type == "code")


def tidied(notebook: Any) -> Any:
    """The notebook with small pictures, and without what differs from run to run."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = _small(data["image/png"])
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def _small(picture: str) -> str:
    image = Image.open(BytesIO(base64.b64decode(picture))).convert("RGB").quantize(COLOURS)
    file = BytesIO()
    image.save(file, format="png", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def main(names: list[str]) -> None:
    """Run chapters, store them, and say how long each took."""
    console = Console()
    paths = [path for path in chapters() if not names or path.stem in names]
    unknown = set(names) - {path.stem for path in paths}
    if unknown:
        raise SystemExit(f"no chapter {sorted(unknown)}; there are {[p.stem for p in chapters()]}")
    table = Table("Chapter", "Seconds", "KB")
    for path in paths:
        with console.status(f"{path.stem}"):
            begin = time.perf_counter()
            notebook = executed(path)
            seconds = time.perf_counter() - begin
        nbformat.write(tidied(notebook), path)
        table.add_row(path.stem, f"{seconds:.1f}", f"{path.stat().st_size / 1024:.0f}")
    console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
