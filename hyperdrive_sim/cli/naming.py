"""Commands that say what there is: list, schema."""

from __future__ import annotations

from hyperdrive_sim.cli.ending import command
from hyperdrive_sim.cli.terminal import json_option, show, show_json, tell


@command
@json_option
def list_(as_json: bool) -> None:
    """Name what comes along: architectures, networks with their MACs and weights, scenarios with their titles and sizes.

    The names of scenarios can be given to `run` and to all other commands, from anywhere. Nothing is simulated for this: `run NAME
    --dry-run` says how many tasks a scenario has and how long it takes, `describe NAME` all there is to know of any of these.
    """
    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.study.listing import listing

    found = listing()
    if as_json:
        show_json(found.to_dict())
    else:
        from hyperdrive_sim.cli import listings

        show(listings.listing(found))
    for error in registry.broken().values():
        tell(f"warning: {error}")


@command
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.scenario.schema import schema

    show_json(schema())
    for error in registry.broken().values():
        tell(f"warning: {error}")
