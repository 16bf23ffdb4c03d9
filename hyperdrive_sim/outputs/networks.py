"""Imported networks as directories: structure, constants and a manifest, all of them or none."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.importing import portable
from hyperdrive_sim.importing.imported import Imported
from hyperdrive_sim.outputs import manifest
from hyperdrive_sim.outputs.manifest import UNTOLD, Circumstances
from hyperdrive_sim.outputs.targets import FolderTarget


def target(imported: Imported, folder: Path, *, force: bool = False) -> FolderTarget:
    """The directory as a target, which a network may be written into or not."""
    return FolderTarget(folder, {portable.NETWORK, portable.PARAMETERS}.__contains__, force, imported.files)


def write(imported: Imported, folder: Path, how: Circumstances = UNTOLD, *, force: bool = False) -> dict[str, int]:
    """Write a network; returns the files' sizes in bytes by name. Raises InvalidInput if something of somebody else's would be lost."""
    if imported.parameters is None:
        raise InvalidInput.at("--output", f"'{imported.network.name}' has no weights to write", "name its file in the scenario")
    contents = portable.contents(imported.network, imported.parameters, imported.notes)
    with target(imported, folder, force=force).writing() as staging:
        for name, data in contents.items():
            staging.write(name, data)
        manifest.seal(staging, hashlib.sha256(contents[portable.NETWORK]).hexdigest(), 0, how)
    return {name: len(data) for name, data in contents.items()}
