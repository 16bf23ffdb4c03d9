"""Atomic file writes: a temporary file, renamed when it is complete; the files of a directory all together."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.parameters import Array


def writable(folder: Path, option: str = "--output") -> None:
    """Raises InvalidInput, before a long run rather than after, if *folder* or what it is to be in is a file; *option* asked for it."""
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise InvalidInput.at(option, f"'{path}' is a file", "name a directory")


def writable_file(path: Path, option: str = "--output") -> None:
    """Raises InvalidInput if a file cannot be written to *path*: for a directory, or for a device, which must not be replaced."""
    if path.is_dir():
        raise InvalidInput.at(option, f"'{path}' is a directory", "name a file")
    if path.exists() and not path.is_file():
        raise InvalidInput.at(option, f"'{path}' is no ordinary file, which could be replaced", "name another")
    writable(path.parent, option)


def write_file(text: str, path: Path) -> None:
    """Write one file, in a directory that is made if there is none."""
    with replacing(path) as file:
        file.write(text.encode())


class Staging:
    """Files on their way into a directory, under temporary names until all are complete. An OSError names the file that it is about."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary: dict[str, Path] = {}

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        with _about(self.folder / name):
            handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{name}.")
            self.temporary[name] = Path(temporary)
            with os.fdopen(handle, "wb") as file:
                yield file
            os.chmod(temporary, 0o644)

    def write(self, name: str, data: bytes) -> None:
        with self.file(name) as file:
            file.write(data)

    def digests(self) -> dict[str, str]:
        """The SHA-256 of every file."""
        return {name: sha256(path) for name, path in self.temporary.items()}

    def place(self) -> None:
        """Give the files their names, in the order in which they were written."""
        for name, temporary in list(self.temporary.items()):
            with _about(self.folder / name):
                os.replace(temporary, self.folder / name)
            del self.temporary[name]


@contextmanager
def staged(folder: Path) -> Iterator[Staging]:
    """Open a `Staging` whose temporary files never stay behind, whatever ends it before they are placed: a full disk, a Ctrl-C."""
    folder.mkdir(parents=True, exist_ok=True)
    staging = Staging(folder)
    try:
        yield staging
    finally:
        for left in staging.temporary.values():
            with suppress(OSError):
                left.unlink()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_outputs(frames: Sequence[Mapping[str, Array]], folder: Path) -> None:
    """Write what the network computed, [frames, channels, rows, columns]: `output.npy`, or several outputs by name, `output.npz`."""
    arrays = {name: np.stack([frame[name] for frame in frames]).transpose(0, 3, 1, 2) for name in frames[0]}
    if len(arrays) == 1:
        with replacing(folder / "output.npy") as file:
            np.save(file, next(iter(arrays.values())), allow_pickle=False)
    else:
        with replacing(folder / "output.npz") as file:
            np.savez(file, allow_pickle=False, **arrays)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes its name only when it is complete."""
    with staged(path.parent) as staging:
        with staging.file(path.name) as file:
            yield file
        staging.place()


@contextmanager
def _about(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
