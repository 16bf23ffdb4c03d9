"""What can go wrong, in one family. A message names the place (file:line:column: key), the problem and the cure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Place(NamedTuple):
    """Where in a text something stands; line and column count from 1. Without a file it is nowhere that a user could look."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.file else ""


NOWHERE = Place("", 0, 0)
"""The place of what was said in Python."""


class Mistake(NamedTuple):
    """One thing to mend: the key it concerns (dotted path), what is wrong with it and what would be right."""

    key: str
    problem: str
    cure: str = ""
    place: Place | None = None

    def __str__(self) -> str:
        text = ": ".join(filter(None, (str(self.place or ""), self.key, self.problem)))
        return f"{text}; {self.cure}" if self.cure else text


class HyperdriveSimError(Exception):
    """Anything this package raises on purpose. `exit_code` is what the command line ends with."""

    exit_code = 2


class InvalidInput(HyperdriveSimError):
    """What the user wrote cannot be run: every mistake found, in one pass."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes

    @classmethod
    def at(cls, key: str, problem: str, cure: str = "") -> InvalidInput:
        """A single mistake in *key*, to be given its place by whoever knows the file."""
        return cls(Mistake(key, problem, cure))

    @classmethod
    def collected(cls, mistakes: Iterable[Mistake]) -> None:
        """Raise if there are any."""
        found = tuple(mistakes)
        if found:
            raise cls(*found)


class DoesNotFit(InvalidInput):
    """A network needs more of a memory than there is; names layer, memory, bits needed and bits there."""


class MissingExtra(HyperdriveSimError):
    """An optional dependency is not installed; the message is the command that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package; install it with: pip install 'hyperdrive-sim[{extra}]'")


class Finding(HyperdriveSimError):
    """The simulation ran and found something wrong with a schedule."""

    exit_code = 1


class Stuck(Finding):
    """The clock ran dry while tasks were still waiting; says who waits for whom."""


class NotThere(Finding):
    """A task read a pixel or a weight that its memory did not hold at that moment, or a command a row that nothing was written to."""


class Overflow(Finding):
    """A partial sum does not fit the word that hardware keeps it in."""


class Hazard(Finding):
    """Two tasks touch the same bits of a memory and nothing orders them."""
