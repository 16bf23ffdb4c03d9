"""The part of a run that a timeline shows."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from hyperdrive_sim.errors import InvalidInput

OPTION = "--trace-window"
CURE = "write START:END such as 10us:2ms, in s, ms, us, ns or ps; what is left out is the beginning or the end of the run"
PS = {"s": 10**12, "ms": 10**9, "us": 10**6, "ns": 10**3, "ps": 1}
MOMENT = re.compile(r"(?P<number>\d+(?:\.\d+)?) ?(?P<unit>s|ms|us|ns|ps)|(?P<zero>0)")


class TimeWindow(NamedTuple):
    """A window of time, from *start* to *end* in picoseconds. A span touches it if it lasts at all within it; the rest is cut off."""

    start: int
    end: int


WHOLE = ":"
"""The window of a whole run, as one writes it."""


def bounds(text: str) -> tuple[int, int | None]:
    """Bounds of a window like `10us:2ms`, in picoseconds; no end means the end of the run. Raises InvalidInput for anything else."""
    first, colon, last = text.partition(":")
    if not colon:
        raise InvalidInput.at(OPTION, f"'{text}' has no colon", CURE)
    start, end = _moment(first) or 0, _moment(last)
    if end is not None and end <= start:
        raise InvalidInput.at(OPTION, f"'{text}' ends before anything of it has passed", CURE)
    return start, end


def _moment(text: str) -> int | None:
    """A time in picoseconds, rounded to whole ones; None for nothing."""
    if not text.strip():
        return None
    found = MOMENT.fullmatch(text.strip())
    if found is None:
        raise InvalidInput.at(OPTION, f"'{text.strip()}' is not a time", CURE)
    return 0 if found["zero"] else round(Decimal(found["number"]) * PS[found["unit"]])


def of_run(text: str, makespan_ps: int) -> TimeWindow:
    """The window that *text* means in a run of that length. Raises InvalidInput where nothing is left of it."""
    start, end = bounds(text)
    if start >= makespan_ps:
        raise InvalidInput.at(OPTION, f"'{text}' begins after the run has ended, at {makespan_ps / PS['us']:g} us", "begin earlier")
    return TimeWindow(start, makespan_ps if end is None else min(end, makespan_ps))
