"""NAND-Net in DRAM against the paper: the README's tables, recomputed from runs, and what a pencil says of a layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import simulated
from commands import SCENARIOS

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs._nandnet import decomposition
from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.ambit import Counts
from hyperdrive_sim.archs.nandnet_dram.arithmetic import Dram
from hyperdrive_sim.network.golden import Computation, forward
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, Sign
from hyperdrive_sim.network.parameters import Parameters
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.runs import compiled, run

DRAM = registry.load("nandnet_dram")
README = " ".join((registry.folder(DRAM.name) / "README.md").read_text("utf-8").split())
NETWORKS = ("lenet", "caffe_quick", "nin_xnor", "binary_alexnet")


def report(name: str, *changes: str) -> Report:
    return simulated.report(f"nandnet_dram/{name}", "reproduces=null", *changes)


def speedup(network: str, machine: str = "", *changes: str) -> float:
    ours = report(network + machine, *changes).time.latency_s
    return report(f"{network}_xnor", *changes).time.latency_s / ours


def cut(network: str, machine: str = "") -> float:
    return 1 - report(network + machine).energy.total_j / report(f"{network}_xnor").energy.total_j


# --- the README's tables ---


def test_the_table_against_the_paper() -> None:
    rows = {
        "speedup over XNOR-Net in DRAM, LeNet | 2.14": f"{speedup('lenet'):.3f}",
        "the same, AlexNet | 1.77": f"{speedup('binary_alexnet'):.3f}",
        "the same, Caffe-quick | none": f"{speedup('caffe_quick'):.3f}",
        "the same, network in network | none": f"{speedup('nin_xnor'):.3f}",
        "decomposition alone, LeNet | about 1.07": f"{speedup('lenet', '_decomposed'):.3f}",
        "compression alone, LeNet | 1.6 to 2": f"{speedup('lenet', '_compressed'):.3f}",
        "energy cut, LeNet | 58.15 %, mean of four networks": f"{100 * cut('lenet'):.1f} %",
        "the same, AlexNet | the same mean": f"{100 * cut('binary_alexnet'):.1f} %",
    }
    for name, figure in rows.items():
        assert f"| {name} | {figure} |" in README, (name, figure)


def test_energy_delay_product() -> None:
    for network, published in (("lenet", "80.4 %"), ("binary_alexnet", "76.1 %")):
        product = 100 * (1 - (1 - cut(network)) / speedup(network))
        assert f"{published} | {product:.1f} % |" in README


WHAT_IF = {
    "as published": [],
    "the four-activation window holds (`enforce_t_faw`)": ["chip.enforce_t_faw=true"],
    "counts are read over the channel (`readout: channel`)": ["chip.readout=channel"],
    "adders of three majorities (`popcount: majority`)": ["chip.popcount=majority"],
    "all three of these": ["chip.popcount=majority", "chip.enforce_t_faw=true", "chip.readout=channel"],
}


WHAT_IF_CHOSEN = {
    "two ANDs and their OR one after the other (`fused: false`)": ["chip.fused=false"],
    "operands are not copied (`operand_copies: none`)": ["chip.operand_copies=none"],
    "activations are counted exactly (`ones: in_dram_exact`)": ["chip.ones=in_dram_exact"],
    "activations are counted for nothing (`ones: periphery`)": ["chip.ones=periphery"],
}
DENSE = {"lenet": "[ip1]", "caffe_quick": "[ip1]", "nin_xnor": "[]", "binary_alexnet": "[fc6, fc7]"}


def test_what_dense_layers_do() -> None:
    """Which of them are timed is a choice like others; fc7 fills two passes, and takes a third for its kernel of ones."""
    for name, left in (("all dense layers are timed", dict.fromkeys(NETWORKS, "[]")), ("no dense layer is timed", DENSE)):
        figures = [f"{speedup(network, '', f'chip.left_to_host={left[network]}'):.3f}" for network in NETWORKS]
        assert f"| {name} | {' | '.join(figures)} |" in README, figures
    net = Scenario.read(SCENARIOS / "nandnet_dram" / "binary_alexnet.yaml").network()
    fc7 = net["fc7"]
    assert isinstance(fc7, Conv)
    assert [timing.passes(net, fc7, DRAM.Spec(ones=ones)) for ones in ("periphery", "in_dram")] == [2, 3]


@pytest.mark.parametrize("name", [*WHAT_IF, *WHAT_IF_CHOSEN])
def test_what_the_gain_rests_on(name: str) -> None:
    figures = [f"{speedup(network, '', *(WHAT_IF | WHAT_IF_CHOSEN)[name]):.3f}" for network in NETWORKS]
    assert f"| {name} | {' | '.join(figures)} |" in README, figures


def test_factors_in_words() -> None:
    slower = [report(f"{n}_xnor", *WHAT_IF[key]).time.latency_s / report(f"{n}_xnor").time.latency_s for n in NETWORKS for key in WHAT_IF]
    window, majority = slower[1::5], slower[3::5]
    ours = [report(n, "chip.enforce_t_faw=true").time.latency_s / report(n).time.latency_s for n in NETWORKS]
    assert "a factor of 2.2 to 3.0 for everybody" in README
    assert (f"{min(window + ours):.1f}", f"{max(window + ours):.1f}") == ("2.2", "3.0")
    assert "makes XNOR-Net in DRAM 2.2 to 3.3 times faster" in README
    assert (f"{1 / max(majority):.1f}", f"{1 / min(majority):.1f}") == ("2.2", "3.3")


# --- by pencil ---


@pytest.mark.parametrize(
    ("network", "layer", "jobs", "with_ones", "passes"),
    [
        ("lenet", "conv2", 51_200, 52_224, 1),
        ("lenet", "ip1", 12_500, 12_525, 1),
        ("caffe_quick", "conv2", 204_800, 211_200, 1),
        ("binary_alexnet", "conv2", 13_996_800, 14_051_475, 54),
        ("binary_alexnet", "conv3", 4_672_512, 4_684_680, 18),
        ("binary_alexnet", "conv4", 7_008_768, 7_027_020, 27),
        ("binary_alexnet", "conv5", 4_672_512, 4_690_764, 18),
        ("binary_alexnet", "fc6", 1_179_648, 1_179_936, 5),
        ("nin_xnor", "conv4", 3_686_400, 3_705_600, 15),
        ("nin_xnor", "conv7", 663_552, 667_008, 3),
    ],
)
def test_jobs_and_passes(network: str, layer: str, jobs: int, with_ones: int, passes: int) -> None:
    """A kernel of ones adds a channel's jobs, in none of these layers a pass."""
    net = Scenario.read(SCENARIOS / "nandnet_dram" / f"{network}.yaml").network()
    conv = net[layer]
    assert isinstance(conv, Conv)
    for expected, spec in ((jobs, DRAM.Spec(multiply="xnor")), (with_ones, DRAM.Spec())):
        assert (timing.jobs(net, conv, spec), timing.passes(net, conv, spec)) == (expected, passes)


