"""Pictures from files, brought into the shape of a network's input: PNG, JPEG and numpy arrays, told apart by what is in them.

Nothing else is opened, whatever it is called: other formats have decoders that start programs. Size and channels are read and compared
with what is wanted before anything is unpacked.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files import arrays, named
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.scenario.preparation import PLAIN, Preparation, levels

if TYPE_CHECKING:
    import PIL.Image

KEY = "input.image"
CURE = "take a PNG, JPEG or NPY file"
MOST_PIXELS = 2**26
"""Of a picture that is resized, unless the network takes more: 8192 x 8192."""

MOST_BYTES = 2**30
PIXEL_BYTES, LEVEL_BYTES = 12, 8
"""Bytes of memory that a pixel takes while a picture is unpacked, and each of its channels as a number; a third more than was measured."""

VALUE_BYTES = 16
"""Bytes of memory that a value of the input takes while a picture is resized and prepared: in float32, and twice more on the way."""

MOST_VALUE = float(np.finfo(np.float16).max)

FORMATS = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg", arrays.MAGIC: ".npy"}
"""Suffixes of what is opened, by its first bytes."""

OTHERS = {
    b"GIF8": "a GIF picture",
    b"BM": "a BMP picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"RIFF": "a WebP picture or a sound",
    b"%!": "PostScript",
    b"%PDF": "a PDF document",
    b"PK": "an archive",
    b"\x1f\x8b": "a compressed file",
}
"""Names of what is not opened, as far as first bytes tell."""


@dataclass(frozen=True)
class Picture:
    """A picture file that was read, and what is known of it before it is unpacked: rows and columns as they lie in it, and channels."""

    name: str
    suffix: str
    data: bytes
    rows: int
    columns: int
    channels: int
    key: str = KEY

    def bytes_for(self, shape: Shape) -> int:
        """Bytes of memory that it takes, at most and about, to bring it into a shape."""
        pixel = PIXEL_BYTES + LEVEL_BYTES * self.channels
        return len(self.data) + pixel * self.rows * self.columns + VALUE_BYTES * shape.size

    def values(self, shape: Shape, preparation: Preparation = PLAIN) -> Array:
        """What a network takes of it [rows, columns, channels] in float32, resized where the size differs, then prepared.

        Levels of PNG and JPEG, and of arrays of bytes or of words of 16 bits, are 0..1 before they are prepared, other arrays' as they
        are. Raises InvalidInput for a picture whose pixels cannot be read, or for values that are not finite in FP16.
        """
        with _readable(self.name, self.key):
            pixels = self._array() if self.suffix == ".npy" else self._pixels(shape.channels)
        if pixels.shape[:2] != (shape.rows, shape.columns):
            pixels = resized(pixels, shape)
        values = preparation.of(pixels)
        if not representable(values):
            raise InvalidInput.at(self.key, f"'{self.name}' must hold finite numbers of float16", f"at most {MOST_VALUE:g}")
        return values

    def _array(self) -> Array:
        file = BytesIO(self.data)
        pixels = levels(arrays.values(file, arrays.header(file)))
        if pixels.ndim == 3 and pixels.shape[2] != self.channels:
            return pixels.transpose(1, 2, 0)
        return pixels.reshape(self.rows, self.columns, self.channels)

    def _pixels(self, channels: int) -> Array:
        import PIL.ImageOps  # loaded here: a run without a picture does not need it

        with _opened(self.data, self.suffix) as picture:
            return _levels(PIL.ImageOps.exif_transpose(picture), channels)


def representable(values: Array) -> bool:
    """True for numbers that FP16 has, infinity apart: the chips' maps have no others."""
    return bool((np.abs(values) <= MOST_VALUE).all())


