"""Tables of operating points, and what XNORBIN and ChewBaccaNN make of theirs: clocks, and prices that add up to a published cycle."""

from __future__ import annotations

import re
from math import isclose
from typing import Any

import pytest

from hyperdrive_sim.archs import chewbaccann, registry, xnorbin
from hyperdrive_sim.archs._xnor_datapath.machine import build
from hyperdrive_sim.archs._xnor_datapath.mapped import Core
from hyperdrive_sim.archs._xnor_datapath.prices import operating_point, prices
from hyperdrive_sim.archs.operating_points import OperatingPoint, by_voltage, core_clock, energy_table, io_prices, unknown
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.prices import Price

XNORBIN, CHEWBACCANN = xnorbin.architecture, chewbaccann.architecture

LOW = OperatingPoint(0.5, 50, 2.0, "a table", "published")
HIGH = OperatingPoint(1.25, 200.5, 9.0, "a memory", "recalled")
IO = {"pj_per_bit": 21, "source": "a paper", "provenance": "recalled"}


def machine(core: Core, **settings: Any) -> Machine:
    spec = core.Spec(**settings)
    return build(spec, operating_point(spec, core.package))


def priced(core: Core, **settings: Any) -> dict[str, Price]:
    return prices(core.Spec(**settings), core.package)


def refusal(sentence: str) -> Any:
    return pytest.raises(InvalidInput, match=f"^{re.escape(sentence)}$")


# --- tables ---


def test_rows_are_sorted_by_voltage() -> None:
    rows = [{**point._asdict(), "provenance": point.stated} for point in (HIGH, LOW)]
    assert by_voltage({key: value for key, value in row.items() if key not in ("stated", "rests_on")} for row in rows) == (LOW, HIGH)


def test_what_is_said_of_a_voltage_that_a_table_does_not_have() -> None:
    sentence = "chip.voltage_v: 0.8 V lies nowhere; take another: 0.5, 1.25 are known"
    with refusal(sentence):
        raise unknown(0.8, (LOW, HIGH), "lies nowhere", "take another")


@pytest.mark.parametrize(("wanted", "hz"), [(None, 200_500_000), (200.5, 200_500_000), (50.0, 50_000_000), (0.001, 1000)])
def test_a_clock_is_the_operating_point_s_or_slower(wanted: float | None, hz: int) -> None:
    assert core_clock(HIGH, wanted).hz == hz


def test_a_clock_that_the_voltage_does_not_allow() -> None:
    with refusal("chip.clock_mhz: 200.6 MHz is more than the 200.5 MHz of 1.25 V; lower it or raise chip.voltage_v"):
        core_clock(HIGH, 200.6)


def test_every_bit_at_the_edge_has_one_price() -> None:
    """The table's, or the scenario's, which nobody has published; nothing is a price too."""
    assert io_prices(IO, None, ["a", "b"]) == {name: Price(name, 21, "a paper", "recalled") for name in "ab"}
    for pj in (0.0, 5.5):
        assert io_prices(IO, pj, ["a"]) == {"a": Price("a", pj, "chip.io_pj_per_bit of the scenario", "assumed")}
    assert set(io_prices(IO, None)) == {"weight_io.bit", "input_io.bit", "output_io.bit", "border_io.bit", "corner_io.bit"}


@pytest.mark.parametrize("name", registry.names())
def test_every_architecture_s_table_is_read_once(name: str) -> None:
    package = f"hyperdrive_sim.archs.{name}"
    assert energy_table(package) is energy_table(package)
    assert energy_table(package)


# --- XNORBIN and ChewBaccaNN ---

CHIPS = [  # chip, its settings, MHz, pJ of a cycle, TOp/s/W of a full array, how well the shares are known
    (XNORBIN, {}, 156, 16.5, 95.0, "recalled"),
    (XNORBIN, {"voltage_v": 0.8}, 156, 16.5, 95.0, "recalled"),
    (XNORBIN, {"voltage_v": 1.2}, 476, 67.3, 23.3, "recalled"),
    (CHEWBACCANN, {}, 154, 7.03, 223.0, "assumed"),
]
each_chip = pytest.mark.parametrize(("chip", "settings", "mhz", "cycle_pj", "tops_per_w", "known"), CHIPS)
WORDS = ["map_read.word", "map_write.word", "psum_read.word", "psum_write.word"]
PARAMETERS = ["parameter_read.word", "parameter_write.word"]
CROSSING = ["weight_io.bit", "input_io.bit", "output_io.bit"]


@each_chip
def test_a_full_cycle_costs_what_is_published(
    chip: Any, settings: dict[str, Any], mhz: float, cycle_pj: float, tops_per_w: float, known: str
) -> None:
    """49 units, the DMA, and three words: one for the row banks, a partial sum read and written. 69, 13 and 18 % of it."""
    prices = priced(chip, **settings)
    units, dma, words = 49 * prices["bpu.unit_cycle"].pj, prices["dma.cycle"].pj, sum(prices[action].pj for action in WORDS[:3])
    assert [units, dma, words] == pytest.approx([0.18 * cycle_pj, 0.13 * cycle_pj, 0.69 * cycle_pj])
    assert isclose(units + dma + words, cycle_pj)
    assert round(1568 / (units + dma + words), 1) == tops_per_w
    assert machine(chip, **settings).clock.mhz == mhz


