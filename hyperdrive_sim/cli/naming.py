"""Commands that say what there is: list, schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click

from hyperdrive_sim.cli.ending import command
from hyperdrive_sim.cli.terminal import chips, json_option, say, show, show_json, tell

LEAST_MEANING = 24
"""Characters of a line of what a key means."""


@command
@click.argument("chip", required=False, shell_complete=chips)
@json_option
def list_(chip: str | None, as_json: bool) -> None:
    """Name the architectures, the networks with the channels of their inputs, and the scenarios there are.

    Of a CHIP, list the keys that a scenario may have under `chip:`, with unit, default and meaning.
    """
    if chip is not None:
        _keys(chip, as_json)
        return
    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.network import zoo
    from hyperdrive_sim.scenario import shipped
    from hyperdrive_sim.text.wording import counted

    channels = {name: zoo.channels(name) or "any" for name in zoo.names()}
    if as_json:
        listed = {"architectures": registry.names(), "networks": zoo.names(), "scenarios": shipped.scenarios()}
        show_json({**listed, "input_channels": channels})
        return
    scenarios = shipped.scenarios()
    _say("architectures", registry.names())
    for number in dict.fromkeys(channels.values()):
        names = [name for name in zoo.names() if channels[name] == number]
        what = counted(number, "channel") if isinstance(number, int) else "any number of channels"
        _say(f"networks over an input of {what}", [_with_options(name, zoo.options(name)) for name in names])
    _say("scenarios", scenarios)


def _keys(chip: str, as_json: bool) -> None:
    """The keys of a chip, as a document or as a table."""
    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.scenario.keys import chip_keys

    keys = chip_keys(registry.load(chip))
    if as_json:
        show_json({"architecture": chip, "keys": [key._asdict() for key in keys]})
        return
    from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn

    names, units, defaults, meanings = zip(*(key.row for key in keys), strict=True)
    show(
        FittedTable(
            f"keys under `chip:` for {chip}",
            TerminalColumn("key", names, right=False),
            TerminalColumn("unit", units, right=False),
            TerminalColumn("default", defaults, right=False, wraps=" "),
            TerminalColumn("what it is", meanings, right=False, wraps=" ", least=LEAST_MEANING),
            TerminalColumn("known as", [key.provenance for key in keys], right=False, spare=1),
        )
    )


def _say(what: str, names: Iterable[str]) -> None:
    say("\n".join([f"{what}:", *(f"  {name}" for name in names)]))


def _with_options(name: str, options: Mapping[str, int]) -> str:
    return ", ".join([name, *(f"{option}: {value}" for option, value in options.items())])


@command
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.scenario.schema import schema

    show_json(schema())
    for error in registry.broken().values():
        tell(f"warning: {error}")
