"""NAND-Net in SRAM against the paper: the README's tables, recomputed from runs, and what a pencil says of a layer."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import pytest
import simulated
from commands import SCENARIOS

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs._nandnet import decomposition
from hyperdrive_sim.archs.nandnet_sram import area, timing
from hyperdrive_sim.archs.nandnet_sram.arithmetic import Sram, targets_rate
from hyperdrive_sim.archs.nandnet_sram.prices import prices
from hyperdrive_sim.archs.nandnet_sram.timing import Size, TileBlock
from hyperdrive_sim.errors import DoesNotFit, InvalidInput
from hyperdrive_sim.network.golden import Computation, forward
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, Sign
from hyperdrive_sim.network.parameters import Parameters
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.checks import check
from hyperdrive_sim.study.runs import compiled

SRAM = registry.load("nandnet_sram")
README = " ".join((registry.folder(SRAM.name) / "README.md").read_text("utf-8").split())
NETWORKS = ("lenet", "caffe_quick", "nin_xnor", "binary_alexnet")


def report(name: str, *changes: str) -> Report:
    return simulated.report(f"nandnet_sram/{name}", "reproduces=null", *changes)


def speedup(network: str, *changes: str) -> float:
    """Of tiles of equal area over 16."""
    return report(f"{network}_16", *changes).time.latency_s / report(network, *changes).time.latency_s


def cut(network: str, *changes: str) -> float:
    return 1 - report(f"{network}_16", *changes).energy.total_j / report(f"{network}_xnor", *changes).energy.total_j


def spec(**settings: object) -> SRAM.Spec:  # type: ignore[name-defined]
    return SRAM.Spec(**{"tiles": 16, "weights": "reloaded", **settings})


def sizes(network: Network, conv: Conv) -> dict[str, Size]:
    return {conv.name: timing.size(network, conv)}


# --- the README's tables ---


def test_the_table_against_the_paper() -> None:
    alone = {n: report(f"{n}_16").time.latency_s / report(f"{n}_16", "chip.ones_tile=resident").time.latency_s - 1 for n in NETWORKS}
    less = 1 - report("lenet_16").datasheet["area"].value / report("lenet_xnor").datasheet["area"].value
    equal = report("binary_alexnet_xnor").time.latency_s / report("binary_alexnet_16").time.latency_s
    rows = {
        "speedup of equal area over 16 tiles, LeNet | 1.04": f"{speedup('lenet'):.3f}",
        "the same, AlexNet | 1.5": f"{speedup('binary_alexnet'):.3f}",
        "the same, Caffe-quick | none": f"{speedup('caffe_quick'):.3f}",
        "the same, network in network | none": f"{speedup('nin_xnor'):.3f}",
        "speedup over XNOR-Net, 16 tiles, AlexNet | 1, none": f"{equal:.3f}",
        "energy cut, LeNet | 34.3 %": f"{100 * cut('lenet'):.1f} %",
        "the same, AlexNet | 40.2 %": f"{100 * cut('binary_alexnet'):.1f} %",
        "area cut, 16 tiles | 36.5 %": f"{100 * less:.1f} %",
        "tiles on the baseline's area | 26": f"{report('lenet').datasheet['tiles'].value:.0f}",
        "time that the tile of ones takes, LeNet | 0.67 %": f"{100 * alone['lenet']:.2f} %",
        "the same, AlexNet | 0.08 %": f"{100 * alone['binary_alexnet']:.2f} %",
    }
    for name, figure in rows.items():
        assert f"| {name} | {figure} |" in README, (name, figure)
    others = [f"{100 * cut(network):.1f} %" for network in ("caffe_quick", "nin_xnor")]
    alexnet = f"{100 * cut('binary_alexnet'):.1f} %"
    rest = f"the same, Caffe-quick | none | {others[0]} | | the same, network in network | none | {others[1]} |"
    assert f"40.2 % | {alexnet} | | {rest}" in README


WHAT_IF = {
    "as set by default": [],
    "tiles are filled by taps and channels (`mapping: aligned`)": ["chip.mapping=aligned"],
    "a pass takes one clock (`pass_cycles: 1`)": ["chip.pass_cycles=1"],
    "a pass takes eight (`pass_cycles: 8`)": ["chip.pass_cycles=8"],
    "the port has 512 bit (`port_bits: 512`)": ["chip.port_bits=512"],
    "the router sends 32 activations per clock (`router_bits: 32`)": ["chip.router_bits=32"],
}


DENSE = {"lenet": "[ip1]", "caffe_quick": "[ip1]", "nin_xnor": "[]", "binary_alexnet": "[fc6, fc7]"}


def test_what_dense_layers_do() -> None:
    """Which of them are timed is a choice like the others; so is the number of tiles."""
    for name, left in (("all dense layers are timed", dict.fromkeys(NETWORKS, "[]")), ("no dense layer is timed", DENSE)):
        figures = [f"{speedup(network, f'chip.left_to_host={left[network]}'):.3f}" for network in NETWORKS]
        assert f"| {name} | {' | '.join(figures)} |" in README, figures
    tiles = [f"{report(f'{n}_16').time.latency_s / report(n, 'chip.tiles=26').time.latency_s:.3f}" for n in NETWORKS]
    assert f"| 26 tiles, as published (`tiles: 26`) | {' | '.join(tiles)} |" in README, tiles


@pytest.mark.parametrize("name", WHAT_IF)
def test_what_the_speedup_rests_on(name: str) -> None:
    figures = [f"{speedup(network, *WHAT_IF[name]):.3f}" for network in NETWORKS]
    assert f"| {name} | {' | '.join(figures)} |" in README, figures


@pytest.mark.parametrize(
    ("name", "rate"), [("in 10 % of all cases", 0.1), ("in 32.7 %, the published average", 0.327), ("in half of them", 0.5)]
)
def test_what_the_energy_cut_rests_on(name: str, rate: float) -> None:
    changes = [f"chip.activation_rate={rate}", "chip.activation_rates={}"] if rate != 0.327 else []
    figures = [f"{100 * cut(network, *changes):.1f} %" for network in NETWORKS]
    assert f"| {name} | {' | '.join(figures)} |" in README, figures


def test_factors_in_words() -> None:
    cycles = [[f"{report(network, *changes).time.cycles:,}" for network in NETWORKS] for changes in (["chip.mapping=aligned"], [])]
    aligned, dense = ("{}, {}, {} and {}".format(*some) for some in cycles)
    assert f"25 tiles need {aligned} cycles, not the {dense} of the dense one" in README
    busy = {unit.name: unit.utilization for unit in report("lenet").units}
    assert f"LeNet waits for its one port {100 * busy['sram.port']:.0f} % of the time" in README
    with_link = cut("binary_alexnet", "chip.io_pj_per_bit=21.0")
    assert f"the energy cut of AlexNet is {100 * with_link:.1f} %, not 40.2 %" in README
    assert f"128 channels of AlexNet's conv2 would be {27 * 27 * 128:,} sums" in README


LIMITS = [("and", 8, 3, 4), ("and", 16, 3, 2), ("xnor", 16, 3, 1), ("xnor", 16, 4, 4)]


@pytest.mark.parametrize(
    ("network", "name", "layers"),
    [
        ("lenet", "LeNet", ["conv2", "ip1"]),
        pytest.param("binary_alexnet", "AlexNet", ["conv2", "conv3", "conv4", "conv5"], marks=pytest.mark.slow),
    ],
)
def test_what_converters_lose(network: str, name: str, layers: list[str]) -> None:
    """From maps that nothing was lost of."""
    scenario = Scenario.read(SCENARIOS / "nandnet_sram" / f"{network}.yaml", ["chip.adc_bits=8", "reproduces=null"])
    net = scenario.network()
    parameters = inputs.opened(scenario, net).parameters()
    given = inputs.opened(scenario, net).maps()
    maps = dict(forward(Computation(net, parameters, given, compiled(scenario).mapped.arithmetic)))
    for layer in (net[one] for one in layers):
        weights = parameters[layer.name].weights
        assert isinstance(layer, Conv)
        assert weights is not None
        under, bits = decomposition.taps(decomposition.padded_map(maps[layer.inputs[0]], layer), layer), decomposition.kernels(weights)
        cells = [f"{100 * decomposition.rates(under, bits).activations:.1f} %"]
        for product, rows, adc_bits, digits in LIMITS:
            loss = decomposition.loss(decomposition.PRODUCTS[product], under, bits, decomposition.conversion(rows, adc_bits))
            cells.append(f"{100 * loss.share:.{digits}f} %")
        alone = decomposition.loss(decomposition.AND, under, np.ones((1, bits.shape[1]), np.bool_), decomposition.conversion(8, 3))
        row = f"| {name} {layer.name} | {' | '.join([*cells, f'{100 * alone.share:.3f} %'])} |"
        assert row in README, row


# --- time by pencil ---


def closed_form(network: str, tiles: int, bits: int, outputs: int, macs: int) -> float:
    """Weights and outputs through a port of 128 bit, three clocks for 1024 products of each tile."""
    return bits / 128 + outputs / 128 + 3 * macs / (1024 * tiles)


@pytest.mark.parametrize("tiles", [16, 25])
@pytest.mark.parametrize(
    ("network", "bits", "outputs", "macs", "entering", "leaving", "blocks"),
    [
        ("lenet", 425_000, 64 * 50 + 500, 2_000_000, 12 * 12 * 20, 16 * 500, (2 + 25, 1 + 16)),
        ("caffe_quick", 142_336, 256 * 32 + 64 * 64 + 64, 9_895_936, 16 * 16 * 32, 16 * 64, (2 + 4 + 4, 1 + 2 + 3)),
        (
            "nin_xnor",
            949_248,
            1024 * 256 + 256 * 576 + 64 * 384,
            207_618_048,
            1024 * 192,
            16 * 64 * 192,
            (2 + 1 + 29 + 3 + 3 + 21 + 3, 2 + 1 + 18 + 2 + 2 + 13 + 2),
        ),
        ("binary_alexnet", 3_710_976, 359_680, 971_218_944, 27 * 27 * 96, 9216, (38 + 54 + 81 + 54, 24 + 35 + 52 + 35)),
    ],
)
def test_the_closed_form(
    network: str, bits: int, outputs: int, macs: int, entering: int, leaving: int, blocks: tuple[int, int], tiles: int
) -> None:
    """Beside it, what it leaves out: maps that come and go, the tile of ones, a pass that is begun in each layer, and its words."""
    found = report(f"{network}_16" if tiles == 16 else network)
    layers = len(found.layers) - 1
    beside = entering / 128 + leaving / 128 + ceil(8 * tiles / 128) * layers
    assert found.time.cycles == pytest.approx(closed_form(network, tiles, bits, outputs, macs) + beside, abs=(3 + 2) * layers + 4)
    assert sum(task.name == "weights" for task in found.trace.tasks) == blocks[tiles == 25]


def net(taps: int, channels: int, pixels: int) -> tuple[Network, Conv]:
    """A layer of 1 x 1 kernels in a network of its own, behind a sign."""
    sign = Sign(name="sign", inputs=("input",))
    kind: dict[str, Any] = {"maps": "binary", "scale": False, "bias": False, "relu": False}
    conv = Conv(name="conv", inputs=("sign",), out_channels=channels, window=Window.square(1), **kind)
    return Network("pencil", (taps, 1, pixels), [sign, conv]), conv


def filled(taps: int, channels: int, pixels: int, **settings: object) -> tuple[TileBlock, ...]:
    network, conv = net(taps, channels, pixels)
    filling = timing.fillings(sizes(network, conv), spec(**settings))[conv.name]
    assert filling.size == Size(pixels, taps, channels)
    return filling.blocks


def test_dense_blocks_are_filled_kernel_after_kernel() -> None:
    """Two tiles of 8 x 4 hold 64 weights; 10 kernels of 15 taps are 150, the last 22 of them spread over both tiles."""
    blocks = filled(15, 10, 6, tiles=2, tile_columns=4)
    both = range(2)
    assert blocks == (TileBlock(64, 64, 6, both, 0, 4), TileBlock(64, 64, 6, both, 4, 8), TileBlock(22, 22, 3, both, 8, 10))


def test_aligned_blocks_have_taps_in_rows_and_channels_in_columns() -> None:
    """15 taps are two tiles high, 10 channels three wide: six tile loads, in threes; rows are written whole."""
    blocks = filled(15, 10, 6, tiles=3, tile_columns=4, mapping="aligned")
    assert blocks == (
        TileBlock((8 + 7 + 8) * 4, (8 + 7 + 8) * 4, 6, range(3), 0, 4),
        TileBlock((7 + 8 + 7) * 4, 7 * 4 + 15 * 2, 6, range(3), 4, 10),
    )


def test_a_kernel_that_is_larger_than_all_tiles_is_whole_only_at_its_end() -> None:
    blocks = filled(100, 2, 1, tiles=1, tile_columns=4)
    assert [(block.c0, block.c1) for block in blocks] == [(0, 0)] * 3 + [(0, 1)] + [(1, 1)] * 2 + [(1, 2)]


def test_kept_layers_have_tiles_of_their_own() -> None:
    """A layer that fills one tile and a bit takes two, shares them with nobody, and has what is left over as well."""
    blocks = filled(15, 5, 6, tiles=4, tile_columns=8, weights="kept")
    assert blocks == (TileBlock(75, 75, 2, range(4), 0, 5),)


def test_weights_that_fit_are_written_once() -> None:
    small = ["network=tiny_xnor", "input_shape=[16,5,6]", "frames=3", "chip.activation_rates={}"]
    kept, reloaded = (report("lenet", *small, f"chip.weights={how}") for how in ("auto", "reloaded"))
    assert 3 * kept.io_bits["weights"] == reloaded.io_bits["weights"]
    assert {task.frame for task in kept.trace.tasks if task.name == "weights"} == {0}


def test_tiles_that_are_left_over_go_to_the_layers_that_are_kept() -> None:
    """Five tiles, three needed: a layer of 15 x 5 weights in tiles of 64 takes two and three of them, so that all five share its pixels."""
    assert filled(15, 5, 10, tiles=5, tile_columns=8, weights="kept") == (TileBlock(75, 75, ceil(10 * 75 / 320), range(5), 0, 5),)


def test_pooling_is_not_of_the_kind_that_the_peak_counts() -> None:
    """The periphery pools 24 channels of 4 x 3 pixels under windows of 3 x 3, and 35 of 3 x 3 under 2 x 2, while one cell multiplies."""
    smallest = [f"chip.{name}={value}" for name, value in {"tiles": 1, "tile_rows": 1, "tile_columns": 1}.items()]
    fastest = ["chip.activation_rates={}", "chip.port_bits=4096", "chip.router_bits=4096"]
    found = report("lenet", "network=tiny_xnor_pooled", "input_shape=[3,9,8]", *smallest, *fastest)
    assert (found.network.ops, found.network.other_ops) == (2 * found.network.macs, 24 * 12 * 9 + 35 * 9 * 4)
    products = [0, (9 * 8 * 24) * (25 * 20), (2 * 2 * 35) * (9 * 24), (2 * 2 * 17) * (4 * 35)]
    assert [row.ops for row in found.layers] == [2 * macs for macs in products]
    assert max(found.throughput.utilization, *(row.utilization for row in found.layers)) < 1


def test_outputs_leave_as_words_fill() -> None:
    """10 channels of 6 pixels: 24 bits of outputs after each of two blocks, and 12 after the third, in words of 16."""
    network, conv = net(15, 10, 6)
    chosen = spec(tiles=2, tile_columns=4, port_bits=16)
    assert list(timing.fillings(sizes(network, conv), chosen)[conv.name].words_out(chosen)) == [1, 2, 1]


def test_the_tile_of_ones_counts_every_tap_once() -> None:
    """Two tiles raise 16 word lines: 40 taps take three blocks, and no more where a layer has fewer blocks."""
    network, conv = net(40, 10, 1)
    many, few = spec(tiles=2, tile_columns=4), spec(tiles=2, tile_columns=128)
    assert list(timing.fillings(sizes(network, conv), many)[conv.name].ones_taps(many))[:4] == [16, 16, 8, 0]
    assert list(timing.fillings(sizes(network, conv), few)[conv.name].ones_taps(few)) == [40]
    eight = spec(cell="8t")
    assert list(timing.fillings(sizes(network, conv), eight)[conv.name].ones_taps(eight)) == [0]


def test_activations_reach_word_lines_in_words() -> None:
    """25 tiles raise 200 lines in words of 128: two clocks for each pass."""
    network, conv = net(400, 128, 10)
    chosen = spec(tiles=25)
    filling = timing.fillings(sizes(network, conv), chosen)[conv.name]
    assert timing.route_ps(filling.size, filling.blocks[0], chosen) == 10 * 2 * 10_000
    assert timing.pass_ps(filling.blocks[0], chosen) == 10 * 3 * 10_000


# --- area ---


def test_area_of_a_tile() -> None:
    """1024 cells of 265.5 F2 at 65 nm are 60 % of a baseline tile."""
    base = spec(cell="8t", adc_bits=4)
    assert area.tile_mm2(base) == pytest.approx(1024 * 265.5 * (65e-6) ** 2 / 0.6)
    assert area.tile_mm2(spec()) / area.tile_mm2(base) == pytest.approx(16 / 26, abs=0.0005)
    assert area.periphery_mm2() / area.total_mm2(base) == pytest.approx(0.051)


def test_area_of_the_tile_of_ones() -> None:
    """A column of 146 F2 cells beside every tile, with 15 comparators: 73 % of a baseline column, for which 26 tiles have no room."""
    base = spec(cell="8t", adc_bits=4)
    of_a_column = 0.6 * 146 / 265.5 + 0.215 + 0.185
    assert area.ones_mm2(spec()) / area.tile_mm2(base) == pytest.approx(of_a_column / 128)
    assert 16 * area.tile_mm2(base) / area.tile_mm2(spec()) == pytest.approx(26.005, abs=5e-4)
    assert 16 * area.tile_mm2(base) / (area.tile_mm2(spec()) + area.ones_mm2(spec())) == pytest.approx(25.766, abs=5e-4)
    assert 25 * area.ones_mm2(spec()) / area.tile_mm2(spec()) == pytest.approx(0.23, abs=5e-3)
    assert area.ones_mm2(base) == 0.0
    found = report("lenet").datasheet
    assert found["area of the tile of ones"].value == pytest.approx(25 * area.ones_mm2(spec()))
    assert found["area"].value == pytest.approx(25 * found["area of a tile"].value + 25 * area.ones_mm2(spec()) + area.periphery_mm2())
    assert "area of the tile of ones" not in report("lenet_xnor").datasheet


def test_the_tile_of_ones_is_written_as_the_cells_that_it_has() -> None:
    """16 tiles of 8 rows: 128 cells, one word for each of LeNet's two layers; 25 tiles: 200 cells, two words."""
    for name, bits in (("lenet_16", 128), ("lenet", 200)):
        found, resident = report(name), report(name, "chip.ones_tile=resident")
        written = [one.energy.by_action["cell.write"].count for one in (found, resident)]
        assert written[0] - written[1] == 2 * bits
        assert found.time.cycles - resident.time.cycles == 2 * ceil(bits / 128)


