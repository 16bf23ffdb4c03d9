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
from importlib import import_module
from typing import Any, TextIO, cast

import click

from hyperdrive_sim import __version__
from hyperdrive_sim.cli.ending import ended, refused
from hyperdrive_sim.cli.terminal import Command, ToBeDrawn, of_stdout

COMMANDS = {
    **dict.fromkeys(("run", "check", "evaluate", "sweep"), "simulating"),
    **dict.fromkeys(("export", "stream"), "exporting"),
    **dict.fromkeys(("compare", "report", "diagram", "explain"), "showing"),
    **dict.fromkeys(("describe", "list", "schema"), "naming"),
    "import": "importing",
    "bench": "benching",
    "sensitivity": "advising",
    "validate": "validating",
    "weights": "weights",
}
"""The module that each command stands in: its function is called like it, with a `_` behind a name that Python has taken."""


class _Commands(Command, click.Group):
    """The group of all commands. Of help and wrong use it only sees that there is something to say."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"hyperdrive_sim.cli.{COMMANDS[cmd_name]}")
        found: click.Command = getattr(module, f"{cmd_name}_" if cmd_name in ("import", "list") else cmd_name)
        return found

    def main(self, *args: Any, **more: Any) -> Any:
        try:
            return super().main(*args, **more)
        except ToBeDrawn:
            from hyperdrive_sim.cli.drawn import drawn

            return drawn(self).main(*args, **more)

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _undrawn():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _undrawn():
            return super().invoke(ctx)


@contextmanager
def _undrawn() -> Iterator[None]:
    try:
        with ended():
            yield
    except click.ClickException:
        raise ToBeDrawn from None


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


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: hyperdrive-sim run hyperdrive/resnet34_224",
)
@click.version_option(__version__, "--version", prog_name="hyperdrive-sim")
@click.option("--traceback", is_flag=True, help="Show where in the program an error arose, before the sentence that says what is wrong.")
@click.pass_context
def cli(context: click.Context, traceback: bool) -> None:
    """Simulate binary and binary-weight CNN accelerators, system level, bit for bit."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


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
