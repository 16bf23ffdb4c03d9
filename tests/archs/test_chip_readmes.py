"""The figures in the chips' READMEs are those of the scenarios in the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import SCENARIOS
from simulated import report

from hyperdrive_sim.archs import registry
from hyperdrive_sim.errors import DoesNotFit
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.reports.layer_table import LayerRow
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import si
from hyperdrive_sim.scenario.scenario import Scenario


def readme(name: str) -> str:
    return " ".join((registry.folder(name) / "README.md").read_text("utf-8").split())


def alexnet_row(row: LayerRow, found: Report) -> str:
    """A layer as the table of XNORBIN's README has it, its ideal cycles from the shapes alone."""
    network = Scenario.read(SCENARIOS / "xnorbin/binary_alexnet.yaml").network()
    conv = network[row.name]
    assert isinstance(conv, Conv)
    ideal = network.shape(row.name).size * -(-network.shape(conv.inputs[0]).channels // 16)
    took = row.cycles / (found.system.clock_mhz * 1e6) + sum(row.stalls.values())
    waits = sorted(((seconds / took, cause) for cause, seconds in row.stalls.items() if seconds > 0.015 * took), reverse=True)
    cells = [
        *(row.name, "{} x {}".format(*conv.window.kernel), f"{ideal:,}", f"{row.cycles - ideal:,}", f"{row.cycles:,}"),
        *(f"{2 * network.macs(row.name) / row.cycles:.0f}", si(took, "s"), si(row.energy_j, "J")),
        ", ".join(f"{cause} {100 * share:.0f} %" for share, cause in waits) or "-",
    ]
    return f"| {' | '.join(cells)} |"


def test_xnorbin_table_of_alexnet() -> None:
    found, text = report("xnorbin/binary_alexnet"), readme("xnorbin")
    rows = [row for row in found.layers if row.kind.startswith("xnor")]
    assert [row.name for row in rows] == ["conv2", "conv3", "conv4", "conv5", "fc6", "fc7"]
    for row in rows:
        assert alexnet_row(row, found) in text
    assert "14.4 TOp/s/W out of the same core" in text
    assert f"{found.efficiency.core_ops_per_j / 1e12:.1f}" == "14.4"
    assert "1.5 TOp/s/W out of the system" in text
    assert f"{found.efficiency.system_ops_per_j / 1e12:.1f}" == "1.5"
    assert "0.14 mJ in the core, 1.23 mJ for I/O" in text
    assert (f"{found.energy.core_j * 1e3:.2f}", f"{found.energy.io_j * 1e3:.2f}") == ("0.14", "1.23")
    (tiles,) = found.tiles.values()
    assert "use 16 % of the units while it works" in text
    assert f"{tiles.mean():.0%}" == "16%"


def test_xnorbin_at_full_use() -> None:
    full, text = report("xnorbin/full_array"), readme("xnorbin")
    assert "91.8 of 95 TOp/s/W" in text
    assert f"{full.efficiency.core_ops_per_j / 1e12:.1f}" == "91.8"
    found = report("xnorbin/binary_alexnet")
    assert "compare with 2.2 mW here" in text
    assert f"{1e3 * found.energy.core_j / found.time.latency_s:.1f}" == "2.2"
    assert "all units at work would take 2.6 mW" in text
    assert f"{16.5e-12 * found.system.clock_mhz * 1e6 * 1e3:.1f}" == "2.6"


@pytest.mark.parametrize(("scenario", "unit"), [("groupnet_resnet18", "m"), ("binary_resnet20_kept", "u")])
@pytest.mark.parametrize("change", ["chip.idle_units=clocked", "chip.idle_units=gated", "chip.small_kernels=packed"])
def test_chewbaccann_energies(scenario: str, unit: str, change: str) -> None:
    energy = report(f"chewbaccann/{scenario}", change).energy
    places = 3 if unit == "m" else None
    cells = [_rounded(joules, unit, places) for joules in (energy.core_j, energy.io_j, energy.total_j)]
    assert f"| {' | '.join(cells)} |" in readme("chewbaccann"), cells


def _rounded(joules: float, unit: str, places: int | None) -> str:
    value = joules * {"m": 1e3, "u": 1e6}[unit]
    return f"{value:.{places}f} {unit}J" if places else f"{value:.4g} {unit}J"


def test_chewbaccann_sentences() -> None:
    found, text = report("chewbaccann/binary_resnet18"), readme("chewbaccann")
    assert re.search(r"gets 31\.7 TOp/s/W .* and 9\.5 TOp/s/W out of the system: 0\.11 mJ in the core, 0\.25 mJ for I/O", text)
    efficiency, energy = found.efficiency, found.energy
    assert (f"{efficiency.core_ops_per_j / 1e12:.1f}", f"{efficiency.system_ops_per_j / 1e12:.1f}") == ("31.7", "9.5")
    assert (f"{energy.core_j * 1e3:.2f}", f"{energy.io_j * 1e3:.2f}") == ("0.11", "0.25")
    assert "Binary ResNet-18 keeps 75 kB of maps alive" in text
    assert round(found.network.worst_layer_bits / 8e3) == 75
    kept = report("chewbaccann/binary_resnet20_kept")
    assert "are 82 kbit" in text
    assert round((kept.io_bits["input"] + kept.io_bits["output"]) / 1e3) == 82
    full = report("chewbaccann/full_array")
    assert "the array comes to 225.4 GOp/s" in text
    assert f"{full.network.ops / full.energy.by_action['dma.cycle'].count * full.system.clock_mhz / 1e3:.1f}" == "225.4"


def test_eight_bases_need_memories_that_chewbaccann_does_not_have() -> None:
    """Two bases fit, three do not; what prints 3.0 mJ says so."""
    scenario, text = Scenario.read(SCENARIOS / "chewbaccann/groupnet_resnet18.yaml"), readme("chewbaccann")
    chip, own = registry.load("chewbaccann"), registry.load("chewbaccann").Spec()
    assert chip.map(zoo.build("groupnet_resnet18", (3, 224, 224), {"bases": 2}), own)
    with pytest.raises(DoesNotFit, match=r"base3\.conv1' needs 652288 bits in its sink memory, 612000 are there"):
        chip.map(zoo.build("groupnet_resnet18", (3, 224, 224), {"bases": 3}), own)
    with pytest.raises(DoesNotFit, match=r"base8\.conv1' needs 1655808 bits in its sink memory, 612000 are there"):
        chip.map(scenario.network(), own)
    assert "more than the 153 kB that are recalled for the chip: with the default memories the network is refused" in text
    assert f"has memories of {sum(scenario.settings.chip['feature_map_memory_bits']) / 8e3:.0f} kB" in text
    assert scenario.settings.title.endswith("with larger memories")


def test_every_readme_is_of_an_architecture_and_the_other_way_round() -> None:
    folders = {path.parent.name for path in Path(registry.folder("hyperdrive")).parent.glob("[a-z]*/README.md")}
    assert folders == set(registry.names())
