"""Histograms of latencies: bins of round widths, few of them, and every frame in one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.histogram import FINEST, MOST, histogram
from hyperdrive_sim.reports.records import Histogram

MS = 10**9


def of(*latencies_ms: float) -> Histogram:
    return histogram(np.array([round(MS * one) for one in latencies_ms]))


def test_one_frame_has_one_bin_between_round_edges() -> None:
    assert of(80.58) == Histogram((0.0805, 0.081), (1,))
    assert of(80.58, 80.58, 80.6) == Histogram((0.0805, 0.081), (3,)), "so have those that differ by less than is worth showing"
    assert of(20) == Histogram((0.02, 0.0201), (1,)), "what lies on an edge is in the bin that begins there"


def test_frames_by_pencil() -> None:
    """Of four frames there are up to four bins: these would be 21 of 1 ms, 11 of 2 ms and 5 of 5 ms, and are 3 of 10 ms."""
    assert of(12, 13, 20, 32) == Histogram((0.01, 0.02, 0.03, 0.04), (2, 1, 1))
    assert of(12, 13, 32, 33) == Histogram((0.01, 0.02, 0.03, 0.04), (2, 0, 2)), "a bin between others may be empty"


@given(st.lists(st.integers(1, 10**18), min_size=1, max_size=300), st.sampled_from((1, 10**6, 10**16)))
def test_any_latencies(latencies: list[int], apart: int) -> None:
    """Every frame is in the bin whose edges it lies between, the outer bins have some, and all are 1, 2 or 5 of a power of ten wide."""
    values = np.array([10**17 + one % apart for one in latencies])
    found = histogram(values)
    edges = [round(edge * PS_PER_S) for edge in found.edges_s]
    (width,) = {high - low for low, high in pairwise(edges)}
    assert str(width).rstrip("0") in ("1", "2", "5")
    assert edges[0] % width == 0
    assert width >= values.max() / FINEST
    assert len(found.counts) == len(edges) - 1 <= MOST
    assert [int(((low <= values) & (values < high)).sum()) for low, high in pairwise(edges)] == list(found.counts)
    assert found.counts[0]
    assert found.counts[-1]


@pytest.mark.parametrize(("frames", "most"), [(2, 4), (9, 6), (100, 20), (100_000, 32)])
def test_few_frames_have_few_bins(frames: int, most: int) -> None:
    found = histogram(np.linspace(10**9, 10**12, frames).astype(np.int64))
    assert most / 3 <= len(found.counts) <= most
