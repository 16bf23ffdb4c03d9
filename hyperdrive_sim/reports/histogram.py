"""Histogram of latencies: how many frames took how long, in bins whose edges are round numbers."""

from __future__ import annotations

from itertools import count
from math import ceil, sqrt

import numpy as np

from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.records import Histogram
from hyperdrive_sim.schedule.columns import Numbers

MOST = 32
"""Bins that there are at most; of few frames, no more than twice the root of their number."""
FINEST = 200
"""A bin is no narrower than the largest value divided by this: edges then have three digits, and what differs by less is alike."""
ROUND = (1, 2, 5)


def histogram(latencies_ps: Numbers) -> Histogram:
    """The histogram of at least one latency. Bins are 1, 2 or 5 times a power of ten wide, and the outer ones are not empty."""
    least, largest, most = int(latencies_ps.min()), int(latencies_ps.max()), min(MOST, 2 * ceil(sqrt(len(latencies_ps))))
    width = next(
        width
        for power in count()
        for width in (digit * 10**power for digit in ROUND)
        if width * FINEST >= largest and largest // width - least // width < most
    )
    first, last = least // width, largest // width
    counts = np.bincount(latencies_ps // width - first, minlength=last - first + 1)
    return Histogram(tuple(edge * width / PS_PER_S for edge in range(first, last + 2)), tuple(counts.tolist()))
