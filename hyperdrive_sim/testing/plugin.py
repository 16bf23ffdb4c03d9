"""The pytest plugin of the contract: which architectures are held to it, and in which worlds.

    pytest -p hyperdrive_sim.testing.plugin --pyargs hyperdrive_sim.testing --architecture NAME

A test that takes `name` runs for every architecture asked for, one that takes `built` in all of their worlds.
"""

from __future__ import annotations

import pytest

from hyperdrive_sim.archs import registry
from hyperdrive_sim.errors import InvalidInput

ROOM = __name__.rpartition(".")[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--architecture`."""
    told = "the architecture that the contract is for, may be repeated; without it, all that are found"
    parser.addoption("--architecture", action="append", metavar="NAME", help=told)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse names of no architecture before anything is collected."""
    for name in asked(config):
        try:
            registry.load(name)
        except InvalidInput as error:
            raise pytest.UsageError(str(error)) from None


def asked(config: pytest.Config) -> tuple[str, ...]:
    """Names of the architectures that are to be held to the contract."""
    return tuple(config.getoption("architecture") or registry.names())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize the contract's own tests, wherever they are collected; other tests may have a `name` of their own."""
    if not metafunc.function.__module__.startswith(ROOM):
        return
    from hyperdrive_sim.testing.worlds import worlds  # late: networks and their arithmetic are slow to import

    names = asked(metafunc.config)
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", names)
    if "built" in metafunc.fixturenames:
        metafunc.parametrize("built", [built for name in names for built in worlds(name)], ids=str)
