"""What a picture of latencies has, by pencil."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simulated import report

from hyperdrive_sim.reports.derived.latencies import Latencies, Mark, latencies
from hyperdrive_sim.reports.records import Histogram

SOME = replace(
    report("hyperdrive/tiny_2x2").time,
    latency_histogram=Histogram((0.01, 0.02, 0.03), (2, 3)),
    latency_median_s=0.021,
    latency_p99_s=0.029,
    frames=5,
)


def test_without_a_deadline() -> None:
    found = latencies(SOME)
    assert found.marks == (Mark("median", 0.021), Mark("99th percentile", 0.029))
    assert (found.edges_s, found.counts, found.frames, found.misses) == ((0.01, 0.02, 0.03), (2, 3), 5, None)
    assert (found.range_s, found.width_s) == (pytest.approx((0.0092, 0.0308)), pytest.approx(0.01))


def with_deadline(seconds: float) -> Latencies:
    return latencies(replace(SOME, deadline_s=seconds, deadline_misses=1))


def test_a_deadline_is_shown_that_is_not_far_off_the_bars() -> None:
    """They are 20 ms wide from 10 ms on, so from 0 to 50 ms it is shown."""
    assert with_deadline(0.025).marks[-1] == Mark("deadline", 0.025)
    assert with_deadline(0.049).range_s == pytest.approx((0.00844, 0.05056))
    assert with_deadline(0.0001).range_s == pytest.approx((0.0, 0.0312), abs=1e-4)
    far = with_deadline(0.051)
    assert far.marks[-1] == Mark("deadline", 0.051, shown=False)
    assert (far.range_s, far.misses) == (latencies(SOME).range_s, 1)
