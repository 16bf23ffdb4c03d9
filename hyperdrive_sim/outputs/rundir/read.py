"""Reports read from run directories: the same as after the run, but that their tasks have no effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from hyperdrive_sim.engine.compiled import collector_paused
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import manifest, sealed
from hyperdrive_sim.outputs.manifest import Manifest
from hyperdrive_sim.outputs.rundir import arrays, machine, resolved, sound, spans
from hyperdrive_sim.outputs.rundir.write import NEEDED, RESULT, is_ours
from hyperdrive_sim.reports import report, span_columns
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.results import Results
from hyperdrive_sim.study import memory
from hyperdrive_sim.study.limits import SHARE
from hyperdrive_sim.text.typed import plain

KEPT = (RESULT, machine.NAME, arrays.NAME, spans.NAME, resolved.NAME)
"""Files that a report and its page are made of again; the others are for people."""

JSON_BYTES, TASK_BYTES = 20, 12
"""Bytes of memory for a byte of JSON, and for a byte of the trace's columns, when they have become records."""


@dataclass(frozen=True)
class WrittenRun:
    """A run directory whose files are there, all and no others, as they were written: its manifest, and those that are read again."""

    folder: Path
    manifest: Manifest
    files: Mapping[str, bytes]

    @property
    def scenario(self) -> str:
        """The scenario as YAML, as it was run."""
        return self.files[resolved.NAME].decode("utf-8", "backslashreplace")

    def report(self) -> Report:
        """The report. Raises InvalidInput if the files do not hold what this version writes."""
        try:
            with collector_paused():
                return self._report()
        except ValueError as error:
            by = self.manifest.versions.get("hyperdrive_sim", "an unknown version")
            problem = f"'{self.folder}' does not hold what this version of hyperdrive_sim writes, but what {by} did ({error})"
            raise InvalidInput.at("", problem, "run its scenario again") from None

    def _report(self) -> Report:
        data, room = self.files, int(SHARE * memory.free_bytes())
        said = plain(data[RESULT])
        manifest.refuse_other(self.folder / RESULT, said.get("schema_version") if isinstance(said, dict) else None, report.SCHEMA_VERSION)
        results, built = Results.from_json(data[RESULT]), machine.decoded(data[machine.NAME])
        sound.figures(said)
        sound.parts(built)
        use = arrays.read(BytesIO(data[arrays.NAME]), built, room)
        columns = spans.read(BytesIO(data[spans.NAME]), room // TASK_BYTES)
        sound.spans(columns, built)
        found = Report(**vars(results), machine=built, trace=span_columns.trace(columns), **use._asdict())
        sound.together(found)
        return found


def opened(folder: Path) -> WrittenRun:
    """Check a run directory and read its files. Raises InvalidInput if one is missing, was changed, or is one too many."""
    known = Manifest.read(folder)
    files = sealed.contents(folder, known.files, KEPT, int(SHARE * memory.free_bytes()) // JSON_BYTES)
    if wrong := [*sorted(NEEDED - known.files.keys()), *sorted(name for name in known.files if not is_ours(name))]:
        there = "lacks" if wrong[0] in NEEDED else "has"
        problem = f"'{folder}' {there} '{wrong[0]}', unlike what this version of hyperdrive_sim writes"
        raise InvalidInput.at("", problem, "run its scenario again")
    return WrittenRun(folder, known, files)


def read(folder: Path | str) -> Report:
    """Read the report of a run from the directory that `hyperdrive-sim run -o` wrote it into.

    It is the same as after the run, but that its tasks have no effects. Raises InvalidInput if this is no such directory, or if a file
    in it is missing, was changed or was never written by this program.
    """
    return opened(Path(folder)).report()
