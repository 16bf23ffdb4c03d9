"""Commands that say what there is: list, schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hyperdrive_sim.cli.ending import command
from hyperdrive_sim.cli.terminal import json_option, say, show_json, tell


@command
@json_option
def list_(as_json: bool) -> None:
    """Name the architectures, the networks with the channels of their inputs, and the scenarios there are."""
    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.network import zoo
    from hyperdrive_sim.scenario import shipped
    from hyperdrive_sim.text.wording import counted

    channels = {name: zoo.channels(name) or "any" for name in zoo.names()}
    if as_json:
        listed = {"architectures": registry.names(), "networks": zoo.names(), "scenarios": tuple(shipped.catalogue().names)}
        show_json({**listed, "input_channels": channels})
        return
    _say("architectures", registry.names())
    for number in dict.fromkeys(channels.values()):
        names = [name for name in zoo.names() if channels[name] == number]
        what = counted(number, "channel") if isinstance(number, int) else "any number of channels"
        _say(f"networks over an input of {what}", [_with_options(name, zoo.options(name)) for name in names])
    _say("scenarios", shipped.catalogue().names)


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
