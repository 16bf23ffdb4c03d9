"""What a network computed, as numpy files in a directory with a manifest: `output.npy`, or several outputs by name, `output.npz`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.outputs import manifest
from hyperdrive_sim.outputs.manifest import UNTOLD, Circumstances
from hyperdrive_sim.outputs.targets import FolderTarget
from hyperdrive_sim.scenario.scenario import Scenario

ONE, SEVERAL = "output.npy", "output.npz"


def target(folder: Path, scenario: Scenario, *, force: bool = False) -> FolderTarget:
    """The directory as a target, which these files may be written into or not."""
    return FolderTarget(folder, {ONE, SEVERAL}.__contains__, force, scenario.files)


def write(
    frames: Sequence[Mapping[str, Array]], scenario: Scenario, folder: Path, how: Circumstances = UNTOLD, *, force: bool = False
) -> str:
    """Write the outputs, [frames, channels, rows, columns] each, and return the name of their file; those of an earlier check are replaced.

    Raises InvalidInput if something that this program did not write would be lost; *force* has `output.npy` replaced all the same.
    """
    arrays = {name: np.stack([frame[name] for frame in frames]).transpose(0, 3, 1, 2) for name in frames[0]}
    name = ONE if len(arrays) == 1 else SEVERAL
    with target(folder, scenario, force=force).writing() as staging:
        with staging.file(name) as file:
            if name == ONE:
                np.save(file, next(iter(arrays.values())), allow_pickle=False)
            else:
                np.savez(file, allow_pickle=False, **arrays)
        manifest.seal(staging, scenario.hash, scenario.settings.seed, how)
    return name
