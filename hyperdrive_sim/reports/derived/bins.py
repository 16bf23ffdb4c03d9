"""Time cut into parts, and what of each task falls into which."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

TOGETHER = 1_000_000
"""Number of spans that are cut together: the pieces of all tasks of a large schedule would take as much memory as itself."""


def cut(starts: NDArray[Any], ends: NDArray[Any], edges: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
    """Spans cut at *edges*: for every piece, which span it is of, in which part it lies, and how long it is.

    What lies beyond the first or the last edge is cut off. Lengths are exact integers where all times are.
    """
    starts, ends = np.clip(starts, edges[0], edges[-1]), np.clip(ends, edges[0], edges[-1])
    first = np.clip(np.searchsorted(edges, starts, "right") - 1, 0, len(edges) - 2)
    pieces = np.maximum(np.searchsorted(edges, ends, "left") - first, 1)
    span = np.repeat(np.arange(len(starts)), pieces)
    part = first[span] + np.arange(len(span)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return span, part, np.minimum(ends[span], edges[part + 1]) - np.maximum(starts[span], edges[part])


def binned(
    groups: NDArray[np.int64], parts: NDArray[np.int64], amounts: NDArray[np.float64], *, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """The sum of the *amounts* of each group in each part: a table of *shape* [groups, parts]."""
    table: NDArray[np.float64] = np.bincount(groups * shape[1] + parts, amounts, shape[0] * shape[1]).astype(np.float64)
    return table.reshape(shape)


def spread(
    groups: NDArray[Any], spans: tuple[NDArray[Any], NDArray[Any]], amounts: NDArray[Any], edges: NDArray[Any], *, count: int
) -> NDArray[np.float64]:
    """Amounts of spans, each spread evenly over its time: the sum of each of *count* groups in each part [groups, parts].

    *spans* are starts and ends. The whole amount of a span that takes no time stands where it lies.
    """
    table = np.zeros((count, len(edges) - 1))
    for low in range(0, len(groups), TOGETHER):
        some = slice(low, low + TOGETHER)
        starts, ends = (times[some] for times in spans)
        span, part, held = cut(starts, ends, edges)
        length = (ends - starts)[span]
        share = np.where(length, held, 1) / np.where(length, length, 1)
        table += binned(groups[some][span], part, amounts[some][span] * share, shape=table.shape)
    return table
