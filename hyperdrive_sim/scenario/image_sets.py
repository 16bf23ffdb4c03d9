"""Sets of images: many pictures with their labels, from arrays of numpy, from files in MNIST's idx format, and from folders of pictures.

Sizes are read before values, and no more pictures are loaded than are wanted. A folder's pictures are read one by one when their turn
comes; their formats are those of `pictures`.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import IO, NamedTuple, Protocol, cast

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files import arrays, named
from hyperdrive_sim.files.arrays import Header, UnfitArray
from hyperdrive_sim.files.ordinary import size
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.scenario import pictures
from hyperdrive_sim.scenario.preparation import Preparation, greatest, levels

IMAGES, LABELS = "images", "labels"
"""What messages call both."""

CURE = "take an .npy file, one in MNIST's idx format, or a folder of pictures"
CURE_LABELS = "take an .npy file of whole numbers, or one in MNIST's idx format"
GZIP = b"\x1f\x8b"

IDX = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""numpy's names of the types that an idx file may have, by the third byte of it (LeCun, Cortes, Burges, the MNIST database)."""

MOST_BYTES = 2**31
MOST_PICTURES = 1_000_000
SEEN = 1000
"""Images whose range is looked at."""


class Images(Protocol):
    """Pictures by number."""

    def __len__(self) -> int: ...

    def of(self, number: int, shape: Shape, preparation: Preparation) -> Array:
        """What a network takes of a picture, [rows, columns, channels] in float32. Raises InvalidInput for one that it cannot take."""
        ...

    def part(self, numbers: range) -> Images:
        """Some of them, for another process."""
        ...


class ImageSet(NamedTuple):
    """Pictures and, where they are known, what each of them shows: the number of its class; `names` of the classes of a folder.

    `note` says what is made of all of them, if that is not what one would expect.
    """

    images: Images
    labels: Array | None
    names: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Stack:
    """Pictures in one array [number, rows, columns, channels] of any type of numbers; the `first` of them has that number in messages."""

    values: Array
    first: int = 0

    def __len__(self) -> int:
        return len(self.values)

    def doubt(self, *, prepared: bool) -> str:
        """A sentence if the values are hardly the levels of 0..1 that a scenario's `input` speaks of."""
        low, high = self.values[:SEEN].min(), self.values[:SEEN].max()
        if self.values.dtype.kind == "u" and self.values.dtype.itemsize == 2:
            return "" if high > 255 else f"the images are words of 16 bits of at most {high}, whose levels are 0..65535"
        of_bytes = greatest(self.values.dtype) > 0
        if of_bytes or (low >= 0 and high <= 1) or not (prepared or self.values.dtype.kind in "iu"):
            return ""
        return f"the images are {self.values.dtype} from {low:.4g} to {high:.4g}, taken as they are: `input` speaks of levels of 0..1"

    def of(self, number: int, shape: Shape, preparation: Preparation) -> Array:
        pixels = levels(self.values[number])
        if pixels.shape[:2] != (shape.rows, shape.columns):
            pixels = pictures.resized(pixels, shape)
        found = preparation.of(pixels)
        if not pictures.representable(found):
            raise InvalidInput.at(
                IMAGES, f"number {self.first + number} must hold finite numbers of float16", f"at most {pictures.MOST_VALUE:g}"
            )
        return found

    def part(self, numbers: range) -> Stack:
        return Stack(self.values[numbers.start : numbers.stop], self.first + numbers.start)


@dataclass(frozen=True)
class Pictures:
    """Picture files."""

    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def of(self, number: int, shape: Shape, preparation: Preparation) -> Array:
        return pictures.read(self.paths[number], shape, IMAGES).values(shape, preparation)

    def part(self, numbers: range) -> Pictures:
        return Pictures(self.paths[numbers.start : numbers.stop])


def read(images: Path | Array, labels: Path | Array | None, shape: Shape, limit: int | None = None) -> ImageSet:
    """The first *limit* pictures of a set, or all of them, for an input of *shape*; of a folder's classes in turns.

    Raises InvalidInput for what cannot be read, for pictures of other channels, and for labels that are not one per picture.
    """
    if isinstance(images, Path) and images.is_dir():
        found, count = _folder(images, limit)
        if found.labels is not None and labels is not None:
            raise InvalidInput.at(LABELS, f"those of '{images}' are its folders", "leave them out")
    else:
        values, count = _array(images, IMAGES, CURE, limit)
        stack = _stacked(values, shape)
        found = ImageSet(Stack(stack), None, note=_resizing(stack, shape))
    if not len(found.images):
        raise InvalidInput.at(IMAGES, "there are none", CURE)
    if labels is None:
        return found
    values, there = _array(labels, LABELS, CURE_LABELS, limit)
    of_images = _labels(values)
    if there != count:
        raise InvalidInput.at(LABELS, f"there are {there} for {count} pictures", "take those that belong together")
    return found._replace(labels=of_images)


def _resizing(stack: Array, shape: Shape) -> str:
    _, rows, columns, _ = stack.shape
    if (rows, columns) == (shape.rows, shape.columns):
        return ""
    return f"the images, {rows} x {columns}, are resized to the {shape.rows} x {shape.columns} that the network takes"