def test_a_column_has_one_converter_however_many_rows() -> None:
    """15 comparators at each of 128 columns take 21.5 % of a baseline tile; twice the rows double everything else."""
    base, tall = (area.tile_mm2(spec(cell="8t", adc_bits=4, tile_rows=rows)) for rows in (8, 16))
    assert tall / base == pytest.approx(2 - 0.215)


@pytest.mark.parametrize(
    ("settings", "tiles"),
    [
        ({"cell": "8t", "adc_bits": 4}, 16),
        ({}, 25),
        ({"adc_bits": 4}, 21),
        ({"cell": "8t", "adc_bits": 3}, 18),
        ({"tile_rows": 16}, 14),
    ],
)
def test_tiles_of_equal_area(settings: dict[str, object], tiles: int) -> None:
    chosen = spec(tiles="equal_area", **settings)
    assert area.equal_area_tiles(chosen) == tiles
    decided = [chosen.model_copy(update={"tiles": count}) for count in (tiles, tiles + 1)]
    room = area.total_mm2(spec(cell="8t", adc_bits=4))
    assert area.total_mm2(decided[0]) <= room * (1 + 1e-12) < area.total_mm2(decided[1])


# --- energy ---


def test_energy_in_baseline_products() -> None:
    """LeNet in 8T cells: 2 M products and 425,000 weights at 41 each; what is begun and not filled is paid for as well."""
    each = 31.6e-15
    assert report("lenet_xnor").energy.core_j == pytest.approx((2.0e6 + 41 * 425_000) * each, rel=0.003)
    assert report("binary_alexnet_xnor").energy.core_j == pytest.approx((971_218_944 + 41 * 3_710_976) * each, rel=0.001)