@each_chip
def test_what_is_known_of_each_price(
    chip: Any, settings: dict[str, Any], mhz: float, cycle_pj: float, tops_per_w: float, known: str
) -> None:
    """A word of the parameter buffer is taken for one of the maps', which is nobody's figure; all bits at the edge cost 21 pJ."""
    prices = priced(chip, **settings)
    assert list(prices) == ["bpu.unit_cycle", "dma.cycle", *WORDS, *PARAMETERS, *CROSSING]
    assert {prices[action].provenance for action in ("bpu.unit_cycle", "dma.cycle", *WORDS)} == {known}
    assert {prices[action].provenance for action in PARAMETERS} == {"assumed"}
    assert {prices[action].pj for action in (*WORDS, *PARAMETERS)} == {prices["map_read.word"].pj}
    assert {(prices[action].pj, prices[action].provenance) for action in CROSSING} == {(21, "recalled")}
    assert prices["dma.cycle"].source.startswith(f"13 % of {cycle_pj:g} pJ per full cycle (")
    assert prices["map_read.word"].source.startswith("69 % of ")
    assert prices["bpu.unit_cycle"].source.startswith("18 % of ")


def test_the_provenances_are_those_of_the_folders() -> None:
    points = {chip.name: energy_table(f"hyperdrive_sim.archs.{chip.name}") for chip in (XNORBIN, CHEWBACCANN)}
    assert {name: table["power_split"]["provenance"] for name, table in points.items()} == {"xnorbin": "recalled", "chewbaccann": "assumed"}
    found = {(row["voltage_v"], row["provenance"]) for table in points.values() for row in table["operating_points"]}
    assert found == {(0.8, "derived"), (1.2, "derived"), (0.4, "derived")}


@pytest.mark.parametrize("ask", [machine, priced])
@pytest.mark.parametrize(
    ("chip", "voltage_v", "known"), [(XNORBIN, 1.0, "0.8, 1.2"), (XNORBIN, 0.4, "0.8, 1.2"), (CHEWBACCANN, 0.8, "0.4")]
)
def test_only_voltages_of_the_table(ask: Any, chip: Any, voltage_v: float, known: str) -> None:
    """Between two corners nothing is extrapolated."""
    sentence = (
        f"chip.voltage_v: {voltage_v:g} V is no operating point of this chip, and none is extrapolated; "
        f"take one of the table: {known} are known"
    )
    with refusal(sentence):
        ask(chip, voltage_v=voltage_v)


def test_no_clock_beyond_the_operating_point() -> None:
    with refusal("chip.clock_mhz: 200 MHz is more than the 156 MHz of 0.8 V; lower it or raise chip.voltage_v"):
        machine(XNORBIN, clock_mhz=200.0)
    assert machine(XNORBIN, clock_mhz=200.0, voltage_v=1.2).clock.mhz == 200
    assert machine(XNORBIN, clock_mhz=20.0).clock.mhz == 20


def test_a_slower_clock_changes_no_price() -> None:
    assert priced(XNORBIN, clock_mhz=20.0) == priced(XNORBIN)


def test_the_edge_s_price_may_be_said() -> None:
    plain, said = (priced(XNORBIN, **settings) for settings in ({}, {"io_pj_per_bit": 3.0}))
    assert {action: (said[action].pj, said[action].provenance) for action in CROSSING} == dict.fromkeys(CROSSING, (3.0, "assumed"))
    assert {action: price for action, price in said.items() if action not in CROSSING} == {
        action: price for action, price in plain.items() if action not in CROSSING
    }


@pytest.mark.parametrize(
    ("settings", "dearer", "bits"),
    [
        ({"word_bits": 8}, dict.fromkeys(["bpu.unit_cycle", "dma.cycle", *WORDS[:2], *PARAMETERS], 0.5), 8),
        ({"psum_word_bits": 24}, dict.fromkeys(WORDS[2:], 1.5), 24),
        ({"bpus": 3, "xnor_sums_per_bpu": 5}, {}, 16),
    ],
    ids=["words", "sums", "units"],
)
def test_other_widths_are_priced_in_proportion_and_say_so(settings: dict[str, Any], dearer: dict[str, float], bits: int) -> None:
    """A unit and a word cost what they cost, however many there are."""
    plain, found = priced(XNORBIN), priced(XNORBIN, **settings)
    assert {action: price.pj / plain[action].pj for action, price in found.items() if price != plain[action]} == pytest.approx(dearer)
    for action in dearer:
        assert found[action].provenance == "assumed"
        assert f"in proportion to {bits} bits instead of 16" in found[action].source
