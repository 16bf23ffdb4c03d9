"""A run's results as plain files in a directory; each appears under its name only when it is complete."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.golden import Array
from hyperdrive_sim.report import Report


def writable(folder: Path) -> None:
    """Raises InvalidInput, before a long run rather than after, if *folder* or what it is to be in is a file."""
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise InvalidInput.at("--output", f"'{path}' is a file", "name a directory")


def write(report: Report, folder: Path) -> None:
    """Write `result.json` (the public form) and `layers.csv` (a row per layer)."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "result.json", f"{json.dumps(report.to_dict(), indent=2)}\n".encode())
    _write(folder / "layers.csv", layers_csv(report).encode())


def write_outputs(outputs: Sequence[Array], folder: Path) -> None:
    """Write `output.npy`: what the network computed, [frames, channels, rows, columns]."""
    folder.mkdir(parents=True, exist_ok=True)
    data = io.BytesIO()
    np.save(data, np.stack(outputs).transpose(0, 3, 1, 2), allow_pickle=False)
    _write(folder / "output.npy", data.getvalue())


def layers_csv(report: Report) -> str:
    """One row per layer; the stalls by cause in columns of their own, in seconds."""
    causes = sorted({cause for row in report.layers for cause in row.stalls})
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        ["layer", "kind", "ops", "cycles", "start_s", "end_s", "energy_j", "utilization", *(f"stalled_by_{cause}_s" for cause in causes)]
    )
    for row in report.layers:
        stalls = [row.stalls.get(cause, 0.0) for cause in causes]
        table.writerow([row.name, row.kind, row.ops, row.cycles, row.start_s, row.end_s, row.energy_j, row.utilization, *stalls])
    return text.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Under a temporary name first, so that a full disk or a Ctrl-C leaves nothing half-written. An OSError names the file."""
    try:
        _replaced(path, data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _replaced(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
