"""Published figures beside ours: how a row is formed, how far it may be off, and what it rests on, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from hyperdrive_sim.scenario.published import Comparison, Row, compare

REPORT: dict[str, Any] = {
    "network": {"ops": 6000},
    "system": {"peak_ops_per_cycle": 100, "chips": 2, "fitted": {"pass_cycles": {"value": 3, "fitted_to": ["speedup (published)"]}}},
    "time": {"latency_s": 0.5},
    "energy": {
        "total_j": 10.0,
        "by_action": {
            "cycle": {"count": 40, "energy_j": 8.0, "pj": 0.2, "provenance": "recalled", "source": "s", "rests_on": ["peak (recalled)"]},
            "io.bit": {"count": 4, "energy_j": 2.0, "pj": 0.5, "provenance": "assumed", "source": "t", "rests_on": []},
        },
    },
    "datasheet": {"tile area": {"value": 7.0, "unit": "mm2", "provenance": "fitted", "source": "u", "rests_on": ["total (published)"]}},
}


def row(**said: Any) -> Row:
    return Row(**{"quantity": "q", "published": 4.0, "simulated": ("time/latency_s",), "provenance": "published", "source": "s", **said})


def compared(**said: Any) -> Comparison:
    (found,) = compare((row(**said),), REPORT, {"slow": {**REPORT, "time": {"latency_s": 2.0}}})
    return found


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ({"simulated": ("energy/total_j", "- energy/by_action/cycle/energy_j")}, 2.0),
        ({"simulated": ("network/ops / system/peak_ops_per_cycle * system/chips * energy/by_action/cycle/pj",)}, 24.0),
        ({"simulated": ("3 * 5", "- 0.5 * time/latency_s")}, 14.75),
        ({"simulated": ("energy/total_j",), "per": ("time/latency_s",), "times": ("system/chips", "1"), "scale": 0.1}, 6.0),
        ({"simulated": ("energy/by_action/never.happened/energy_j",)}, 0.0),
        ({"against": "slow", "measure": "speedup"}, 4.0),
        ({"against": "slow", "measure": "cut"}, 0.75),
        ({"simulated": ("datasheet/tile area/value",)}, 7.0),
    ],
)
def test_formulas(said: dict[str, Any], value: float) -> None:
    assert compared(**said).as_system == pytest.approx(value)


def test_a_misspelt_path_is_an_error() -> None:
    with pytest.raises(KeyError):
        compared(simulated=("energy/totl_j",))


def test_counted_as_the_paper_counts_and_as_the_system_pays() -> None:
    found = compared(
        published=8.2,
        unit="J",
        counted={"simulated": ("energy/by_action/cycle/energy_j",)},
        simulated=("energy/total_j",),
        between={"I/O": ("energy/by_action/io.bit/energy_j",)},
    )
    assert (found.as_published, found.as_system, found.between) == (8.0, 10.0, {"I/O": 2.0})
    assert found.error == pytest.approx(-0.2 / 8.2)


def test_what_cannot_be_counted_has_a_reason_and_no_error() -> None:
    found = compared(uncounted="nobody knows what it counts")
    assert (found.as_published, found.as_system, found.error, found.reason) == (None, 0.5, None, "nobody knows what it counts")
    assert found.within
    with pytest.raises(ValidationError, match="either the paper's way of counting is known, or not"):
        row(uncounted="why", counted={"simulated": ("time/latency_s",)})


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"published": 0.0}, "off by nothing in proportion"),
        ({"measure": "speedup"}, "held against a scenario"),
        ({"against": "slow"}, "held against a scenario"),
    ],
)
def test_rows_that_cannot_be_compared(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        row(**said)


@pytest.mark.parametrize(
    ("said", "tolerance"),
    [
        ({"published": 4.0}, 0.5 / 4),  # a digit: 3.5 to 4.5
        ({"published": 4.0, "digits": 2}, 0.05 / 4),
        ({"published": 59.9e3}, 50 / 59.9e3),
        ({"published": 59.9e3, "digits": 4}, 5 / 59.9e3),
        ({"published": 0.0033}, 0.00005 / 0.0033),
        ({"published": 4.3e12, "provenance": "recalled"}, 0.1 / 4.3),
        ({"published": 1568, "provenance": "derived", "rests_on": ({"figure": "f", "source": "s", "provenance": "recalled"},)}, 1 / 1568),
    ],
)
def test_tolerance_follows_from_the_digits_and_from_how_well_they_are_known(said: dict[str, Any], tolerance: float) -> None:
    """Half a unit of the last digit that is printed; a whole one of a figure that somebody remembers."""
    assert row(**said).tolerance == pytest.approx(tolerance)


def test_a_figure_is_known_as_well_as_what_it_rests_on() -> None:
    found = compared(provenance="derived", rests_on=({"figure": "shapes", "source": "a model", "provenance": "recalled"},))
    assert found.provenance == "recalled"
    assert found.rests_on[0] == "shapes (recalled)"


def test_what_comes_back_by_construction_says_so() -> None:
    """Energies rest on prices and on fitted settings, times on the latter alone, counts on neither."""
    energy, time = {"simulated": ("energy/total_j",)}, {"simulated": ("time/latency_s",)}
    counts = {"simulated": ("network/ops / energy/by_action/cycle/count",)}
    assert compared(**energy).rests_on == ("peak (recalled)", "0.2 pJ of cycle (recalled)", "0.5 pJ of io.bit (assumed)", *FITTED)
    assert compared(**time).rests_on == FITTED
    assert compared(simulated=("network/ops",)).rests_on == ()
    assert "peak (recalled)" not in compared(**counts).rests_on
    assert compared(simulated=("datasheet/tile area/value",)).rests_on[-1] == "total (published)"
    assert compared(**energy, figure="peak").comes_back
    assert not compared(**time, figure="peak").comes_back
    assert compared(**time, figure="speedup").comes_back
    assert not compared(**time).comes_back
    found = compared(**time, built_in="the clock was chosen so", note="and that")
    assert (found.comes_back, found.note) == (True, "the clock was chosen so; and that")


FITTED = ("pass cycles (fitted)", "speedup (published)")
