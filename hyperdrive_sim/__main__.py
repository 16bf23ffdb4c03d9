"""`python -m hyperdrive_sim`."""

from hyperdrive_sim.cli import main

main()
