"""numpy's files: headers first, nothing that could run, nothing larger than it says."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from hyperdrive_sim.files.arrays import Archive, UnfitArray, header, values
from hyperdrive_sim.files.arrays import arrays as read

KINDS = ("bool", "int8", "uint64", ">i4", "float16", "float64", "<U3")


def file(**named: Any) -> io.BytesIO:
    out = io.BytesIO()
    np.savez(out, **named)
    return io.BytesIO(out.getvalue())


def of_numpy(array: Any, **more: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **more)
    return out.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(UnfitArray) as caught:
        stream = io.BytesIO(data)
        values(stream, header(stream))
    return str(caught.value)


@given(st.sampled_from(KINDS).flatmap(lambda kind: arrays(kind, array_shapes(min_dims=0, min_side=0, max_dims=4))), st.booleans())
def test_arrays_come_back_as_they_were(array: Any, by_columns: bool) -> None:
    array = np.asfortranarray(array) if by_columns else array
    found = Archive(file(a=array, b=np.zeros(2)))
    assert found.headers["a"].shape == array.shape
    assert found.headers["a"].bytes == array.nbytes
    np.testing.assert_array_equal(found["a"], array)
    assert found["a"].dtype == array.dtype


def test_what_is_no_array() -> None:
    whole = of_numpy(np.arange(6.0))
    assert refused(b"") == refused(whole[:7]) == refused(whole[:50]) == refused(whole[:-1]) == "ends too early"
    assert refused(b"x" * 100) == "is no array that numpy.save writes"
    assert refused(whole[:6] + b"\3\0" + whole[8:]) == "is no array that numpy.save writes"
    assert refused(whole + b"x") == "has more values than float64 of shape (6,) needs"
    assert refused(of_numpy(np.array([{}]), allow_pickle=True)) == "holds objects, no numbers"
    assert refused(of_numpy(np.zeros(2, "i4,f8"))) == "holds [('f0', '<i4'), ('f1', '<f8')], no numbers"
    assert refused(of_numpy(np.zeros(2, complex))) == "holds complex128, no numbers"
    assert refused(of_numpy(np.zeros((1,) * 9))).startswith("has the shape (1, 1,")


@pytest.mark.parametrize(
    "text", ["-" * 9000 + "1", "(" * 9000, "[" * 90, "{'descr': '<f8'}", "1", "\0", "{'a': __import__('os')}", "9" * 9000]
)
def test_headers_that_are_none(text: str) -> None:
    assert refused(b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()).startswith("has no header that can be read (")


def test_a_header_without_end_is_not_read() -> None:
    assert refused(b"\x93NUMPY\2\0" + struct.pack("<I", 2**31) + b" " * 100) == "has a header of 2,147,483,648 bytes"


def packed(*members: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return io.BytesIO(out.getvalue())


A = of_numpy(np.arange(3))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("members", "how", "said"),
    [
        ([("a.npy", A), ("a.npy", A)], zipfile.ZIP_STORED, "has a 'a.npy' in it, which is there twice"),
        ([("a.txt", A)], zipfile.ZIP_STORED, "has a 'a.txt' in it, which is no array"),
        ([("a.npy", b"x" * 200)], zipfile.ZIP_STORED, "has a 'a' in it, which is no array that numpy.save writes"),
        ([("a.npy", A)], zipfile.ZIP_BZIP2, "'a' is packed in a way that numpy does not use"),
        ([("a.npy", A)], zipfile.ZIP_LZMA, "'a' is packed in a way that numpy does not use"),
        ([(f"{n}.npy", A) for n in range(10_001)], zipfile.ZIP_STORED, "holds 10,001 arrays"),
    ],
)
def test_archives_of_other_things(members: list[tuple[str, bytes]], how: int, said: str) -> None:
    with pytest.raises(UnfitArray) as caught:
        Archive(packed(*members, how=how))
    assert str(caught.value) == said


def test_a_flag_of_encryption() -> None:
    data = bytearray(packed(("a.npy", A)).getvalue())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(UnfitArray, match=r"cannot be unpacked: File .* is encrypted"):
        Archive(io.BytesIO(bytes(data)))


@given(st.data())
def test_no_damage_is_more_than_a_sentence(data: st.DataObject) -> None:
    whole = bytearray(file(a=np.arange(5), b=np.array(["x", "yz"])).getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(UnfitArray):
        read(io.BytesIO(bytes(whole[: data.draw(st.integers(0, len(whole)))])), 10**6)


def test_a_small_file_of_much_is_refused_before_it_is_unpacked() -> None:
    """A thousand times as much as the file."""
    zeros = of_numpy(np.zeros(10**7))
    bomb = packed(*((f"{n}.npy", zeros) for n in range(3)))
    tracemalloc.start()
    with pytest.raises(UnfitArray, match=r"^takes 228\.9 MiB, and there are 95\.37 MiB for it here$"):
        read(bomb, 10**8)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**6
