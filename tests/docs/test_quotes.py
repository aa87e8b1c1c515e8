"""What the pages quote from the source is there, word for word."""

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Block, blocks, name

SOURCES = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
QUOTES = [
    pytest.param(block, id=f"{name(page)}:{block.line}")
    for page in PAGES
    for block in blocks(page)
    if block.language == "py"
]


@pytest.mark.parametrize("block", QUOTES)
def test_the_source_has_it(block: Block) -> None:
    assert any(block.text in source for source in SOURCES)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_that_are_named_exist(page: Path) -> None:
    import re

    for path in re.findall(r"`((?:src|tests|examples|benchmarks|docs)/[\w./]*)`", page.read_text()):
        assert (ROOT / path).exists(), path
