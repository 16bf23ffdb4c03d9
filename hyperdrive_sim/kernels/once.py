"""Functions whose results are kept, and made once even where several threads ask for them at the same time."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from threading import Lock
from typing import TypeVar

R = TypeVar("R")


def once(make: Callable[..., R]) -> Callable[..., R]:
    """Keep what *make* returns for each set of arguments, for as long as the process lives: compiling takes longer than most layers.

    Whoever asks meanwhile waits, where `lru_cache` alone would have each of several threads compile the same.
    """
    kept, lock = lru_cache(maxsize=None)(make), Lock()

    @wraps(make)
    def found(*arguments: object) -> R:
        with lock:
            return kept(*arguments)

    return found
