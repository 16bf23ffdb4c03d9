"""The command line: all commands, and the process that one of them is.

Results go to stdout, progress and messages to stderr. Commands are thin and load what they need when they are called, so that `--help`
and `--version` answer at once.
"""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

import rich_click as click

from hyperdrive_sim import __version__
from hyperdrive_sim.cli import exporting, importing, naming, showing, simulating, validating
from hyperdrive_sim.cli.ending import refused
from hyperdrive_sim.cli.terminal import of_stdout
from hyperdrive_sim.errors import visible

click.rich_click.TEXT_MARKUP = "rich"


class _Commands(click.RichGroup):
    """The group of all commands; what it says of wrong use is shown and not obeyed by a terminal, whatever was typed."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _ended():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _ended():
            return super().invoke(ctx)


class _Messages:
    """The stream of messages, which nobody may hear: that changes nothing of how a command ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _ended() -> Iterator[None]:
    """Say of wrong use what a terminal can show, and end well if a reader of the help has seen enough."""
    try:
        with of_stdout():  # what commands have to say of other files they have said
            yield
    except OSError as error:
        sys.exit(refused(error))
    except click.ClickException as error:
        said = error.format_message()
        if visible(said) == said:
            raise
        raise click.UsageError(visible(said), getattr(error, "ctx", None)) from None


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: hyperdrive-sim run scenarios/hyperdrive/resnet34_224.yaml",
)
@click.version_option(__version__, "--version", prog_name="hyperdrive-sim")
@click.option("--traceback", is_flag=True, help="Show where in the program an error arose, before the sentence that says what is wrong.")
@click.pass_context
def cli(context: click.Context, traceback: bool) -> None:
    """Simulate binary and binary-weight CNN accelerators, system level, bit for bit."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for one in (
    *(simulating.run, simulating.check, simulating.evaluate, simulating.sweep),
    *(importing.import_, exporting.export, exporting.stream),
    *(showing.compare, showing.report, showing.diagram, showing.explain, validating.validate),
    *(naming.list_, naming.schema),
):
    cli.add_command(one)


def main() -> int:
    """Run the command of this process, and return its exit code."""
    if not re.fullmatch("[1-9][0-9]{0,4}", os.environ.get("COLUMNS", "80")):
        del os.environ["COLUMNS"]  # some editors say 0, where nothing could be shown
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # they are about the code of libraries, and a user's error message begins with `error:`
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a title that the terminal cannot show is no reason to fail
    sys.stderr = cast("TextIO", _Messages(sys.stderr))
    try:
        cli()
    except SystemExit as end:
        return _flushed(end.code if isinstance(end.code, int) else 0)
    except Exception as error:
        return refused(error)
    return 0


def _flushed(code: int) -> int:
    """The exit code, when all that was said has been written."""
    try:
        with of_stdout():
            sys.stdout.flush()
    except OSError as error:
        return code or refused(error)
    return code
