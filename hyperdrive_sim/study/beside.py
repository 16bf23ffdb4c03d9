"""Work beside the main thread's: what nobody waits for yet is done by a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial, reduce
from itertools import count
from queue import PriorityQueue
from threading import Thread
from types import TracebackType
from typing import TypeVar

from hyperdrive_sim.kernels.processors import processors

T = TypeVar("T")

STOP, SOON, SPARE = range(3)
"""Ranks of pieces of work: the lowest is done first, and of equals the one that came first."""


class Beside:
    """A thread that does pieces of work one after the other; without one, on a single processor or if *alone*, who asks does them.

    Leaving the context drops what has not begun and waits for the piece under way, also when an exception leaves it.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self._works: PriorityQueue[tuple[int, int, Callable[[], None] | None]] = PriorityQueue()
        self._numbers = count()
        self._thread = None if alone or processors() == 1 else Thread(target=self._serve)
        self._waiting = False

    def __enter__(self) -> Beside:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread is not None:
            self._put(STOP, None)
            self._thread.join()

    @property
    def alone(self) -> bool:
        """True if the main thread does all."""
        return self._thread is None

    def threads(self) -> int:
        """Processors for a piece of work that begins now: all but the main thread's, or all while that one waits."""
        return processors() if self.alone or self._waiting else processors() - 1

    def begin(self, work: Callable[[], T]) -> Callable[[], T]:
        """What *work* returns or raises, to be asked for once."""
        if self.alone:
            return work
        found: Future[T] = Future()

        def fulfil() -> None:
            try:
                found.set_result(work())
            except BaseException as error:
                found.set_exception(error)

        self._put(SOON, fulfil)
        return partial(self._awaited, found)

    def last(self, items: Iterator[T]) -> Callable[[], T]:
        """The last of some items, at least one, to be asked for once; each is made when no other piece of work is to be done."""
        if self.alone:
            return lambda: reduce(lambda _, later: later, items)  # of which none is kept but the last
        found: Future[T] = Future()

        def further(item: T | None) -> None:
            try:
                following = next(items, None)
            except BaseException as error:
                found.set_exception(error)
                return
            if following is not None:
                self._put(SPARE, partial(further, following))
            elif item is not None:
                found.set_result(item)

        self._put(SPARE, partial(further, None))
        return partial(self._awaited, found)

    def _put(self, rank: int, work: Callable[[], None] | None) -> None:
        self._works.put((rank, next(self._numbers), work))

    def _serve(self) -> None:
        while (work := self._works.get()[-1]) is not None:
            work()

    def _awaited(self, future: Future[T]) -> T:
        self._waiting = True
        try:
            return future.result()
        finally:
            self._waiting = False
