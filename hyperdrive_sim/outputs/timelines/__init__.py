"""Timelines: what every unit did when, for the viewers that people have.

Level `unit` shows every task and what its unit waited for before it; `chip` the layers that the arrays of a chip are at, and every unit
that is not on a chip; `machine` the layers that the units of a kind are at. Of a window of time only what touches it is shown, cut off
where it begins and ends.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np

from hyperdrive_sim.engine.compiled import Progress, silent
from hyperdrive_sim.errors import InvalidInput, MissingExtra
from hyperdrive_sim.outputs.targets import FileTarget
from hyperdrive_sim.outputs.timelines.counters import CHIP_STEPS, MACHINE_STEPS
from hyperdrive_sim.outputs.timelines.timeline import CHIP, LEVELS, UNIT, of_report
from hyperdrive_sim.outputs.timelines.window import WHOLE, bounds, of_run
from hyperdrive_sim.reports.report import Report

OPTION = "--trace"
LARGE_BYTES = 100_000_000


class Format(NamedTuple):
    """A format, its module and its viewers; *bytes_per_slice* with all that comes along, as measured on meshes of 50 and 200 chips."""

    name: str
    suffixes: tuple[str, ...]
    module: str
    bytes_per_slice: float
    opens_in: str


CHROME_VIEWERS = "ui.perfetto.dev, speedscope, chrome://tracing"

FORMATS = (
    Format("Chrome trace JSON", (".json",), "chrome", 470, CHROME_VIEWERS),
    Format("compressed Chrome trace JSON", (".json.gz",), "chrome", 27, CHROME_VIEWERS),
    Format("Perfetto", (".pftrace", ".perfetto-trace"), "perfetto", 135, "ui.perfetto.dev, its trace processor"),
    Format("VCD", (".vcd",), "vcd", 65, "GTKWave, Surfer"),
)


class Request(NamedTuple):
    """A timeline to write: where it goes, its format, a window as one writes it, and a level."""

    target: FileTarget
    format: Format
    window: str
    level: str

    @property
    def path(self) -> Path:
        return self.target.path


def request(path: Path, window: str = WHOLE, level: str = UNIT, *, force: bool = False, inputs: Sequence[Path] = ()) -> Request:
    """A request that can be met, as far as that is known before a run. Raises InvalidInput or MissingExtra.

    With *force* a file is replaced that is no timeline of ours, but never one of the *inputs*.
    """
    bounds(window)
    if level not in LEVELS:
        raise InvalidInput.at("--trace-level", f"there is no level '{level}'", f"take one of {', '.join(LEVELS)}")
    chosen = _format(path)
    target = FileTarget(path, OPTION, _writer(chosen).MARK, force, inputs)
    target.check()
    return Request(target, chosen, window, level)


def _format(path: Path) -> Format:
    for one in FORMATS:
        if path.name.endswith(one.suffixes):
            return one
    cure = "end in .json or .json.gz for Chrome trace JSON, .pftrace or .perfetto-trace for Perfetto, .vcd for waveforms"
    raise InvalidInput.at(OPTION, f"'{path.name}' does not say which format", cure)


def _writer(chosen: Format) -> Any:
    """The module that writes a format; what it imports may not be there."""
    try:
        return import_module(f"hyperdrive_sim.outputs.timelines.{chosen.module}")
    except ModuleNotFoundError:
        raise MissingExtra(f"a {chosen.name} timeline", "trace") from None


def write(report: Report, wanted: Request, progress: Progress = silent) -> None:
    """Write a timeline under its name once it is complete. Raises InvalidInput for a window beyond the end of the run."""
    shown = of_report(report, of_run(wanted.window, report.trace.makespan_ps), wanted.level)
    with wanted.target.writing() as file, _stream(file, wanted.path) as stream:
        _writer(wanted.format).write(shown, stream, partial(progress, "writing the timeline"))


def _stream(file: IO[bytes], path: Path) -> AbstractContextManager[IO[bytes]]:
    """A file or, for a compressed one, what packs into it; without a name or a time, so that equal timelines are equal files."""
    return cast("IO[bytes]", gzip.GzipFile("", "wb", fileobj=file, mtime=0)) if path.suffix == ".gz" else nullcontext(file)


def warning(report: Report, wanted: Request) -> str | None:
    """A warning before a large file is written: how large, and how it would be smaller; None for a small one."""
    expected = expected_bytes(report, wanted)
    if expected < LARGE_BYTES:
        return None
    smaller = ["--trace-window 1ms:2ms shows a part of the run"]
    if wanted.level == UNIT:
        smaller.insert(0, "--trace-level chip has a row per chip")
    if wanted.format.module == "chrome" and wanted.path.suffix != ".gz":
        smaller.append(".json.gz takes less than a tenth")
    return f"{wanted.path} will take about {expected / 1e6:,.0f} MB; {', '.join(smaller)}"


def expected_bytes(report: Report, wanted: Request) -> float:
    """Estimated size of a timeline in bytes.

    A unit waits about as often as it works; units taken together do once per layer and frame, and a step counts as a quarter.
    """
    if wanted.level == UNIT:
        trace, (start, end) = report.trace, of_run(wanted.window, report.trace.makespan_ps)
        return 2 * int(np.count_nonzero((trace.start < end) & (trace.end > start))) * wanted.format.bytes_per_slice
    rows, steps = (report.system.chips, CHIP_STEPS) if wanted.level == CHIP else (1, MACHINE_STEPS)
    return rows * (2 * len(report.layers) * report.time.frames + steps / 4) * wanted.format.bytes_per_slice
