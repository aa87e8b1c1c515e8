"""What the tests and the examples in docstrings share.

At the root of the repository, so that it holds for `src` as for `tests`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.datasets.idx_files import write_mnist

# An example may compile a kernel, and machines are shared: how long one takes says nothing.
settings.register_profile("thalweg", deadline=None)
settings.load_profile("thalweg")


@pytest.fixture(scope="session", autouse=True)
def mnist_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with MNIST that `mnist.load_data()` finds, so that no test downloads.

    It is `../shared/data/mnist` beside the repository, else the one that `THALWEG_DATA` leads to,
    else a few made-up digits.
    """
    named = Path(os.environ.get("THALWEG_DATA") or "nowhere")
    beside = Path(__file__).parent.parent / "shared" / "data" / "mnist"
    for folder in (beside, named, named / "mnist"):
        if any(folder.glob("train-images-idx3-ubyte*")):
            break
    else:
        folder = tmp_path_factory.mktemp("mnist")
        write_mnist(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THALWEG_DATA", str(folder))
        yield folder
