"""The ready page of an exported folder: any model predicts and trains there, by hand."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from thalweg.saving.atomic import write_file

__all__ = ["write_page"]


def write_page(folder: Path) -> None:
    """Write a page beside the files of an exported model, which tell it all that it shows.

    Args:
        folder: of the export; it gets an `index.html` and the folders `page` and `common`.
    """
    for source, name in (("common", "common"), ("generic", "page")):
        (folder / name).mkdir(exist_ok=True)
        for file in resources.files("thalweg.web").joinpath("pages", source).iterdir():
            place = folder if file.name == "index.html" else folder / name
            write_file(place / file.name, file.read_bytes())
