"""What Hyperdrive does beside plain convolutions, by hand: groups, means, leaky ReLUs, and maps that are addresses alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_several_maps import Given, built, conv

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.hyperdrive.arithmetic import Fp16
from hyperdrive_sim.archs.hyperdrive.steps import HyperdrivePlan, block_inputs, plan
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.golden import Exact, forward
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Activation, Add, ChannelShuffle, Concat, Conv, Layer, MeanPool, Upsample
from hyperdrive_sim.network.parameters import NO_PARAMETERS
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.testing.worlds import same

HALVED = Window.square(3, stride=2, padding=1)


def leaky(name: str, source: str) -> Activation:
    return Activation(name=name, inputs=(source,), function="leaky_relu", slope=0.1)


def cycles(world: Given) -> dict[tuple[str, str], int]:
    """Cycles of each layer's phases on the first chip, in one frame of two."""
    found: dict[tuple[str, str], int] = {}
    for task in world.compiled.schedule:
        if task.unit == "chip[0,0].array" and task.frame == 0:
            for action, count in task.actions.items():
                phase = action.removeprefix("array.").removesuffix("_cycle")
                found[task.layer, phase] = found.get((task.layer, phase), 0) + count
    return found


def of(layers: list[Layer], shape: Shape, **chip: Any) -> Given:
    return built("hyperdrive", Network("n", shape, layers), chip)


def is_golden(world: Given) -> bool:
    """True if it is proven, and every output of both frames is golden."""
    hazards.check(world.compiled)
    outputs = list(replay(world.compiled, world.computation))
    return all(same(values, world.golden[name]) for output in outputs for name, values in output.items())


# --- cycles ---


def test_lanes_of_different_groups_take_turns() -> None:
    """Three groups of 4 inputs and 12 outputs: blocks of 16, 16 and 4 channels have outputs of two, two and one of them."""
    world = of([conv("a", INPUT, 36, groups=3)], Shape(12, 14, 14))
    (step,) = plan(world.network).steps
    assert [block_inputs(step, *block, world.network) for block in ((0, 16), (16, 32), (32, 36))] == [8, 8, 4]
    found = cycles(world)
    assert found["a", "grouped"] == 4 * 9 * (8 + 8 + 4), "four pixels of every tile, nine taps"
    assert found["a", "scale"] == found["a", "bias"] == 4 * 3 * 16
    assert ("a", "conv") not in found


def test_in_a_depthwise_layer_one_lane_works_at_a_time() -> None:
    found = cycles(of([conv("a", INPUT, 20, groups=20)], Shape(20, 7, 7)))
    assert found["a", "grouped"] == 9 * 20
    assert cycles(of([conv("a", INPUT, 20)], Shape(20, 7, 7)))["a", "conv"] == 9 * 20 * 2, "what no groups take, in two blocks"


def test_a_mean_is_a_depthwise_convolution_of_ones() -> None:
    pool = MeanPool(name="p", inputs=("a",), window=HALVED)
    world = of([conv("a", INPUT, 20), pool, conv("b", "p", 4, 1)], Shape(3, 14, 14))
    found = cycles(world)
    assert {phase: count for (layer, phase), count in found.items() if layer == "p"} == {"grouped": 9 * 20, "scale": 2 * 16}
    streamed = [task.actions["weight_io.bit"] for task in world.compiled.schedule if task.layer == "p" and task.name == "stream"]
    assert streamed == [9 * 16, 9 * 4] * 2


def test_a_leaky_relu_is_one_more_pass() -> None:
    layers = [conv("a", INPUT, 20, relu=False), leaky("l", "a"), conv("b", "l", 20, relu=False, bias=False)]
    world = of([*layers, Add(name="s", inputs=("b", "l"), bias=True, relu=False), leaky("m", "s")], Shape(3, 14, 14))
    found = cycles(world)
    words = 4 * 2 * 16
    assert {phase for layer, phase in found if layer == "a"} == {"conv", "scale", "bias", "leaky"}
    assert {count for (_, phase), count in found.items() if phase != "conv"} == {words}
    assert world.compiled.placement.parts[-1].layer == "m"


def test_what_is_an_address_takes_no_time() -> None:
    shuffle = ChannelShuffle(name="s", inputs=("a",), groups=4)
    plain = of([conv("a", INPUT), conv("b", "a")], Shape(3, 14, 14)).compiled
    shuffled = of([conv("a", INPUT), shuffle, conv("b", "s")], Shape(3, 14, 14)).compiled
    assert [task._replace(effect=None) for task in shuffled.schedule] == [task._replace(effect=None) for task in plain.schedule]
    assert shuffled.placement.moved == {"s"}
    assert shuffled.placement.worst_bits() == plain.placement.worst_bits()


