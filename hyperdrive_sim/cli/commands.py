"""The command line: all commands, and the process that one of them is.

Results go to stdout, progress and messages to stderr. Commands are thin and load what they need when they are called, so that `--help`
and `--version` answer at once.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from contextlib import suppress
from typing import Any

import rich_click as click

from hyperdrive_sim import __version__
from hyperdrive_sim.cli import naming, showing, simulating, validating
from hyperdrive_sim.cli.terminal import refused

click.rich_click.TEXT_MARKUP = "rich"


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]}, epilog="Start with: hyperdrive-sim run scenarios/hyperdrive/resnet34_224.yaml"
)
@click.version_option(__version__, "--version", prog_name="hyperdrive-sim")
@click.option("--traceback", is_flag=True, help="Show where in the program an error arose, before the sentence that says what is wrong.")
def cli(traceback: bool) -> None:
    """Simulate binary and binary-weight CNN accelerators, system level, bit for bit."""


for one in (
    *(simulating.run, simulating.check, simulating.sweep),
    *(showing.compare, showing.report, showing.diagram, showing.explain, validating.validate),
    *(naming.list_, naming.schema),
):
    cli.add_command(one)


def main() -> None:
    """The entry point of `hyperdrive-sim` and `python -m hyperdrive_sim`.

    One command is one process: its memory goes back when it ends, so millions of records are neither searched for cycles on the way
    nor taken apart one by one at the end.
    """
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a title that the terminal cannot show is no reason to fail
    code: Any = 0
    try:
        cli()
    except SystemExit as end:
        code = end.code
    except OSError as error:
        code = refused(error)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)
