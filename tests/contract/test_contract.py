"""The package's contract, held against every architecture there is."""

from hyperdrive_sim.archs import registry
from hyperdrive_sim.testing.test_contract import *  # noqa: F403 - the tests themselves
from hyperdrive_sim.testing.test_mutations import *  # noqa: F403
from hyperdrive_sim.testing.worlds import worlds

CHIPS = {"chewbaccann", "hyperdrive", "nandnet_dram", "nandnet_sram", "xnorbin"}


def test_all_architectures_are_found_and_tell_of_worlds_of_their_own() -> None:
    assert set(registry.names()) >= CHIPS
    for name in sorted(CHIPS):
        assert len([built for built in worlds(name) if built.world.chip]) >= 4, f"{name} is tried with settings of its own"
