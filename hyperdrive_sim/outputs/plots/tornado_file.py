"""A sensitivity as a picture file: three tornado plots, one below the other."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs.plots.axes import DOTS_PER_INCH
from hyperdrive_sim.outputs.plots.tornado import AROUND_INCHES, BAR_INCHES, MEASURES, WIDTH, bars, tornado
from hyperdrive_sim.outputs.targets import FileTarget
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.sensitivity import Sensitivity

FORMATS = (".png", ".svg", ".pdf")
NOT_OURS = b"\0"
"""What no picture begins with: one that is there is replaced by --force alone."""


def target(path: Path, scenario: Scenario, *, force: bool = False) -> FileTarget:
    """The file as a target. Raises InvalidInput for a format that is none, or where nothing may be written."""
    if path.suffix.lower() not in FORMATS:
        raise InvalidInput.at("--output", f"'{path}' is no picture", f"end it with {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    found = FileTarget(path, "--output", NOT_OURS, force, scenario.files)
    found.check()
    return found


def write(found: Sensitivity, place: FileTarget) -> None:
    """Write the picture: what would help, and what time and energy rest on."""
    rows = [max(1, len(bars(found, of))) for of in MEASURES]
    figure = Figure(figsize=(WIDTH, sum(rows) * BAR_INCHES + AROUND_INCHES * len(rows)), layout="constrained")
    for ax, of in zip(figure.subplots(len(rows), height_ratios=[AROUND_INCHES + BAR_INCHES * row for row in rows]), MEASURES, strict=True):
        tornado(found, of, ax=ax)
    with place.writing() as file:
        figure.savefig(file, format=place.path.suffix.lower()[1:], dpi=DOTS_PER_INCH)
