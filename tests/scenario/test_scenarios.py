"""Every scenario in the repository: valid, run, repeatable, and as close to what was published as it says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import simulated
from commands import SCENARIOS, TINY

from hyperdrive_sim.archs import registry
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario import published
from hyperdrive_sim.scenario.published import Section
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import validation
from hyperdrive_sim.study.checks import check
from hyperdrive_sim.study.runs import compiled, estimate, run, sweep
from hyperdrive_sim.testing.figures import broken

LARGEST = "hyperdrive/resnet152_2048x1024"
TILED = ("systems/finn_cnv_2048x1024_16_cores", "systems/finn_cnv_2048x1024_1_core")
SLOW = (LARGEST, "hyperdrive/resnet34_2048x1024", "hyperdrive/resnet34_2048x1024_isvlsi", *TILED)
FILES = sorted(SCENARIOS.rglob("*.yaml"))
COMPARE = SCENARIOS / "compare"
BY_NETWORK = (COMPARE, SCENARIOS / "trained")
"""Folders of folders that are called for a network."""

COMPARED = sorted(folder for folder in COMPARE.iterdir())
CAMERA = SCENARIOS / "hyperdrive" / "resnet34_224_camera.yaml"


def name_of(path: Path) -> str:
    """A scenario's place below the scenarios, such as compare/cifar10_bnn/xnorbin."""
    return path.relative_to(SCENARIOS).with_suffix("").as_posix()


def by_network(path: Path) -> bool:
    return any(folder in path.parents for folder in BY_NETWORK)


NAMES = [pytest.param(path, id=name_of(path), marks=pytest.mark.slow if name_of(path) in SLOW else ()) for path in FILES]


def sections() -> list[tuple[Path, str, Section]]:
    folders = [registry.folder(name) for name in registry.names()]
    return [(folder, name, section) for folder in folders for name, section in published.table(folder).sections.items()]


SECTIONS = [
    pytest.param(section, name, id=f"{folder.name}/{name}", marks=pytest.mark.slow if name_of(SCENARIOS / section.scenario) in SLOW else ())
    for folder, name, section in sections()
]


def report(path: Path, *changes: str) -> Report:
    return simulated.report(name_of(path), *changes)


def test_all_scenarios_are_found() -> None:
    assert len(FILES) >= 39
    assert {name_of(path) for path in FILES} >= set(SLOW)
    assert {path.relative_to(SCENARIOS).parts[0] for path in FILES} == {
        *registry.names(),
        "systems",
        *(folder.name for folder in BY_NETWORK),
    }
    for path in FILES:
        assert len(path.relative_to(SCENARIOS).parts) == (3 if by_network(path) else 2)


def test_two_networks_or_more_are_compared_on_two_chips_or_more() -> None:
    assert len(COMPARED) >= 2
    for folder in COMPARED:
        scenarios = [Scenario.read(path) for path in sorted(folder.iterdir())]
        assert len({scenario.architecture.name for scenario in scenarios}) >= 2, folder.name
        assert folder.name in {scenario.settings.network for scenario in scenarios}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_scenario_is_valid(path: Path) -> None:
    """A scenario stands in the folder of its architecture or, called for it, in that of a network which is compared or was trained."""
    scenario = Scenario.read(path)
    assert 10 < len(scenario.settings.title) <= 100
    assert (
        path.stem.startswith(scenario.architecture.name)
        if by_network(path)
        else path.parent.name in (scenario.architecture.name, f"{scenario.architecture.name}s")
    )
    assert scenario.is_model or scenario.network().shape("input") == scenario.settings.input_shape


def test_titles_and_hashes_tell_scenarios_apart() -> None:
    scenarios = [Scenario.read(path) for path in FILES]
    assert len({scenario.settings.title for scenario in scenarios}) == len(scenarios)
    assert len({scenario.hash for scenario in scenarios}) == len(scenarios)


def test_a_hash_is_of_what_is_said_wherever_it_is_said() -> None:
    whole = Scenario.read(SCENARIOS / "hyperdrive" / "resnet34_224.yaml")
    above = Scenario.read(SCENARIOS / "hyperdrive" / "resnet34_224_1v0.yaml")
    assert (
        above.hash
        == Scenario.of(whole.document, "x", [f"{key}={json.dumps(above.document.data[key])}" for key in _changed(whole, above)]).hash
    )
    assert above.hash != whole.hash


def _changed(one: Scenario, other: Scenario) -> list[str]:
    return [key for key in other.document.data if one.document.data.get(key) != other.document.data[key]]


