"""A progress bar that stays out of the way: on a terminal only, and only for work that takes more than two seconds."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

PATIENCE_S = 2.0
REFRESH_S = 0.1


class Bar:
    """Shows what is being done and, where it is known, how far it is."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.shown_at = 0.0
        self.wanted = sys.stderr.isatty()
        self.progress: Any = None
        self.task: Any = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.progress is not None:
            self.progress.stop()

    def update(self, stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        if not self.wanted or now - self.began < PATIENCE_S or now - self.shown_at < REFRESH_S:
            return
        self.shown_at = now
        if self.progress is None:
            self._open()
        self.progress.update(self.task, description=stage, completed=done, total=total or None, refresh=True)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
        self.progress = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
        self.task = self.progress.add_task("")
        self.progress.start()
