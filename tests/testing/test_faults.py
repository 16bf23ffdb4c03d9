"""Faults of an architecture that only figures show: the contract finds them without a number of the chip's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine.ledger import account
from hyperdrive_sim.schedule.mapped import Tiles
from hyperdrive_sim.testing import test_contract as contract
from hyperdrive_sim.testing.worlds import Built, World


@pytest.fixture
def built() -> Built:
    """Two layers on one chip, mapped for this test alone."""
    return Built(registry.load("xnorbin"), World("tiny_xnor_kernels", (16, 8, 9), frames=2))


def replace_tiles(built: Built, monkeypatch: pytest.MonkeyPatch, factors: Mapping[str | None, float]) -> None:
    tiles = built.compiled.mapped.tiles

    def scaled(layer: str | None) -> Tiles:
        return {chip: shares * factors.get(layer, 1.0) for chip, shares in tiles(layer).items()}

    monkeypatch.setattr(built.compiled.mapped, "tiles", scaled)


def test_tiles_as_they_are(built: Built) -> None:
    contract.test_tiles_of_a_run_are_those_of_its_layers(built)


@pytest.mark.parametrize("layer", [None, "conv1", "conv2"])
def test_shares_that_are_half_of_what_they_are(built: Built, layer: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_tiles(built, monkeypatch, {layer: 0.5})
    with pytest.raises(AssertionError, match="shares of the whole run on chip"):
        contract.test_tiles_of_a_run_are_those_of_its_layers(built)


def test_a_layer_without_any_use_of_tiles(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_tiles(built, monkeypatch, {"conv1": 0.0})
    macs = 2 * built.network.macs("conv1")
    with pytest.raises(AssertionError, match=rf"'conv1' has {macs} MACs on chip and shares up to 0.0"):
        contract.test_tiles_of_a_run_are_those_of_its_layers(built)


def test_a_ledger_of_other_prices(built: Built) -> None:
    """As if somebody had priced a layer by hand."""
    prices = built.compiled.mapped.prices
    dearer = {action: replace(price, pj=2 * price.pj) for action, price in prices.items()}
    built.compiled.__dict__["ledger"] = account(built.compiled.schedule, dearer)
    with pytest.raises(AssertionError, match="in all"):
        contract.test_every_joule_has_a_price_and_all_breakdowns_one_total(built)


def test_a_unit_that_is_busy_for_longer_than_the_run(built: Built) -> None:
    trace = built.compiled.trace
    trace.start = trace.start - trace.makespan_ps
    with pytest.raises(AssertionError, match=r" is used for \d"):
        contract.test_figures_of_a_report_hold_together(built)
