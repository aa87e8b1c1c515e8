"""The ready page of an exported folder: any model predicts and trains there, by hand."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from thalweg.saving.atomic import atomic_file
from thalweg.web.gather import Collection

__all__ = ["write_page"]

FILES = ("index.html", "page.js", "page.css")


def write_page(folder: Path, collection: Collection) -> None:
    """Write `index.html` and what it needs beside the files of an export.

    The page learns of the model what the runtime tells it.

    Args:
        folder: an exported folder.
        collection: what it holds.

    Raises:
        ValueError: if it holds functions only, of which the page does not know what they take.
    """
    if "predict" not in collection.entries:
        raise ValueError("export_web: a page needs a model, and these are functions only.")
    source = resources.files("thalweg.web").joinpath("pages", "generic")
    for name in FILES:
        with atomic_file(folder / name) as file:
            file.write(source.joinpath(name).read_bytes())