@pytest.mark.parametrize("path", NAMES)
def test_every_scenario_runs(path: Path) -> None:
    found = run(Scenario.read(path)) if name_of(path) == LARGEST else report(path)  # gigabytes are not kept
    assert estimate(Scenario.read(path)).tasks == len(found.trace)
    assert found.throughput.utilization > 0
    assert list(broken(found)) == []
    assert found.time.bound_s * found.system.clock_mhz * 1e6 <= found.time.cycles + 1
    assert found.energy.total_j > 0
    assert bool(found.published) is bool(Scenario.read(path).settings.reproduces)


@pytest.mark.slow
@pytest.mark.parametrize("path", [param for param in NAMES if param.id not in (LARGEST, SLOW[2])])
def test_two_runs_are_alike_byte_for_byte(path: Path) -> None:
    assert json.dumps(run(Scenario.read(path)).to_dict()) == json.dumps(report(path).to_dict())


# --- what is compared ---


def bases(scenario: Scenario) -> int:
    """How many times a network has each convolution."""
    return scenario.settings.network_options.get("bases", zoo.options(scenario.settings.network).get("bases", 1))


def convolutions(scenario: Scenario) -> Counter[tuple[Any, ...]]:
    """The shapes of the convolutions of binary weights, and how often each is computed."""
    network = scenario.network()
    return Counter(
        (layer.window, *network.input_shapes(layer), network.shape(layer.name))
        for layer in network
        if isinstance(layer, Conv) and layer.weights == "binary"
    )


@pytest.mark.parametrize("folder", COMPARED, ids=lambda folder: folder.name)
def test_what_is_compared_computes_the_same_convolutions_once_per_base(folder: Path) -> None:
    """Also on the chips, which leave other layers to the host: their MACs are all the same."""
    paths = sorted(folder.iterdir())
    first, *others = (Scenario.read(path) for path in paths)
    once = convolutions(first)
    assert bases(first) == 1
    assert sum(once.values()) > 5
    for other in others:
        assert other.settings.input_shape == first.settings.input_shape
        assert convolutions(other) == {shape: bases(other) * count for shape, count in once.items()}
    macs = [report(path).network.macs / bases(Scenario.read(path)) for path in paths]
    assert macs == [macs[0]] * len(paths)


# --- what is published ---


@pytest.mark.parametrize(("section", "name"), SECTIONS)
def test_every_published_figure_comes_out_as_the_paper_counts_it(section: Section, name: str) -> None:
    """Within 5 %, or there is a reason why it cannot be counted so. What lies between that and what the system pays adds up."""
    found = report(SCENARIOS / section.scenario)
    assert len(found.published) == len(section.rows) > 0
    for comparison in found.published:
        if comparison.error is None:
            assert comparison.reason, comparison.quantity
        else:
            assert abs(comparison.error) <= validation.CLOSE, (comparison.quantity, comparison.error)
        if comparison.between and comparison.unit == "J":
            between = comparison.as_system - (comparison.as_published or 0.0)
            assert sum(comparison.between.values()) == pytest.approx(between, rel=1e-9), comparison.quantity


@pytest.mark.parametrize(("section", "name"), SECTIONS)
def test_every_action_that_a_row_names_is_one(section: Section, name: str) -> None:
    """A misspelt one would count as an action that did not happen; any other misspelt path is an error."""
    scenario = Scenario.read(SCENARIOS / section.scenario)
    prices = compiled(scenario).mapped.prices
    for row in section.rows:
        terms = [term for formula in row.formulas for part in (formula.simulated, formula.per, formula.times) for term in part]
        for path in " * ".join((*terms, *(term for terms in row.between.values() for term in terms))).replace(" / ", " * ").split(" * "):
            if path.startswith("energy/by_action/"):
                assert path.split("/")[2] in prices, f"{name}: {row.quantity}: {path}"


@pytest.mark.parametrize(("folder", "name", "section"), sections())
def test_every_section_has_its_scenario(folder: Path, name: str, section: Section) -> None:
    scenario = Scenario.read(SCENARIOS / section.scenario)
    assert scenario.settings.reproduces == name
    assert registry.folder(scenario.architecture.name) == folder


def test_every_scenario_that_reproduces_names_a_section() -> None:
    named = {(scenario.architecture.name, scenario.settings.reproduces) for scenario in map(Scenario.read, FILES)}
    assert {pair for pair in named if pair[1]} == {(folder.name, name) for folder, name, _ in sections()}


