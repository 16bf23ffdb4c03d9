"""Provenance: how well a figure is known. It is a chain, and a figure is as well known as its weakest link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from hyperdrive_sim.errors import InvalidInput

Provenance = Literal["published", "derived", "fitted", "recalled", "assumed"]
BEST_FIRST: tuple[Provenance, ...] = get_args(Provenance)
"""The best known first: printed in a source that was read; arithmetic on others; chosen or computed so that others come out; remembered
from a source that was not at hand; chosen because nothing is known."""
WEAK: tuple[Provenance, ...] = ("fitted", "recalled", "assumed")
"""Those that nobody can look up or work out again."""
DEDUCED: tuple[Provenance, ...] = ("derived", "fitted")
"""Those that must name what they rest on."""


class Known:
    """Something that is known as well as the weakest figure it rests on; *stated* is how well its table says it is known by itself."""

    __slots__ = ()
    stated: Provenance
    rests_on: tuple[Basis, ...]

    @property
    def provenance(self) -> Provenance:
        """That of the weakest link of the chain."""
        return weakest(self.stated, self.rests_on)


@dataclass(frozen=True, slots=True)
class Basis(Known):
    """A figure that another one rests on: what it is, in words, where it stands, how well it is known by itself, what it rests on."""

    figure: str
    source: str
    stated: Provenance
    rests_on: tuple[Basis, ...] = ()


def weakest(stated: Provenance, rests_on: Iterable[Basis]) -> Provenance:
    """The provenance of a figure that its table calls *stated* and that rests on others: that of the weakest link of the chain."""
    return max((stated, *(basis.provenance for basis in rests_on)), key=BEST_FIRST.index)


def bases(rows: Sequence[Mapping[str, Any]]) -> tuple[Basis, ...]:
    """What a row of a table says under `rests_on`: a list of figures, each with `figure`, `provenance`, `source`, perhaps `rests_on`.

    Raises InvalidInput for a provenance that is none.
    """
    for row in rows:
        if row["provenance"] not in BEST_FIRST:
            known = "known are " + ", ".join(BEST_FIRST)
            raise InvalidInput.at("rests_on", f"'{row['provenance']}' of '{row['figure']}' is no provenance", known)
    return tuple(Basis(row["figure"], row["source"], row["provenance"], bases(row.get("rests_on", ()))) for row in rows)


def chain(rests_on: Iterable[Basis]) -> tuple[str, ...]:
    """All figures that some rest on, however far back, each once, in words: what it is and how well it is known."""
    said = dict.fromkeys(text for basis in rests_on for text in (f"{basis.figure} ({basis.provenance})", *chain(basis.rests_on)))
    return tuple(said)


def names(chain: Iterable[str], figure: str) -> bool:
    """True if a chain in words has that figure among its links."""
    return any(text.rpartition(" (")[0] == figure for text in chain)
