"""What may be chosen about an import, and what a caller calls that: keywords in Python, keys of a scenario, options of the command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files import named


class Words(NamedTuple):
    """The names of the model and of each option, how a shape is written, and what a path is relative to.

    Mistakes of an import have the names of these fields as their keys, which `said_in` exchanges; sentences take the words themselves.
    """

    network: str
    input_shape: str
    zero: str
    map_bits: str
    sizes: str
    path: str


KEYWORDS = Words("model", "input_shape", "zero", "map_bits", "[channels, rows, columns]", named.HERE)
SCENARIO = Words(
    "network", "input_shape", "network_options.zero", "network_options.map_bits", "[channels, rows, columns]", named.RELATIVE
)  # fmt: skip
COMMAND = Words("MODEL", "--input-shape", "--zero", "--map-bits", "channels,rows,columns", named.HERE)


class Options(NamedTuple):
    """What a user may decide about an import, and what they call that.

    *input_shape* is [channels, rows, columns], *zero* what becomes of a sign's 0, *map_bits* for files of shapes alone.
    """

    input_shape: Sequence[int] | None = None
    zero: int | None = None
    map_bits: int | None = None
    words: Words = KEYWORDS


@contextmanager
def said_in(words: Words) -> Iterator[None]:
    """Give mistakes that are found in the block their caller's keys."""
    try:
        yield
    except InvalidInput as error:
        keys = words._asdict()
        raise InvalidInput(*(mistake._replace(key=keys.get(mistake.key, mistake.key)) for mistake in error.mistakes)) from None
