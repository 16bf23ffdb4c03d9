"""What has been worked out for some sizes, kept for calls with the same sizes; a sweep over sizes lets go of the oldest."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST = 256
"""Number of values that are kept: more than the sizes of one network, and few enough for a process that sees ever new ones."""


class Kept(dict[K, V]):
    """Values by key, read as from any dict; threads may keep some at the same time. A value in use lives on when it is dropped here."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    def keep(self, key: K, value: V) -> V:
        """Keep *value* and return it; of more than MOST, the one that was kept first is dropped."""
        with self._lock:
            self[key] = value
            while len(self) > MOST:
                del self[next(iter(self))]
        return value
