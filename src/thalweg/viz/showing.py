"""Shows a plot where the user works: in a notebook below the cell, else in the browser."""

from __future__ import annotations

import importlib
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thalweg.training.progress import in_notebook

if TYPE_CHECKING:
    from thalweg.viz.figure import Plot

__all__ = ["show"]


def show(plot: Plot[Any]) -> None:
    """Show it.

    Args:
        plot: what a function of `thalweg.viz` returned.
    """
    if in_notebook():
        importlib.import_module("IPython.display").display(plot)
        return
    # The browser reads the file after this process may have ended, so it stays.
    path = Path(tempfile.mkdtemp(prefix="thalweg-")) / "figure.html"
    webbrowser.open(plot.save(path).as_uri())