# --- values ---


def test_every_sum_of_a_mean_is_rounded() -> None:
    """2048 + 1 is not an FP16: the sum stays where it is, and the mean is 2048 times the rounded ninth."""
    x = np.array([2048, 1, 1, 1, 1, 1, 1, 1, 1], np.float16).reshape(3, 3, 1)
    pool = MeanPool(name="p", inputs=(INPUT,), window=Window.square(3, padding=1))
    assert Fp16().apply(pool, [x], NO_PARAMETERS).item() == np.float16(2048 * float(np.float16(1 / 9)))


def test_a_leaky_relu_rounds_its_slope_and_its_product() -> None:
    x = np.array([-1, 3, -0.0, 0], np.float16).reshape(1, 4, 1)
    values = Fp16().apply(leaky("l", INPUT), [x], NO_PARAMETERS)
    assert values.ravel().tolist() == [-float(np.float16(0.1)), 3, 0, 0]
    assert np.signbit(values).ravel().tolist() == [True, False, True, False], "a zero is passed on as it is"


@pytest.mark.parametrize(
    ("name", "side"), [("tiny_shufflenet", 12), ("tiny_grouped", 12), ("tiny_yolo", 12), ("tiny_enlarged", 12), ("yolov3", 32)]
)
def test_values_are_near_to_those_without_rounding(name: str, side: int) -> None:
    """Also behind the 23 residual adds of YOLOv3, which drawn constants keep within FP16's range."""
    world = built("hyperdrive", zoo.build(name, (3, side, side)))
    exact = dict(forward(world.computation._replace(arithmetic=Exact())))
    for output in world.network.outputs:
        assert np.abs(world.golden[output] - exact[output]).max() < 0.04 * np.abs(exact[output]).max()


# --- places ---


def planned(name: str, side: int) -> HyperdrivePlan:
    return plan(zoo.build(name, (3, side, side)))


def test_a_sum_is_written_over_a_concatenation() -> None:
    """Its two parts lie one behind the other; what they take is what the sum takes."""
    world = built("hyperdrive", zoo.build("shufflenet", (3, 224, 224)))
    lying = {one.tensor: one for one in world.compiled.placement.allocations["chip[0,0].fmm"]}
    mean, branch, total = (lying[f"stage2.{name}"] for name in ("0.pool", "0.conv3", "1.add"))
    assert (mean.address, branch.address) == (total.address, total.address + mean.bits)
    assert mean.bits + branch.bits == total.bits
    assert "stage2.0.concat" not in lying


def test_steps_read_what_lies_on_the_chips() -> None:
    steps = {step.main.name: step for step in planned("yolov3", 320).steps}
    first = steps["head2.0.a.conv"]
    assert (first.source, first.sources) == ("head2.concat", ("head2.narrow", "dark4.7.add"))
    assert steps["dark4.7.b.conv"].layers == ("dark4.7.b.conv", "dark4.7.b", "dark4.7.add")
    unit = {step.main.name: step for step in planned("shufflenet", 224).steps}["stage2.1.conv3"]
    assert (unit.bypass, unit.bypasses) == ("stage2.0.concat", ("stage2.0.pool", "stage2.0.conv3"))


def test_first_and_last_layers_are_the_hosts() -> None:
    assert planned("yolov3", 320).host == {"stem.conv", "stem", "head1.out", "head2.out", "head3.out"}
    assert planned("yolov3", 320).inputs == ("stem",)
    assert planned("shufflenet", 224).host == {"conv1", "maxpool", "avgpool", "fc"}
    assert planned("shufflenet", 224).inputs == ("maxpool",)


def test_a_mesh_does_not_cut_a_pixel_that_is_enlarged() -> None:
    world = built("hyperdrive", zoo.build("yolov3", (3, 320, 320)), {"mesh": [2, 2], "feature_map_memory_bits": 10**8})
    assert plan(world.network).grid == 32
    parts = {part.box for part in world.compiled.placement.parts if part.layer == "head1.0.a"}
    assert {(box.r0, box.r1) for box in parts} == {(0, 5), (5, 10)}
    odd = built("hyperdrive", zoo.build("yolov3", (3, 288, 288)), {"mesh": [2, 2], "feature_map_memory_bits": 10**8})
    parts = {part.box for part in odd.compiled.placement.parts if part.layer == "dark1.down"}
    assert {(box.r0, box.r1) for box in parts} == {(0, 80), (80, 144)}, "9 pixels of the smallest map are 5 and 4"


