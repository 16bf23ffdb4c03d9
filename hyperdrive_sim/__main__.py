"""`python -m hyperdrive_sim`."""

from hyperdrive_sim.cli.commands import main

main()
