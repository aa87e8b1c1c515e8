"""The chapters of the course run, and show what is stored in them.

Numbers and pictures may differ a little from machine to machine. Of a cell with the tag `varies`
(a time, or a training that rounding changes) only the words are compared.
"""

from __future__ import annotations

import base64
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from PIL import Image

from docs.learn.execute import chapters, code_cells, executed
from tests.viz.looks import difference

NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")
RELATIVE, ABSOLUTE = 0.05, 0.02
PICTURE = 14.0


def picture(data: str) -> np.ndarray[Any, Any]:
    image = Image.open(BytesIO(base64.b64decode(data))).convert("RGB")
    return np.asarray(image.resize((image.width // 4, image.height // 4)))


def text(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    return str(output.data.get("text/plain", ""))


def words(shown: str) -> list[str]:
    # Widths of columns depend on the numbers in them.
    return NUMBER.sub("#", shown).split()


def numbers(shown: str) -> list[float]:
    return [float(n.replace(",", "")) for n in NUMBER.findall(shown)]


def compare(cell: Any, stored: Any) -> None:
    kinds = [(o.output_type, sorted(o.get("data", {}))) for o in cell.outputs]
    assert kinds == [(o.output_type, sorted(o.get("data", {}))) for o in stored.outputs], (
        cell.source
    )
    varies = "varies" in cell.metadata.get("tags", [])
    for output, before in zip(cell.outputs, stored.outputs, strict=True):
        if "image/png" in output.get("data", {}):
            now, then = picture(output.data["image/png"]), picture(before.data["image/png"])
            assert now.shape == then.shape, cell.source
            if not varies:
                assert difference(now, then) <= PICTURE, cell.source
        elif not varies:
            assert words(text(output)) == words(text(before)), cell.source
            np.testing.assert_allclose(
                numbers(text(output)),
                numbers(text(before)),
                RELATIVE,
                ABSOLUTE,
                err_msg=cell.source,
            )


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_chapter(path: Path) -> None:
    stored = nbformat.read(path, as_version=4)
    assert all(cell.execution_count for cell in code_cells(stored)), "run docs/learn/execute.py"
    found = executed(path)
    for cell, before in zip(code_cells(found), code_cells(stored), strict=True):
        compare(cell, before)


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_chapters_are_light(path: Path) -> None:
    assert path.stat().st_size < 700_000


def test_a_wrong_number_is_found() -> None:
    one, other = (
        nbformat.v4.new_code_cell(
            "loss", outputs=[nbformat.v4.new_output("stream", text=f"loss {value}")]
        )
        for value in (0.5, 0.6)
    )
    compare(one, one)
    with pytest.raises(AssertionError):
        compare(one, other)
