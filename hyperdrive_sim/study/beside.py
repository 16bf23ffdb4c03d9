"""Work beside the main thread's: what nobody waits for yet is done by a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import reduce
from types import TracebackType
from typing import TypeVar

from hyperdrive_sim.kernels.sliding import processors

T = TypeVar("T")


class Beside:
    """A thread that does pieces of work one after the other; without one, on a single processor or if *alone*, who asks does them.

    Leaving the context drops what has not begun and waits for the piece under way, also when an exception leaves it.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self._pool = None if alone or processors() == 1 else ThreadPoolExecutor(1)
        self._waiting = False

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    @property
    def alone(self) -> bool:
        """True if the main thread does all."""
        return self._pool is None

    def threads(self) -> int:
        """Processors for a piece of work that begins now: all but the main thread's, or all while that one waits."""
        return processors() if self.alone or self._waiting else processors() - 1

    def begin(self, work: Callable[[], T]) -> Callable[[], T]:
        """What *work* returns or raises, to be asked for once."""
        if self._pool is None:
            return work
        future = self._pool.submit(work)
        return lambda: self._awaited(future)

    def last(self, items: Iterator[T]) -> Callable[[], T]:
        """The last of some items, at least one, to be asked for once; each is made behind the pieces of work that wait by then."""
        pool = self._pool
        if pool is None:
            return lambda: reduce(lambda _, later: later, items)  # of which none is kept but the last
        found: Future[T] = Future()

        def further(item: T | None) -> None:
            try:
                following = next(items, None)
            except BaseException as error:
                found.set_exception(error)
                raise
            if following is not None:
                pool.submit(further, following)
            elif item is not None:
                found.set_result(item)

        pool.submit(further, None)
        return lambda: self._awaited(found)

    def _awaited(self, future: Future[T]) -> T:
        self._waiting = True
        try:
            return future.result()
        finally:
            self._waiting = False
