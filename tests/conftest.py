"""What holds for every test: property tests are not timed, for on a busy machine slow is no fault; programs that one needs are there."""

from __future__ import annotations

import programs
import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a program that is not there; from here, not from a fixture, so that pytest's summary says it in one line for all."""
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            programs.find(name)
