"""The scenarios that come with the package: the repository's `scenarios` folder, or its copy inside an installed package.

Each has a short name, its path there without `.yaml`, by which it is found from anywhere: `hyperdrive/resnet34_224`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hyperdrive_sim.text.catalogue import Catalogue

PACKAGE = Path(__file__).parents[1]
RESOLVED = "scenario.resolved.yaml"
"""The scenario of a run, in the directory that it was written into."""

CURES = (
    "`hyperdrive-sim list` names the scenarios that come along",
    "name a scenario file, or a directory that `hyperdrive-sim run FILE -o DIR` wrote",
)


def folder() -> Path:
    """The folder of the scenarios: inside an installed package, else beside it in a checkout."""
    installed, checkout = PACKAGE / "scenarios", PACKAGE.parent / "scenarios"
    return installed if installed.is_dir() else checkout


@cache
def catalogue() -> Catalogue:
    """All names of scenarios: paths, directories of runs, and the short names of those that come along."""
    return Catalogue(folder(), RESOLVED, CURES)


def published(path: str, chip: Path) -> Path:
    """The scenario that a *chip*'s published.yaml names: one that comes with the package, or else one in the chip's own folder."""
    ours = folder() / path
    return ours if ours.is_file() else chip / path
