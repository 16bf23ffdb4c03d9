"""Work in the background: threads compute values while whoever needs them later goes on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from hyperdrive_sim.kernels.processors import processors
from hyperdrive_sim.network.parameters import Array

Result = Callable[[], Array]
"""Values that are asked for once, and computed by then at the latest. Raises what computing them raises."""

WORTH_MACS = 1 << 21
"""Work for a thread to take over. Handing it over and its result back takes 50 us: 0.8 MMAC of a kernel with AVX2 (16 GMAC/s), 5 MMAC of
the fastest. It lies between them: most processors are nearer to the former, and whoever hands work over goes on meanwhile.
"""


class Background:
    """Threads, one for each processor unless *threads* says how many; with one alone, values are computed when they are asked for.

    Leaving the context drops what has not begun and waits for the rest, also when an exception leaves it.
    """

    def __init__(self, threads: int | None = None) -> None:
        count = processors() if threads is None else threads
        self._pool = ThreadPoolExecutor(count) if count > 1 else None

    def __enter__(self) -> Background:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def result(self, work: Result, macs: float) -> Result:
        """What *work* of so many MACs returns or raises, from a thread if there is enough of it."""
        if self._pool is None or macs < WORTH_MACS:
            return work
        return self._pool.submit(work).result
