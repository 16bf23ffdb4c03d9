"""Admission of frames that arrive faster than they can be taken: which of them are dropped is a rule of the schedule, not of an engine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.columns import Codes, Numbers

Policy = Literal["newest", "oldest", "late"]
"""Which frame is dropped: of those that wait too many the newest or the oldest, or each that is too late to be begun."""
POLICIES: tuple[Policy, ...] = get_args(Policy)


class Stream(NamedTuple):
    """A stream of frames from one source: their numbers in order of arrival, when each arrives (ps), and which of them are dropped.

    A frame has *begun* when one of its tasks has started that wait for its arrival (`not_before_ps` above 0), or any of them if none does.
    So weights that are brought before the frame is there do not begin it. It *waits* from its arrival until it has begun, and can be
    dropped only while it waits:

    - `newest`, `oldest`: when more than *waiting* frames wait, the newest or the oldest of them goes;
    - `late`: a frame that has not begun *late_ps* after its arrival is no longer begun: it goes when a unit would begin it.

    The first *kept* frames are never dropped, though they count while they wait: what is loaded once and then stays is loaded with the
    first frame, and with the first frame of each of several replicas that take turns. Frames of no stream are never dropped.

    Tasks of a dropped frame that have begun before go on to their end. All others are *skipped*: they take no unit, no time and no
    latency, do nothing and cost nothing. Each still waits for all tasks that it comes after, and for the end of those that it would have
    started with, and is over in that instant; so the order that its edges stand for holds for all frames behind it.
    """

    frames: tuple[int, ...]
    arrival_ps: tuple[int, ...]
    policy: Policy
    waiting: int = 0
    late_ps: int = 0
    kept: int = 1

    def among(self, frames: Collection[int]) -> Stream:
        """The stream of those of its frames that are among some."""
        here = [at for at, frame in enumerate(self.frames) if frame in frames]
        return self._replace(
            frames=tuple(self.frames[at] for at in here),
            arrival_ps=tuple(self.arrival_ps[at] for at in here),
            kept=sum(at < self.kept for at in here),
        )

    @property
    def fault(self) -> str:
        """What is wrong with it by itself; empty if nothing is."""
        if self.policy not in POLICIES:
            return f"has the policy {self.policy!r}, which is none of {', '.join(POLICIES)}"
        if len(self.frames) != len(self.arrival_ps):
            return f"has {len(self.frames)} frames, and {len(self.arrival_ps)} times of arrival"
        if min(self.waiting, self.late_ps, self.kept, *self.arrival_ps) < 0:
            return "has a number below 0"
        back = [frame for frame, (before, at) in zip(self.frames[1:], pairwise(self.arrival_ps), strict=True) if at < before]
        return f"has frame {back[0]} behind one that arrives later" if back else ""


class Admission(NamedTuple):
    """Rule by which the frames of a run are dropped; *waiting* and *late_ps* as in `Stream`."""

    policy: Policy
    waiting: int = 0
    late_ps: int = 0

    def stream(self, frame: Codes, not_before_ps: Numbers, kept: int = 1) -> Stream:
        """The stream of all frames that tasks are of, each of which arrives when the last of its tasks may begin; both [tasks].

        The first *kept* of them are never dropped. Raises InvalidInput for several frames that do not arrive at times of their own: each is
        there whenever there is room for it.
        """
        if frame.any() and not not_before_ps.any():
            raise InvalidInput.at(
                "admission", "frames that do not arrive at times of their own are never too many", "say when they arrive, or leave it out"
            )
        arrival = np.zeros(1 + int(frame.max(initial=0)), np.int64)
        np.maximum.at(arrival, frame, not_before_ps)
        order = np.argsort(arrival, kind="stable")
        return Stream(tuple(order.tolist()), tuple(arrival[order].tolist()), *self, kept)


def beginnings(frame: Codes, not_before_ps: Numbers) -> NDArray[np.bool_]:
    """True for each task with whose start its frame has begun [tasks]."""
    waits = not_before_ps > 0
    arrives = np.zeros(1 + int(frame.max(initial=0)), np.bool_)
    arrives[frame[waits]] = True
    return waits | ~arrives[frame]


def fault(streams: Sequence[Stream], frames: Collection[int]) -> str:
    """What is wrong with the streams of a schedule whose tasks are of some *frames*; empty if nothing is."""
    known: set[int] = set()
    for number, stream in enumerate(streams):
        if wrong := stream.fault:
            return f"stream {number} {wrong}"
        for frame in stream.frames:
            if frame in known:
                return f"stream {number} has frame {frame} a second time"
            if frame not in frames:
                return f"stream {number} has frame {frame}, which no task is of"
            known.add(frame)
    return ""
