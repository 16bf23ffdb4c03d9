"""When the frames of a scenario arrive: evenly, drawn as a Poisson process, or at the times that a file has."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from hyperdrive_sim.errors import InvalidInput, Mistake, Place, visible
from hyperdrive_sim.files import named
from hyperdrive_sim.rates import MAX_PS, PS_PER_S
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.text.document import Document

MAX_FRAMES = 100_000
MOST_BYTES = 2**22
"""Of a file of times: MAX_FRAMES of them in some 40 characters each."""

KEY = "arrivals.file"
HEADER = "arrival_s"
NUMBER = re.compile(r"(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,2})?", re.ASCII)

Rate = Annotated[float, Field(ge=1e-6, le=1e9)]


class ArrivalSettings(BaseModel):
    """When frames arrive: evenly, drawn, or at the times of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    periodic_per_s: Rate | None = Field(default=None, description="one after the other in even distances, as frames_per_s has them")
    poisson_per_s: Rate | None = Field(
        default=None, description="drawn as a Poisson process of this mean rate: frames know nothing of each other, and some come in crowds"
    )
    seed: int | None = Field(default=None, ge=0, lt=2**32, description="of what is drawn; absent: the scenario's seed")
    file: str | None = Field(
        default=None,
        min_length=1,
        description=f"text file with the time of each arrival in seconds, a line each, in order; relative to the scenario. "
        f"A first line '{HEADER}' is a title",
    )


WAYS = ("periodic_per_s", "poisson_per_s", "file")
"""Keys of which there is one."""


def conflicts(document: Document) -> Iterator[Mistake]:
    """Mistakes of what a scenario says of arrivals as a whole, whatever its values."""
    said = document.data.get("arrivals")
    if not isinstance(said, dict):
        return
    ways = [way for way in WAYS if said.get(way) is not None]
    if not ways and said.keys() <= ArrivalSettings.model_fields.keys():
        yield document.mistake("arrivals", "does not say when frames arrive", f"give one of {', '.join(WAYS)}")
    if len(ways) > 1:
        cure = "leave one out, or set it to null where another file says it"
        yield document.mistake(f"arrivals.{ways[1]}", f"stands beside {ways[0]}, and frames arrive in one way", cure)
    if said.get("seed") is not None and ways and "poisson_per_s" not in ways:
        yield document.mistake("arrivals.seed", f"has nothing to draw beside {ways[0]}", "leave it out, or take poisson_per_s")
    if document.data.get("frames_per_s") is not None:
        cure = "leave one out, or set it to null where another file says it"
        yield document.mistake("arrivals", "stands beside frames_per_s, which says the same", cure)


@dataclass(frozen=True)
class ArrivalTimes:
    """A file of times that was read: the times in picoseconds, and its bytes."""

    name: str
    times_ps: tuple[int, ...]
    data: bytes

    def of_frames(self, frames: int | None) -> Arrivals:
        """The first *frames* of the arrivals, or all if that is None. Raises InvalidInput where there are not so many."""
        there = len(self.times_ps)
        if frames is not None and frames > there:
            problem = f"must be at most {there}, the number of times in '{visible(self.name)}', not {frames}"
            raise InvalidInput.at("frames", problem, "leave it out to take all of them")
        return Arrivals.at_times(self.times_ps).first(frames or there)


def read(path: Path) -> ArrivalTimes:
    """A file of times. Raises InvalidInput, with the line, for one that is none."""
    data = named.read(KEY, path, MOST_BYTES, f"it is to have up to {MAX_FRAMES:,} times in seconds, a line each")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput.at(KEY, f"'{visible(path.name)}' is not UTF-8 text", "save it as UTF-8") from None
    times = tuple(line.time_ps for line in _in_order(_lines(text, visible(str(path)))))
    if not times:
        raise InvalidInput.at(KEY, f"'{visible(path.name)}' has no times", "write one in seconds on each line")
    return ArrivalTimes(path.name, times, data)


class _Line(NamedTuple):
    text: str
    time_ps: int
    place: Place

    def wrong(self, problem: str, cure: str) -> InvalidInput:
        return _wrong(self.text, problem, cure, self.place)


def _wrong(text: str, problem: str, cure: str, place: Place) -> InvalidInput:
    return InvalidInput(Mistake(KEY, f"'{visible(text[:40])}{'...' * (len(text) > 40)}' {problem}", cure, place))


def _lines(text: str, file: str) -> Iterator[_Line]:
    """The time of every line. What ends a line is a line feed, with a carriage return before it or not."""
    lines = [line.removesuffix("\r").strip(" \t") for line in text.removesuffix("\n").split("\n")] if text else []
    for number, line in enumerate(lines, start=1):
        if number > 1 or line != HEADER:
            yield _Line(line, _time_ps(line, place := Place(file, number, 1, line)), place)


def _time_ps(text: str, place: Place) -> int:
    if not text:
        raise InvalidInput(Mistake(KEY, "has an empty line", "leave it out", place))
    if not NUMBER.fullmatch(text):
        raise _wrong(text, "is no time", "write one on each line, in seconds from the beginning of the run, such as 0.033", place)
    seconds = float(text)
    if not math.isfinite(seconds) or seconds * PS_PER_S > MAX_PS:
        problem = f"is later than the {MAX_PS / PS_PER_S:.2g} s that can be simulated"
        raise _wrong(text, problem, "count seconds from the beginning of the run", place)
    return round(seconds * PS_PER_S)


def _in_order(lines: Iterator[_Line]) -> Iterator[_Line]:
    """The lines, as long as they go up and are not too many."""
    before: _Line | None = None
    for number, line in enumerate(lines, start=1):
        if before and line.time_ps < before.time_ps:
            raise line.wrong(f"is earlier than the {before.text} before it", "sort the lines: frames are numbered as they arrive")
        if number > MAX_FRAMES:
            raise line.wrong(f"is one time more than the {MAX_FRAMES:,} frames that can be run", "take fewer")
        yield (before := line)
