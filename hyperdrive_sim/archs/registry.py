"""Which architectures there are: the folders under `archs`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from hyperdrive_sim import archs
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.errors import InvalidInput


@cache
def names() -> tuple[str, ...]:
    """All architectures: the folders under `archs`."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(archs.__path__) if module.ispkg and not module.name.startswith("_")))


@cache
def load(name: str) -> Architecture:
    """The architecture of that name; InvalidInput if there is none."""
    if name not in names():
        raise InvalidInput.at("architecture", f"'{name}' is unknown", "known architectures: " + ", ".join(names()))
    return importlib.import_module(f"hyperdrive_sim.archs.{name}").architecture  # type: ignore[no-any-return]
