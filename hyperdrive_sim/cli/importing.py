"""The command that imports a trained network."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hyperdrive_sim.cli.ending import command
from hyperdrive_sim.cli.terminal import force_option, json_option, output_option, show, show_json
from hyperdrive_sim.cli.writing import tell_written
from hyperdrive_sim.errors import InvalidInput


@command
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.option("--input-shape", metavar="C,H,W", help="Channels, rows and columns, if not those of the file.")
@click.option("--zero", type=click.Choice(["1", "-1"]), help="What a sign makes of 0, where the file makes a third value of it.")
@click.option("--map-bits", type=click.Choice(["1", "16"]), help="Bits of a map's values, for files that hold shapes alone.")
@output_option("DIR", "Write the network into a directory, which scenarios can name and which needs no onnx.")
@json_option
@force_option
def import_(model: Path, output: Path | None, as_json: bool, force: bool, **chosen: str | None) -> None:
    """Import a network, and say what it consists of and which chips take it.

    MODEL is an ONNX or QONNX file, the directory of an earlier import, or a topology file of SCALE-Sim, which has shapes alone.

    A scenario can also name the file itself: `network: model.onnx`.
    """
    from hyperdrive_sim.cli import tables
    from hyperdrive_sim.importing import models
    from hyperdrive_sim.importing.options import COMMAND, Options
    from hyperdrive_sim.outputs import networks
    from hyperdrive_sim.outputs.manifest import Circumstances
    from hyperdrive_sim.study.models import summary

    zero, map_bits = (None if value is None else int(value) for value in (chosen["zero"], chosen["map_bits"]))
    imported = models.imported(model, Options(shape_of(chosen["input_shape"]), zero, map_bits, COMMAND))
    found = summary(imported)
    if output:
        networks.write(imported, output, Circumstances(sys.argv[1:]), force=force)
        tell_written(output, f"`network: ./{output.name}` in a scenario beside it takes it")
    show_json(found.to_dict()) if as_json else show(tables.model(found))


def shape_of(text: str | None) -> tuple[int, int, int] | None:
    """An input shape as it was typed."""
    if text is None:
        return None
    parts = text.strip("[]").split(",")
    try:
        channels, rows, columns = (int(part) for part in parts)
    except ValueError:
        raise InvalidInput.at("--input-shape", f"'{text}' is no shape", "for example 3,224,224: channels, rows, columns") from None
    if min(channels, rows, columns) < 1:
        raise InvalidInput.at("--input-shape", f"'{text}' has a size below 1", "for example 3,224,224: channels, rows, columns")
    return channels, rows, columns
