import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.idx_files import idx_bytes
from thalweg.datasets._idx import read_idx

IMAGES = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


def write(folder: Path, content: bytes, *, packed: bool) -> Path:
    path = folder / ("items.gz" if packed else "items")
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("values", [IMAGES, IMAGES[:, 0, 0], IMAGES[:0]])
def test_values_come_back(tmp_path: Path, values: np.ndarray, packed: bool) -> None:
    got = read_idx(write(tmp_path, idx_bytes(values), packed=packed), values.shape[1:])
    np.testing.assert_array_equal(got, values)
    assert got.dtype == np.uint8
    assert got.flags.writeable


WHOLE = idx_bytes(IMAGES)
WRONG = {
    "empty": (b"", "begins with the bytes 00 00 08 03, got an empty file"),
    "signed": (WHOLE.replace(b"\x08", b"\x09", 1), "got 00 00 09 03"),
    "labels": (idx_bytes(IMAGES[:, 0, 0]), "got 00 00 08 01"),
    "header cut": (WHOLE[:10], "the idx header needs 16 bytes, got 10"),
    "item shape": (idx_bytes(IMAGES[:, :3]), r"items must have shape \(4, 3\), got \(3, 3\)"),
    "one byte short": (WHOLE[:-1], "announces 60 bytes of values, got 59"),
    "one byte more": (WHOLE + b"\0", "announces 60 bytes of values, and more follow"),
    "huge": (
        WHOLE[:4] + struct.pack(">3I", 2**32 - 1, 4, 3) + WHOLE[16:],
        "announces 51539607540 bytes of values, more than the file can hold",
    ),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused(
    tmp_path: Path, content: bytes, message: str, packed: bool
) -> None:
    path = write(tmp_path, content, packed=packed)
    with pytest.raises(ValueError, match=message) as error:
        read_idx(path, (4, 3))
    assert str(error.value).startswith(str(path))


def test_broken_gzip_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE, packed=True)
    packed = path.read_bytes()
    flipped = bytearray(packed)
    flipped[-6] ^= 1
    for broken in (packed[:-12], packed[:5], WHOLE, bytes(flipped)):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="not a whole gzip file"):
            read_idx(path, (4, 3))


@given(content=st.binary(max_size=40))
def test_any_bytes_give_values_or_a_value_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = write(tmp_path_factory.mktemp("idx"), content, packed=False)
    try:
        values = read_idx(path, ())
    except ValueError:
        return
    assert idx_bytes(values) == content
