"""What is published of Hyperdrive, or follows from it by arithmetic, number by number, from lowering and simulation at full size."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from operator import mul
from typing import Any, NamedTuple

import pytest
from worlds import on

from hyperdrive_sim.archs.hyperdrive import architecture
from hyperdrive_sim.archs.hyperdrive.machine import build
from hyperdrive_sim.archs.hyperdrive.prices import operating_point, prices
from hyperdrive_sim.archs.hyperdrive.spec import HyperdriveSpec
from hyperdrive_sim.archs.hyperdrive.steps import RUNS
from hyperdrive_sim.engine.ledger import Ledger
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import DoesNotFit, InvalidInput
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mesh import Mesh
from hyperdrive_sim.schedule.schedule import Schedule

HYPERDRIVE = architecture


def machine(spec: HyperdriveSpec) -> Machine:
    return build(spec, Mesh(*spec.chips))


ARRAY = "chip[0,0].array"
FMM_BITS = 6_422_528
LANES = 16


class Row(NamedTuple):
    """Convolutions of one shape in ResNet-34 at 224 x 224: how many, pixels per patch, and of each one the cycles and weight bits."""

    kernel: int
    stride: int
    inputs: int
    outputs: int
    count: int
    pixels: int
    cycles: int
    bits: int

    @property
    def head(self) -> int:
        """Cycles of a block's first pixel."""
        return self.kernel**2 * self.inputs

    @property
    def blocks(self) -> int:
        return self.outputs // LANES


RESNET34 = [
    Row(3, 1, 64, 64, 6, 64, 147_456, 36_864),
    Row(3, 2, 64, 128, 1, 16, 73_728, 73_728),
    Row(3, 1, 128, 128, 7, 16, 147_456, 147_456),
    Row(1, 2, 64, 128, 1, 16, 8_192, 8_192),
    Row(3, 2, 128, 256, 1, 4, 73_728, 294_912),
    Row(3, 1, 256, 256, 11, 4, 147_456, 589_824),
    Row(1, 2, 128, 256, 1, 4, 8_192, 32_768),
    Row(3, 2, 256, 512, 1, 1, 73_728, 1_179_648),
    Row(3, 1, 512, 512, 5, 1, 147_456, 2_359_296),
    Row(1, 2, 256, 512, 1, 1, 8_192, 131_072),
]


class Run(NamedTuple):
    """A network on a chip, simulated and priced."""

    network: Network
    machine: Machine
    schedule: Schedule
    trace: Trace
    ledger: Ledger

    def row(self, layer: str) -> Row:
        """The table's row of a layer, found by its shape."""
        conv = self.network[layer]
        assert isinstance(conv, Conv)
        shape = (conv.window.rows.kernel, conv.window.rows.stride, self.network.shape(conv.inputs[0]).channels, conv.out_channels)
        (row,) = (row for row in RESNET34 if row[:4] == shape)
        return row

    def layers(self) -> list[str]:
        return list(dict.fromkeys(task.layer for task in self.schedule if task.name == "compute"))

    def stalls(self) -> dict[str, int]:
        """Cycles for which the array stood still before tasks of a layer."""
        gaps: Counter[str] = Counter()
        for index, gap in zip(*(column.tolist() for column in self.trace.gaps([ARRAY])), strict=True):
            gaps[self.schedule.layer[index]] += gap
        return {layer: self.machine.clock.cycles(gap) for layer, gap in gaps.items()}


@cache
def _resnet34(settings: tuple[tuple[str, Any], ...]) -> Run:
    made = on(HYPERDRIVE, zoo.build("resnet34", (3, 224, 224)), **dict(settings))
    return Run(made.network, made.machine, made.schedule, made.trace, made.ledger)


def resnet34(**settings: Any) -> Run:
    return _resnet34(tuple(settings.items()))


