"""Targets of what is written: only what this program wrote is replaced, and nothing that it reads.

Whatever else is at such a place is somebody's own. `--force` has a file replaced, or files in a directory that have names of ours; a
directory with anything else in it is never one to write into.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files import ordinary
from hyperdrive_sim.outputs import sealed, staging
from hyperdrive_sim.outputs.staging import Staging

FORCED = "or add --force"
HEAD = 4096
"""Bytes at the beginning of a file in which its mark stands."""


@dataclass(frozen=True)
class FileTarget:
    """A file to write. It may be replaced if its beginning has the *mark* of those that this program writes; *option* asked for it."""

    path: Path
    option: str
    mark: bytes
    force: bool = False
    inputs: Sequence[Path] = ()

    def check(self) -> None:
        """Raises InvalidInput, before a long run rather than after, if nothing may be written there."""
        path, option = self.path, self.option
        if path.is_dir():
            raise InvalidInput.at(option, f"'{path}' is a directory", "name a file")
        if path.exists() and not path.is_file():
            raise InvalidInput.at(option, f"'{path}' is no ordinary file, which could be replaced", "name another")
        _refuse_inputs(path, option, self.inputs)
        _refuse_folder(path.parent, option)
        if path.exists() and not self.force and self.mark not in _head(path):
            raise InvalidInput.at(option, f"'{path}' was not written by hyperdrive-sim, or not as this is", f"name another, {FORCED}")

    @contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """The file, which takes its place when it is complete."""
        self.check()
        with staging.replacing(Path(os.path.realpath(self.path))) as file:
            yield file


@dataclass(frozen=True)
class FolderTarget:
    """A directory to write. It may be new, empty, or one whose manifest says that this program wrote all that is in it.

    *ours* tells the names of the files that are written into such a one; *option* asked for it.
    """

    path: Path
    ours: Callable[[str], bool]
    force: bool = False
    inputs: Sequence[Path] = ()
    option: str = "--output"

    def check(self) -> None:
        """Raises InvalidInput, before a long run rather than after, if nothing may be written there."""
        folder, option = self.path, self.option
        _refuse_inputs(folder, option, self.inputs)
        real = Path(os.path.realpath(folder))
        _refuse_folder(folder if real == Path(real.root) else folder.parent, option)
        if not folder.is_dir():
            _refuse_folder(folder, option)
            return
        if os.path.ismount(real) or Path.cwd().is_relative_to(real):
            what = "a mount point" if os.path.ismount(real) else "the current directory or above it"
            raise InvalidInput.at(option, f"'{folder}' is {what} and cannot be swapped for another", "name one below it")
        if others := sorted(name for name in os.listdir(folder) if not (name == sealed.MANIFEST or self.ours(name))):
            problem = f"'{folder}' holds '{others[0]}', which is nothing that is written there"
            raise InvalidInput.at(option, problem, "name a new or an empty directory")
        if not self.force and (changed := sealed.foreign(folder)):
            problem = f"'{folder / changed}' was not written by hyperdrive-sim, or was changed since"
            raise InvalidInput.at(option, problem, f"name another directory, {FORCED}")

    @contextmanager
    def writing(self) -> Iterator[Staging]:
        """The files of the directory, which takes its place when all of them are complete."""
        self.check()
        with staging.staged(Path(os.path.realpath(self.path))) as files:
            yield files
            self.check()  # again: somebody may have put something there meanwhile


def lies_in(path: Path, folder: Path) -> bool:
    """True for what is a directory or lies in it, by whatever name."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _refuse_folder(folder: Path, option: str) -> None:
    """Raises InvalidInput if a folder, or the first one above it that is there, cannot be written into."""
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise InvalidInput.at(option, f"'{path}' is a file", "name a directory")
        if path.is_dir():
            if not os.access(path, os.W_OK | os.X_OK):
                raise InvalidInput.at(option, f"'{path}' cannot be written into: permission denied", "name a place in another directory")
            return


def _refuse_inputs(path: Path, option: str, inputs: Sequence[Path]) -> None:
    """Raises InvalidInput if one of the *inputs* would be replaced or added to, by whatever name it is known."""
    for one in inputs:
        if one.is_dir() and lies_in(path, one):
            raise InvalidInput.at(option, f"'{path}' lies in '{one}', which is read for it", "name another place")
        if lies_in(one, path) or (path.is_file() and one.exists() and path.samefile(one)):
            raise InvalidInput.at(option, f"'{path}' is or holds '{one}', which is read for it", "name another place")


def _head(path: Path) -> bytes:
    """The beginning of a file, unpacked if it is a compressed one; nothing if it cannot be read."""
    try:
        with ordinary.opened(path) as file:
            head = file.read(HEAD)
        return zlib.decompressobj(31).decompress(head, HEAD) if head[:2] == b"\x1f\x8b" else head
    except (OSError, zlib.error):
        return b""