def test_alexnet_is_its_passes_copies_and_words() -> None:
    """117 passes; 113 of them copy 512 rows; 3,710,976 bits of weights and the maps that come and go in words of 64 B."""
    base, bits = report("binary_alexnet_xnor"), 3_710_976
    words = bits // 512 + -(-69_984 // 512) + -(-9_216 // 512)
    ns = 117 * 81_124.88 + 113 * 512 * 50.16 + words * 17.493 + 4 / 1.2
    assert base.time.latency_s * 1e9 == pytest.approx(ns, rel=1e-8)
    nj = 117 * 32 * 1298.3 + 113 * 512 * 2 * 0.8 + (bits + 69_984 + 9_216) / 8192 * 46.85
    assert base.energy.total_j * 1e9 == pytest.approx(nj, rel=1e-4)


# --- the four-activation window ---


def spec(**settings: object) -> DRAM.Spec:  # type: ignore[name-defined]
    return DRAM.Spec(**{"enforce_t_faw": True, **settings})


def test_an_aap_in_sixteen_banks_takes_eight_windows() -> None:
    """32 activations in one rank, four in any 21 ns: the fifth waits for the first, and the next AAP's first begins after 168 ns."""
    starts = [0.0] * 4
    while len(starts) < 33:
        starts.append(starts[-4] + 21)
    assert starts[32] == 168
    assert timing.bus_ps(Counts(aaps=1), spec()) == 168_000
    assert timing.bus_ps(Counts(aps=1), spec()) == 84_000
    assert timing.bus_ps(Counts(aaps=1), DRAM.Spec()) == 40_000, "three slots for each of 16 banks at 1200 MHz"


def test_every_rank_has_a_window_of_its_own_and_all_share_the_bus() -> None:
    """Two ranks of eight banks take half as long as one of sixteen; of eight ranks, a window is 21 ns, and the bus takes 40 ns."""
    assert [timing.bus_ps(Counts(aaps=1), spec(ranks=ranks)) for ranks in (1, 2, 4, 8)] == [168_000, 84_000, 42_000, 40_000]
    assert timing.bus_ps(Counts(aaps=1), spec(banks=6, ranks=4)) == 21_000, "two banks in the fuller ranks: four activations"


