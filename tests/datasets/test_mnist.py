import gzip
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from tests.datasets.idx_files import idx_bytes, mnist_contents, write_mnist
from thalweg.datasets import mnist
from thalweg.datasets._download import RemoteFile


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Mirror:
    """A mirror on this machine: the folder it serves and the requests it got."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[str] = []
        mirror = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                mirror.requests.append(self.path)
                super().do_GET()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    folder = tmp_path / "mirror"
    folder.mkdir()
    write_mnist(folder)
    mirror = Mirror(folder)
    thread = Thread(target=mirror.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield mirror
    mirror.server.shutdown()
    thread.join()
    mirror.server.server_close()


@pytest.fixture
def cache(tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where downloads land; the made-up files of `mirror` are the right ones."""
    monkeypatch.delenv("THALWEG_DATA")
    monkeypatch.setenv("THALWEG_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(mnist, "_MIRRORS", (mirror.url,))
    remote = tuple(
        RemoteFile(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in mnist_contents().items()
    )
    monkeypatch.setattr(mnist, "_FILES", remote)
    return tmp_path / "cache" / "datasets" / "mnist"


def test_the_folder_of_the_environment_is_read() -> None:
    for x, y in mnist.load_data():
        assert x.shape == (len(y), 28, 28)
        assert y.shape == (len(x),)
        assert x.dtype == y.dtype == np.uint8
        assert set(y) == set(range(10))


def test_the_real_files() -> None:
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    if len(x_train) == 20:
        return  # The made-up files of a machine without MNIST.
    assert (len(x_train), len(x_test)) == (60_000, 10_000)
    assert y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert x_train.mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    for file, values in zip(mnist._FILES, (x_train, y_train, x_test, y_test), strict=True):
        content = idx_bytes(values)
        assert len(content) == file.size
        assert hashlib.sha256(content).hexdigest() == file.sha256


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_ones_own(tmp_path: Path, packed: bool) -> None:
    write_mnist(tmp_path, packed=packed)
    (x_train, y_train), (x_test, y_test) = mnist.load_data(tmp_path)
    for part, x, y in (("train", x_train, y_train), ("t10k", x_test, y_test)):
        assert idx_bytes(x) == mnist_contents()[f"{part}-images-idx3-ubyte"]
        assert idx_bytes(y) == mnist_contents()[f"{part}-labels-idx1-ubyte"]


def test_the_environment_may_name_the_folder_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mnist").mkdir()
    write_mnist(tmp_path / "mnist")
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    assert len(mnist.load_data()[0][0]) == 20


def test_a_missing_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match=r"path must name an existing folder, got '.*no'"):
        mnist.load_data(tmp_path / "no")
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path / "no"))
    with pytest.raises(FileNotFoundError, match="variable THALWEG_DATA must name an existing"):
        mnist.load_data()


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match="must hold t10k-labels-idx1-ubyte or"):
        mnist.load_data(tmp_path)
    # A folder that has some of the files is meant: nothing is downloaded in its place.
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="must hold t10k-labels-idx1-ubyte or"):
        mnist.load_data()


def test_images_and_labels_must_agree(tmp_path: Path) -> None:
    write_mnist(tmp_path, packed=False)
    labels = tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(idx_bytes(np.zeros(19, dtype=np.uint8)))
    with pytest.raises(ValueError, match="got 20 images and 19 labels"):
        mnist.load_data(tmp_path)
    labels.write_bytes(idx_bytes(np.arange(20, dtype=np.uint8)))
    with pytest.raises(ValueError, match="must lie from 0 to 9, got 19"):
        mnist.load_data(tmp_path)


def test_files_are_downloaded_once(cache: Path, mirror: Mirror) -> None:
    (x_train, _), (_, y_test) = mnist.load_data()
    assert len(x_train) == 20
    assert len(y_test) == 10
    assert len(mirror.requests) == 4
    assert {file.name: file.read_bytes() for file in cache.iterdir()} == mnist_contents()
    mnist.load_data()
    assert len(mirror.requests) == 4


def test_a_folder_without_mnist_leads_to_the_cache(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other data"
    other.mkdir()
    monkeypatch.setenv("THALWEG_DATA", str(other))
    assert len(mnist.load_data()[0][0]) == 20
    assert cache.is_dir()


def test_only_what_is_missing_is_downloaded(cache: Path, mirror: Mirror) -> None:
    mnist.load_data()
    (cache / "train-labels-idx1-ubyte").unlink()
    mnist.load_data()
    assert mirror.requests[4:] == ["/train-labels-idx1-ubyte.gz"]


def test_the_next_mirror_helps(
    cache: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist, "_MIRRORS", (f"{mirror.url}nowhere/", mirror.url))
    assert len(mnist.load_data()[0][0]) == 20
    assert len(mirror.requests) == 8


LABELS = mnist_contents()["t10k-labels-idx1-ubyte"]
PACKED = gzip.compress(LABELS)
BROKEN = {
    "other content": (gzip.compress(LABELS[:-1] + b"\0"), "its SHA-256 should be"),
    "too long": (gzip.compress(LABELS + b"\0"), "it unpacks to more than 18 bytes"),
    "too short": (gzip.compress(LABELS[:-1]), "its SHA-256 should be"),
    "cut off": (PACKED[:-10], "ended before the end-of-stream marker"),
    "a web page": (b"<html>", "Not a gzipped file"),
}


@pytest.mark.parametrize(("served", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_download_is_refused_and_leaves_nothing(
    cache: Path, mirror: Mirror, served: bytes, reason: str
) -> None:
    (mirror.folder / "t10k-labels-idx1-ubyte.gz").write_bytes(served)
    with pytest.raises(OSError, match=reason) as error:
        mnist.load_data()
    assert str(error.value).startswith("mnist.load_data: t10k-labels-idx1-ubyte could not be")
    assert mirror.url in str(error.value)
    assert sorted(file.name for file in cache.iterdir()) == [
        "t10k-images-idx3-ubyte",
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
    ]


def test_an_unreachable_mirror_says_so(
    cache: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist, "_MIRRORS", (f"{mirror.url}nowhere/",))
    with pytest.raises(OSError, match=r"404: .*Put the four files into a folder and pass it"):
        mnist.load_data()


def test_import_needs_numpy_alone() -> None:
    program = (
        "import sys; import thalweg.datasets;"
        "print(sorted({'rich', 'urllib.request', 'http.client'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