def test_the_fit_of_the_savings() -> None:
    """41.3 % of computing and 33.5 % of writing, as fitted, but for the tile of ones."""
    for network, macs, bits in (("lenet", 2.0e6, 425_000), ("binary_alexnet", 971_218_944, 3_710_976)):
        fitted = (0.413 * macs + 0.335 * 41 * bits) / (macs + 41 * bits)
        assert cut(network) == pytest.approx(fitted, abs=0.004)


def test_a_converter_of_one_bit_less_has_half_the_comparators() -> None:
    price = {bits: prices(spec(cell="8t", adc_bits=bits))["adc.conversion"].pj for bits in (3, 4)}
    assert price[3] / price[4] == pytest.approx(7 / 15)


def test_discharges_follow_activations() -> None:
    assert targets_rate(spec(), "conv") == pytest.approx(0.327 / 2)
    assert targets_rate(spec(activation_rates={"conv": 0.6}), "conv") == pytest.approx(0.3)
    assert targets_rate(spec(cell="8t"), "conv") == pytest.approx(0.5)
    assert targets_rate(spec(cell="8t", weight_rate=0.25, activation_rate=0.1), "conv") == pytest.approx(0.025 + 0.675)


def test_activation_rates_are_measured_and_put_back() -> None:
    scenario = Scenario.read(SCENARIOS / "nandnet_sram" / "lenet.yaml", ["reproduces=null"])
    net, found = scenario.network(), check(scenario).activation_rates
    given = inputs.opened(scenario, net).maps()
    maps = dict(forward(Computation(net, inputs.opened(scenario, net).parameters(), given, compiled(scenario).mapped.arithmetic)))
    assert found == {name: (maps[net[name].inputs[0]] == 1).sum() / maps[net[name].inputs[0]].size for name in ("conv2", "ip1")}
    rates = ", ".join(f"{name}: {rate}" for name, rate in found.items())
    discharges = report("lenet", f"chip.activation_rates={{{rates}}}").energy.by_action["cell.discharge"].count
    expected = sum(net.macs(name) * rate / 2 + net.macs(name) / net.shape(name).channels * rate for name, rate in found.items())
    assert discharges == pytest.approx(expected, rel=1e-3)


