"""Commands that say what there is: list, describe, schema."""

from __future__ import annotations

import click

from hyperdrive_sim.cli.ending import command
from hyperdrive_sim.cli.terminal import anything_named, json_option, set_option, show, show_json, tell


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
@click.argument("name", shell_complete=anything_named)
@click.option("--input-shape", metavar="C,H,W", help="Channels, rows and columns of a network, if not its usual ones.")
@set_option
@json_option
def describe(name: str, input_shape: str | None, changes: tuple[str, ...], as_json: bool) -> None:
    """Describe an architecture, a network or a scenario.

    Of an architecture: every key under chip: with its default and source, what its actions cost, and its scenarios. Of a network: layers,
    MACs, weights, options, and which chips take it. Of a scenario, by its file, its short name or a run's directory: every key with its
    value and who says so, a file or a default. NAME is looked for in this order; ./NAME is a file.
    """
    from hyperdrive_sim.cli.importing import shape_of
    from hyperdrive_sim.study.descriptions import described

    found = described(name, shape_of(input_shape), changes)
    if as_json:
        show_json(found.to_dict())
    else:
        from hyperdrive_sim.cli import descriptions

        show(descriptions.description(found))


@command
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.scenario.schema import schema

    show_json(schema())
    for error in registry.broken().values():
        tell(f"warning: {error}")
