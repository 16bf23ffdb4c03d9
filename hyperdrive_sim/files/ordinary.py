"""Ordinary files, opened and read within bounds: no device, pipe or socket, which may never end, and nothing larger than is wanted."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

NONBLOCKING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_REASONS = {
    FileNotFoundError: "there is no such file",
    IsADirectoryError: "it is a directory",
    NotADirectoryError: "a part of its path is no directory",
    PermissionError: "permission denied",
}


def opened(path: Path) -> BinaryIO:
    """Open an ordinary file to be read. Raises OSError for anything else, without waiting for it or reading from it."""
    try:
        _refuse_others(os.stat(path))
        file = open(os.open(path, os.O_RDONLY | NONBLOCKING), "rb")  # noqa: SIM115 - the caller closes it
    except ValueError as error:  # a NUL in the name
        raise OSError(errno.EINVAL, str(error)) from None
    try:
        _refuse_others(os.fstat(file.fileno()))  # again: it may have become another one
    except OSError:
        file.close()
        raise
    return file


def read(path: Path, most_bytes: int) -> bytes:
    """The whole of an ordinary file. Raises OSError for anything else, and for a file of more than *most_bytes*, unread."""
    with opened(path) as file:
        data = file.read(most_bytes + 1) if os.fstat(file.fileno()).st_size <= most_bytes else b""
        if len(data) > most_bytes or os.fstat(file.fileno()).st_size > most_bytes:
            raise OSError(errno.EFBIG, f"it is larger than {size(most_bytes)}")
    return data


def why(error: OSError) -> str:
    """Why a file could not be read, as the end of a sentence."""
    known = next((reason for kind, reason in _REASONS.items() if isinstance(error, kind)), "")
    said = error.strerror or str(error)
    return known or said[:1].lower() + said[1:]


def size(count: int) -> str:
    """A number of bytes in words, such as 256 KiB."""
    power = max((n for n in range(4) if count >= 1024**n), default=0)
    number = count / 1024**power
    return f"{f'{number:,.0f}' if number >= 1000 else f'{number:.4g}'} {('bytes', 'KiB', 'MiB', 'GiB')[power]}"


def _refuse_others(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.ENOTSUP, "it is no ordinary file but a device, a pipe or a socket")