def test_the_window_holds_for_copies_and_words_too() -> None:
    """One AAP after another is two activations in 50.16 ns, a word one in 17.493 ns: 21 ns limit neither, 200 ns would limit both."""
    assert timing.copies_ps(spec()) == timing.copies_ps(DRAM.Spec()) == 32 * 50_160
    assert timing.channel_ps(8 * 512, spec()) == timing.channel_ps(8 * 512, DRAM.Spec()) == 8 * 17_493
    assert timing.copies_ps(spec(t_faw_ns=200)) == 16 * 200_000, "64 activations"
    assert timing.channel_ps(8 * 512, spec(t_faw_ns=200)) == 2 * 200_000


# --- activations are counted, too ---


def one_layer(channels: int, out_channels: int, pixels: int) -> tuple[Network, Conv]:
    """A convolution of 1 x 1 kernels behind a sign."""
    kind: dict[str, Any] = {"maps": "binary", "scale": False, "bias": False, "relu": False}
    conv = Conv(name="conv", inputs=("sign",), out_channels=out_channels, window=Window.square(1), **kind)
    return Network("pencil", (channels, 1, pixels), [Sign(name="sign", inputs=("input",)), conv]), conv


def test_a_kernel_of_ones_can_take_a_pass_more() -> None:
    """8 channels of 8 pixels are 64 jobs in 64 columns; with a kernel of ones 72, with two of them 80."""
    net, conv = one_layer(32, 8, 8)
    small = {"banks": 1, "row_bytes": 8}
    found = {ones: DRAM.Spec(ones=ones, **small) for ones in ("periphery", "in_dram", "in_dram_exact")}
    assert [(timing.jobs(net, conv, one), timing.passes(net, conv, one)) for one in found.values()] == [(64, 1), (72, 2), (80, 2)]
    assert [timing.weight_bits(net, conv, one) for one in found.values()] == [256, 256 + 32, 256 + 2 * 32]
    assert timing.jobs(net, conv, DRAM.Spec(multiply="xnor", **small)) == 64, "XNOR-Net subtracts no activations"
    assert DRAM.Spec(ones="in_dram_exact", compression=1).kernels_of_ones == 1, "nothing is lost without compression"


def test_what_counting_activations_costs_lenet() -> None:
    """Words of 64 B: 25,000 + 500 bits are 50, not 49, and 400,000 + 800 are 783, not 782; the bits are paid for, passes stay two."""
    free, paid = report("lenet", "chip.ones=periphery"), report("lenet")
    assert paid.io_bits["weights"] - free.io_bits["weights"] == 500 + 800
    assert (paid.time.latency_s - free.time.latency_s) * 1e9 == pytest.approx(2 * 17.493)
    assert (paid.energy.total_j - free.energy.total_j) * 1e9 == pytest.approx(1300 / 8192 * 46.85)
    assert paid.energy.by_action["bank.aap"].count == free.energy.by_action["bank.aap"].count == 2 * 16 * 553


@pytest.mark.parametrize(("ones", "counted"), [("in_dram", 4), ("in_dram_exact", 8), ("periphery", 8)])
def test_a_compressed_count_of_activations_by_hand(ones: str, counted: int) -> None:
    """Eight taps, all signs +1: pairs count one of two, also under a kernel of ones, but not under two that have one tap of each pair."""
    _, conv = one_layer(8, 1, 1)
    x, weights = np.ones((1, 1, 8), np.float32), Parameters(np.ones((1, 1, 1, 8), np.int8))
    arithmetic = Dram(timing.PassProgram.of(DRAM.Spec(ones=ones, chunk_taps=8)))
    expected = 8 - 2 * 8 - 2 * counted + 4 * 4
    assert arithmetic.apply(conv, [x], weights).item() == expected
    assert arithmetic.fused([conv], [x], [weights]).item() == expected, "by row commands"


