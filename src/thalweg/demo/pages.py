"""All pages with their models: what `thalweg pages` writes and `thalweg demo` serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from thalweg.demo.boston import EPOCHS
from thalweg.demo.digits import EPOCHS as DIGIT_EPOCHS
from thalweg.demo.digits import export_digits, train_digits
from thalweg.demo.housing import export_housing
from thalweg.demo.line import export_line
from thalweg.web.site import PAGES, write_site

__all__ = ["PAGES", "MissingDataError", "build_pages"]


class MissingDataError(OSError):
    """MNIST, which the page `digit` needs, is not at hand and cannot be downloaded."""


def build_pages(
    folder: Path,
    pages: Sequence[str] = PAGES,
    seed: int = 0,
    epochs: int = EPOCHS,
    tell: Callable[[str], None] = lambda text: None,
) -> None:
    """Train the models and write the pages as a static site.

    Args:
        folder: where to write; it is made if need be.
        pages: which of `PAGES`.
        seed: of the models of Boston housing.
        epochs: how often they see the train rows.
        tell: told in a few words what is being done.

    Raises:
        MissingDataError: if the page `digit` cannot be trained; then nothing is written.
        OSError: if the folder cannot be written.
    """
    # First, as the only one that may lack something.
    digits = None
    if "digit" in pages:
        tell(f"Digits: {DIGIT_EPOCHS} epochs of MNIST")
        try:
            digits = train_digits()
        except OSError as error:
            raise MissingDataError(str(error)) from error
    write_site(folder, pages)
    if digits is not None:
        export_digits(digits, folder / "digit")
    if "line" in pages:
        tell("Download time: the straight line")
        export_line(folder / "line")
    if "boston" in pages:
        export_housing(folder / "boston", seed, epochs, tell)
