"""Hyperdrive with weights that come early: chips run ahead of each other, and nothing is overwritten before its last reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count, islice
from typing import Any

import numpy as np
import pytest
from test_several_maps import Given, built, conv
from worlds import on

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.hyperdrive import architecture
from hyperdrive_sim.archs.hyperdrive.lower import Lowering
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.errors import DoesNotFit
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Layer
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.schedule.writer import Writer
from hyperdrive_sim.testing.worlds import Built, World, same


def is_golden(world: Built) -> bool:
    """True if a world is proven, and its replay gives golden's values; raises Hazard or NotThere otherwise."""
    hazards.check(world.compiled)
    return all(same(values, world.golden[name]) for output in replay(world.compiled, world.computation) for name, values in output.items())


def edges(compiled: Compiled) -> list[tuple[str, str, str, tuple[int, ...], tuple[int, ...]]]:
    return [(task.name, task.layer, task.unit, task.after, task.after_start) for task in compiled.schedule]


def found(compiled: Compiled, frame: int, name: str, layer: str, unit: str) -> int:
    """Number of the one task of a frame with this name, layer and unit."""
    wanted = frame, name, layer, unit
    (number,) = [n for n, task in enumerate(compiled.schedule) if (task.frame, task.name, task.layer, task.unit) == wanted]
    return number


OVER_THE_INPUT = [conv("a", INPUT), conv("b", "a", kernel=1, relu=False, bias=False), Add(name="sum", inputs=("b", INPUT))]
"""The sum takes the input's place, and between the layer that reads the input's borders and the sum nothing is exchanged."""


def test_a_chip_computes_from_the_input_once_its_own_borders_are_under_way() -> None:
    """Tasks 5 and 6 start with the borders that leave, 1 and 3, and come after those that arrive; 8 and 10 overwrite the input."""
    world = built("hyperdrive", Network("n", Shape(16, 4, 4), OVER_THE_INPUT), {"mesh": [1, 2], "weight_buffer_blocks": 2})
    assert edges(world.compiled)[:12] == [
        ("input", "input", "host.link", (), ()),
        ("border", "input", "chip[0,0].east", (0,), ()),
        ("input", "input", "host.link", (), ()),
        ("border", "input", "chip[0,1].west", (2,), ()),
        ("stream", "a", "host.weights", (), ()),
        ("compute", "a", "chip[0,0].array", (0, 3), (4, 1)),
        ("compute", "a", "chip[0,1].array", (2, 1), (4, 3)),
        ("stream", "b", "host.weights", (4,), ()),
        ("compute", "b", "chip[0,0].array", (5,), (7,)),
        ("output", "b", "host.link", (8,), ()),
        ("compute", "b", "chip[0,1].array", (6,), (7,)),
        ("output", "b", "host.link", (10,), ()),
    ]
    assert is_golden(world)


def test_in_step_a_chip_waits_for_nothing_that_leaves() -> None:
    """With one block the second stream, 7, comes after both arrays, 5 and 6, and with it everything that they have read."""
    world = built("hyperdrive", Network("n", Shape(16, 4, 4), OVER_THE_INPUT), {"mesh": [1, 2]})
    assert edges(world.compiled)[5:9] == [
        ("compute", "a", "chip[0,0].array", (0, 3), (4,)),
        ("compute", "a", "chip[0,1].array", (2, 1), (4,)),
        ("stream", "b", "host.weights", (5, 6), ()),
        ("compute", "b", "chip[0,0].array", (), (7,)),
    ]
    assert is_golden(world)