# --- function ---


@pytest.mark.parametrize("cell", ["6t", "8t"])
@pytest.mark.parametrize(("rows", "adc_bits"), [(8, 3), (8, 2), (16, 3), (5, 1), (24, 8)])
def test_tile_by_tile_equals_matrix_products(cell: str, rows: int, adc_bits: int) -> None:
    """Also where a kernel ends within a tile, and beyond the edge of the map."""
    rng = np.random.default_rng(3)
    kind: dict[str, Any] = {"maps": "binary", "scale": False, "bias": False, "relu": False}
    conv = Conv(name="conv", inputs=("x",), out_channels=7, window=Window.square(3, padding=1), **kind)
    x = np.where(rng.random((4, 5, 6)) < 0.5, 1, -1).astype(np.float32)
    arithmetic = Sram(spec(cell=cell, tile_rows=rows, adc_bits=adc_bits))
    under = decomposition.taps(decomposition.padded_map(x, conv), conv)
    weights = rng.random((7, 54)) < 0.5
    found = arithmetic.in_hardware(under, weights)
    assert found is not None
    np.testing.assert_array_equal(found, decomposition.counts(arithmetic.product, under, weights, arithmetic.limit))


def test_a_clipped_count_by_hand() -> None:
    """Eight products that are all one are seen as seven by three bits; the tile of ones sees all eight unless it has three bits, too."""
    network, conv = net(8, 1, 1)
    x, weights = np.ones((1, 1, 8), np.float32), np.ones((1, 1, 1, 8), np.int8)
    exact, clipped = (float(Sram(spec(adc_bits=bits)).apply(conv, [x], Parameters(weights)).item()) for bits in (4, 3))
    assert exact == 8
    assert clipped == 8 - 2 * 8 - 2 * 8 + 4 * 7
    alike = Sram(spec(adc_bits=3, ones_adc_bits=3)).apply(conv, [x], Parameters(weights))
    assert float(alike.item()) == 8 - 2 * 8 - 2 * 7 + 4 * 7
    assert float(Sram(spec(cell="8t", adc_bits=3)).apply(conv, [x], Parameters(weights)).item()) == 2 * 7 - 8
    assert network.macs("conv") == 8


# --- what is refused ---


def refused(*changes: str) -> str:
    with pytest.raises(InvalidInput) as error:
        compiled(Scenario.read(SCENARIOS / "nandnet_sram" / "lenet.yaml", ["reproduces=null", *changes]))
    return str(error.value)


def test_what_is_refused() -> None:
    assert "'fc9' is no binary layer of 'lenet' that is run here; these are: conv2, ip1" in refused("chip.activation_rates={fc9: 0.4}")
    assert "chip.activation_rates.conv2" in refused("chip.activation_rates={conv2: 1.4}")
    assert "chip.tiles" in refused("chip.tiles=0")
    with pytest.raises(DoesNotFit, match="the weights of 'lenet' take 416 tiles, 25 are there"):
        compiled(Scenario.read(SCENARIOS / "nandnet_sram" / "lenet.yaml", ["reproduces=null", "chip.weights=kept"]))
