"""An input: a command line and the files that it finds, as plain data, so that it can be run again and saved.

Everything is drawn from `random.Random(f"{seed}/{number}")`: input *number* of *seed* is always the same, whatever was run before it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any


@dataclass(frozen=True)
class Folder:
    """An empty directory; one with files in it is made for them."""


@dataclass(frozen=True)
class Fifo:
    """A named pipe that nobody writes to: who opens it for reading waits for ever."""


@dataclass(frozen=True)
class Link:
    """A symbolic link, to what may not be there."""

    target: str


Content = bytes | Folder | Fifo | Link
Files = Mapping[str, Content]


@dataclass(frozen=True)
class Input:
    """A command line with its files, by name relative to the directory that it is run in.

    `what` says in a few words what is wrong with it. `replaceable` are names of files, or of directories with all in them, that the
    command may change; whatever else is there belongs to the user.
    """

    argv: tuple[str, ...]
    files: Files
    what: str = ""
    replaceable: tuple[str, ...] = ()

    def may_change(self, name: str) -> bool:
        return any(name == one or name.startswith(f"{one}/") for one in self.replaceable)


def lay(files: Files, folder: Path) -> None:
    """Write the files of an input into a directory."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        match content:
            case bytes():
                path.write_bytes(content)
            case Folder():
                path.mkdir(exist_ok=True)
            case Fifo():
                os.mkfifo(path)
            case Link(target):
                path.symlink_to(target)


def chance(rng: Random, probability: float) -> bool:
    return rng.random() < probability


def weighted(rng: Random, weights: Mapping[Any, float]) -> Any:
    """One of the keys, as often as its weight says."""
    return rng.choices(list(weights), list(weights.values()))[0]


def spoilt(rng: Random, data: bytes) -> tuple[bytes, str]:
    """Bytes after an accident: flipped, cut off, put in, taken out or doubled; and its name."""
    how = rng.choice(["flip", "truncate", "insert", "delete", "duplicate", "empty"])
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice([1, 2, 8, 64]))
    if how == "flip":
        return _flipped(rng, data), how
    made = {
        "truncate": data[:at],
        "insert": data[:at] + rng.randbytes(rng.choice([1, 2, 16])) + data[at:],
        "delete": data[:at] + data[end:],
        "duplicate": data[:end] + data[at:],
        "empty": b"",
    }
    return made[how], how


def _flipped(rng: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 3, 20]) if data else 0):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def without(files: Files, names: Sequence[str]) -> dict[str, Content]:
    return {name: content for name, content in files.items() if name not in names}