@pytest.mark.parametrize("compression", [1, 2, 3, 4])
@pytest.mark.parametrize("chunk_taps", [5, 16])
@pytest.mark.parametrize("multiply", ["and", "nor"])
def test_two_kernels_of_ones_lose_nothing(compression: int, chunk_taps: int, multiply: str) -> None:
    """Where products are lost by the same amount: sums differ from the exact ones by four per lost target, and by nothing else."""
    rng, (_, conv) = np.random.default_rng(7), one_layer(39, 6, 12)
    x, weights = rng.choice([-1.0, 1.0], (1, 12, 39)).astype(np.float32), rng.choice([-1, 1], (6, 1, 1, 39)).astype(np.int8)
    chosen = DRAM.Spec(ones="in_dram_exact", compression=compression, chunk_taps=chunk_taps, multiply=multiply)
    arithmetic = Dram(timing.PassProgram.of(chosen))
    under, bits = decomposition.taps(x, conv), decomposition.kernels(weights)
    lost = (decomposition.counts(decomposition.AND, under, bits, limit) for limit in (None, arithmetic.limit))
    exact = decomposition.sums(decomposition.AND, under, bits)
    expected = exact - 4 * np.subtract(*lost).reshape(exact.shape)
    np.testing.assert_array_equal(arithmetic.apply(conv, [x], Parameters(weights)), expected)
    np.testing.assert_array_equal(arithmetic.fused([conv], [x], [Parameters(weights)]), expected)


def test_the_share_of_a_kernel_of_ones() -> None:
    """One kernel more than the layer has (published: 2 % and 0.33 %), two for an exact count, none that the periphery needs."""
    shares = {name: report(name).datasheet["kernels of ones"].value for name in ("lenet", "binary_alexnet")}
    assert shares["lenet"] == pytest.approx(1 / 50)
    assert shares["binary_alexnet"] == pytest.approx((1 / 256 + 1 / 384 + 1 / 384 + 1 / 256) / 4)
    assert report("lenet", "chip.ones=in_dram_exact").datasheet["kernels of ones"].value == pytest.approx(2 / 50)
    assert "kernels of ones" not in report("lenet", "chip.ones=periphery").datasheet


def test_targets_are_rarer_by_what_activations_are_missing() -> None:
    assert decomposition.Rates(0.327, 0.5).target_cut == pytest.approx(0.673)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(Exception, match=r"a chunk of 256 taps needs \d+ rows of a sub-array, 300 are there") as refused:
        run(Scenario.read(SCENARIOS / "nandnet_dram" / "lenet.yaml", ["chip.chunk_taps=256", "chip.data_rows=300"]))
    assert "chip.chunk_taps" in str(refused.value)
    with pytest.raises(Exception, match=r"'fc9' is no binary layer of 'lenet'; it has conv2, ip1"):
        run(Scenario.read(SCENARIOS / "nandnet_dram" / "lenet.yaml", ["chip.left_to_host=[fc9]"]))


def lost(network: str, layers: list[str]) -> list[str]:
    """The README's rows on what compression loses, from maps that nothing was lost of."""
    scenario = Scenario.read(SCENARIOS / "nandnet_dram" / f"{network}.yaml", ["chip.compression=1", "reproduces=null"])
    net = scenario.network()
    parameters = inputs.opened(scenario, net).parameters()
    given = inputs.opened(scenario, net).maps()
    maps = dict(forward(Computation(net, parameters, given, compiled(scenario).mapped.arithmetic)))
    rows = []
    for layer in (net[name] for name in layers):
        weights = parameters[layer.name].weights
        assert isinstance(layer, Conv)
        assert weights is not None
        under, bits = decomposition.taps(decomposition.padded_map(maps[layer.inputs[0]], layer), layer), decomposition.kernels(weights)
        cells = [f"{100 * decomposition.rates(under, bits).activations:.1f} %"]
        for product, digits in (("and", 3), ("xnor", 2)):
            loss = decomposition.loss(decomposition.PRODUCTS[product], under, bits, decomposition.compression(2))
            cells += [f"{loss.measured:.{digits}f}", f"{loss.expected:.{digits}f}", f"{100 * loss.share:.1f} %"]
        of_ones = decomposition.loss(decomposition.AND, under, np.ones((1, bits.shape[1]), np.bool_), decomposition.compression(2))
        cells += [f"{of_ones.measured:.2f}", f"{100 * of_ones.share:.1f} %"]
        rows.append(f"{layer.name} | {' | '.join(cells)} |")
    return rows


@pytest.mark.parametrize(
    ("network", "name", "layers"),
    [
        ("lenet", "LeNet", ["conv2", "ip1"]),
        pytest.param("binary_alexnet", "AlexNet", ["conv2", "conv3", "conv4", "conv5"], marks=pytest.mark.slow),
    ],
)
def test_what_compression_loses(network: str, name: str, layers: list[str]) -> None:
    for row in lost(network, layers):
        assert f"| {name} {row}" in README, row
