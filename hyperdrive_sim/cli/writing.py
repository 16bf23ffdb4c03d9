"""What a command has written, said on stderr in one way: where it is, how large, and what opens it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from hyperdrive_sim.cli.terminal import tell
from hyperdrive_sim.errors import one_line

UNITS = ("B", "kB", "MB", "GB")
STEP = 1000


def tell_written(path: Path, opens: str, holds: str = "") -> None:
    """Say that a file or a directory has been written, what it *holds* and what *opens* it.

    wrote tiny.json: 62.3 kB; opens in ui.perfetto.dev, speedscope or chrome://tracing
    """
    said = [one_line(holds)] if holds else []
    with suppress(OSError):  # somebody has taken it away meanwhile
        said += _sizes(path)
    about = f": {', '.join(said)}" if said else ""
    tell(f"wrote {one_line(str(path))}{about}; {one_line(opens)}")


def _sizes(path: Path) -> list[str]:
    """How large a file is, or how many files a directory has and how large they are together."""
    if not os.path.isdir(path):
        return [size(path.stat().st_size)]
    from hyperdrive_sim.text.wording import counted

    files = [one.stat().st_size for one in path.iterdir()]
    return [counted(len(files), "file"), size(sum(files))]


def size(count: int) -> str:
    """A number of bytes as shells and file managers show it.

    >>> size(999), size(1234), size(62_345_678)
    ('999 B', '1.2 kB', '62.3 MB')
    """
    power = min(max(0, (len(str(count)) - 1) // 3), len(UNITS) - 1)
    return f"{count} B" if power == 0 else f"{count / STEP**power:,.1f} {UNITS[power]}"
