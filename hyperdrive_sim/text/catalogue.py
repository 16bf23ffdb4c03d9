"""Names of files as a user gives them: a path, a directory that stands for a file in it, or the short name of a file that comes along."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from hyperdrive_sim.text.wording import meant, near, nearest

SUFFIX = ".yaml"
NEIGHBOURS = 1000
"""Files of a folder among which a name like the one that is missing is looked for."""

ALIKE, SHORT_ALIKE = 0.8, 0.75
"""Likeness from which on a file, or a short name, may be meant; endings and folders, which many of them share, count too."""

MOST_MEANT = 4
"""Names that a cure offers; where more are alike, none is meant in particular."""


@dataclass(frozen=True)
class Catalogue:
    """YAML files below a *folder*, each found from anywhere by its path there without `.yaml`: its short name. Without a folder, none.

    A directory stands for the file in it that is called *inside*, if it has one. *cures* are for a name and for a directory of nothing.
    """

    folder: Path | None = None
    inside: str = ""
    cures: tuple[str, str] = ("", "")

    @cached_property
    def names(self) -> Mapping[str, Path]:
        """The files by their short names, in the order of the alphabet."""
        return {self.name(path): path for path in sorted(self.folder.rglob(f"*{SUFFIX}"))} if self.folder else {}

    def name(self, path: Path) -> str:
        """The short name of a file; empty for one that is not below the folder."""
        whole = Path(os.path.abspath(path))
        if self.folder is None or whole.suffix != SUFFIX or not whole.is_relative_to(self.folder):
            return ""
        return whole.relative_to(self.folder).as_posix().removesuffix(SUFFIX)

    def located(self, path: Path, name: str, shown: str) -> tuple[Path, str]:
        """The file that a *name* means, and what messages call it; if the name is one of a file, it leads to *path*, *shown* in messages.

        What exists goes before a short name. What means nothing comes back as it is: whoever reads it says so.
        """
        if self.inside and os.path.isdir(path) and os.path.isfile(path / self.inside):
            return path / self.inside, os.path.join(shown, self.inside)
        if os.path.lexists(path):
            return path, shown
        found = self.names.get(name.removesuffix(SUFFIX))
        return (found, from_here(found)) if found else (path, shown)

    def cure(self, path: Path, name: str) -> str:
        """What to do about a *name* that means no file: take the one that is most like it."""
        short, directory = self.cures
        if os.path.isdir(path):
            return directory
        if os.path.isfile(f"{path}{SUFFIX}"):
            return meant([f"{name}{SUFFIX}"])
        found = near(path.name, _neighbours(path), likeness=ALIKE) or meant(self._meant(name.removesuffix(SUFFIX)))
        return found or ("" if path.suffix else short)

    def _meant(self, name: str) -> list[str]:
        """Short names that are meant by another: those that end so, or else the one most like it; none by the name of a folder."""
        if any(one.startswith(f"{name}/") for one in self.names):
            return []
        last = name.rpartition("/")[2].lower()
        ends = [one for one in self.names if one.rpartition("/")[2] == last]
        return ends if 0 < len(ends) <= MOST_MEANT else nearest(name, self.names, SHORT_ALIKE)


def from_here(path: Path) -> str:
    """A path as messages call it: from the working directory if that is above it, else whole."""
    try:
        here = Path.cwd()
    except OSError:  # it is gone
        return str(path)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _neighbours(path: Path) -> Iterator[str]:
    """Names of some files in the folder of one that is not there."""
    with suppress(OSError, ValueError), os.scandir(path.parent) as found:
        yield from (one.name for one in islice(found, NEIGHBOURS))
