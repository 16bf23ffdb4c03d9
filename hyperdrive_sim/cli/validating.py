"""The command that sets published figures, those that scenarios reproduce, beside ours."""

from __future__ import annotations

from itertools import groupby

import click

from hyperdrive_sim.cli.ending import command
from hyperdrive_sim.cli.terminal import chips, engine_option, json_option, max_memory_option, progress_bar, say, show, show_json, tell
from hyperdrive_sim.errors import InvalidInput

WRONG = 1


@command
@click.argument("architectures", nargs=-1, metavar="[CHIP]...", shell_complete=chips)
@click.option("--quantity", default="", metavar="TEXT", help="Only figures whose name has this text in it, such as efficiency.")
@click.option("--markdown", is_flag=True, help="Print a table in Markdown, as the READMEs have it.")
@engine_option
@max_memory_option
@json_option
def validate(architectures: tuple[str, ...], quantity: str, markdown: bool, as_json: bool) -> int:
    """Run all scenarios that reproduce published figures, of some chips or of all, and set these beside ours.

    Ours stand there twice: counted as the paper counts, and as the system pays. "Known as" is how well the published figure is known;
    "comes back" is said of one that ours rests on, so that it proves nothing. Exit code 1 if one that is counted as the paper counts
    is off by more than 5 %.
    """
    from rich.text import Text

    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.cli import tables
    from hyperdrive_sim.study import validation

    with progress_bar() as progress:
        every = validation.validate(architectures, progress=progress)
    if not architectures:
        for error in registry.broken().values():
            tell(f"warning: {error}")
    found = [row for row in every if quantity in row.figure.quantity]
    if not found:
        known = "known are " + ", ".join(dict.fromkeys(row.figure.quantity for row in every)) if every else ""
        raise InvalidInput.at("--quantity", f"no published figure has '{quantity}' in its name", known)
    if as_json:
        show_json({"rows": [row.to_dict() for row in found]})
    elif markdown:
        say(validation.markdown(found))
    else:
        for scenario, rows in groupby(found, key=lambda row: row.scenario):
            show(Text(scenario.removesuffix(".yaml"), style="bold"))
            show(tables.published([row.figure for row in rows]))
    return 0 if all(row.ok for row in found) else WRONG
