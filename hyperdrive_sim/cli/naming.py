"""Commands that say what there is: list, schema."""

from __future__ import annotations

import rich_click as click

from hyperdrive_sim.cli.terminal import command, json_option, show_json


@command
@json_option
def list_(as_json: bool) -> None:
    """Name the architectures, networks and scenarios there are."""
    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.network import zoo
    from hyperdrive_sim.scenario import shipped

    found = {"architectures": registry.names(), "networks": zoo.names(), "scenarios": shipped.scenarios()}
    if as_json:
        show_json(found)
        return
    for what, names in found.items():
        click.echo(f"{what}:")
        for name in names:
            options = zoo.options(name) if what == "networks" else {}
            click.echo(f"  {name}" + "".join(f", {option}: {value}" for option, value in options.items()))


@command
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from hyperdrive_sim.scenario.schema import schema

    show_json(schema())