@pytest.mark.parametrize(("folder", "name", "section"), sections())
def test_every_published_figure_says_where_it_is_from(folder: Path, name: str, section: Section) -> None:
    for row in section.rows:
        assert len(row.source) >= 9
        assert row.published > 0


# --- what a scenario is there to show ---


def test_tiny_2x2_is_right_in_every_bit() -> None:
    found = check(Scenario.read(TINY, ["frames=2"]))
    assert found.ok
    assert found.function.values == 2 * 43_008
    assert found.timing.hazard == ""
    assert found.deviation.largest < 0.01 * found.deviation.scale


@pytest.mark.parametrize(("name", "values"), [pytest.param("binary_alexnet", 190_464, marks=pytest.mark.slow), ("cifar10_bnn", 157_706)])
def test_binary_layers_are_right_in_every_bit_on_a_photograph(name: str, values: int) -> None:
    scenario = Scenario.read(SCENARIOS / "xnorbin" / f"{name}_photo.yaml")
    assert scenario.settings.input is not None
    found = check(scenario)
    assert found.ok
    assert found.timing.hazard == ""
    assert found.function.values == values
    assert (found.deviation.largest, found.deviation.scale > 0) == (0.0, True)


def test_a_camera_sets_the_pace_and_no_frame_waits() -> None:
    camera, alone = report(CAMERA), report(SCENARIOS / "hyperdrive" / "resnet34_224.yaml")
    assert camera.time.frames_per_s == pytest.approx(10.0, rel=1e-9)
    assert camera.time.latency_s == camera.time.latency_worst_s == alone.time.latency_s
    assert (camera.time.arrivals_per_s, camera.time.overload) == (10.0, None)
    assert camera.energy == alone.energy
    assert camera.io_bits == alone.io_bits


def test_a_camera_that_is_too_fast_is_waited_for_by_nobody() -> None:
    """The chip runs at its own pace; every frame waits longer than the one before."""
    fast, unpaced, alone = report(CAMERA, "frames_per_s=50.0"), report(CAMERA, "frames_per_s=null"), report(CAMERA, "frames=1")
    assert fast.time.frames_per_s == pytest.approx(unpaced.time.frames_per_s, rel=1e-9)
    assert 1 / alone.time.latency_s <= fast.time.frames_per_s < 1.02 / alone.time.latency_s
    assert fast.time.overload == pytest.approx(50 / fast.time.frames_per_s)
    assert fast.time.latency_worst_s > 2 * fast.time.latency_min_s
    for found in (fast, unpaced):
        assert alone.time.latency_s <= found.time.latency_s < 1.02 * alone.time.latency_s, "later frames hardly hold up the first"


def test_poisson_arrivals_wait_for_each_other_and_are_no_overload() -> None:
    """At 80 % of what the mesh can do, a quarter of the frames miss a deadline of three times the latency that one has alone."""
    found, even = report(SCENARIOS / "hyperdrive" / "tiny_2x2_poisson.yaml").time, report(TINY, "frames=100", "frames_per_s=6000").time
    assert (found.frames, found.arrivals_per_s, found.overload) == (100, pytest.approx(6000), None)
    assert (found.frames_per_s, found.deadline_misses) == (pytest.approx(6000), 24)
    assert found.latency_median_s > even.latency_worst_s, "though as many come on average"


def test_narrow_weights_cost_time_and_no_energy() -> None:
    points = list(sweep(Scenario.read(SCENARIOS / "hyperdrive" / "resnet34_narrow_weights.yaml")))
    assert len(points) == 10
    reports = {tuple(point.values()): found for point, found in points if isinstance(found, Report)}
    assert len(reports) == 10
    for blocks in (1, 2):
        latencies = [reports[width, blocks].time.latency_s for width in (16.0, 8.0, 4.0, 2.0, 1.0)]
        assert latencies == sorted(latencies)
    assert all(reports[width, 2].time.latency_s <= reports[width, 1].time.latency_s for width in (16.0, 8.0, 4.0, 2.0, 1.0))
    assert len({found.energy.total_j for found in reports.values()}) == 1


@pytest.mark.parametrize("change", ["network=resnet18", "chip.voltage_v=0.8", "input_shape=[3,256,256]", "frames=2"])
def test_what_does_not_reproduce_a_figure_is_not_compared_with_it(change: str) -> None:
    path = SCENARIOS / "hyperdrive" / "resnet34_224.yaml"
    assert report(path).published
    assert not report(path, change, "chip.mesh=auto").published
