"""Every joule is counted once, whichever way the ledger is read."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from worlds import task

from hyperdrive_sim.engine.ledger import Ledger, LedgerEntry, account, joules, picojoules
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.prices import IO_ACTIONS, Price, Provenance
from hyperdrive_sim.schedule.writer import scheduled


def price(action: str, pj: float, provenance: Provenance = "published") -> Price:
    return Price(action, pj, "table 1", provenance)


PRICES = {
    one.action: one
    for one in (
        price("array.cycle", 8.0),
        price("fmm.read", 0.5, "derived"),
        price("weight_io.bit", 21.0),
        price("border_io.bit", 21.0, "assumed"),
        price("corner_io.bit", 42.0, "assumed"),
        price("never.used", 1000.0),
    )
}


def ledger() -> Ledger:
    """conv1: 10 cycles, 4 reads, 2 weight bits; conv2, in two tasks: 5 cycles, 6 border bits, 1 corner bit."""
    schedule = scheduled(
        [
            task("a", "array", 1, layer="conv1", actions={"array.cycle": 10, "fmm.read": 4, "weight_io.bit": 2}),
            task("b", "array", 1, layer="conv2", actions={"array.cycle": 2, "border_io.bit": 6}),
            task("c", "array", 1, layer="conv2", actions={"array.cycle": 3, "corner_io.bit": 1}),
            task("d", "array", 1, layer="conv3"),
        ]
    )
    return account(schedule, PRICES)


def pj(joules: float) -> Any:
    return pytest.approx(joules * 1e-12, rel=1e-12)


def test_totals_by_pencil() -> None:
    found = ledger()
    assert found.core_j == pj(15 * 8 + 4 * 0.5)
    assert found.io_j == pj(2 * 21 + 6 * 21 + 42)
    assert found.total_j == pj(122 + 210)


def test_every_breakdown_shares_one_total() -> None:
    found = ledger()
    assert found.by_layer() == {"conv1": pj(80 + 2 + 42), "conv2": pj(40 + 126 + 42)}
    assert {action: entry.joules for action, entry in found.by_action().items()} == {
        "array.cycle": pj(120),
        "fmm.read": pj(2),
        "weight_io.bit": pj(42),
        "border_io.bit": pj(126),
        "corner_io.bit": pj(42),
    }
    assert found.by_provenance() == {"published": pj(120 + 42), "derived": pj(2), "assumed": pj(126 + 42)}
    for parts in (found.by_layer(), found.by_provenance(), {action: entry.joules for action, entry in found.by_action().items()}):
        assert sum(parts.values()) == pytest.approx(found.total_j, rel=1e-12)
    assert found.core_j + found.io_j == pytest.approx(found.total_j, rel=1e-12)


def test_counts_stay_whole() -> None:
    counts = {action: entry.count for action, entry in ledger().by_action().items()}
    assert counts == {"array.cycle": 15, "fmm.read": 4, "weight_io.bit": 2, "border_io.bit": 6, "corner_io.bit": 1}


def test_bits_across_edges_by_what_they_carry() -> None:
    assert ledger().io_bits() == {"weights": 2, "input": 0, "output": 0, "border": 6 + 1, "links": 0}


@pytest.mark.parametrize("action", IO_ACTIONS)
def test_what_crosses_an_edge_is_io_and_not_core(action: str) -> None:
    found = Ledger((LedgerEntry("conv", price(action, 21.0), 3),))
    assert (found.io_j, found.core_j) == (pj(63), 0)
    assert found.io_bits()[IO_ACTIONS[action]] == 3


def test_an_entry_knows_its_price_and_its_source() -> None:
    entry = LedgerEntry("conv1", price("fmm.read", 0.25, "fitted"), 10**6)
    assert entry.joules == pytest.approx(2.5e-7, rel=1e-15)
    assert entry.price.source == "table 1"


def test_a_sum_is_rounded_once() -> None:
    """2^53 pJ and twice 1 pJ: one after the other, each of these is lost, as it is half of the last digit; together they are that digit.

    In joules, from the exact sum; whatever the order.
    """
    entries = tuple(LedgerEntry("layer", price(name, pj), 1) for name, pj in (("a", 2.0**53), ("b", 1.0), ("c", 1.0)))
    assert 2.0**53 + 1.0 + 1.0 == 2.0**53
    for some in (entries, entries[::-1]):
        found = Ledger(some)
        assert (
            found.total_j
            == found.core_j
            == found.by_layer()["layer"]
            == float(Fraction(2**53 + 2, 10**12))
            > float(Fraction(2**53, 10**12))
        )


def test_counts_at_their_prices_are_added_up_exactly() -> None:
    assert picojoules([(1, 0.5), (3, 0.25)]) == Fraction(5, 4)
    assert joules([(1, 0.5), (3, 0.25)]) == 1.25e-12
    assert joules([(1, 0.1)] * 10) == joules([(10, 0.1)]) == 1e-12


def test_actions_without_a_price_are_refused() -> None:
    schedule = scheduled([task("a", "array", 1, actions={"fmm.write": 1, "array.cycle": 1, "adc.read": 1})])
    with pytest.raises(InvalidInput) as failure:
        account(schedule, PRICES)
    assert str(failure.value) == "prices: action 'adc.read' has no price; add it, with its source, to the architecture's energy.yaml"


def test_doing_nothing_costs_nothing() -> None:
    found = account(scheduled([]), PRICES)
    assert (found.total_j, found.by_layer(), found.by_action(), found.by_provenance()) == (0, {}, {}, {})
