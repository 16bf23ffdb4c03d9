"""Memory of this process: what it has, and what the machine, its container and `ulimit` let it still take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

import psutil

ROOT = Path("/")


class _Files(NamedTuple):
    """Names under which one version of control groups keeps a group's limit, its use, and the part of it that is given up when needed."""

    folder: str
    limit: str
    used: str
    spare: str


_FIRST = _Files("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_SECOND = _Files("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")


_most: ContextVar[int | None] = ContextVar("most", default=None)


@contextmanager
def at_most(count: int | None) -> Iterator[None]:
    """Let this process take no more than *count* bytes in all while the block lasts, as far as that is known beforehand; None: as it is."""
    token = _most.set(count)
    try:
        yield
    finally:
        _most.reset(token)


def taken_bytes() -> int:
    """Bytes of memory that this process has."""
    return int(psutil.Process().memory_info().rss)


def free_bytes() -> int:
    """Bytes of memory that this process may still take: the least that the machine, `ulimit` and control groups leave it.

    What the machine could only give by swapping is not counted. Nor is what `at_most` leaves out.
    """
    asked = _most.get()
    left = () if asked is None else (asked - taken_bytes(),)
    return max(0, min(int(psutil.virtual_memory().available), *_left_by_ulimit(), *left_by_groups(), *left))


def _left_by_ulimit() -> Iterator[int]:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    mine = psutil.Process().memory_info()
    for limit, taken in ((resource.RLIMIT_AS, mine.vms), (resource.RLIMIT_DATA, getattr(mine, "data", 0))):
        soft, _ = resource.getrlimit(limit)
        if soft != resource.RLIM_INFINITY:
            yield soft - int(taken)


def left_by_groups(root: Path = ROOT) -> Iterator[int]:
    """Bytes that each control group around this process leaves it; nothing where there are none, or none with a limit.

    A container is such a group. Seen from inside, its own folder may be the topmost one, whatever the process is told to be in; all
    folders on the way up are therefore asked. *root* is where the file system begins.
    """
    try:
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not on Linux
        return
    for group in groups:
        _, controllers, path = group.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        files = _FIRST if controllers else _SECOND
        top = root / files.folder
        folder = top / path.strip("/")
        while folder.is_relative_to(top):
            yield from _left_by_group(folder, files)
            folder = folder.parent


def _left_by_group(folder: Path, files: _Files) -> Iterator[int]:
    try:
        limit, used = ((folder / name).read_text().strip() for name in (files.limit, files.used))
        spare = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines()).get(files.spare, "0")
    except OSError:  # no such group here, or the topmost one, which has no limit
        return
    if limit != "max":
        yield int(limit) - int(used) + int(spare)
