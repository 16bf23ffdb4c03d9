"""The writer that takes an architecture's tasks, or only counts how many they would be."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

from hyperdrive_sim.schedule.tasks import Schedule, Task

T = TypeVar("T")


class Writer:
    """Takes tasks in the order of the schedule; one that is *counting* keeps few of them and knows how many there would be.

    One that writes calls *when_large* once there are more than *large* tasks. A lowering is written once, as loops over frames, blocks
    or passes, and serves both: it runs its regular loops through `each`.
    """

    def __init__(self, *, counting: bool = False, large: int | None = None, when_large: Callable[[], None] | None = None) -> None:
        self.counting, self.large, self.when_large = counting, large, when_large
        self.tasks: list[Task] = []
        self._skipped = 0
        self._known: dict[Hashable, tuple[int, int]] = {}

    @property
    def size(self) -> int:
        """Number of tasks that have been written, or would have been."""
        return len(self.tasks) + self._skipped

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
        if alike is None or alike not in self._known:
            before = self.size
            passes: list[int] = []
            for item in items[:2]:
                yield item
                passes.append(self.size - before - sum(passes))
            first, other = passes[0] if passes else 0, passes[-1] if passes else 0
            if alike is not None and len(passes) == 2:
                self._known[alike] = first, other
            self._skipped += other * max(0, len(items) - 2)
        elif items:
            first, other = self._known[alike]
            self._skipped += first + other * (len(items) - 1)

    def _notice(self) -> None:
        """Call *when_large*, once, if more than *large* tasks have been written: it may raise before there are many more."""
        if self.when_large and self.large is not None and len(self.tasks) > self.large:
            told, self.when_large = self.when_large, None
            told()

    def schedule(self) -> Schedule:
        """All that was written."""
        return Schedule(self.tasks)
