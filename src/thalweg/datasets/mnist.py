"""MNIST: 70,000 handwritten digits as 28 x 28 images.

From Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits" (1998).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thalweg.datasets._download import RemoteFile, cache_folder, fetch
from thalweg.datasets._idx import read_idx

__all__ = ["load_data"]

Examples = tuple[NDArray[np.uint8], NDArray[np.uint8]]

_IMAGE_SHAPE = (28, 28)

_MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)

_FILES = (
    RemoteFile(
        "train-images-idx3-ubyte",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    RemoteFile(
        "train-labels-idx1-ubyte",
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    RemoteFile(
        "t10k-images-idx3-ubyte",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    RemoteFile(
        "t10k-labels-idx1-ubyte",
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[Examples, Examples]:
    """Load the dataset from its four idx files, packed (`.gz`) or not.

    The files are looked for in `path`; without it in the folder that the environment variable
    `THALWEG_DATA` names or its `mnist` subfolder; and if those have none of them in
    `datasets/mnist` of the cache folder (`THALWEG_CACHE_DIR`, else `~/.cache/thalweg`), where they
    are downloaded once, 55 MB unpacked.

    Args:
        path: a folder with `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
            `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each with or without `.gz`.
            Other datasets in the same form, such as Fashion-MNIST, load as well.

    Returns:
        `((x_train, y_train), (x_test, y_test))`, all uint8: `x` of shape `(60000, 28, 28)` and
        `(10000, 28, 28)` with values from 0 (paper) to 255 (ink), `y` of shape `(60000,)` and
        `(10000,)` with the digits.

    Raises:
        FileNotFoundError: if the folder or one of its files is missing.
        ValueError: if a file is not as it should be.
        OSError: if a file cannot be read or downloaded.

    >>> from thalweg.datasets import mnist
    >>> (x_train, y_train), (x_test, y_test) = mnist.load_data()
    >>> x_train.shape[1:], x_train.dtype
    ((28, 28), dtype('uint8'))
    """
    folder = _folder(path)
    x_train, y_train, x_test, y_test = (_find(folder, file.name) for file in _FILES)
    return _read_examples(x_train, y_train), _read_examples(x_test, y_test)


def _folder(path: str | os.PathLike[str] | None) -> Path:
    """The folder to read, filled by a download if there is no other."""
    if path is not None:
        return _existing(Path(path), "path")
    named = os.environ.get("THALWEG_DATA")
    if named:
        root = _existing(Path(named), "the environment variable THALWEG_DATA")
        for folder in (root, root / "mnist"):
            if any(_candidates(folder, file.name) for file in _FILES):
                return folder
    folder = cache_folder() / "datasets" / "mnist"
    try:
        fetch(_FILES, folder, _MIRRORS)
    except OSError as error:
        raise OSError(
            f"mnist.load_data: {error} Put the four files into a folder and pass it as path."
        ) from error
    return folder


def _existing(folder: Path, source: str) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(
            f"mnist.load_data: {source} must name an existing folder, got '{folder}'."
        )
    return folder


def _candidates(folder: Path, name: str) -> list[Path]:
    return [file for file in (folder / name, folder / f"{name}.gz") if file.is_file()]


def _find(folder: Path, name: str) -> Path:
    found = _candidates(folder, name)
    if not found:
        raise FileNotFoundError(
            f"mnist.load_data: the folder '{folder}' must hold {name} or {name}.gz, "
            "and has neither."
        )
    return found[0]


def _read_examples(images: Path, labels: Path) -> Examples:
    x, y = read_idx(images, _IMAGE_SHAPE), read_idx(labels, ())
    if len(x) != len(y):
        raise ValueError(
            f"mnist.load_data: {images} and {labels} must hold the same number of items, "
            f"got {len(x)} images and {len(y)} labels."
        )
    if y.size and y.max() > 9:
        raise ValueError(
            f"mnist.load_data: the labels in {labels} must lie from 0 to 9, got {y.max()}."
        )
    return x, y
