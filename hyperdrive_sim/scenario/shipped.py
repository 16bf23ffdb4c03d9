"""The scenarios that come with the package: the repository's `scenarios` folder, or its copy inside an installed package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def folder() -> Path:
    """The folder of the scenarios: inside an installed package, else beside it in a checkout."""
    installed, checkout = PACKAGE / "scenarios", PACKAGE.parent / "scenarios"
    return installed if installed.is_dir() else checkout


def published(path: str, chip: Path) -> Path:
    """The scenario that a *chip*'s published.yaml names: one that comes with the package, or else one in the chip's own folder."""
    ours = folder() / path
    return ours if ours.is_file() else chip / path


def scenarios() -> tuple[str, ...]:
    """Paths of all scenarios, relative to the working directory if they are below it, else absolute."""
    found = sorted(folder().rglob("*.yaml"))
    try:
        here = Path.cwd()
    except OSError:  # it is gone
        return tuple(map(str, found))
    return tuple(str(path.relative_to(here)) if path.is_relative_to(here) else str(path) for path in found)
