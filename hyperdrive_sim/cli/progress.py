"""A progress bar that stays out of the way: on a terminal only, and only for work that takes more than two seconds."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

PATIENCE_S = 2.0
REFRESH_S = 0.1


class ProgressBar:
    """Shows what is being done and, where it is known, how far it is. It appears by itself, even if nothing is told for long."""

    def __init__(self) -> None:
        self.stage, self.done, self.total = "working", 0, 0
        self.told_at = 0.0
        self.progress: Any = None
        self.timer = threading.Timer(PATIENCE_S, self._open)
        self.timer.daemon = True

    def __enter__(self) -> ProgressBar:
        if sys.stderr.isatty():
            self.timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.timer.cancel()
        if self.timer.is_alive():
            self.timer.join()
        if self.progress is not None:
            self.progress.stop()

    def restore(self) -> None:
        """Give the terminal its cursor back and take the bar away, where nobody waits for the bar to end."""
        if self.progress is not None:
            with suppress(OSError):
                os.write(2, b"\x1b[?25h\r\x1b[K")

    def update(self, stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        new_stage, self.stage = stage != self.stage, stage
        self.done, self.total = done, total
        if self.progress is not None and (new_stage or now - self.told_at > REFRESH_S):
            self.told_at = now
            self._show()

    def _show(self) -> None:
        self.progress.update(self.progress.task_ids[0], description=self.stage, completed=self.done, total=self.total or None)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
        progress = Progress(*columns, console=Console(stderr=True), transient=True)
        progress.add_task(self.stage, total=self.total or None)
        progress.start()
        self.progress = progress
        self._show()  # what was told since the task was added
