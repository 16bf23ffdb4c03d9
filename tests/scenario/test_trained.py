"""The trained networks that come along do what their README says, on every chip that has a scenario for them."""

from __future__ import annotations

from pathlib import Path

import measure
import pytest
from commands import SCENARIOS

from hyperdrive_sim.scenario.scenario import Scenario

TRAINED = SCENARIOS / "trained"
README = (TRAINED / "README.md").read_text("utf-8")
FILES = sorted(TRAINED.glob("*/*.yaml"))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_the_table_has_every_scenario_once() -> None:
    told = [line.split("|")[1:3] for line in README.splitlines() if line.endswith(" |") and line.count("|") == 7][2:]
    assert [f"{network.strip()}/{scenario.strip()}" for network, scenario in told] == list(map(name_of, FILES))
    assert measure.HEAD in README


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_accuracy_is_what_the_table_says(path: Path) -> None:
    """Where sums of real numbers are compared, another processor may add in another order: few images may go elsewhere."""
    row = measure.row(path)
    if row in README.splitlines():
        return
    told = next(line for line in README.splitlines() if line.startswith(row[: row.index(path.stem) + len(path.stem) + 1]))
    ours, theirs = ([float(cell.split()[0].replace(",", "")) for cell in line.split("|")[3:6]] for line in (row, told))
    assert ours == pytest.approx(theirs, abs=0.5, rel=0.02), f"{row}\n{told}"


@pytest.mark.parametrize("path", [path for path in FILES if "nandnet_sram" in path.stem], ids=name_of)
def test_rates_of_activations_are_those_of_the_layers(path: Path) -> None:
    """What discharges bit lines in SRAM is measured on the network, not the paper's mean of another."""
    scenario = Scenario.read(path)
    given = scenario.settings.chip["activation_rates"]
    found = measure.evaluated(path, limit=100).activation_rates
    assert given.keys() == found.keys()
    assert list(given.values()) == pytest.approx(list(found.values()), abs=0.03)
