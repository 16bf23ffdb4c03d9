"""NAND-Net in DRAM against the paper: the README's tables, recomputed from runs, and what a pencil says of a layer."""

from __future__ import annotations

import pytest
import simulated
from commands import SCENARIOS

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs._nandnet import decomposition
from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.golden import Computation, forward
from hyperdrive_sim.network.layers import Conv
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
        "the same, Caffe-quick |": f"{speedup('caffe_quick'):.3f}",
        "the same, network in network |": f"{speedup('nin_xnor'):.3f}",
        "decomposition alone, LeNet | about 1.07": f"{speedup('lenet', '_decomposed'):.3f}",
        "compression alone, LeNet | 1.6 to 2": f"{speedup('lenet', '_compressed'):.3f}",
        "energy cut, LeNet | 58.15 %, mean of four networks": f"{100 * cut('lenet'):.1f} %",
        "the same, AlexNet |": f"{100 * cut('binary_alexnet'):.1f} %",
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
    "all three": ["chip.popcount=majority", "chip.enforce_t_faw=true", "chip.readout=channel"],
}


@pytest.mark.parametrize("name", WHAT_IF)
def test_what_the_gain_rests_on(name: str) -> None:
    figures = [f"{speedup(network, '', *WHAT_IF[name]):.3f}" for network in NETWORKS]
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
    ("network", "layer", "jobs", "passes"),
    [
        ("lenet", "conv2", 51_200, 1),
        ("lenet", "ip1", 12_500, 1),
        ("caffe_quick", "conv2", 204_800, 1),
        ("binary_alexnet", "conv2", 13_996_800, 54),
        ("binary_alexnet", "conv3", 4_672_512, 18),
        ("binary_alexnet", "conv4", 7_008_768, 27),
        ("binary_alexnet", "conv5", 4_672_512, 18),
        ("binary_alexnet", "fc6", 1_179_648, 5),
        ("nin_xnor", "conv4", 3_686_400, 15),
        ("nin_xnor", "conv7", 663_552, 3),
    ],
)
def test_jobs_and_passes(network: str, layer: str, jobs: int, passes: int) -> None:
    net = Scenario.read(SCENARIOS / "nandnet_dram" / f"{network}.yaml").network()
    conv = net[layer]
    assert isinstance(conv, Conv)
    assert (timing.jobs(net, conv, DRAM.Spec()), timing.passes(net, conv, DRAM.Spec())) == (jobs, passes)


def test_alexnet_is_its_passes_copies_and_words() -> None:
    """117 passes; 113 of them copy 512 rows; 3,710,976 bits of weights and the maps that come and go in words of 64 B."""
    base, bits = report("binary_alexnet_xnor"), 3_710_976
    words = bits // 512 + -(-69_984 // 512) + -(-9_216 // 512)
    ns = 117 * 81_124.88 + 113 * 512 * 50.16 + words * 17.493 + 4 / 1.2
    assert base.time.latency_s * 1e9 == pytest.approx(ns, rel=1e-8)
    nj = 117 * 32 * 1298.3 + 113 * 512 * 2 * 0.8 + (bits + 69_984 + 9_216) / 8192 * 46.85
    assert base.energy.total_j * 1e9 == pytest.approx(nj, rel=1e-4)


def test_the_share_of_a_kernel_of_ones() -> None:
    """What counting every window once more would take: one kernel more than the layer has (published: 2 % and 0.33 %)."""
    shares = {}
    for name, shape in (("lenet", (1, 28, 28)), ("binary_alexnet", (3, 224, 224))):
        net = zoo.build(name, shape)
        convs = [layer for layer in net if isinstance(layer, Conv) and layer.maps == "binary" and net.shape(layer.name).rows > 1]
        shares[name] = sum(1 / conv.out_channels for conv in convs) / len(convs)
    assert shares["lenet"] == pytest.approx(0.02)
    assert shares["binary_alexnet"] == pytest.approx(0.0033, abs=5e-5)


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
    parameters = inputs.parameters(scenario, net)
    given = inputs.input_maps(scenario, net)
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
