"""Compiled loops over the tasks of a schedule: whether they are there, and whether so many tasks are worth them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

MANY = 100_000
"""Number of tasks whose simulation on SimPy takes as long as numba takes to start and to load what it has compiled once."""


def there() -> bool:
    """True where numba is installed."""
    return find_spec("numba") is not None


def worth_it(tasks: int) -> bool:
    """True where numba is installed and there are so many tasks that it is worth being started."""
    return tasks >= MANY and there()


def event_loop() -> ModuleType:
    """The module of compiled loops, which imports numba."""
    return import_module("hyperdrive_sim.kernels.event_loop")
