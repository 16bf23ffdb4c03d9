"""Targets of what is written: only what this program wrote is replaced, and nothing that it reads.

Whatever else is at such a place is somebody's own. `--force` has an ordinary file replaced, or such files in a directory that have names
of ours; a directory with anything else in it is never one to write into, nor is the directory of another run.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files import ordinary
from hyperdrive_sim.outputs import sealed, staging
from hyperdrive_sim.outputs.staging import Staging

T = TypeVar("T")

FORCED = "or add --force"
HEAD = 4096
"""Bytes at the beginning of a file in which its mark stands."""


@dataclass(frozen=True)
class FileTarget:
    """A file to write. It may be replaced if it is empty, or begins with the *mark* of those that this program writes.

    *option* asked for it; *inputs* are what is read for it.
    """

    path: Path
    option: str
    mark: bytes
    force: bool = False
    inputs: Sequence[Path] = ()

    def check(self) -> None:
        """Raises InvalidInput, before a long run rather than after, if nothing may be written there."""
        path, option = self.path, self.option
        _refuse_names(path, option)
        if os.path.isdir(path):
            raise InvalidInput.at(option, f"'{path}' is a directory", "name a file")
        there = os.path.exists(path)
        if there and not os.path.isfile(path):
            raise InvalidInput.at(option, f"'{path}' is no ordinary file, which could be replaced", "name another")
        _refuse_inputs(path, option, self.inputs)
        _refuse_folder(path.parent, option)
        if there and not self.force and not self._is_ours():
            problem = f"'{path}' was not written by hyperdrive-sim, or not as this is, or may not be changed"
            raise InvalidInput.at(option, problem, f"name another, {FORCED}")

    def _is_ours(self) -> bool:
        return os.access(self.path, os.W_OK) and (os.path.getsize(self.path) == 0 or _head(self.path).startswith(self.mark))

    def writing(self) -> AbstractContextManager[BinaryIO]:
        """The file, which takes its place when it is complete."""
        return _guarded(self, staging.replacing)


@dataclass(frozen=True)
class FolderTarget:
    """A directory to write. It may be new, empty, or one whose manifest says that this program wrote all that is in it.

    *ours* tells the names of the files that are written into such a one; *option* asked for it; *inputs* are what is read for it.
    """

    path: Path
    ours: Callable[[str], bool]
    force: bool = False
    inputs: Sequence[Path] = ()
    option: str = "--output"

    def check(self) -> None:
        """Raises InvalidInput, before a long run rather than after, if nothing may be written there."""
        folder, option = self.path, self.option
        _refuse_names(folder, option)
        real = Path(os.path.realpath(folder))
        if os.path.ismount(real) or _lies_in(Path.cwd(), real):
            what = "a mount point" if os.path.ismount(real) else "the current directory or above it"
            raise InvalidInput.at(option, f"'{folder}' is {what} and cannot be swapped for another", "name one below it")
        _refuse_inputs(folder, option, self.inputs)
        there = os.path.isdir(folder)
        _refuse_folder(folder.parent if there else folder, option)
        if there:
            self._check_contents()

    def _check_contents(self) -> None:
        """Raises InvalidInput if a directory has anything in it that is not to be replaced."""
        folder, option = self.path, self.option
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda one: one.name)
        others = [one.name for one in entries if not (one.name == sealed.MANIFEST or self.ours(one.name)) or not one.is_file()]
        if others:
            problem = f"'{folder}' holds '{others[0]}', which is nothing that is written there"
            raise InvalidInput.at(option, problem, "name a new or an empty directory")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InvalidInput.at(option, f"'{folder}' may not be changed: permission denied", "name another directory")
        if not self.force and (changed := sealed.foreign(folder)):
            problem = f"'{folder / changed}' was not written by hyperdrive-sim, or was changed since"
            raise InvalidInput.at(option, problem, f"name another directory, {FORCED}")

    def writing(self) -> AbstractContextManager[Staging]:
        """The files of the directory, which takes its place when all of them are complete."""
        return _guarded(self, staging.staged)


@contextmanager
def _guarded(target: FileTarget | FolderTarget, staged: Callable[[Path], AbstractContextManager[T]]) -> Iterator[T]:
    """What is written beside a target's place, which is checked before and once more before it takes its place."""
    target.check()
    with staged(Path(os.path.realpath(target.path))) as new:
        yield new
        target.check()  # somebody may have put something there meanwhile


def lies_in(path: Path, folder: Path) -> bool:
    """True for what is a directory or lies in it, or would if it were there, by whatever names."""
    return _lies_in(Path(os.path.realpath(path)), Path(os.path.realpath(folder)))


def _lies_in(path: Path, folder: Path) -> bool:
    """By names, and by what the file system knows things as: it may know one by several names, or not care for upper case."""
    return path.is_relative_to(folder) or any(map(_same_as(folder), (path, *path.parents)))


def _same_as(one: Path) -> Callable[[Path], bool]:
    try:
        known = os.stat(one)
    except OSError:  # it is not there: nothing is the same
        return lambda other: False

    def same(other: Path) -> bool:
        try:
            return os.path.samestat(known, os.stat(other))
        except OSError:
            return False

    return same


def _refuse_names(path: Path, option: str) -> None:
    """Raises InvalidInput for a name that no file can have, and for a link that leads to itself."""
    try:
        os.lstat(path)
    except ValueError:  # a NUL
        raise InvalidInput.at(option, f"'{path}' cannot be the name of a file", "name another") from None
    except OSError as error:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise InvalidInput.at(option, f"cannot write '{path}': {ordinary.why(error)}", "name another") from None
    if os.path.islink(os.path.realpath(path)):
        raise InvalidInput.at(option, f"'{path}' is a link that leads nowhere", "name another")


def _refuse_folder(folder: Path, option: str) -> None:
    """Raises InvalidInput if nothing may be added to a folder, or to the first one above it that is there."""
    for path in (folder, *folder.parents):
        if os.path.exists(path) and not os.path.isdir(path):
            raise InvalidInput.at(option, f"'{path}' is a file", "name a directory")
        if os.path.isdir(path):
            if not os.access(path, os.W_OK | os.X_OK):
                raise InvalidInput.at(option, f"'{path}' cannot be written into: permission denied", "name a place in another directory")
            break
    real = Path(os.path.realpath(folder))
    if sealing := next((above for above in (real, *real.parents) if sealed.is_ours(above)), None):
        raise InvalidInput.at(option, f"'{sealing}' is the directory of a run, where nothing else may be", "name a place outside")


def _refuse_inputs(path: Path, option: str, inputs: Sequence[Path]) -> None:
    """Raises InvalidInput if one of the *inputs* would be replaced or added to, by whatever name it is known."""
    for one in inputs:
        if os.path.isdir(one) and lies_in(path, one):
            raise InvalidInput.at(option, f"'{path}' lies in '{one}', which is read for it", "name another place")
        if lies_in(one, path):
            raise InvalidInput.at(option, f"'{path}' is or holds '{one}', which is read for it", "name another place")


def _head(path: Path) -> bytes:
    """The beginning of a file, unpacked if it is a compressed one; nothing if it cannot be read."""
    try:
        with ordinary.opened(path) as file:
            head = file.read(HEAD)
        return zlib.decompressobj(31).decompress(head, HEAD) if head[:2] == b"\x1f\x8b" else head
    except (OSError, zlib.error):
        return b""
