"""What the tests and the examples in docstrings share.

At the root of the repository, so that it holds for `src` as for `tests`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.datasets.idx_files import write_mnist

# An example may compile a kernel, and machines are shared: how long one takes says nothing.
settings.register_profile("thalweg", deadline=None)
settings.load_profile("thalweg")

OWN_CACHE = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Every pass and every Program is verified; compiled code goes to a folder of this run.

    xdist's workers inherit both.
    """
    os.environ.setdefault("THALWEG_VERIFY", "1")
    if "THALWEG_CACHE_DIR" not in os.environ:
        config.stash[OWN_CACHE] = tempfile.mkdtemp(prefix="thalweg-tests-")
        os.environ["THALWEG_CACHE_DIR"] = config.stash[OWN_CACHE]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Whoever made the folder removes it."""
    if OWN_CACHE in config.stash:
        del os.environ["THALWEG_CACHE_DIR"]
        shutil.rmtree(config.stash[OWN_CACHE], ignore_errors=True)


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
