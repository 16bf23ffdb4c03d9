"""A figure is as well known as the weakest that it rests on, however far back."""

from __future__ import annotations

import pytest

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.provenance import BEST_FIRST, Basis, bases, chain, names, weakest
from hyperdrive_sim.schedule.spec import Spec, figure, origins

PRINTED = Basis("efficiency", "a paper", "published")
REMEMBERED = Basis("power split", "a talk", "recalled")
WORKED_OUT = Basis("energy of a cycle", "efficiency over operations", "derived", (PRINTED,))


@pytest.mark.parametrize(
    ("stated", "rests_on", "known"),
    [
        ("published", (), "published"),
        ("derived", (PRINTED,), "derived"),
        ("derived", (WORKED_OUT,), "derived"),
        ("derived", (WORKED_OUT, REMEMBERED), "recalled"),
        ("derived", (Basis("a share", "both", "derived", (WORKED_OUT, REMEMBERED)),), "recalled"),
        ("fitted", (PRINTED,), "fitted"),
        ("assumed", (PRINTED,), "assumed"),
    ],
)
def test_weakest_link(stated: str, rests_on: tuple[Basis, ...], known: str) -> None:
    assert weakest(stated, rests_on) == known  # type: ignore[arg-type]
    assert Price("array.cycle", 320.0, "a table", stated, rests_on).provenance == known  # type: ignore[arg-type]


def test_the_order_of_provenances() -> None:
    assert BEST_FIRST == ("published", "derived", "fitted", "recalled", "assumed")


def test_a_chain_in_words_names_every_link_once() -> None:
    said = chain((WORKED_OUT, PRINTED, REMEMBERED))
    assert said == ("energy of a cycle (derived)", "efficiency (published)", "power split (recalled)")
    assert names(said, "efficiency")
    assert not names(said, "effici")


def test_bases_of_a_table() -> None:
    row = {"figure": "efficiency", "source": "a paper", "provenance": "published"}
    assert bases([row]) == (PRINTED,)
    deeper = {"figure": "energy of a cycle", "source": "efficiency over operations", "provenance": "derived", "rests_on": [row]}
    assert bases([deeper]) == (WORKED_OUT,)


def test_a_provenance_that_is_none_is_refused_by_name() -> None:
    row = {"figure": "efficiency", "source": "a paper", "provenance": "publishd"}
    with pytest.raises(InvalidInput, match="'publishd' of 'efficiency' is no provenance; known are published, derived, fitted,"):
        bases([row])


def test_a_setting_is_known_no_better_than_what_it_rests_on() -> None:
    class Chip(Spec):
        lanes: int = figure(16, "output channels at a time", "recalled", "a talk")
        stream: int = figure(16, "bits per cycle", "derived", "one per lane", rests_on=(REMEMBERED,), gt=0)

    known = origins(Chip)
    assert known["lanes"] == ("recalled", "recalled", "a talk", ())
    assert known["stream"] == ("recalled", "derived", "one per lane", ("power split (recalled)",))
