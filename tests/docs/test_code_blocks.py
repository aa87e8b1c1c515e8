"""Runs the Python blocks of each page, in order, in one namespace.

A block with `>>>` is a doctest: what it prints must be what the page shows. The pages of the
examples quote scripts instead, and `tests/examples` runs these.
"""

import doctest
import linecache
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import PAGES, Block, blocks, name

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run_plain(block: Block, page: Path, namespace: dict[str, Any]) -> None:
    # Blank lines in front make a traceback show the line of the page. The source of functions is
    # found as if the block were a file.
    source = "\n" * (block.line - 1) + block.text
    file = f"{page}:{block.line}"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), namespace)


def run_doctest(block: Block, page: Path, namespace: dict[str, Any]) -> None:
    parsed = doctest.DocTestParser().get_doctest(
        block.text, namespace, name(page), str(page), block.line - 1
    )
    problems: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(parsed, out=problems.append, clear_globs=False)
    namespace.update(parsed.globs)
    assert not problems, "".join(problems)


@pytest.mark.parametrize("page", [p for p in PAGES if p.parent.name != "examples"], ids=name)
def test_the_code_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")  # of the tables that are shown
    namespace: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page):
        if block.language == "python":
            run = run_doctest if ">>>" in block.text else run_plain
            run(block, page, namespace)
