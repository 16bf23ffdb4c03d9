"""The writer that takes an architecture's tasks, or only counts how many they would be."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from time import perf_counter
from typing import NamedTuple, TypeVar

from hyperdrive_sim.schedule.tasks import Schedule, Task

T = TypeVar("T")


class Pass(NamedTuple):
    """Tasks that one pass of a loop writes, and the seconds that it takes."""

    tasks: int
    seconds: float

    def times(self, number: int) -> Pass:
        return Pass(number * self.tasks, number * self.seconds)


class Writer:
    """Takes tasks in the order of the schedule; one that is *counting* keeps few of them and knows how many there would be.

    What it keeps is a schedule as well. Of each loop that is *repeated* it keeps the second pass, and knows where; *skipped* is what it
    has not gone through, with the time that this would take.

    One that writes calls *when_large* once there are more than *large* tasks. A lowering is written once, as loops over frames, blocks
    or passes, and serves both: it runs its regular loops through `each`.
    """

    def __init__(self, *, counting: bool = False, large: int | None = None, when_large: Callable[[], None] | None = None) -> None:
        self.counting, self.large, self.when_large = counting, large, when_large
        self.tasks: list[Task] = []
        self.skipped = Pass(0, 0.0)
        self.repeated: list[range] = []
        self._known: dict[Hashable, tuple[Pass, Pass]] = {}

    @property
    def size(self) -> int:
        """Number of tasks that have been written, or would have been."""
        return len(self.tasks) + self.skipped.tasks

    def add(self, task: Task) -> int:
        """Write a task; returns its position, which later tasks may come after."""
        self.tasks.append(task)
        return len(self.tasks) - 1

    def each(self, items: Sequence[T], alike: Hashable = None) -> Iterator[T]:
        """The items of a loop whose passes write equally many tasks each, from the second pass on.

        Loops with one key *alike* write equally many tasks in their first passes, and in their others. A writer that counts runs the
        first two passes of one such loop and works out the rest, so what a pass leaves behind for the next must not be needed after it.
        """
        if not self.counting:
            for item in items:
                self._notice()
                yield item
            return
        if alike is not None and alike in self._known:
            if items:
                first, other = self._known[alike]
                self._skip(first, 1)
                self._skip(other, len(items) - 1)
            return
        passes: list[Pass] = []
        for item in items[:2]:
            kept, before = len(self.tasks), self._gone_through()
            yield item
            after = self._gone_through()
            passes.append(Pass(after.tasks - before.tasks, after.seconds - before.seconds))
        if len(passes) == 2:
            self.repeated.append(range(kept, len(self.tasks)))
            self._skip(passes[1], len(items) - 2)
            if alike is not None:
                self._known[alike] = passes[0], passes[1]

    def _gone_through(self) -> Pass:
        """What has been written so far, with what was skipped; its seconds are those of a clock."""
        return Pass(self.size, perf_counter() + self.skipped.seconds)

    def _skip(self, one: Pass, times: int) -> None:
        more = one.times(times)
        self.skipped = Pass(self.skipped.tasks + more.tasks, self.skipped.seconds + more.seconds)

    def _notice(self) -> None:
        """Call *when_large*, once, if more than *large* tasks have been written: it may raise before there are many more."""
        if self.when_large and self.large is not None and len(self.tasks) > self.large:
            told, self.when_large = self.when_large, None
            told()

    def schedule(self) -> Schedule:
        """All that was written."""
        return Schedule(self.tasks)