def test_what_the_host_needs_of_a_concatenation_leaves_in_parts() -> None:
    """The concatenation is an output, and a convolution of the chip's reads it too."""
    layers = [conv("a", INPUT, 5), conv("b", INPUT, 6), Concat(name="c", inputs=("a", "b")), conv("d", "c")]
    network = Network("n", Shape(3, 9, 9), layers, ("c", "d"))
    assert plan(network).outputs == ("a", "b", "d")
    assert plan(network).host == {"c"}
    assert is_golden(built("hyperdrive", network, {"mesh": [2, 2]}))


def test_only_what_a_network_has_is_among_the_figures_of_a_run() -> None:
    shown = built("hyperdrive", zoo.build("tiny_yolo", (3, 12, 16))).compiled.mapped.datasheet
    assert list(shown) == ["leaky ReLU", "concatenation", "upsampling"]
    assert {quantity.provenance for quantity in shown.values()} == {"assumed"}
    assert built("hyperdrive", zoo.build("tiny_resnet", (3, 26, 33))).compiled.mapped.datasheet == {}
    prices = built("hyperdrive", zoo.build("tiny_yolo", (3, 12, 16))).compiled.mapped.prices
    assert {action for action, price in prices.items() if price.provenance == "assumed"} == {"array.grouped_cycle", "array.leaky_cycle"}


# --- any mesh ---


def drawn(seed: int) -> list[Layer]:
    """A trunk, an enlarged branch of half its size beside it, and a sum, of channels, groups and kernels drawn from the seed."""
    draw = np.random.default_rng(seed)
    some, kernels = draw.integers(1, 6, 4).tolist(), (2 * draw.integers(0, 2, 4) + 1).tolist()
    groups = int(draw.integers(1, 4))
    half: list[Layer] = [
        conv("trunk", INPUT, 4 * groups * some[0], kernels[0]),
        Conv(name="down", inputs=("trunk",), out_channels=groups * some[1], window=HALVED, groups=groups, relu=False),
        leaky("small", "down"),
        Upsample(name="large", inputs=("small",), factor=2),
        MeanPool(name="mean", inputs=("trunk",), window=Window.square(kernels[1], padding=kernels[1] // 2)),
        Concat(name="both", inputs=("large", "mean", "trunk")),
        ChannelShuffle(name="mixed", inputs=("both",), groups=groups),
        conv("one", "mixed", groups * some[2], kernels[2], groups=groups),
        conv("other", "one", groups * (some[1] + 8 * some[0]), kernels[3], groups=groups, relu=False, bias=False),
        Add(name="sum", inputs=("other", "mixed")),
    ]
    return [*half, conv("last", "sum", 7)]


@pytest.mark.parametrize("seed", range(12))
def test_on_random_meshes_everything_is_proven_and_golden(seed: int) -> None:
    draw = np.random.default_rng([seed, 1])
    rows, columns = (2 * draw.integers(4, 10, 2)).tolist()
    chip = {"mesh": draw.integers(1, 4, 2).tolist(), "weight_buffer_blocks": int(draw.integers(1, 3))}
    assert is_golden(of(drawn(seed), Shape(3, rows, columns), **chip))


# --- less padding ---

NARROW = Window((3, 3), pads=(1, 0, 0, 1))
"""Padding above and to the right: the map loses a row below and a column on the left."""


def narrow(name: str, source: str, out: int = 16) -> Conv:
    return replace(conv(name, source, out), window=NARROW)


def test_a_single_chip_leaves_out_what_hangs_over_the_edge() -> None:
    """Of 14 x 14 pixels, one per tile of 2 x 2: 13 x 13 are computed, in as many passes of 7 x 7 tiles."""
    world = of([conv("a", INPUT), narrow("b", "a", 20)], Shape(3, 14, 14))
    assert world.network.shape("b") == (20, 13, 13)
    assert is_golden(world)
    assert cycles(world)["b", "conv"] == 4 * 9 * 16 * 2
    assert set(world.compiled.mapped.datasheet) == {"narrow padding"}


def test_several_chips_cannot_cut_it() -> None:
    with pytest.raises(InvalidInput) as error:
        assert of([narrow("a", INPUT)], Shape(3, 14, 14), mesh=(1, 2)).compiled
    assert str(error.value) == (
        "chip.mesh: [1, 2] would have to cut the map of 'a', which has less than 'same' padding, at other lines; "
        "take [1, 1], or pad the layer"
    )


def test_an_open_mesh_becomes_a_single_chip() -> None:
    network, arch = Network("n", Shape(3, 14, 14), [narrow("a", INPUT)]), registry.load("hyperdrive")
    (spec,) = arch.candidates(network, arch.Spec(mesh={"auto": "edp"}))
    assert spec.model_dump()["mesh"] == (1, 1)