def test_a_border_comes_in_once_the_corners_in_its_place_are_forwarded() -> None:
    """The lower left chip forwards a corner of `b` to the right before it computes `c`, and is sent the next frame's border after that."""
    network = Network("n", Shape(16, 4, 4), [conv("a", INPUT), conv("b", "a", kernel=1), conv("c", "b")])
    world = built("hyperdrive", network, {"mesh": [2, 2], "weight_buffer_blocks": 4})
    corner = found(world.compiled, 0, "corner", "b", "chip[1,0].east")
    compute = found(world.compiled, 0, "compute", "c", "chip[1,0].array")
    border = found(world.compiled, 1, "border", "input", "chip[0,0].south")
    assert corner in world.compiled.schedule[compute].after_start
    assert compute in world.compiled.schedule[border].after
    assert is_golden(world)


def test_a_stream_comes_as_early_as_the_buffer_has_blocks() -> None:
    """Four blocks on one chip: with room for three, the fourth stream waits for the first block's array."""
    network = Network("n", Shape(16, 4, 4), [conv("a", INPUT, 64, kernel=1)])
    made = on(architecture, network, weight_buffer_blocks=3)
    assert [line for line in edges(made) if line[0] in ("stream", "compute")] == [
        ("stream", "a", "host.weights", (), ()),  # 1
        ("compute", "a", "chip[0,0].array", (0,), (1,)),  # 2
        ("stream", "a", "host.weights", (1,), ()),  # 4
        ("compute", "a", "chip[0,0].array", (2,), (4,)),
        ("stream", "a", "host.weights", (4,), ()),  # 7
        ("compute", "a", "chip[0,0].array", (5,), (7,)),
        ("stream", "a", "host.weights", (2, 7), ()),
        ("compute", "a", "chip[0,0].array", (8,), (10,)),
    ]


def test_bits_limit_the_blocks() -> None:
    """A block of 16 inputs and 16 outputs has 256 bits: in 512 bits there are two of them, however many there might be."""
    network = Network("n", Shape(16, 4, 4), [conv("a", INPUT, 64, kernel=1), conv("b", "a", 64, kernel=1)])
    with pytest.raises(DoesNotFit, match=r"layer 'b' needs 1024 bits of each chip's weight buffer .*, 512 bits are there"):
        on(architecture, network, weight_buffer_blocks=5, weight_buffer_bits=512)
    network = Network("n", Shape(16, 4, 4), [conv("a", INPUT, 64, kernel=1)])
    two, five = (on(architecture, network, weight_buffer_blocks=blocks, weight_buffer_bits=512) for blocks in (2, 5))
    assert list(five.schedule) == list(two.schedule)


@pytest.mark.parametrize(("kernel", "grain"), [(3, "block"), (3, "pixel"), (1, "block")])
def test_a_sum_is_not_written_over_what_its_own_convolution_still_reads(kernel: int, grain: str) -> None:
    """The input is bypass and source at once: 32 channels are two blocks, and the second reads what the first would overwrite."""
    layers = [conv("a", INPUT, 32, kernel, relu=False, bias=False), Add(name="sum", inputs=("a", INPUT))]
    network = Network("n", Shape(32, 6, 8), layers)
    world = Given(registry.load("hyperdrive"), World("n", (32, 6, 8), {"mesh": [1, 2]}, grain, frames=2), network)
    place = {one.tensor: one.address for one in world.compiled.placement.allocations["chip[0,0].fmm"]}
    assert place[INPUT] != place["sum"]
    assert is_golden(world)


def test_corners_of_a_small_resnet_on_nine_chips() -> None:
    """One block a layer and two frames; without the wait for corners, one of the first frame is lost to a border of the second."""
    settings = {"mesh": [3, 3], "weight_buffer_blocks": 2, "lanes": 32}
    assert is_golden(Built(registry.load("hyperdrive"), World("tiny_resnet", (3, 12, 12), settings, frames=2)))


NETWORKS = "tiny_resnet", "tiny_residual", "tiny_strided", "tiny_bottleneck", "tiny_conv"
SLOW = {"border_link_bits_per_cycle": 0.5, "border_link_latency_cycles": 1000}


