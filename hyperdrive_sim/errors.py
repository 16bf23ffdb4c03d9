"""The errors of this package, in one family. A message names the place (file:line:column: key), the problem and the cure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

SAID_AT_ONCE = 20
"""Mistakes that are spelled out; of the others it is said how many there are."""

OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that a terminal may obey in place of showing them, or cannot show: controls, directions, halves of pairs."""

HARMLESS = "\n\t\u200c\u200d"
"""Of these, what lays out a text: line ends, tabs, and the joiners of Persian, Indic and emoji."""


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A position in a text file; line and column count from 1. One without a file is nowhere that a user could look.

    `text` is that line as it was read, without its end: the file may be another one by the time that somebody shows it.
    """

    file: str
    line: int
    column: int
    text: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.file else ""


NOWHERE = Place("", 0, 0)
"""The place of input that was given in Python."""


class Mistake(NamedTuple):
    """A single mistake in the input: the key it concerns (dotted path), the problem, the cure and, once known, the place.

    >>> str(Mistake("chip.rows", "must be at least 1, not 0", "take 7", Place("my.yaml", 3, 2)))
    'my.yaml:3:2: chip.rows: must be at least 1, not 0; take 7'
    """

    key: str
    problem: str
    cure: str = ""
    place: Place | None = None

    def __str__(self) -> str:
        text = ": ".join(filter(None, (str(self.place or ""), self.key, self.problem)))
        return one_line(f"{text}; {self.cure}" if self.cure else text)


def visible(text: str) -> str:
    r"""A text that a terminal shows and does not obey: control characters and the like are written as escapes.

    >>> print(visible("\x1b[2J caf\udce9"))
    \x1b[2J caf\xe9
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def one_line(text: str) -> str:
    r"""A text that is shown in one line: a name with a line end in it could pass for another message.

    >>> print(one_line("a\nerror: b"))
    a\nerror: b
    """
    return visible(text).replace("\n", r"\n")


def _visible(character: str) -> str:
    if character in HARMLESS or unicodedata.category(character) not in OBEYED:
        return character
    if "\udc80" <= character <= "\udcff":  # a byte of a file's name that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


class HyperdriveSimError(Exception):
    """Base class of everything that this package raises on purpose. `exit_code` is the exit status of the command line."""

    exit_code = 2


class InvalidInput(HyperdriveSimError):
    """Input that cannot be run: `mistakes` holds all that were found in one pass, the message has a line for each of the first."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join((*map(str, mistakes[:SAID_AT_ONCE]), *self.more)))

    @property
    def more(self) -> tuple[str, ...]:
        """A sentence on how many mistakes there are beyond those that are spelled out, if there are more."""
        others = len(self.mistakes) - SAID_AT_ONCE
        return (f"and {others:,} more {'mistake' if others == 1 else 'mistakes'}",) if others > 0 else ()

    @classmethod
    def at(cls, key: str, problem: str, cure: str = "") -> InvalidInput:
        """The error for a single mistake in *key*, without a place: a caller that knows the file adds it."""
        return cls(Mistake(key, problem, cure))

    @classmethod
    def collected(cls, mistakes: Iterable[Mistake]) -> None:
        """Raise the error for all *mistakes*, if there are any."""
        found = tuple(mistakes)
        if found:
            raise cls(*found)


class DoesNotFit(InvalidInput):
    """A network that needs more of a memory than there is; the message names layer, memory, bits needed and bits there."""


class MissingExtra(HyperdriveSimError):
    """An optional dependency that is not installed; the message has the command that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package; install it with: pip install 'hyperdrive-sim[{extra}]'")


class Finding(HyperdriveSimError):
    """A fault that a simulation found in a schedule: it ran, so its exit code is 1."""

    exit_code = 1


class Stuck(Finding):
    """A deadlock: no event is left while tasks still wait. The message names the first of them and what it waits for."""


class NotThere(Finding):
    """A read of data that is not there: a pixel or a weight that the memory does not hold at that moment, or a DRAM row never written."""


class Overflow(Finding):
    """A partial sum that does not fit the word in which the hardware keeps it."""


class Hazard(Finding):
    """A data race: two tasks touch the same bits of a memory and nothing orders them."""
