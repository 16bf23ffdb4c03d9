"""How commands end: what they say of errors, and with which exit code.

| exit code | |
|---|---|
| 0 | done, even if whoever read the output has left in the middle of it |
| 1 | the simulation ran and found something wrong |
| 2 | wrong use or input, or nowhere to write; nothing is on stdout |
| 3 | some of several failed |
| 70 | a fault of ours |
| 130, 143, 129 | interrupted by Ctrl-C, by SIGTERM, by a terminal that is closed |
"""

from __future__ import annotations

import errno
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from hyperdrive_sim.cli.terminal import Command, of_stdout, tell
from hyperdrive_sim.errors import SAID_AT_ONCE, HyperdriveSimError, InvalidInput, Place, visible
from hyperdrive_sim.files import ordinary

SOME_FAILED = 3
FAULT = 70
INTERRUPTED = 130

ELSEWHERE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room, or write elsewhere"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "write elsewhere"),
}
"""Cures for what the system would not do, by its number of the error."""

LONGEST = 2000
"""Characters of a sentence, which may quote what a user wrote."""


def command(function: Callable[..., int | None]) -> click.Command:
    """A subcommand whose errors end in a message on stderr and the exit code that the error carries."""

    @wraps(function)
    def wrapped(**arguments: Any) -> None:
        most, engine = arguments.pop("max_memory", None), arguments.pop("engine", None)
        try:
            with _at_most(most), _by(engine):
                code = function(**arguments)
        except KeyboardInterrupt:  # of whoever has called this in a process of their own; ours has ended by then
            tell("interrupted")
            code = INTERRUPTED
        except Exception as error:
            code = refused(error)
        sys.exit(code or 0)

    return click.command(function.__name__.rstrip("_"), cls=Command)(wrapped)


@contextmanager
def _at_most(count: int | None) -> Iterator[None]:
    if count is None:
        yield
        return
    from hyperdrive_sim.study import memory

    with memory.at_most(count):
        yield


@contextmanager
def _by(engine: Any) -> Iterator[None]:
    if engine is None:
        yield
        return
    from hyperdrive_sim.engine.simulate import preferring

    with preferring(engine):
        yield


@contextmanager
def ended() -> Iterator[None]:
    """End the process where stdout cannot be written to; if a reader has seen enough, well."""
    try:
        with of_stdout():  # what commands have to say of other files they have said
            yield
    except OSError as error:
        sys.exit(refused(error))


def refused(error: Exception) -> int:
    """Say what cannot be done, and return the exit code; a reader that has seen enough is no error."""
    if isinstance(error, BrokenPipeError):
        return 0
    show_traceback(error)
    match error:
        case HyperdriveSimError():
            complain(error)
            return error.exit_code
        case MemoryError():
            tell("error: there is not enough memory; `--dry-run` says how much a run takes")
        case OSError():
            nowhere = "the current directory: " if isinstance(error, FileNotFoundError) else ""  # the system names all others
            about = f"{error.filename}: " if error.filename else nowhere
            cure = f"; {ELSEWHERE[error.errno]}" if error.errno in ELSEWHERE else ""
            tell(f"error: {about}{ordinary.why(error)}{cure}")
        case _:
            tell(_fault(error))
            return FAULT
    return HyperdriveSimError.exit_code


def _fault(error: Exception) -> str:
    """What to say of an error that nobody has foreseen: the last line of defence."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    where = re.sub(r".*(?=hyperdrive_sim[/\\])", "", f"{frame.f_code.co_filename}:{line}")
    first = shortened(f"error: a fault of hyperdrive-sim, not yours: {type(error).__name__}: {error} ({where})", 500)
    cure = "please report it, with the command, the files that it was given and what `hyperdrive-sim --traceback COMMAND` prints"
    return f"{first}\n{cure}"


def show_traceback(error: BaseException) -> None:
    """Print the traceback of an error on stderr if `--traceback` asks for it."""
    context = click.get_current_context(silent=True)
    if context and context.find_root().params.get("traceback"):
        tell("".join(traceback.format_exception(error)).rstrip("\n"))


def complain(error: HyperdriveSimError) -> None:
    """Say on stderr what is wrong, each of the first mistakes with the line that it stands in."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    for sentence, place in _sentences(error):
        console.print(Text.assemble(("error: ", "bold red"), shortened(visible(sentence))))
        for line in excerpt(place, console.width - 4):
            console.print(Text(f"    {line}", style="dim"))


def _sentences(error: HyperdriveSimError) -> Iterator[tuple[str, Place | None]]:
    """What there is to say of an error, and where that is."""
    if not isinstance(error, InvalidInput):
        yield str(error), None
        return
    yield from ((str(mistake), mistake.place) for mistake in error.mistakes[:SAID_AT_ONCE])
    yield from ((sentence, None) for sentence in error.more)


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