class Draw:
    """Random choices of one world."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one_of(self, *choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]

    def chip(self) -> dict[str, Any]:
        """A mesh with 1 to 5 blocks of weights, a narrow or a wide stream of them, slow or fast borders."""
        one_of = self.one_of
        mesh, slow = [one_of(1, 2, 3, 4), one_of(1, 2, 3, 4)], one_of({}, SLOW)
        stream = {"weight_stream_bits_per_cycle": one_of(1.0, 16.0, 64.0), "weight_buffer_blocks": one_of(1, 2, 3, 4, 5)}
        return {"mesh": mesh, "lanes": one_of(8, 16, 32)} | stream | slow

    def chain(self) -> list[Layer]:
        """Layers of one shape, 3 x 3 or 1 x 1, half of them with a bypass of any map before."""
        layers: list[Layer] = []
        maps = [INPUT]
        for number in range(self.one_of(2, 3, 4, 5)):
            adds, name = self.one_of(True, False), f"c{number}"
            layers.append(conv(name, maps[-1], kernel=self.one_of(1, 3), relu=not adds, bias=not adds))
            if adds:
                layers.append(Add(name=f"a{number}", inputs=(name, self.one_of(*maps))))
            maps.append(layers[-1].name)
        return layers


def of_the_zoo(seed: int) -> Built:
    draw = Draw(seed)
    shape, grain, frames = (16, draw.one_of(8, 12, 13), draw.one_of(8, 11, 12)), draw.one_of("block", "pixel"), draw.one_of(1, 2, 3)
    return Built(registry.load("hyperdrive"), World(draw.one_of(*NETWORKS), shape, draw.chip(), grain, frames))


def of_chains(seed: int) -> Built:
    draw = Draw(seed)
    shape, grain, frames = (16, draw.one_of(6, 7, 8), draw.one_of(6, 7, 8)), draw.one_of("block", "pixel"), draw.one_of(1, 2, 3)
    network = Network("chain", Shape(*shape), draw.chain())
    return Given(registry.load("hyperdrive"), World(f"chain{seed}", shape, draw.chip(), grain, frames), network)


@pytest.mark.parametrize(("drawn", "many"), [(of_the_zoo, 12), (of_chains, 36)])
def test_random_meshes_are_proven_and_golden(drawn: Callable[[int], Built], many: int) -> None:
    """The first that fit and have few tasks."""
    small = (world for world in map(drawn, count()) if not world.refusal and world.compiled.size <= 700)
    assert [str(world) for world in islice(small, many) if not is_golden(world)] == []


SMALL: dict[str, Any] = {"mesh": (2, 2), "tile_rows": 2, "tile_columns": 2, "send_buffer_bits": 4096}


@pytest.mark.parametrize("blocks", [1, 2, 5])
@pytest.mark.parametrize("arrivals", [Arrivals(7), Arrivals.periodic(7, 1000), Arrivals.at_times([0, 0, 0, 0, 0, 0, 9])])
def test_later_frames_are_repeated_as_they_would_be_written(monkeypatch: pytest.MonkeyPatch, blocks: int, arrivals: Arrivals) -> None:
    """Weights of several layers stay in a buffer from one frame to the next, and borders in a send buffer."""
    network, repeats = Network("n", Shape(16, 8, 8), OVER_THE_INPUT), list[int]()

    def written() -> Compiled:
        return on(architecture, network, arrivals, weight_buffer_blocks=blocks, **SMALL)

    def noted(to: Writer, tasks: int, frames: int, *arriving: Sequence[int]) -> None:
        repeats.append(frames)
        repeat(to, tasks, frames, *arriving)

    repeat = Writer.repeat
    monkeypatch.setattr(Writer, "repeat", noted)
    repeated = written()
    assert repeated.size == len(repeated.schedule)
    assert repeats[-1] > 2, "most frames are like those before them"
    monkeypatch.setattr(Lowering, "_left_behind", lambda lowering: object())
    assert list(repeated.schedule) == list(written().schedule)
    assert len(repeats) == 2, "counting and writing, and none where no frame leaves all as the one before"
