"""Frames of streams that wait to be begun, while a schedule is simulated on SimPy, and which of them is to be dropped."""

from __future__ import annotations

from collections.abc import Iterator

from hyperdrive_sim.schedule.admission import beginnings
from hyperdrive_sim.schedule.schedule import Schedule


class WaitingFrames:
    """State of all streams: which frames wait, in order of arrival, and which have begun; what may be dropped is `Stream`'s to say."""

    def __init__(self, schedule: Schedule) -> None:
        self.streams, self.frame = schedule.streams, schedule.frame.tolist()
        self.begins = beginnings(schedule.frame, schedule.not_before_ps).tolist()
        self.stream_of = {frame: number for number, stream in enumerate(self.streams) for frame in stream.frames}
        self.kept = {frame for stream in self.streams for frame in stream.frames[: stream.kept]}
        self.latest = {
            frame: at + stream.late_ps
            for stream in self.streams
            if stream.policy == "late"
            for frame, at in zip(stream.frames, stream.arrival_ps, strict=True)
            if frame not in self.kept
        }
        """Of each frame that may be too late, the last instant in which it may begin."""
        self.tasks: dict[int, list[int]] = {frame: [] for frame in self.stream_of}
        for index, frame in enumerate(self.frame):
            if frame in self.tasks:
                self.tasks[frame].append(index)
        self.waiting: list[list[int]] = [[] for _ in self.streams]
        self.begun: set[int] = set()

    def arrivals(self) -> Iterator[tuple[int, int]]:
        """Times at which frames arrive, each with its frame."""
        for stream in self.streams:
            yield from zip(stream.arrival_ps, stream.frames, strict=True)

    def arrive(self, frame: int) -> None:
        """Let a frame wait from now on, unless it has begun."""
        if frame not in self.begun:
            self.waiting[self.stream_of[frame]].append(frame)

    def begin(self, index: int) -> None:
        """Note that a task starts, with which its frame may have begun."""
        frame = self.frame[index]
        if self.begins[index] and frame in self.stream_of and frame not in self.begun:
            self.begun.add(frame)
            self.leave(frame)

    def leave(self, frame: int) -> None:
        """Let a frame wait no longer."""
        if frame in (waiting := self.waiting[self.stream_of[frame]]):
            waiting.remove(frame)

    def late(self, index: int, now: int) -> bool:
        """True if a task that would begin its frame *now* would do so too late."""
        frame = self.frame[index]
        return self.begins[index] and frame not in self.begun and now > self.latest.get(frame, now)

    def surplus(self) -> int | None:
        """The frame that is dropped because more wait than may; None if there is none. Of several streams the first one's."""
        for stream, waiting in zip(self.streams, self.waiting, strict=True):
            if stream.policy != "late" and len(waiting) > stream.waiting:
                for frame in waiting if stream.policy == "oldest" else reversed(waiting):
                    if frame not in self.kept:
                        return frame
        return None
