"""The examples run, and print what their pages show."""

import re

import pytest

from tests.docs.pages import ROOT, blocks
from tests.examples.scripts import FOLDER, SCRIPTS, load

NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d*)?")


def page_of(script: str):
    return ROOT / "docs" / "examples" / f"{script}.md"


def numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


def words(text: str) -> list[str]:
    return NUMBER.sub("", text).split()


def unindented(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines())


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_page_quotes_the_script_as_it_is(script: str) -> None:
    source = unindented((FOLDER / f"{script}.py").read_text())
    quoted = [block.text for block in blocks(page_of(script)) if block.language == "python"]
    assert quoted
    for text in quoted:
        assert unindented(text) in source


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "mnist"])
def test_an_example_prints_what_its_page_shows(
    script: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load(script).main()
    printed = capsys.readouterr().out
    (shown,) = [block.text for block in blocks(page_of(script)) if block.language == "text"]
    assert words(printed) == words(shown)
    # Other processors round differently, and training carries that on.
    assert numbers(printed) == pytest.approx(numbers(shown), rel=0.01, abs=2e-4)


def test_mnist_in_reduced_form(capsys: pytest.CaptureFixture[str]) -> None:
    load("mnist").main(epochs=1, rows=16)
    assert re.search(r"test accuracy [01]\.\d{4}, loss", capsys.readouterr().out)
