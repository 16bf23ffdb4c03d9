"""Time of each layer by what it goes to: its arrays compute it, or stand still for it."""

from __future__ import annotations

from math import fsum

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.reports.report import Report

COMPUTING = "computing"


def seconds_by_layer(report: Report) -> dict[str, NDArray[np.float64]]:
    """Seconds per frame of each of the report's layers, on average over the arrays: of computing, then by cause, the largest first."""
    frames = report.time.frames
    causes = dict.fromkeys(cause for row in report.layers for cause in row.stalls)
    stalls = {cause: np.array([row.stalls.get(cause, 0.0) / frames for row in report.layers]) for cause in causes}
    return {COMPUTING: np.array([row.computed_s / frames for row in report.layers]), **largest_first(stalls)}


def said(part: str) -> str:
    """The words for a part of a layer's time."""
    return part if part == COMPUTING else f"waiting for {part}"


def largest_first(parts: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Parts of a whole by name, those with the largest sums first."""
    return dict(sorted(parts.items(), key=lambda item: -fsum(item[1].tolist())))
