"""The machine that is measured on: its processor, what our kernels use of it, and versions."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from hyperdrive_sim.kernels import fp16, xnor
from hyperdrive_sim.kernels.selection import present
from hyperdrive_sim.study.bench.installation import Installation

PACKAGES = ("numpy", "simpy", "networkx", "pydantic", "numba", "llvmlite", "torch")
CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class MachineRecord:
    """The machine and the installations. `features` are those that variants of kernels ask for.

    `against` are the other's versions, and `against_place` is its folder or its Python.
    """

    processor: str
    cores: int
    system: str
    features: list[str]
    versions: dict[str, str]
    against: dict[str, str] | None
    against_place: str | None = None


def described(installation: Installation, other: Installation | None) -> MachineRecord:
    """The machine as it is, with the versions of what is installed."""
    asked = frozenset().union(*fp16.VARIANTS.needs.values(), *xnor.VARIANTS.needs.values())
    versions = installation.versions() | {name: found for name in PACKAGES if (found := _version(name))}
    system = f"{platform.system()} {platform.machine()}"
    features = sorted(present() & asked - {"numba"})
    before = (other.versions(), other.place) if other else (None, None)
    return MachineRecord(_processor(), os.cpu_count() or 1, system, features, versions, *before)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's name, where the system tells."""
    if CPUINFO.exists():
        names = [line.partition(":")[2].strip() for line in CPUINFO.read_text().splitlines() if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
