"""Memory of this process: what it has, and what the machine, its container and `ulimit` let it still take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

ROOT = Path("/")


class Taken(NamedTuple):
    """Bytes of memory that a process has, of its address space, and of that for data."""

    resident: int
    virtual: int
    data: int


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
    return taken().resident


def free_bytes() -> int:
    """Bytes of memory that this process may still take: the least that the machine, `ulimit` and control groups leave it.

    What the machine could only give by swapping is not counted. Nor is what `at_most` leaves out.
    """
    asked = _most.get()
    left = () if asked is None else (asked - taken_bytes(),)
    return max(0, min(available(), *_left_by_ulimit(), *left_by_groups(), *left))


def taken(root: Path = ROOT) -> Taken:
    """Memory of this process. Linux has it in a file; elsewhere psutil is asked, which takes longer to load than a scenario to be read."""
    try:
        virtual, resident, _, _, _, data, *_ = (int(pages) for pages in (root / "proc/self/statm").read_text().split())
    except OSError:
        import psutil

        found = psutil.Process().memory_info()
        return Taken(int(found.rss), int(found.vms), int(getattr(found, "data", 0)))
    page = os.sysconf("SC_PAGE_SIZE")
    return Taken(resident * page, virtual * page, data * page)


def available(root: Path = ROOT) -> int:
    """Bytes of memory that the machine can give without swapping; from the same two sources."""
    try:
        known = dict(line.split(":", 1) for line in (root / "proc/meminfo").read_text().splitlines())
    except OSError:
        known = {}
    if "MemAvailable" in known:
        return int(known["MemAvailable"].split()[0]) * 1024
    import psutil

    return int(psutil.virtual_memory().available)


def _left_by_ulimit() -> Iterator[int]:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    mine = taken()
    for limit, used in ((resource.RLIMIT_AS, mine.virtual), (resource.RLIMIT_DATA, mine.data)):
        soft, _ = resource.getrlimit(limit)
        if soft != resource.RLIM_INFINITY:
            yield soft - used


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
