"""The command about files of weights: weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hyperdrive_sim.cli.ending import command
from hyperdrive_sim.cli.terminal import file_argument, force_option, json_option, max_memory_option, set_option, show, show_json
from hyperdrive_sim.cli.writing import tell_written

if TYPE_CHECKING:
    from rich.console import Group

    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.study.templates import Template

OPTION = "--template"
BELOW = (
    "type: what values become; the file may have them as any numbers",
    "absent: the value in place of an array that the file does not have, 1 for a factor and 0 for an offset; needed: it must be there",
)


@command
@file_argument
@click.option(
    OPTION,
    "output",
    type=click.Path(path_type=Path),
    metavar="OUT.npz",
    help="Write a file of them all, with the values that are drawn from the seed.",
)
@set_option
@max_memory_option
@json_option
@force_option
def weights(file: Path, output: Path | None, changes: tuple[str, ...], as_json: bool, force: bool) -> None:
    """List the arrays that a file of weights has for a scenario's network: name, shape, what each is, what its absence means.

    The key `weights` of a scenario names such a file. With a template's values in place of those that are drawn from the seed, a run
    computes the same. A model that comes with constants of its own takes none.
    """
    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.study.templates import template

    scenario = Scenario.read(file, changes)
    found = template(scenario)
    if output:
        _write(scenario, found, output, force)
    if as_json:
        show_json(found.to_dict())
    elif not output:
        show(_table(found))


def _write(scenario: Scenario, wanted: Template, output: Path, force: bool) -> None:
    """Write a template; the file that the scenario names as its weights is not read for it, but not replaced by drawn ones either."""
    from hyperdrive_sim.outputs import array_files
    from hyperdrive_sim.scenario import shipped
    from hyperdrive_sim.study.templates import filled

    kept = [path for path in scenario.files if path.exists()]
    array_files.check(output, OPTION, force=force, inputs=kept)
    array_files.write(output, OPTION, filled(scenario, wanted), force=force, inputs=kept)
    beside = f"`weights: {os.path.relpath(output, Path(scenario.file).parent)}` in {scenario.file}"
    named = shipped.catalogue().name(Path(scenario.file))  # what comes along is nothing to write into
    taker = f"`hyperdrive-sim run {named} --set weights={os.path.abspath(output)}`" if named else beside
    tell_written(output, f"{taker} takes it", f"{len(wanted.arrays)} arrays")


def _table(found: Template) -> Group:
    """A row per array, and below what is said in few words."""
    from rich.console import Group
    from rich.text import Text

    from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn

    arrays = found.arrays
    table = FittedTable(
        f"arrays of a file of weights for {found.network.name}",
        TerminalColumn("array", [one.name for one in arrays], right=False),
        TerminalColumn("shape", [" x ".join(map(str, one.shape)) for one in arrays]),
        TerminalColumn("type", [str(one.dtype) for one in arrays], right=False, spare=1),
        TerminalColumn("what it is", [one.holds for one in arrays], right=False, wraps=" "),
        TerminalColumn("absent", ["needed" if one.absent is None else f"{one.absent:g}" for one in arrays]),
    )
    return Group(table, *(Text(line, style="dim") for line in BELOW))
