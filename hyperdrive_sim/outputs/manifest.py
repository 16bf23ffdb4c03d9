"""The manifest of a run directory: what made it, and the hash of each of its files, which are all that may be there.

What differs between two runs of a scenario stands here alone; the other files are the same to the byte.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from hyperdrive_sim import __version__
from hyperdrive_sim.errors import InvalidInput, visible
from hyperdrive_sim.outputs import sealed
from hyperdrive_sim.outputs.staging import Staging
from hyperdrive_sim.scenario.shipped import RESOLVED
from hyperdrive_sim.text.document import Document

STATUS = Path("/proc/self/status")
SCHEMA_VERSION = 2
MOST_WORDS, LONGEST_WORD = 100, 500
"""Of a command line, words and characters of each that are kept: a manifest is read within bounds."""

PACKAGES = ("networkx", "numpy", "simpy")

DIRECTORIES = re.compile(r"(?<![\w.~\\/-])(?:[A-Za-z]:)?[\\/](?=\S)(?:[^\s\"'\[\]{},]*[\\/])?")
"""What precedes the name in an absolute path, wherever one stands in a text."""


class Circumstances(NamedTuple):
    """Circumstances of a run: the command line, without the program, how long the simulation took and how much memory."""

    arguments: Sequence[str] = ()
    wall_s: float | None = None
    peak_memory_bytes: int | None = None


UNTOLD = Circumstances()

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""A SHA-256."""


class Manifest(BaseModel):
    """The manifest of a run directory, as the file holds it.

    `schema_version` is that of the directory as a whole, `scenario_sha256` of all that the scenario said, or of
    an imported network's structure, `files` maps names to SHA-256.
    `wall_s` and `peak_memory_bytes` are those of the simulation, up to its report.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    schema_version: int
    scenario_sha256: Digest
    seed: Annotated[int, Field(ge=0)]
    command: tuple[str, ...]
    date: str
    wall_s: Annotated[float, Field(ge=0)] | None
    peak_memory_bytes: Annotated[int, Field(ge=0)] | None
    versions: Mapping[str, str]
    files: Mapping[str, Digest]

    @classmethod
    def of(cls, scenario_sha256: str, seed: int, files: Mapping[str, str], how: Circumstances) -> Manifest:
        return cls(
            schema_version=SCHEMA_VERSION,
            scenario_sha256=scenario_sha256,
            seed=seed,
            command=_command(how.arguments),
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            wall_s=None if how.wall_s is None else round(how.wall_s, 3),
            peak_memory_bytes=how.peak_memory_bytes,
            versions=versions(),
            files=files,
        )

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a run directory. Raises InvalidInput for one that is missing, of another version or no manifest."""
        path = folder / sealed.MANIFEST
        if os.path.islink(path) or not os.path.isfile(path):
            problem = f"'{folder}' is not a run directory, or not a whole one: it has no {sealed.MANIFEST}"
            raise InvalidInput.at("", problem, "`hyperdrive-sim run FILE -o DIR` writes one")
        document = Document.read_alone(path)
        refuse_other(path, document.data.get("schema_version"), SCHEMA_VERSION)
        return document.validate(cls)


def seal(staging: Staging, scenario_sha256: str, seed: int, how: Circumstances) -> None:
    """Write the manifest of all files that there are on their way into a directory."""
    made = Manifest.of(scenario_sha256, seed, staging.digests(), how)
    staging.write(sealed.MANIFEST, f"{made.model_dump_json(indent=2)}\n".encode())


def refuse_other(path: Path, version: object, known: int) -> None:
    """Raises InvalidInput if a file says that it is of another *version* than the one that is *known* here."""
    if type(version) is not int or version == known:
        return
    scenario = shlex.quote(str(path.parent / RESOLVED))
    newer, again = "pip install --upgrade hyperdrive-sim", f"run it again: hyperdrive-sim run {scenario} -o DIR"
    age, cure = ("a newer", newer) if version > known else ("an older", again)
    problem = f"'{path}' was written by {age} hyperdrive_sim (schema_version {version}, this one reads {known})"
    raise InvalidInput.at("", problem, cure)


def without_directories(argument: str) -> str:
    """An argument as it was typed, but for absolute paths, of which only the names are left.

    >>> without_directories("--set=weights=/home/me/w.npz"), without_directories("-o/tmp/out"), without_directories("runs/1")
    ('--set=weights=w.npz', '-oout', 'runs/1')
    """
    before = re.match(r"-\w(?=[\\/])|(?:[^\\/]*=)?", argument)
    assert before is not None
    rest = argument[before.end() :]
    if PurePosixPath(rest).is_absolute() or PureWindowsPath(rest).is_absolute():
        return before.group() + PureWindowsPath(rest).name
    return before.group() + DIRECTORIES.sub("", rest)


def _command(arguments: Sequence[str]) -> tuple[str, ...]:
    """The command line as it is kept: of what is very long, the beginning."""
    if not arguments:
        return ()
    words = [visible(without_directories(one)) for one in ("hyperdrive-sim", *arguments[:MOST_WORDS])]
    return tuple(word if len(word) <= LONGEST_WORD else f"{word[:LONGEST_WORD]}..." for word in words)


def versions() -> dict[str, str]:
    """Versions of this package, of Python and of the packages that compute."""
    ours = {"hyperdrive_sim": __version__, "python": platform.python_version()}
    return ours | {package: metadata.version(package) for package in PACKAGES}


def peak_memory_bytes() -> int | None:
    """The most memory that this process has had so far, where the system tells."""
    if STATUS.exists():  # the other way counts what a process had been before it became this program
        return 1024 * int(STATUS.read_text().partition("VmHWM:")[2].split()[0])
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
