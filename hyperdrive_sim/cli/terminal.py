"""The common part of all commands: how they end, print and complain, and the options that many of them take."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from hyperdrive_sim.errors import SAID_AT_ONCE, HyperdriveSimError, InvalidInput, Place, visible

if TYPE_CHECKING:
    from hyperdrive_sim.reports.report import Report

INTERRUPTED = 130
SOME_FAILED = 3
PIPED_WIDTH = 100
LONGEST = 2000
"""Characters of a sentence, which may quote what a user wrote."""

file_argument = click.argument("file", type=click.Path(path_type=Path))
set_option = click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a key of the scenario: --set chip.mesh=[5,10]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


def output_option(metavar: str, what: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`-o`, the path that a command writes to."""
    return click.option("-o", "--output", type=click.Path(path_type=Path), metavar=metavar, help=what, **more)


def command(function: Callable[..., int | None]) -> click.Command:
    """A subcommand whose errors end in a message on stderr and the exit code that the error carries."""

    @wraps(function)
    def wrapped(**arguments: Any) -> None:
        try:
            code = function(**arguments)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            code = INTERRUPTED
        except (HyperdriveSimError, MemoryError, OSError) as error:
            show_traceback(error)
            code = refused(error)
        sys.exit(code or 0)

    return click.command(function.__name__.rstrip("_"))(wrapped)


def refused(error: HyperdriveSimError | MemoryError | OSError) -> int:
    """Say what cannot be done, and return the exit code; a reader that has seen enough is no error."""
    if isinstance(error, HyperdriveSimError):
        complain(error)
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        return 0
    problem = "there is not enough memory; `--dry-run` says how much a run takes"
    if isinstance(error, OSError):
        problem = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
    click.echo(f"error: {problem}", err=True)
    return HyperdriveSimError.exit_code


def show_traceback(error: BaseException) -> None:
    """Print the traceback of an error on stderr if `--traceback` asks for it."""
    context = click.get_current_context(silent=True)
    if context and context.find_root().params.get("traceback") and not isinstance(error, BrokenPipeError):
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)


def complain(error: HyperdriveSimError) -> None:
    """Say on stderr what is wrong, each of the first mistakes with the line that it stands in."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    if not isinstance(error, InvalidInput):
        console.print(Text.assemble(("error: ", "bold red"), visible(str(error))))
        return
    for mistake in error.mistakes[:SAID_AT_ONCE]:
        console.print(Text.assemble(("error: ", "bold red"), shortened(str(mistake))))
        for line in excerpt(mistake.place, console.width - 4):
            console.print(Text(f"    {line}", style="dim"))
    for sentence in error.more:
        console.print(Text.assemble(("error: ", "bold red"), sentence))


def shortened(text: str, most: int = LONGEST) -> str:
    """A text of at most *most* characters, without its middle if it has more: a sentence ends with the cure."""
    return text if len(text) <= most else f"{text[: most * 2 // 3]} ... {text[-most // 3 :]}"


def excerpt(place: Place | None, width: int) -> tuple[str, ...]:
    """The line of a mistake, as far as it fits into *width* characters, and a caret under its column; nothing where there is no line."""
    if place is None or not place.text:
        return ()
    start = max(0, place.column - 1 - width * 2 // 3)
    before, rest = visible(place.text[start : place.column - 1]), visible(place.text[place.column - 1 :][:width])
    return f"{before}{rest}"[: max(width, len(before) + 1)], re.sub(r"[^\t]", " ", before) + "^"


def show(renderable: Any) -> None:
    """Print what rich can draw, as wide as there is room, without spaces at the ends of lines."""
    from rich.console import Console

    console = Console(width=room(), highlight=False, markup=False)
    with console.capture() as captured:
        console.print(renderable)
    text = captured.get() if sys.stdout.isatty() else click.unstyle(captured.get())  # what is styled is padded to the width, too
    click.echo("\n".join(line.rstrip() for line in text.splitlines()))


def room() -> int:
    """Width of the terminal in characters."""
    told = sys.stdout.isatty() or "COLUMNS" in os.environ
    return shutil.get_terminal_size((PIPED_WIDTH, 0)).columns if told else PIPED_WIDTH


def shows(text: str) -> bool:
    """True if the encoding of stdout has all characters of a text."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def show_json(value: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal's stderr, for what takes longer than two seconds; nothing elsewhere."""
    from hyperdrive_sim.cli.progress import ProgressBar

    with ProgressBar() as bar:
        yield bar.update


def result(outcome: Report | HyperdriveSimError) -> dict[str, Any]:
    """One of several outcomes in JSON."""
    return {"error": str(outcome)} if isinstance(outcome, HyperdriveSimError) else {"result": outcome.to_dict()}