def read(path: Path, shape: Shape, key: str = KEY) -> Picture:
    """Read a picture for an input of *shape*, but not its pixels yet; an array may be [H, W], [H, W, C] or [C, H, W].

    *key* is what names it. Raises InvalidInput for a file that cannot be read, is none of these, is too large or has other channels.
    """
    data = named.read(key, path, MOST_BYTES, CURE)
    suffix = next((suffix for magic, suffix in FORMATS.items() if data.startswith(magic)), "")
    if not suffix:
        other = next((f" but {name}" for magic, name in OTHERS.items() if data.startswith(magic)), "" if data else ", it is empty")
        raise InvalidInput.at(key, f"'{path.name}' is no PNG, JPEG or NPY file{other}", CURE)
    with _readable(path.name, key):
        rows, columns, channels = (
            _size_of_array(path.name, data, shape, key) if suffix == ".npy" else _size(data, suffix, shape.channels, key)
        )
    if rows * columns > (most := max(MOST_PIXELS, shape.rows * shape.columns)):
        raise InvalidInput.at(key, f"'{path.name}' has {rows} x {columns} pixels, more than {most:,}", "take a smaller one")
    return Picture(path.name, suffix, data, rows, columns, channels)


def _size(data: bytes, suffix: str, channels: int, key: str) -> tuple[int, int, int]:
    """Rows and columns of a PNG or JPEG picture, as it lies in the file, and the *channels* that are wanted of it."""
    if channels not in (1, 3):
        raise InvalidInput.at(key, f"a picture has 1 or 3 channels, the network takes {channels}", "take an .npy file")
    with _opened(data, suffix) as picture:
        columns, rows = picture.size
    return rows, columns, channels


def _size_of_array(name: str, data: bytes, shape: Shape, key: str) -> tuple[int, int, int]:
    """Rows, columns and channels of an array. Raises InvalidInput for one of other channels, or that is no picture at all."""
    found = arrays.header(BytesIO(data))
    if found.dtype.kind not in "fiub" or not 2 <= len(found.shape) <= 3 or not found.size:
        raise InvalidInput.at(key, f"'{name}' holds {found}", "it must be numbers [H, W], [H, W, C] or [C, H, W]")
    rows, columns, channels = sizes = found.shape if len(found.shape) == 3 else (*found.shape, 1)
    if channels != shape.channels and rows == shape.channels:
        rows, columns, channels = columns, channels, rows
    if channels != shape.channels:
        raise InvalidInput.at(key, f"'{name}' has shape {sizes}", f"the network takes {shape.channels} channels")
    return rows, columns, channels


@contextmanager
def _opened(data: bytes, suffix: str) -> Iterator[PIL.Image.Image]:
    """A picture of a known format: no other decoder of Pillow is tried."""
    import PIL.Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of many pixels, of broken EXIF data: what is wrong with those is said here
        with PIL.Image.open(BytesIO(data), formats=("PNG",) if suffix == ".png" else ("JPEG",)) as picture:
            yield picture


@contextmanager
def _readable(name: str, key: str) -> Iterator[None]:
    """Say in a sentence what a decoder makes of a broken picture, which is nearly anything."""
    try:
        yield
    except (InvalidInput, MemoryError):
        raise
    except Exception as error:
        if type(error).__name__ == "DecompressionBombError":  # of Pillow, at its own limit
            raise InvalidInput.at(key, f"'{name}' has more pixels than {2 * MOST_PIXELS:,}", "take a smaller one") from None
        problem = str(error) if isinstance(error, arrays.UnfitArray) else "is broken"
        raise InvalidInput.at(key, f"'{name}' {problem}", CURE) from None


def _levels(picture: PIL.Image.Image, channels: int) -> Array:
    """Pixels of a picture in 0..1 [rows, columns, channels]."""
    if picture.mode.startswith("I"):  # 16 bit per pixel, which Pillow would cut off at 255
        grey = np.asarray(picture, np.float32)[:, :, None] / 65535
        return np.repeat(grey, channels, axis=2)
    opaque = picture.convert("RGBA") if "transparency" in picture.info else picture
    pixels = np.array(opaque.convert("L" if channels == 1 else "RGB"), np.float32)
    pixels /= 255  # in place: a picture may take most of the memory
    return pixels.reshape(*pixels.shape[:2], channels)


def resized(pixels: Array, shape: Shape) -> Array:
    import PIL.Image

    size = (shape.columns, shape.rows)
    planes = [PIL.Image.fromarray(np.ascontiguousarray(pixels[:, :, c], np.float32)) for c in range(pixels.shape[2])]
    return np.stack([np.asarray(plane.resize(size, PIL.Image.Resampling.BILINEAR)) for plane in planes], axis=2)
