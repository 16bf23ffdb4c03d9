"""Files of arrays (.npz), which do not say who wrote them: one that is there is replaced by --force alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.outputs.targets import FileTarget

NOT_OURS = b"\0"
"""A mark that no file of arrays begins with."""


def check(path: Path, option: str, *, force: bool = False, inputs: Sequence[Path] = ()) -> FileTarget:
    """The file as a target. Raises InvalidInput if something is there that may not be replaced."""
    target = FileTarget(path, option, NOT_OURS, force, inputs)
    if not force and path.is_file() and path.stat().st_size:
        raise InvalidInput.at(option, f"'{path}' is there, and arrays do not say who wrote them", "name another, or add --force")
    target.check()
    return target


def write(path: Path, option: str, arrays: Mapping[str, Array], *, force: bool = False, inputs: Sequence[Path] = ()) -> None:
    """Write arrays by name, compressed, whole or not at all; *option* asked for it, *inputs* are what is read for it."""
    with check(path, option, force=force, inputs=inputs).writing() as file:
        np.savez_compressed(file, allow_pickle=False, **dict(arrays))
