"""The common part of all commands: how they print, and the options that many of them take."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hyperdrive_sim.errors import HyperdriveSimError, visible
from hyperdrive_sim.files.undone import undone

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    from hyperdrive_sim.reports.report import Report

PIPED_WIDTH = 100


def scenarios(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Short names of scenarios that begin so, for shells that complete them; files, which the shell knows itself, where there is none."""
    from click.shell_completion import CompletionItem

    from hyperdrive_sim.scenario import shipped

    return [CompletionItem(begun, type="file"), *map(CompletionItem, _beginning(shipped.catalogue().names, begun))]


def anything_named(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """What has a name to be described by, beginning so."""
    from click.shell_completion import CompletionItem

    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.network import zoo

    names = map(CompletionItem, _beginning((*registry.names(), *zoo.names()), begun))
    return [*scenarios(context, parameter, begun), *names]


def _beginning(names: Iterable[str], begun: str) -> list[str]:
    return [name for name in names if name.startswith(begun)]


file_argument = click.argument("file", type=click.Path(path_type=Path), shell_complete=scenarios)
set_option = click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a key of the scenario: --set chip.mesh=[5,10]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


force_option = click.option("--force", is_flag=True, help="Replace a file that hyperdrive-sim did not write; never one that is read.")


class ToBeDrawn(Exception):
    """Help is asked for, or a command is used in a wrong way: rich-click draws what there is to say, and is loaded only then."""


class Command(click.Command):
    """A command whose help is drawn elsewhere."""

    def get_help(self, ctx: click.Context) -> str:
        raise ToBeDrawn


class _Size(click.ParamType):  # type: ignore[type-arg] # in click 8.1 it takes none
    """A size of memory: 4GiB, 500 MB, 1.5G; without a unit, bytes. Those of 1000 are MB and GB, all others of 1024."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,15})?)\s*([kmgt]?)(i?b?)", str(value).strip().lower())
        if found is None:
            self.fail(f"'{value}' is no size; write it like 4GiB", param, ctx)
        base = 1000 if found[3] == "b" and found[2] else 1024
        return int(float(found[1]) * base ** " kmgt".index(found[2] or " "))


max_memory_option = click.option(
    "--max-memory",
    type=_Size(),
    metavar="SIZE",
    help="Refuse beforehand what would take more than this, such as 4GiB; else, more than the machine, its container and ulimit leave.",
)


engine_option = click.option(
    "--engine",
    type=click.Choice(["auto", "simpy", "compiled"]),
    metavar="ENGINE",
    help="Simulate on SimPy (simpy) or by compiled loops (compiled, extra fast), to the same result; auto takes what is sooner done.",
)


def chips(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Names of architectures that begin so, for shells that complete them."""
    from hyperdrive_sim.archs import registry

    return _beginning(registry.names(), begun)


def output_option(metavar: str, what: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`-o`, the path that a command writes to."""
    return click.option("-o", "--output", type=click.Path(path_type=Path), metavar=metavar, help=what, **more)


def say(text: str) -> None:
    """Print a text on stdout, where a terminal shows control characters and does not obey them."""
    with of_stdout():
        click.echo(visible(text))


def tell(text: str) -> None:
    """Print a message on stderr."""
    click.echo(visible(text), err=True)


@contextmanager
def of_stdout() -> Iterator[None]:
    """Let an OSError say that it is about stdout."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from None


class _Visible:
    """What rich can draw, of whose texts a terminal obeys nothing."""

    def __init__(self, drawn: RenderableType) -> None:
        self.drawn = drawn

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment

        for segment in console.render(self.drawn, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def show(drawn: RenderableType) -> None:
    """Print what rich can draw, as wide as there is room, without spaces at the ends of lines."""
    from rich.console import Console

    console = Console(width=room(), highlight=False, markup=False)
    with of_stdout():
        with console.capture() as captured:
            console.print(_Visible(drawn))
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
    say(json.dumps(value, indent=2, allow_nan=False))


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal's stderr, for what takes longer than two seconds; nothing elsewhere."""
    from hyperdrive_sim.cli.progress import ProgressBar

    bar = ProgressBar()
    with undone(bar.restore), bar:
        yield bar.update


def result(outcome: Report | HyperdriveSimError) -> dict[str, Any]:
    """One of several outcomes in JSON."""
    return {"error": str(outcome)} if isinstance(outcome, HyperdriveSimError) else {"result": outcome.to_dict()}
