"""Files of weights: right ones, arrays that do not fit the network, and zip archives that are not what they say."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from random import Random
from typing import Any

import numpy as np

from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.synthetic import random_parameters
from kinds import worlds
from kinds.given import Content, Fifo, Folder, Input, Link, chance, spoilt, weighted
from kinds.pictures import forged
from kinds.worlds import Data

BASES: tuple[Data, ...] = (
    worlds.PLAIN,
    worlds.PLAIN | {"network": "tiny_resnet", "input_shape": [3, 12, 12]},
    worlds.PLAIN | {"network": "tiny_residual", "input_shape": [16, 12, 12]},
    worlds.PLAIN | {"architecture": "xnorbin", "network": "tiny_xnor", "input_shape": [16, 9, 11]},
    worlds.PLAIN | {"architecture": "chewbaccann", "network": "tiny_groupnet", "input_shape": [3, 12, 10]},
    worlds.PLAIN | {"architecture": "nandnet_dram", "network": "lenet", "input_shape": [1, 28, 28]},
)
COMMANDS = {("run",): 12, ("run", "--dry-run"): 2, ("run", "-o", "out"): 2, ("check",): 5, ("diagram",): 1}
Members = dict[str, bytes]
Arrays = dict[str, Any]


@cache
def right(which: int) -> Arrays:
    """Arrays that fit one of the networks."""
    data = BASES[which]
    network = zoo.build(data["network"], data["input_shape"], {})
    found: Arrays = {}
    for name, one in random_parameters(network, 7).items():
        if one.weights is not None:
            found[name] = one.weights.transpose(0, 3, 1, 2) if one.weights.ndim == 4 else one.weights
        found |= {f"{name}.{part}": value for part, value in (("scale", one.scale), ("bias", one.bias)) if value is not None}
    return found


def drawn(rng: Random) -> Input:
    which = rng.randrange(len(BASES))
    how = weighted(rng, {"right": 10, "arrays": 40, "zip": 30, "spoilt": 14, "place": 5})
    name, content, what = "w.npz", b"", ""
    arrays = {**right(which)}
    if how == "arrays":
        what = _change(rng, arrays)
    members = {f"{name}.npy": worlds.npy(array) for name, array in arrays.items()}
    if how == "zip":
        raw, what = _forged(rng, members)
    else:
        raw = zipped(members, compressed=chance(rng, 0.5))
    if how == "spoilt":
        raw, what = spoilt(rng, raw)
    content: Content = raw
    if how == "place":
        content, what = rng.choice([(Folder(), "folder"), (Fifo(), "fifo"), (Link("nowhere"), "dangling"), (Link("/dev/zero"), "zeros")])
    elif chance(rng, 0.1):
        name = rng.choice(["w", "w.npy", "\x1b[2J.npz", "w\u202e.npz", "w.txt", "d/w.npz"])
    command: tuple[str, ...] = weighted(rng, COMMANDS)
    scenario = worlds.written(BASES[which] | {"weights": name})
    return Input((command[0], "s.yaml", *command[1:]), {"s.yaml": scenario, name: content}, f"{how} {what}".strip(), ("out",))


# --- arrays that do not fit ---


def _change(rng: Random, arrays: Arrays) -> str:
    """Change one array or two, and return how."""
    what = ""
    for _ in range(rng.choice([1, 1, 2])):
        name, what = rng.choice([*arrays]), rng.choice([*_CHANGES, "missing", "extra", "only"])
        if what == "missing":
            del arrays[name]
        elif what == "extra":
            arrays[rng.choice(["nobody", "", "conv1.scale", "conv1.bias", "pool", "\x1b[2J", "a/b", "x" * 300, "é"])] = arrays[name]
        elif what == "only":
            arrays.clear()
        else:
            with suppress(IndexError, TypeError, ValueError):  # an earlier change has made this one impossible
                arrays[name] = _CHANGES[what](rng, arrays[name])
        if not arrays:
            break
    return what


_CHANGES: dict[str, Callable[[Random, Any], Any]] = {
    "flat": lambda rng, array: array.ravel(),
    "turned": lambda rng, array: array.T,
    "cut": lambda rng, array: array[:-1],
    "doubled": lambda rng, array: np.concatenate([array, array]),
    "axis": lambda rng, array: array[None],
    "no axis": lambda rng, array: np.float16(1),
    "none": lambda rng, array: array[:0],
    "other type": lambda rng, array: array.astype(rng.choice(["f8", "i1", "i8", "u1", "?", "c8", "U9", "S3", "f4", ">f8", "g", "m8[s]"])),
    "objects": lambda rng, array: array.astype(object),
    "records": lambda rng, array: np.zeros(array.shape, [("a", "f4")]),
    "value": lambda rng, array: np.full(array.shape, rng.choice([np.nan, np.inf, 0, 2, 1e6, 1e300, -1, 65_504, 6e-8, -0.0])),
    "times": lambda rng, array: array.astype("f8") * rng.choice([0, -1, 1e4, 1e-9, 0.5]),
    "column order": lambda rng, array: np.asfortranarray(array),
}


# --- archives ---


def zipped(members: Members, *, compressed: bool = True) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
    return file.getvalue()


def _forged(rng: Random, members: Members) -> tuple[bytes, str]:
    what = rng.choice([*_ARCHIVES])
    return _ARCHIVES[what](rng, members), what


def _with_array(rng: Random, members: Members) -> bytes:
    """One array in place of a right one: an .npy whose header lies, or that is far larger than wanted."""
    first = next(iter(members))
    liars = [
        forged("'<f4'", "(64, 64, 100000, 100000)"),
        forged("'<i1'", "(16, 3, -3, 3)"),
        forged("'|O'", "(16, 3, 3, 3)", 2_000),
        forged("'<f4'", "(16, 3, 3, 3)", 9, b"\2\0", 2**32 - 1),
        forged("'|S4000000000'", "(16, 3, 3, 3)"),
        forged("'<i1'", "(40000000,)", 40_000_000) if chance(rng, 0.2) else forged("'<i1'", "(400000,)", 400_000),
        b"",
        b"hello",
    ]
    return zipped({**members, first: rng.choice(liars)})


def _again(rng: Random, members: Members) -> bytes:
    """A member a second time, with the same name."""
    file = io.BytesIO(zipped(members))
    data = members[next(iter(members))]
    with zipfile.ZipFile(file, "a") as archive:
        other = zipfile.ZipInfo("@" * len(next(iter(members))))
        archive.writestr(other, data if chance(rng, 0.5) else b"x")
    return file.getvalue().replace(other.filename.encode(), next(iter(members)).encode())


def _names(rng: Random, members: Members) -> bytes:
    names = [
        "../x.npy",
        "/etc/x.npy",
        "a/b/c.npy",
        "\x1b[2J.npy",
        "x" * 60_000,
        ".npy",
        "",
        "é.npy",
        "con1",
        "dir/",
        "conv1.npy.npy",
        "a\\b.npy",
    ]
    return zipped({**members, rng.choice(names): rng.choice([*members.values(), b"", b"x"])})


def _patched(signature: bytes, offset: int, value: bytes) -> Callable[[Random, Members], bytes]:
    """Some bytes of the first record of a kind replaced."""

    def patch(rng: Random, members: Members) -> bytes:
        raw = bytearray(zipped(members, compressed=chance(rng, 0.5)))
        at = raw.index(signature) + offset
        raw[at : at + len(value)] = value
        return bytes(raw)

    return patch


_HUGE = struct.pack("<I", 2**32 - 2)
_ARCHIVES: dict[str, Callable[[Random, Members], bytes]] = {
    "array": _with_array,
    "array again": _with_array,
    "same name": _again,
    "names": _names,
    "encrypted": _patched(b"PK\1\2", 8, b"\1\0"),
    "method": _patched(b"PK\1\2", 10, b"\x63\0"),
    "bzip2": _patched(b"PK\1\2", 10, b"\x0c\0"),
    "crc": _patched(b"PK\1\2", 16, b"\0\0\0\0"),
    "packed size": _patched(b"PK\1\2", 20, _HUGE),
    "size": _patched(b"PK\1\2", 24, _HUGE),
    "small size": _patched(b"PK\1\2", 24, b"\1\0\0\0"),
    "zip64": _patched(b"PK\1\2", 24, b"\xff\xff\xff\xff"),
    "offset": _patched(b"PK\1\2", 42, _HUGE),
    "local name": _patched(b"PK\3\4", 30, b"zzzz"),
    "local flag": _patched(b"PK\3\4", 6, b"\1\0"),
    "number of members": _patched(b"PK\5\6", 10, b"\xff\xff"),
    "directory": _patched(b"PK\5\6", 16, _HUGE),
    "empty archive": lambda rng, members: zipped({}),
    "bare array": lambda rng, members: next(iter(members.values())),
    "before it": lambda rng, members: rng.randbytes(100) + zipped(members),
    "behind it": lambda rng, members: zipped(members) + rng.randbytes(100),
    "many": lambda rng, members: zipped({**members, **{f"m{n}.npy": b"" for n in range(3_000)}}, compressed=False),
    "text": lambda rng, members: b"hello\n",
}