@pytest.mark.parametrize(("adds", "bypass", "total"), [("all", 28_160, 4_669_952), ("first_of_each_shape", 7_680, 4_649_472)])
def test_cycle_table_of_resnet34(adds: str, bypass: int, total: int) -> None:
    run = resnet34(bypass_adds=adds)
    cycles = {action.removeprefix("array."): count for action, count in run.schedule.action_counts.items() if action.startswith("array.")}
    assert cycles == {"conv_cycle": 4_521_984, "scale_cycle": 59_904, "bias_cycle": 59_904, "bypass_cycle": bypass}
    assert sum(cycles.values()) == total
    assert run.machine.clock.cycles(run.trace.busy_ps()[ARRAY]) == total
    assert run.trace.busy_ps()[ARRAY] == pytest.approx(total * 1e12 / 58e6, rel=1e-6)


def test_every_layer_of_resnet34() -> None:
    run = resnet34()
    rows = Counter(run.row(layer) for layer in run.layers())
    assert rows == {row: row.count for row in RESNET34}
    for layer in run.layers():
        row = run.row(layer)
        assert run.schedule.actions_by_layer[layer, "array.conv_cycle"] == row.cycles == row.pixels * row.head * row.blocks
        assert run.schedule.actions_by_layer[layer, "weight_io.bit"] == row.bits == row.head * row.outputs


def test_weights_are_streamed_once() -> None:
    bits = sum(row.count * row.bits for row in RESNET34)
    crossing = {"weights": bits, "input": 64 * 56 * 56 * 16, "output": 512 * 7 * 7 * 16, "border": 0, "links": 0}
    assert resnet34().ledger.io_bits() == crossing
    assert bits == 21_258_240


def test_energy_of_resnet34() -> None:
    """1.4 to 1.5 mJ in the core and 0.5 mJ for weights and input."""
    ledger = resnet34().ledger
    assert ledger.core_j == pytest.approx(4_669_952 * 320e-12)
    assert ledger.io_j == pytest.approx((21_258_240 + 3_211_264 + 401_408) * 21e-12)
    assert ledger.by_provenance().keys() == {"recalled"}, "4.9 TOp/s/W and 21 pJ/bit are both remembered"


@pytest.mark.parametrize(
    ("bypass_adds", "times", "added"), [("all", (3, 4, 6, 3), 1_379_840), ("first_of_each_shape", (1, 1, 1, 1), 376_320)]
)
def test_operations_of_resnet34(bypass_adds: str, times: tuple[int, ...], added: int) -> None:
    """The cycle table's 7.09 G of convolutions, 2.94 M of scales and as many of offsets, and the residual adds that cost cycles.

    Of these there are 3, 4, 6 and 3 of four shapes; the published count has one of each.
    """
    network = zoo.build("resnet34", (3, 224, 224))
    placement = on(HYPERDRIVE, network, bypass_adds=bypass_adds).placement
    assert added == sum(map(mul, times, (64 * 56**2, 128 * 28**2, 256 * 14**2, 512 * 7**2)))
    ours = [layer.name for layer in network if layer.name not in placement.host]
    assert sum(placement.ops(network, layer) for layer in ours) == 7_090_470_912 + 2 * 2_935_296 + added
    assert placement.ops(network, "conv1") == 0, "the stem is the host's"


def test_worst_layer_of_resnet34_fills_the_memory() -> None:
    network, spec = zoo.build("resnet34", (3, 224, 224)), HYPERDRIVE.Spec()
    assert on(HYPERDRIVE, network).placement.worst_bits() == spec.feature_map_memory_bits == FMM_BITS == 2 * 64 * 56 * 56 * 16
    with pytest.raises(DoesNotFit, match=f"needs {FMM_BITS} bits .*, {FMM_BITS - 1} bits are there"):
        on(HYPERDRIVE, network, feature_map_memory_bits=FMM_BITS - 1)


def test_resnet50_does_not_fit_one_chip() -> None:
    sentence = (
        "chip.mesh: layer 'layer2.0.conv1' needs 20873216 bits of each chip's feature-map memory on a [1, 1] mesh, 6422528 bits are there; "
        "the smallest mesh that holds this network is [2, 2]"
    )
    with pytest.raises(DoesNotFit, match=f"^{re.escape(sentence)}$"):
        on(HYPERDRIVE, zoo.build("resnet50", (3, 224, 224)))


