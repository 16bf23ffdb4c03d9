"""Sealed directories: a manifest names all files of one, each with its hash, and nothing else may be in it.

Their files are read once: what is decoded later are the bytes whose hash was compared.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from hyperdrive_sim.errors import InvalidInput, Mistake
from hyperdrive_sim.files import ordinary

MANIFEST = "manifest.json"
MANIFEST_BYTES = 256 * 1024
KEYS = {"schema_version", "scenario_sha256", "seed", "command", "date", "wall_s", "peak_memory_bytes", "versions", "files"}
"""Keys of every manifest, and no others."""

AGAIN = "run the scenario again"
AT_ONCE = 1 << 20


def contents(folder: Path, digests: Mapping[str, str], kept: Collection[str], most_bytes: int) -> dict[str, bytes]:
    """The files that are *kept*, by name; *digests* are the SHA-256 that the manifest has of all.

    Raises InvalidInput with every mistake: a file that is missing, that was changed, that is none of them or no ordinary file, and one to
    be kept that is larger than *most_bytes*.
    """
    found: dict[str, bytes] = {}
    mistakes: list[Mistake] = []
    for name in sorted({*digests, *_names(folder)} - {MANIFEST}):
        try:
            found[name] = _checked(folder, name, digests, most_bytes if name in kept else None)
        except InvalidInput as error:
            mistakes += error.mistakes
    InvalidInput.collected(mistakes)
    return {name: found[name] for name in kept if name in found}


def foreign(folder: Path) -> str:
    """Name of a file in a directory that its manifest does not vouch for; empty if there is none."""
    names = _names(folder)
    if not names:
        return ""
    digests = _digests(folder)
    if not digests:
        return MANIFEST if MANIFEST in names else min(names)
    for name in sorted(names - {MANIFEST}):
        try:
            _checked(folder, name, digests, None)
        except InvalidInput:
            return name
    return ""


def is_ours(folder: Path) -> bool:
    """True for a directory with a manifest that this program wrote."""
    return bool(_digests(folder))


def _names(folder: Path) -> set[str]:
    return set(os.listdir(folder))


def _digests(folder: Path) -> Mapping[str, str]:
    """The digests in a manifest, of whatever version; none where there is no manifest, or one that somebody else wrote or added to."""
    if os.path.islink(folder / MANIFEST):
        return {}
    try:
        said = json.loads(ordinary.read(folder / MANIFEST, MANIFEST_BYTES))
        ours = said.keys() == KEYS and "hyperdrive_sim" in said["versions"]
        return {name: digest for name, digest in said["files"].items() if re.fullmatch("[0-9a-f]{64}", digest)} if ours else {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _checked(folder: Path, name: str, digests: Mapping[str, str], most_bytes: int | None) -> bytes:
    """The bytes of a file that is what it was, or none where nothing is said of how many may be kept. Raises InvalidInput."""
    path = folder / name
    if re.search(r"[/\\:]|^\.{0,2}$", name):
        raise InvalidInput.at("", f"'{folder / MANIFEST}' names '{name}', which is no name of a file in its directory", AGAIN)
    if name not in digests:
        raise InvalidInput.at("", f"'{path}' is none of the files that were written there", "take it away")
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise InvalidInput.at("", f"'{path}' is a link, a directory or a device where a file belongs", AGAIN)
        size = os.path.getsize(path)
        if most_bytes is not None and size > most_bytes:
            raise InvalidInput.at("", f"'{path}' takes {ordinary.size(size)}, more than there is memory for", "raise --max-memory")
        digest, parts = hashlib.sha256(), []
        for part in _parts(path, size):
            digest.update(part)
            parts += [part] if most_bytes is not None else []
    except FileNotFoundError:
        raise InvalidInput.at("", f"'{path}' is missing", AGAIN) from None
    except OSError as error:
        raise InvalidInput.at("", f"cannot read '{path}': {ordinary.why(error)}", AGAIN) from None
    if digest.hexdigest() != digests[name]:
        raise InvalidInput.at("", f"'{path}' was changed after it was written", AGAIN)
    return b"".join(parts)


def _parts(path: Path, size: int) -> Iterator[bytes]:
    """A file's bytes, no more of them than it had: one that grows meanwhile is another one."""
    with ordinary.opened(path) as file:
        while part := file.read(min(AT_ONCE, size)):
            size -= len(part)
            yield part
