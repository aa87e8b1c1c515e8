"""Draws the screen of `thalweg demo` as a vector image.

Run it as `python docs/images/make_demo.py`.
"""

import io
import re
from pathlib import Path

from rich.console import Console

from thalweg.demo import run_demo
from thalweg.demo.screen import report

TARGET = Path(__file__).with_name("demo.svg")


def main() -> None:
    """Run the demonstration and write its screen."""
    console = Console(record=True, width=80, force_terminal=True, file=io.StringIO())
    console.print(report(run_demo()))
    image = console.export_svg(title="thalweg demo", unique_id="demo")
    # rich names a web font; a picture in a page must not fetch anything.
    image = re.sub(r"\s*@font-face \{.*?\}", "", image, flags=re.DOTALL)
    TARGET.write_text(image, encoding="utf-8")


if __name__ == "__main__":
    main()