def _folder(path: Path, limit: int | None) -> tuple[ImageSet, int]:
    """Pictures of a folder in the order of their names, and how many there are.

    Where it has folders, these are the classes: by their numbers if all are called for one, else in the order of their names.
    """
    try:
        folders = [entry for entry in _entries(path) if entry.is_dir()]
        numbers = _numbers(folders)
        files = [(entry, numbers[folder]) for folder in folders for entry in _entries(folder)]
        if not folders:
            files = [(entry, 0) for entry in _entries(path)]
    except OSError as error:
        raise InvalidInput.at(IMAGES, f"cannot read '{path}': {error.strerror}", CURE) from None
    count = len(files)
    if count > MOST_PICTURES:
        raise InvalidInput.at(IMAGES, f"'{path}' has {count:,} files, more than {MOST_PICTURES:,}", "take fewer")
    if limit is not None and folders:
        files = _dealt(files, limit)
    files = files[:limit]
    labels = np.array([number for _, number in files], np.int64) if folders else None
    called = tuple(folder.name for folder in folders) if list(numbers.values()) == list(range(len(folders))) else ()
    return ImageSet(Pictures(tuple(entry for entry, _ in files)), labels, called), count


def _numbers(folders: list[Path]) -> dict[Path, int]:
    """The number of each class."""
    names = [folder.name for folder in folders]
    if folders and all(re.fullmatch("[0-9]{1,6}", name) for name in names) and len(set(map(int, names))) == len(names):
        return {folder: int(folder.name) for folder in folders}
    return {folder: number for number, folder in enumerate(folders)}


def _entries(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))


def _dealt(files: list[tuple[Path, int]], limit: int) -> list[tuple[Path, int]]:
    """Files in turns, one of each class: the first of them would all be of one class."""
    by_class = [[one for one in files if one[1] == number] for number in sorted({number for _, number in files})]
    longest = min(limit, max(map(len, by_class)))
    return [its[turn] for turn in range(longest) for its in by_class if turn < len(its)]


def _array(source: Path | Array, key: str, cure: str, limit: int | None) -> tuple[Array, int]:
    """The first values of an array along its first axis, and how many there are. Raises InvalidInput for a file that is none."""
    if not isinstance(source, Path):
        found = np.asarray(source)
        if not found.ndim:
            raise InvalidInput.at(key, f"are a single {type(source).__name__}", cure)
        return found[:limit], len(found)
    data = named.read(key, source, MOST_BYTES, cure, missing=named.HERE)
    with _readable(source.name, key, cure), _unpacked(data) as stream:
        header, whole = _header(stream), limit is None
        if not header.shape:
            raise UnfitArray("holds a single number")
        first = header.shape[0] if whole or header.by_columns else min(limit or 0, header.shape[0])
        part = header._replace(shape=(first, *header.shape[1:]))
        if part.bytes > MOST_BYTES:
            most = MOST_BYTES * first // part.bytes
            cure = f"take {most} of them by a limit" if most else "take smaller ones"
            raise InvalidInput.at(key, f"'{source.name}' takes {size(part.bytes)} unpacked, more than {size(MOST_BYTES)}", cure)
        return arrays.values(stream, part, whole=first == header.shape[0])[:limit], header.shape[0]


def _header(stream: IO[bytes]) -> Header:
    """What an .npy or an idx file says of its values, which follow."""
    begin = stream.read(4)
    if begin[:2] == arrays.MAGIC[:2]:
        stream.seek(0)
        return arrays.header(stream)
    if len(begin) < 4 or begin[:2] != b"\0\0" or begin[2] not in IDX:
        raise UnfitArray("is no array that numpy.save writes, and not in MNIST's idx format")
    sizes = stream.read(4 * begin[3])
    if len(sizes) < 4 * begin[3] or begin[3] > arrays.MAX_AXES:
        raise UnfitArray("ends too early")
    return Header(np.dtype(IDX[begin[2]]), struct.unpack(f">{begin[3]}I", sizes), by_columns=False)


@contextmanager
def _unpacked(data: bytes) -> Iterator[IO[bytes]]:
    """A file's bytes as a stream, unpacked as far as they are read if they are gzip's."""
    file = BytesIO(data)
    with gzip.open(file) if data.startswith(GZIP) else file as stream:
        yield cast("IO[bytes]", stream)


@contextmanager
def _readable(name: str, key: str, cure: str) -> Iterator[None]:
    try:
        yield
    except (UnfitArray, EOFError, zlib.error, gzip.BadGzipFile) as error:
        problem = str(error) if isinstance(error, UnfitArray) else "is broken"
        raise InvalidInput.at(key, f"'{name}' {problem}", cure) from None


def _stacked(found: Array, shape: Shape) -> Array:
    """Pictures as [number, rows, columns, channels]; they may be [N, H, W], [N, H, W, C] or [N, C, H, W]."""
    wanted = "[N, H, W], [N, H, W, C] or [N, C, H, W]"
    if found.dtype.kind not in "fiub" or found.ndim not in (3, 4) or not prod(found.shape[1:]):
        raise InvalidInput.at(IMAGES, f"are {found.dtype} of shape {found.shape}", f"they must be numbers {wanted}")
    stack = found[..., None] if found.ndim == 3 else found
    if stack.shape[3] != shape.channels and stack.shape[1] == shape.channels:
        stack = stack.transpose(0, 2, 3, 1)
    if stack.shape[3] != shape.channels:
        raise InvalidInput.at(IMAGES, f"are of shape {found.shape}", f"the network takes {shape.channels} channels: {wanted}")
    return stack


def _labels(found: Array) -> Array:
    """Numbers of classes, one per picture."""
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.dtype.kind not in "iu" or found.ndim != 1:
        raise InvalidInput.at(LABELS, f"are {found.dtype} of shape {found.shape}", "they must be whole numbers, one per picture")
    for number, value in ((int(found.argmin()), int(found.min())), (int(found.argmax()), int(found.max()))) if len(found) else ():
        if not 0 <= value < 2**31:
            raise InvalidInput.at(LABELS, f"number {number} is {value}", "classes are counted from 0")
    return found.astype(np.int64)
