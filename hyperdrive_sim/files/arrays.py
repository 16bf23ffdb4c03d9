"""numpy's files, .npy and .npz: what they say of their arrays is read first, and only what is wanted is loaded.

No array of objects is read, so that no file can run code; and no more memory is taken than an array's shape says that it needs.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from math import prod
from typing import IO, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from hyperdrive_sim.files.ordinary import size

MAGIC = npy.MAGIC_PREFIX
MAX_HEADER = 10_000
"""Bytes of a header, as in numpy."""

MAX_ARRAYS = 10_000
"""Arrays in one file; networks have hundreds."""

MAX_AXES = 8
KINDS = {"b": "truth values", "i": "integers", "u": "integers", "f": "numbers", "U": "texts"}
"""What an array may hold, by numpy's letter."""


class UnfitArray(ValueError):
    """A file that holds no array that is read here; the message goes on where the file's name ends."""


class Header(NamedTuple):
    """What an array's file says of it: the type of its values and its shape; `by_columns` if the first axis turns fastest."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    by_columns: bool

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of memory that the array takes."""
        return self.size * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.dtype} of shape {self.shape}"


def header(stream: IO[bytes]) -> Header:
    """Read the header of an .npy file, behind which its values follow. Raises UnfitArray for one that is none, or of objects."""
    magic = _exactly(stream, len(MAGIC) + 2)
    if magic[: len(MAGIC)] != MAGIC or magic[-2:] not in (b"\1\0", b"\2\0"):
        raise UnfitArray("is no array that numpy.save writes")
    width, read = ("<H", npy.read_array_header_1_0) if magic[-2:] == b"\1\0" else ("<I", npy.read_array_header_2_0)
    prefix = _exactly(stream, struct.calcsize(width))
    (length,) = struct.unpack(width, prefix)
    if length > MAX_HEADER:
        raise UnfitArray(f"has a header of {length:,} bytes")
    text = BytesIO(prefix + _exactly(stream, length))
    try:
        shape, by_columns, dtype = read(text, max_header_size=MAX_HEADER)
    except Exception as error:  # a text as Python has it, evaluated: memory and recursion may be the parser's, too
        raise UnfitArray(f"has no header that can be read ({str(error) or type(error).__name__})") from None
    if dtype.kind not in KINDS or dtype.hasobject:
        raise UnfitArray(f"holds {'objects' if dtype.hasobject else dtype}, no numbers")
    if len(shape) > MAX_AXES or min(shape, default=0) < 0:
        raise UnfitArray(f"has the shape {shape}")
    return Header(dtype, shape, by_columns)


def values(stream: IO[bytes], of: Header, *, whole: bool = True) -> NDArray[Any]:
    """The values of an array whose header has just been read, or its first ones.

    Raises UnfitArray if there are fewer or, if *whole*, more.
    """
    data = _exactly(stream, of.bytes)
    if whole and stream.read(1):
        raise UnfitArray(f"has more values than {of} needs")
    if not of.dtype.itemsize:
        return np.zeros(of.shape, of.dtype)
    return np.frombuffer(data, of.dtype).reshape(of.shape, order="F" if of.by_columns else "C")


class Archive:
    """The arrays of an .npz file by name: their `headers` at once, the values of each when it is asked for.

    Every failure is an UnfitArray that says what is wrong; a MemoryError stays what it is.
    """

    def __init__(self, file: BinaryIO) -> None:
        with _understood():
            self._zip = zipfile.ZipFile(file)
            members = self._zip.infolist()
        if len(members) > MAX_ARRAYS:
            raise UnfitArray(f"holds {len(members):,} arrays")
        self._members: dict[str, zipfile.ZipInfo] = {}
        self.headers: dict[str, Header] = {}
        for member in members:
            self._add(member)

    def _add(self, member: zipfile.ZipInfo) -> None:
        name = member.filename.removesuffix(".npy")
        if name == member.filename or name in self._members:
            what = "is no array" if name == member.filename else "is there twice"
            raise UnfitArray(f"has a '{member.filename}' in it, which {what}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnfitArray(f"'{name}' is packed in a way that numpy does not use")
        self._members[name] = member
        with self._opened(name) as stream:
            self.headers[name] = header(stream)

    def __getitem__(self, name: str) -> NDArray[Any]:
        with self._opened(name) as stream:
            return values(stream, header(stream))

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with _understood(), self._zip.open(self._members[name]) as stream:
                yield stream
        except UnfitArray as error:
            raise UnfitArray(f"has a '{name}' in it, which {error}") from None


def arrays(file: BinaryIO, most_bytes: int) -> Mapping[str, NDArray[Any]]:
    """All arrays of an .npz file. Raises UnfitArray if that is none, or if they take more than *most_bytes* of memory."""
    archive = Archive(file)
    if (needed := sum(one.bytes for one in archive.headers.values())) > most_bytes:
        raise UnfitArray(f"takes {size(needed)}, and there are {size(most_bytes)} for it here")
    return {name: archive[name] for name in archive.headers}


@contextmanager
def _understood() -> Iterator[None]:
    """Say in a sentence what zipfile, zlib and numpy make of a broken file, which is nearly anything."""
    try:
        yield
    except (MemoryError, UnfitArray):
        raise
    except Exception as error:
        raise UnfitArray(f"cannot be unpacked: {str(error) or type(error).__name__}") from None


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise UnfitArray("ends too early")
    return data
