"""Files and directories written beside their place and swapped in whole: an earlier one is there until the new one is complete.

On Linux two directories exchange their names at once. Elsewhere the earlier one has another name for a moment; after a kill in that moment
it has its own again as soon as somebody writes there. What else a kill leaves behind has a name of its own, nobody who holds its lock and
no process that is still there; whoever writes into the same folder next removes it.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from hyperdrive_sim.files import ordinary
from hyperdrive_sim.files.undone import undone

try:
    import fcntl
except ImportError:  # on Windows nobody can tell who is still writing: what a kill left stays
    fcntl = None  # type: ignore[assignment]

UNFINISHED, EARLIER = ".hyperdrive-sim-unfinished-", ".hyperdrive-sim-earlier-"
"""Beginnings of the names of what is being written, and of what has just been replaced where two names cannot be exchanged."""

GRACE_S = 0.1
"""Between the making of a file and its lock: one that is as young may be that of a process in another container."""

AT_WORKING_DIRECTORY, EXCHANGE = -100, 2
"""Of Linux's renameat2."""


_ours: set[str] = set()
"""Names of what this process is writing, maybe in several threads."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes its name, and the mode of what had it before, only when it is complete.

    Raises OSError, which names the file, where it cannot be written.
    """
    with about(path), _parents(path), _unfinished(path.parent) as new:
        with _created(new, path) as file, _locked(file.fileno()):
            yield file
        os.replace(new, path)


class Staging:
    """Files on their way into a directory that takes its place when all are complete. An OSError names the file that it is about."""

    def __init__(self, new: Path, place: Path) -> None:
        self.new, self.place = new, place
        self.names: list[str] = []

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        with about(self.place / name), _created(self.new / name, self.place / name) as file:
            self.names.append(name)
            yield file

    def write(self, name: str, data: bytes) -> None:
        with self.file(name) as file:
            file.write(data)

    def digests(self) -> dict[str, str]:
        """The SHA-256 of every file."""
        return {name: sha256(self.new / name) for name in self.names}


@contextmanager
def staged(place: Path) -> Iterator[Staging]:
    """A directory to fill; it takes its place, and that of an earlier one, at the end of the block. What ends the block leaves no trace."""
    with about(place), _parents(place), _unfinished(place.parent) as new:
        _put_back(place)
        new.mkdir()
        _take_mode(new, place, stat.S_IRWXU)  # at once: what is private stays so
        with _lock_of(new):
            yield Staging(new, place)
            _take_mode(new, place)
            _swap(new, place)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Let an OSError name *path*, which is what a user called for, unless it has named something that is no temporary file."""
    try:
        yield
    except OSError as error:
        told = os.fspath(error.filename) if error.filename else ""
        name = told if told and UNFINISHED not in told and EARLIER not in told else str(path)
        raise OSError(error.errno, error.strerror or str(error), name) from None


@contextmanager
def _parents(path: Path) -> Iterator[None]:
    """The folder of a path, made where there is none, and gone again with those above it where nothing has come to lie in it."""
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]

    def gone() -> None:
        for folder in made:
            with suppress(OSError):  # it is not empty, as it should be
                folder.rmdir()

    with undone(gone):
        path.parent.mkdir(parents=True, exist_ok=True)
        yield


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A name in *folder* for what is being written; what has it at the end is removed, and so is what others have left there."""
    for left in _abandoned(folder):
        _remove(left)
    new = folder / f"{UNFINISHED}{os.getpid()}-{secrets.token_hex(4)}"
    _ours.add(new.name)
    with undone(partial(_ours.discard, new.name)), undone(partial(_remove, new)):
        yield new


def _abandoned(folder: Path) -> Iterator[Path]:
    """What a kill left in a folder: a file or directory of ours by its name, whose process has ended, and whose lock nobody holds."""
    with os.scandir(folder) as found:
        names = [(Path(one), re.fullmatch(rf"{re.escape(UNFINISHED)}(\d+)-[0-9a-f]{{8}}", one.name)) for one in found]
    for path in [path for path, name in names if name and path.name not in _ours and _has_ended(int(name[1]))]:
        with suppress(OSError):  # it is gone, or somebody is at work on it
            known = os.lstat(path)
            if not (stat.S_ISREG(known.st_mode) or stat.S_ISDIR(known.st_mode)) or time.time() - known.st_mtime < GRACE_S:
                continue
            handle = os.open(path, os.O_RDONLY | ordinary.NONBLOCKING | getattr(os, "O_NOFOLLOW", 0))
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield path
            finally:
                os.close(handle)


def _has_ended(process: int) -> bool:
    """True for a process that is no more on this machine, or whose number is ours now; False where nobody can tell."""
    try:
        os.kill(process, 0) if fcntl else None
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return bool(fcntl) and process == os.getpid()


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            os.chmod(path, stat.S_IRWXU)  # it may have been write-protected
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def _created(new: Path, old: Path) -> Iterator[BinaryIO]:
    """A new file with the mode of an old one, or as the umask has it where there is no old one."""
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with open(handle, "wb") as file:
        _take_mode(new, old)
        yield file


def _take_mode(new: Path, old: Path, more: int = 0) -> None:
    """Give what is new the mode of what it replaces, if there is anything and the file system has modes; *more* bits beside."""
    with suppress(OSError):
        os.chmod(new, stat.S_IMODE(os.stat(old).st_mode) | more)


@contextmanager
def _lock_of(folder: Path) -> Iterator[None]:
    """The lock of a directory. Windows opens none."""
    if not fcntl:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with _locked(handle):
            yield
    finally:
        os.close(handle)


@contextmanager
def _locked(handle: int) -> Iterator[None]:
    if fcntl:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    yield


def _swap(new: Path, place: Path) -> None:
    """Put a directory in its place. An earlier one is there until then, and has the other's name from then on."""
    earlier = _earlier(place)
    if not os.path.exists(place):
        os.rename(new, place)
    elif not _exchanged(new, place):
        _remove(earlier)
        with undone(partial(_put_back, place)):
            os.rename(place, earlier)
            os.rename(new, place)
    _remove(earlier)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange the names of two directories, at once; False where the system or the file system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    names = AT_WORKING_DIRECTORY, os.fsencode(one), AT_WORKING_DIRECTORY, os.fsencode(other), EXCHANGE
    return int(rename(*names)) == 0


def _put_back(place: Path) -> None:
    """Give the directory that was to be replaced its name again, where nothing has taken it."""
    with suppress(OSError):
        if not os.path.lexists(place):
            os.rename(_earlier(place), place)


def _earlier(place: Path) -> Path:
    return place.parent / f"{EARLIER}{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:8]}"