@pytest.mark.slow
def test_fifty_chips_for_two_megapixels() -> None:
    """ResNet-34 at 2048 x 1024: the mesh, its borders and corners, and the published throughput, which is the peak of 50 chips."""
    made = on(HYPERDRIVE, zoo.build("resnet34", (3, 1024, 2048)), mesh="auto")
    machine, actions = made.machine, made.schedule.action_counts
    assert machine.mesh == (5, 10)
    assert made.placement.worst_bits() == 268_435_456
    assert actions["border_io.bit"] == 285_212_672 == 32 * 2 * 16 * 64 * (9 * 256 + 4 * 512)
    assert actions["corner_io.bit"] == 16_367_616
    assert actions["weight_io.bit"] == 21_258_240
    assert machine.peak_ops_per_s == 50 * 1568 * 58_000_000
    assert machine.peak_ops_per_s // 10**9 == 4547


def _block_cycles(run: Run, layer: str) -> int:
    row = run.row(layer)
    return row.pixels * (row.head + LANES * (3 if layer.endswith("conv2") else 2))


def _around(run: Run) -> int:
    """Before the array begins the input comes in, 16 channels at a time; after it has ended the last 16 channels leave."""
    link = run.machine.unit["host.link"]
    return 4 * link.ps(56 * 56 * 16 * 16) + link.ps(7 * 7 * 16 * 16)


def test_sixteen_bits_per_cycle_never_stall() -> None:
    run = resnet34()
    work = sum(run.row(layer).blocks * run.machine.clock.ps(_block_cycles(run, layer)) for layer in run.layers())
    assert run.trace.makespan_ps == work + _around(run)
    assert list(run.stalls()) == ["layer1.0.conv1"]


def test_eight_bits_per_cycle_stall_for_every_head() -> None:
    """The first pixel of every block takes as long as its weights, twice its time; only the very first weights come during the input."""
    run = resnet34(weight_stream_bits_per_cycle=8.0)
    clock, stream = run.machine.clock, run.machine.unit["host.weights"]
    makespan, first = _around(run), run.layers()[0]
    for layer in run.layers():
        row = run.row(layer)
        late = stream.ps(row.head * LANES) - clock.ps(row.head)
        assert late == pytest.approx(clock.ps(row.head), abs=1)
        makespan += row.blocks * (clock.ps(_block_cycles(run, layer)) + late) - (late if layer == first else 0)
        if layer != first:
            assert run.stalls()[layer] == row.cycles // row.pixels
    assert run.trace.makespan_ps == makespan


def test_with_prefetch_a_narrow_stream_stalls_where_a_patch_is_one_pixel() -> None:
    """A 7 x 7 map needs 16 bits per cycle all the time, every other one 4 at most; two blocks of 512 inputs do not fit the buffer."""
    assert resnet34(weight_buffer_blocks=2).trace.makespan_ps == resnet34().trace.makespan_ps
    run = resnet34(weight_stream_bits_per_cycle=8.0, weight_buffer_blocks=2)
    stalls = run.stalls()
    del stalls["layer1.0.conv1"]
    assert stalls.pop("layer3.0.conv1") == 512, "the short 1 x 1 layer before it leaves too little time for the first weights"
    assert {run.row(layer).pixels for layer in stalls} == {1}
    assert {layer for layer in run.layers() if run.row(layer).pixels == 1} == set(stalls)
    assert {stalls[layer] for layer in stalls if run.row(layer).inputs == 512} == {147_456}


