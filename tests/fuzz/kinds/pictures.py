"""Pictures as a network's input: every format and mode there is, other things under their names, forged and broken ones."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import PIL.Image

from kinds import worlds
from kinds.given import Content, Fifo, Folder, Input, Link, chance, spoilt, weighted

BASES = [
    worlds.PLAIN,
    worlds.PLAIN | {"input_shape": [1, 12, 16]},
    worlds.PLAIN | {"input_shape": [4, 8, 8]},
    worlds.PLAIN | {"architecture": "xnorbin", "network": "tiny_xnor", "input_shape": [16, 9, 11]},
    worlds.PLAIN | {"architecture": "xnorbin", "network": "tiny_xnor_pooled", "input_shape": [3, 9, 8]},
    worlds.PLAIN | {"architecture": "nandnet_sram", "network": "lenet", "input_shape": [1, 28, 28]},
]
COMMANDS = {("run",): 12, ("run", "--dry-run"): 2, ("run", "-o", "out"): 2, ("check",): 3, ("sweep", "--set", "sweep.seed=[1,2]"): 1}
MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16", "PA", "RGBX", "La", "RGBa"]
FORMATS = {
    "PNG": 12,
    "JPEG": 6,
    "GIF": 2,
    "BMP": 2,
    "TIFF": 2,
    "WEBP": 2,
    "PPM": 1,
    "ICO": 1,
    "TGA": 1,
    "EPS": 2,
    "PDF": 1,
    "PCX": 1,
    "SGI": 1,
}
FORMATS |= {"JPEG2000": 1, "DDS": 1, "ICNS": 1, "IM": 1, "MSP": 1, "SPIDER": 1, "XBM": 1, "AVIF": 1}
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) print showpage\n%%EOF\n"
TEXTS = [
    POSTSCRIPT,
    b"hello\n",
    b"<!doctype html><svg/>",
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"P6 9 9 255\n",
    b"P6 999999999 9 255\n",
]
TEXTS += [
    b"GIF89a",
    b"BM" + bytes(60),
    b"\x93NUMPY",
    b"II*\0" + bytes(20),
    b"RIFF\0\0\0\0WEBP",
    b"8BPS",
    b"\0" * 4096,
    b"#define x_width 9\n",
]
NAMES = [
    "p.png",
    "p.png",
    "p.jpg",
    "p.JPEG",
    "p.npy",
    "p",
    "p.txt",
    "\x1b[2J.png",
    "p q.png",
    "pi\xe9.png",
    "p\u202e.png",
    ".png",
    "p.npz",
    "p.gif",
]


def drawn(rng: Random) -> Input:
    how = weighted(rng, {"picture": 30, "text": 6, "png": 14, "npy": 30, "place": 5})
    raw, what, suffix = {"picture": _picture, "text": _text, "png": _png, "npy": _npy, "place": _text}[how](rng)
    if how != "place" and chance(rng, 0.3):
        raw, accident = spoilt(rng, raw)
        what = f"{what}, {accident}"
    name = f"p{suffix}" if chance(rng, 0.8) else rng.choice(NAMES)
    data = rng.choice(BASES) | {"input": {"image": name}}
    content: Content = raw
    if how == "place":
        content, what = rng.choice(
            [(Folder(), "folder"), (Fifo(), "fifo"), (Link("nowhere"), "dangling"), (Link("/dev/zero"), "zeros"), (Link(name), "loop")]
        )
    command: tuple[str, ...] = weighted(rng, COMMANDS)
    return Input((command[0], "s.yaml", *command[1:]), {"s.yaml": worlds.written(data), name: content}, f"{how} {what}", ("out",))


# --- pictures that a program drew ---


def _picture(rng: Random) -> tuple[bytes, str, str]:
    form, mode = weighted(rng, FORMATS), rng.choice(MODES)
    size = rng.choice([(16, 12), (8, 9), (1, 1), (40, 3), (28, 28)])
    levels = np.frombuffer(rng.randbytes(size[0] * size[1] * 3), np.uint8).reshape(size[1], size[0], 3)
    file = io.BytesIO()
    try:
        drawn = PIL.Image.fromarray(levels)
        picture = PIL.Image.fromarray(levels[:, :, 0].astype(np.uint16) * 257) if mode == "I;16" else drawn.convert(mode)
        picture.save(file, form, **_options(rng, form, mode))
    except (KeyError, OSError, RuntimeError, TypeError, ValueError):  # this format has no such mode
        file = io.BytesIO()
        drawn.save(file, "PNG")
        form, mode = "PNG", "RGB"
    suffix = {"PNG": ".png", "JPEG": ".jpg"}.get(form, rng.choice([".png", ".jpg", ".jpeg"]))
    return file.getvalue(), f"{form} {mode}", suffix


def _options(rng: Random, form: str, mode: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if form in ("PNG", "GIF") and mode in ("P", "L", "1", "RGB") and chance(rng, 0.5):
        options["transparency"] = (1, 2, 3) if mode == "RGB" else 0
    if form == "PNG" and mode == "P" and chance(rng, 0.5):
        options["transparency"] = bytes([0, 128, 255])
    if form == "JPEG" and chance(rng, 0.5):
        exif = PIL.Image.Exif()
        exif[0x0112] = rng.choice([1, 2, 3, 5, 6, 8, 0, 9, 65_535])
        options |= {"exif": exif, "progressive": chance(rng, 0.5)}
    if form in ("GIF", "TIFF", "PNG", "WEBP") and chance(rng, 0.2):
        options |= {"save_all": True, "append_images": [PIL.Image.new("RGB", (5, 5))]}
    return options


def _text(rng: Random) -> tuple[bytes, str, str]:
    return rng.choice(TEXTS), "text", rng.choice([".png", ".png", ".jpg", ".npy"])


# --- PNGs by hand ---


def _chunk(name: bytes, data: bytes, *, crc: int | None = None) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data) if crc is None else crc)


def _png(rng: Random) -> tuple[bytes, str, str]:
    """A PNG whose header, chunks or data are not what they say."""
    width, height = rng.choice(
        [(16, 12), (16, 12), (100_000, 100_000), (2**31 - 1, 1), (0, 9), (13_000, 13_000), (60_000, 60_000), (2**32 - 1,) * 2]
    )
    depth, colour = rng.choice([(8, 2), (8, 2), (8, 6), (16, 0), (16, 2), (1, 0), (8, 3), (7, 2), (8, 7), (0, 0)])
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, rng.choice([0, 0, 1, 9]))
    bomb = zlib.compress(bytes(rng.choice([10_000, 5_000_000])), 9)
    extras = {
        "none": b"",
        "zTXt": _chunk(b"zTXt", b"k\0\0" + bomb),
        "iTXt": _chunk(b"iTXt", b"k\0\1\0\0\0" + bomb),
        "iCCP": _chunk(b"iCCP", b"k\0\0" + bomb),
        "many tEXt": _chunk(b"tEXt", b"k\0v") * 5_000,
        "eXIf": _chunk(b"eXIf", rng.randbytes(40)),
        "PLTE": _chunk(b"PLTE", rng.randbytes(rng.choice([3, 4, 768, 900]))),
        "tRNS": _chunk(b"tRNS", rng.randbytes(rng.choice([1, 2, 6, 256]))),
        "acTL": _chunk(b"acTL", struct.pack(">II", 2**31, 0)) + _chunk(b"fcTL", rng.randbytes(26)),
        "IHDR": _chunk(b"IHDR", head),
        "odd": _chunk(rng.randbytes(4), b"x"),
        "crc": _chunk(b"tEXt", b"k\0v", crc=1),
        "length": struct.pack(">I", 2**31) + b"tEXt",
    }
    what = rng.choice([*extras])
    rows = zlib.compress(bytes(rng.choice([588, 588, 12, 3_000_000])), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + extras[what] + _chunk(b"IDAT", rows) + _chunk(b"IEND", b""),
        f"{width}x{height} {what}",
        ".png",
    )


# --- arrays ---


def _npy(rng: Random) -> tuple[bytes, str, str]:
    what = rng.choice([*_ARRAYS, *_HEADERS])
    raw = worlds.npy(_ARRAYS[what](rng)) if what in _ARRAYS else forged(*_HEADERS[what])
    return raw, what, ".npy"


def forged(descr: str, shape: str, data: int = 64, version: bytes = b"\1\0", length: int | None = None) -> bytes:
    """An .npy whose header says what it likes, before so many bytes."""
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    size = len(head) if length is None else length
    packed = struct.pack("<I", size) if version >= b"\2\0" else struct.pack("<H", size % 65_536)
    return b"\x93NUMPY" + version + packed + head + bytes(data)


def _some(rng: Random, *shape: int, dtype: str = "f4") -> Any:
    return np.random.default_rng(rng.randrange(2**32)).normal(0, 1, shape).astype(dtype)


_ARRAYS: dict[str, Callable[[Random], Any]] = {
    "right": lambda rng: _some(rng, *rng.choice([(3, 12, 16), (12, 16, 3), (9, 8, 3), (16, 9, 11), (28, 28), (12, 16), (4, 8, 8)])),
    "other size": lambda rng: _some(rng, *rng.choice([(3, 5, 70), (1, 1, 3), (3, 1, 1), (33, 2, 3), (16, 4, 4), (7, 7)])),
    "other type": lambda rng: _some(rng, 3, 12, 16, dtype=rng.choice(["f2", "f8", "i1", "u2", "i8", "?", "u8", ">f4", ">i2", "g"])),
    "not numbers": lambda rng: _some(rng, 3, 12, 16, dtype=rng.choice(["c8", "c16", "U8", "S4", "M8[s]", "m8[s]"])),
    "not finite": lambda rng: np.full((3, 12, 16), rng.choice([np.nan, np.inf, -np.inf, 1e30, 65_520, 1e300])),
    "huge integers": lambda rng: np.full((3, 12, 16), rng.choice([2**62, -(2**62)])),
    "no axis": lambda rng: np.float32(1),
    "axes": lambda rng: np.zeros((1,) * rng.choice([1, 4, 5, 32, 64])),
    "empty": lambda rng: np.zeros(rng.choice([(0,), (3, 0, 16), (0, 0, 0), (0, 0)])),
    "channels": lambda rng: np.zeros(rng.choice([(2, 12, 16), (12, 16, 2), (12, 16, 4), (1000, 1, 1)])),
    "objects": lambda rng: np.array([[1, None], ["a", {}]], object),
    "records": lambda rng: np.zeros((12, 16), [("r", "f4"), ("g", "i8")]),
    "column order": lambda rng: np.asfortranarray(_some(rng, 12, 16, 3)),
    "large": lambda rng: np.zeros((3, 700, 700), "i1"),
}
_HEADERS: dict[str, tuple[Any, ...]] = {
    "huge shape": ("'<f4'", "(3, 1000000, 1000000)"),
    "overflowing shape": ("'<f4'", "(3, 9223372036854775807, 9)"),
    "endless shape": ("'<f4'", f"({'9' * 5_000},)"),
    "negative shape": ("'<f4'", "(3, -12, -16)"),
    "no tuple": ("'<f4'", "[3, 12]"),
    "text in shape": ("'<f4'", "('3', 12)"),
    "floats in shape": ("'<f4'", "(3.0, 12.0, 16.0)"),
    "expression": ("__import__('os')", "(1,)"),
    "odd type": ("'<f3'", "(3, 12, 16)"),
    "no type": ("'nonsense'", "(3, 12, 16)"),
    "wide text": ("'<U1000000000'", "(3, 12, 16)"),
    "empty records": ("'V0'", "(1000000000, 2)"),
    "deep": ("[" * 2_000 + "]" * 2_000, "(1,)"),
    "long header": ("'<f4'", "(3, 12, 16)", 64, b"\2\0", 2**32 - 1),
    "short header": ("'<f4'", "(3, 12, 16)", 64, b"\1\0", 3),
    "version": ("'<f4'", "(3, 12, 16)", 2304, b"\x09\0"),
    "missing values": ("'<f4'", "(3, 12, 16)", 2300),
    "more values": ("'<f4'", "(3, 12, 16)", 9999),
}
