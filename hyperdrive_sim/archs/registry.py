"""The registry of architectures: folders here, folders that HYPERDRIVE_SIM_ARCHS names, and installed packages.

A package of somebody else's registers its architecture in the entry-point group `hyperdrive_sim.architectures`:

    [project.entry-points."hyperdrive_sim.architectures"]
    my_chip = "my_package:architecture"
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from hyperdrive_sim import archs
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.errors import InvalidInput

GROUP = "hyperdrive_sim.architectures"


@cache
def folders() -> tuple[str, ...]:
    """Names of the architectures that are folders; those that begin with `_` are shared by several."""
    found = (module.name for module in pkgutil.iter_modules(archs.__path__) if module.ispkg)
    return tuple(sorted(name for name in found if not name.startswith("_")))


@cache
def installed() -> Mapping[str, EntryPoint]:
    """Entry points of the architectures that installed packages register, by name; a folder of the same name goes first."""
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in folders()}


@cache
def names() -> tuple[str, ...]:
    """Names of all architectures."""
    return tuple(sorted((*folders(), *installed())))


@cache
def load(name: str) -> Architecture:
    """Load the architecture of that name. Raises InvalidInput if there is none."""
    found: Architecture
    if name in folders():
        found = importlib.import_module(f"{archs.__name__}.{name}").architecture
    elif name in installed():
        found = installed()[name].load()
    else:
        raise InvalidInput.at("architecture", f"'{name}' is unknown", "known architectures: " + ", ".join(names()))
    return found


def folder(name: str) -> Path:
    """The folder in which an architecture keeps its tables and its README."""
    module = f"{archs.__name__}.{name}" if name in folders() else installed()[name].module
    file = importlib.import_module(module).__file__
    assert file is not None
    return Path(file).parent