@pytest.mark.parametrize(
    ("corner", "voltage_v", "clock_mhz", "cycle_pj", "provenance"),
    [
        ("silicon", 0.5, 58, 320, "recalled"),
        ("silicon", 0.65, 135, 525, "recalled"),
        ("silicon", 0.8, 158, 830, "recalled"),
        ("silicon", 0.575, 96.5, 422.5, "recalled"),
        ("silicon", 0.9, 162.85, 1114, "recalled"),
        ("post_layout", 0.65, 160, 257, "derived"),
        ("post_layout", 0.9, 344, 497, "derived"),
        ("post_layout", 0.775, 252, 377, "fitted"),
    ],
)
def test_operating_points(corner: str, voltage_v: float, clock_mhz: float, cycle_pj: float, provenance: str) -> None:
    spec = HYPERDRIVE.Spec(operating_points=corner, voltage_v=voltage_v)
    assert operating_point(spec)[:3] == pytest.approx((voltage_v, clock_mhz, cycle_pj))
    price = prices(spec)["array.conv_cycle"]
    assert (price.pj, price.provenance) == (pytest.approx(cycle_pj), provenance)
    assert machine(spec).clock.mhz == pytest.approx(clock_mhz)


def test_a_fitted_price_says_between_what() -> None:
    price = prices(HYPERDRIVE.Spec(voltage_v=0.575))["array.conv_cycle"]
    assert price.source == "straight line between the operating points at 0.5 V and 0.65 V"


@pytest.mark.parametrize(
    ("corner", "voltage_v", "sentence"),
    [
        (
            "silicon",
            0.4,
            "chip.voltage_v: 0.4 V lies outside the silicon table; take 0.5 to 1 V: 0.5, 0.65, 0.8, 1 are known",
        ),
        (
            "post_layout",
            0.95,
            "chip.voltage_v: 0.95 V lies outside the post_layout table; take 0.65 to 0.9 V: 0.65, 0.9 are known",
        ),
    ],
)
def test_no_voltage_outside_the_table(corner: str, voltage_v: float, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{re.escape(sentence)}$"):
        prices(HYPERDRIVE.Spec(operating_points=corner, voltage_v=voltage_v))


def test_published_throughputs_of_the_chip() -> None:
    """250.9 and 539.4 GOp/s after layout; 248 at 0.8 V and 212 at 0.65 V in silicon."""
    for corner, voltage_v, gops in [
        ("post_layout", 0.65, 250.9),
        ("post_layout", 0.9, 539.4),
        ("silicon", 0.8, 247.7),
        ("silicon", 0.65, 211.7),
    ]:
        chip = machine(HYPERDRIVE.Spec(operating_points=corner, voltage_v=voltage_v))
        assert round(chip.peak_ops_per_s / 1e9, 1) == gops


def test_a_layer_in_the_middle_that_the_chip_cannot_run() -> None:
    def conv(name: str, source: str, kernel: int) -> Conv:
        return Conv(name=name, inputs=(source,), out_channels=16, window=Window.square(kernel, padding=kernel // 2))

    network = Network("five", Shape(16, 14, 14), [conv("a", INPUT, 3), conv("b", "a", 5), conv("c", "b", 3)])
    sentence = f"b: is a conv5x5 between layers on the chip, which Hyperdrive cannot run: it has a kernel of 5 x 5; {RUNS}"
    with pytest.raises(InvalidInput, match=f"^{re.escape(sentence)}$"):
        HYPERDRIVE.map(network, HYPERDRIVE.Spec())


def test_no_clock_beyond_the_operating_point() -> None:
    with pytest.raises(InvalidInput) as refused:
        machine(HYPERDRIVE.Spec(clock_mhz=100.0))
    assert str(refused.value) == "chip.clock_mhz: 100 MHz is more than the 58 MHz of 0.5 V; lower it or raise chip.voltage_v"
    assert machine(HYPERDRIVE.Spec(clock_mhz=29.0)).clock.mhz == 29


def test_an_array_of_another_size_is_priced_in_proportion_and_says_so() -> None:
    price = prices(HYPERDRIVE.Spec(lanes=8))["array.conv_cycle"]
    assert (price.pj, price.provenance) == (160, "assumed")
    assert "392 tile-PUs instead of 784" in price.source
