"""The ready page of an exported folder: any model predicts and trains there, by hand."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from thalweg.saving.atomic import atomic_file
from thalweg.web.gather import Collection

__all__ = ["write_page"]


def write_page(folder: Path, collection: Collection) -> None:
    """Write a page beside the files of an export, which tell it all that it shows.

    Args:
        folder: an exported folder; it gets an `index.html` and the folders `page` and `common`.
        collection: what the export holds.

    Raises:
        ValueError: if it holds functions only, of which the page does not know what they take.
    """
    if "predict" not in collection.entries:
        raise ValueError("export_web: a page needs a model, and these are functions only.")
    for source, name in (("common", "common"), ("generic", "page")):
        (folder / name).mkdir(exist_ok=True)
        for file in resources.files("thalweg.web").joinpath("pages", source).iterdir():
            place = folder if file.name == "index.html" else folder / name
            with atomic_file(place / file.name) as target:
                target.write(file.read_bytes())
