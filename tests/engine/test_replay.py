"""Schedules executed on real tensors: the right one gives golden, and each mistake is found where it happens.

Every world is one layer or two on a map of 4 x 4 pixels. Weights are +-1 and inputs halves, so float64 is exact.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import CLOCK, compiled, task

from hyperdrive_sim.engine.memories import Buffer, Ram
from hyperdrive_sim.engine.replay import Watch, _Executors, replay
from hyperdrive_sim.errors import NotThere
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.golden import Arithmetic, Computation, Exact, forward
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Conv, GlobalMean, Layer
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.synthetic import random_inputs, random_parameters
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit
from hyperdrive_sim.schedule.placement import Allocation, Placement
from hyperdrive_sim.schedule.tasks import HOST, Compute, Copy, Load, OperandLocations, Patch, Region, Task

IN = Shape(2, 4, 4).box
OUT = Shape(4, 4, 4).box
PLANE = 4 * 4 * 64  # bits of a channel
CONV = Conv(name="conv", inputs=(INPUT,), out_channels=4, window=Window.square(3, padding=1))


EXACT = Exact()


class Counting(Exact):
    """Writes down every layer that it computes."""

    def __init__(self, computed: list[str]) -> None:
        self.computed = computed

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        self.computed.append(layer.name)
        return super().apply(layer, operands, parameters)


class World(NamedTuple):
    """A network on a machine, and its schedule."""

    network: Network
    memories: tuple[Memory, ...]
    allocations: dict[str, tuple[Allocation, ...]]
    tasks: tuple[Task, ...]
    host: frozenset[str] = frozenset()

    def computation(self, arithmetic: Arithmetic) -> Computation:
        return Computation(self.network, random_parameters(self.network, 1), random_inputs(self.network, 1), arithmetic)

    def replayed(
        self, watch: Watch | None = None, arithmetic: Arithmetic = EXACT, threads: int | None = None
    ) -> list[dict[str, NDArray[Any]]]:
        units = tuple(Unit(name, "unit") for name in dict.fromkeys(one.unit for one in self.tasks))
        machine = Machine(units, self.memories, CLOCK, 1)
        placement = Placement((), self.allocations, self.host, {layer.name: 64 for layer in self.network} | {INPUT: 64}).checked(
            self.network, machine
        )
        return list(replay(compiled(self.network, machine, placement, self.tasks), self.computation(arithmetic), watch, threads))

    def with_task(self, index: int, **changes: Any) -> World:
        return self._replace(tasks=(*self.tasks[:index], self.tasks[index]._replace(**changes), *self.tasks[index + 1 :]))

    def without_effect(self, index: int) -> World:
        """The task takes its time and moves nothing."""
        return self.with_task(index, effect=None)

    def fails(self) -> str:
        with pytest.raises(NotThere) as failure:
            self.replayed()
        assert failure.value.exit_code == 1
        return str(failure.value)

    def is_golden(self, frames: int = 1) -> bool:
        golden = dict(forward(self.computation(EXACT)))
        assert all(np.ptp(golden[name]) > 0 for name in self.network.outputs)
        outputs = self.replayed()
        assert [set(output) for output in outputs] == [set(self.network.outputs)] * frames
        return all(np.array_equal(values, golden[name]) for output in outputs for name, values in output.items())


def network(*layers: Layer) -> Network:
    return Network("tiny", Shape(2, 4, 4), layers)


def copy(tensor: str, box: Box, source: str, target: str) -> Copy:
    return Copy(tensor, box.c0, box.c1, (box,), source, target)


def compute(reads: Iterable[Region], stores: Iterable[Region], out: Box, fetch: Box, weights: str = "wbuf") -> Compute:
    return Compute(OperandLocations(("conv",), tuple(reads), (), weights, tuple(stores)), out.c0, out.c1, (Patch(out, fetch),))


WHOLE = compute([Region("fmm", INPUT, IN)], [Region("fmm", "conv", OUT)], OUT, IN)
SIDE_BY_SIDE = (Allocation(INPUT, IN, 0, 2 * PLANE, 0, 1), Allocation("conv", OUT, 2 * PLANE, 4 * PLANE, 0, 1))
MEMORIES = (Memory("fmm", 6 * PLANE), Memory("wbuf", 72, "fifo", entries=1))

ONE_CHIP = World(
    network(CONV),
    MEMORIES,
    {"fmm": SIDE_BY_SIDE},
    (
        task("input", "link", 5, layer="conv", effect=copy(INPUT, IN, HOST, "fmm")),
        task("stream", "weights", 3, layer="conv", effect=Load("conv", 0, 4, 72, ("wbuf",))),
        task("compute", "array", 7, 0, 1, layer="conv", effect=WHOLE),
        task("output", "link", 5, 2, layer="conv", effect=copy("conv", OUT, "fmm", HOST)),
    ),
)

NO_INPUT = "array lacks 32 of 32 values of 'input' (channels 0:2, rows 0:4, columns 0:4) when compute of conv on array, frame 0, starts"
NO_WEIGHTS = "wbuf lacks the weights of 'conv', channels 0:4, when compute of conv on array, frame 0, ends"
NO_OUTPUT = "the host needs 'conv' of frame 0, which has not arrived in full"


def test_the_right_schedule_computes_what_golden_does() -> None:
    assert ONE_CHIP.is_golden()


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        (0, NO_INPUT),
        (1, NO_WEIGHTS),
        (2, "fmm lacks 64 of 64 values of 'conv' (channels 0:4, rows 0:4, columns 0:4) when output of conv on link, frame 0, starts"),
        (3, NO_OUTPUT),
    ],
)
def test_an_effect_left_out_is_missed_by_the_one_who_needs_it(index: int, sentence: str) -> None:
    assert ONE_CHIP.without_effect(index).fails() == sentence


def test_pixels_are_there_when_their_copy_ends_and_not_a_picosecond_earlier() -> None:
    assert ONE_CHIP.with_task(2, after=(1,), not_before_ps=5).is_golden()
    assert ONE_CHIP.with_task(2, after=(1,), not_before_ps=4).fails() == NO_INPUT


def test_over_a_link_with_a_latency_they_are_there_that_much_later() -> None:
    far = ONE_CHIP.with_task(0, latency_ps=10)
    assert far.is_golden()
    assert far.with_task(2, after=(1,), not_before_ps=15).is_golden()
    assert far.with_task(2, after=(1,), not_before_ps=14).fails() == NO_INPUT


def test_a_result_is_there_when_its_computation_ends_and_not_a_picosecond_earlier() -> None:
    assert ONE_CHIP.with_task(3, after=(), not_before_ps=12).is_golden()
    assert ONE_CHIP.with_task(3, after=(), not_before_ps=11).fails().startswith("fmm lacks 64 of 64 values of 'conv'")


def test_weights_that_stream_in_beside_the_computation_must_be_there_when_it_ends() -> None:
    streaming = ONE_CHIP.with_task(1, ps=7).with_task(0, ps=1).with_task(2, after=(0,), after_start=(1,))
    assert streaming.with_task(2, after=(0,), after_start=(1,), ps=6).is_golden()  # 1..7
    assert streaming.with_task(2, after=(0,), after_start=(1,), ps=5).fails() == NO_WEIGHTS  # 1..6


def test_an_output_that_is_not_complete_is_refused() -> None:
    assert ONE_CHIP.with_task(3, effect=copy("conv", OUT.channels(0, 3), "fmm", HOST)).fails() == NO_OUTPUT
    assert ONE_CHIP.with_task(3, effect=Copy("conv", 0, 4, (OUT.rows(0, 2), OUT.rows(2, 3)), "fmm", HOST)).fails() == NO_OUTPUT


def test_half_of_an_output_sent_twice_is_not_the_whole() -> None:
    assert ONE_CHIP.with_task(3, effect=Copy("conv", 0, 4, (OUT.rows(0, 2), OUT.rows(0, 2)), "fmm", HOST)).fails() == NO_OUTPUT
    assert ONE_CHIP.with_task(3, effect=Copy("conv", 0, 4, (OUT.rows(0, 3), OUT.rows(1, 4)), "fmm", HOST)).is_golden()


def test_the_watch_sees_every_block_that_is_computed() -> None:
    seen: list[tuple[str, str, Box, NDArray[Any]]] = []
    outputs = ONE_CHIP.replayed(lambda one, layer, block, values: seen.append((one.task.name, layer, block, values)))
    ((name, layer, block, values),) = seen
    assert (name, layer, block) == ("compute", "conv", OUT)
    np.testing.assert_array_equal(values, outputs[0]["conv"])


# One chip, two blocks of output channels: what may lie where, and for how long.


def in_blocks(allocations: tuple[Allocation, ...] = SIDE_BY_SIDE, wbuf: Memory = MEMORIES[1]) -> World:
    """Weights of channels 0:2 and 2:4 one after the other; the second load waits until the first is used."""
    lower, upper = (WHOLE._replace(c0=c0, c1=c0 + 2) for c0 in (0, 2))
    return World(
        network(CONV),
        (MEMORIES[0], wbuf),
        {"fmm": allocations},
        (
            task("input", "link", 5, layer="conv", effect=copy(INPUT, IN, HOST, "fmm")),
            task("stream", "weights", 3, layer="conv", effect=Load("conv", 0, 2, 36, ("wbuf",))),
            task("lower", "array", 7, 0, 1, layer="conv", effect=lower),
            task("stream", "weights", 3, 2, layer="conv", effect=Load("conv", 2, 4, 36, ("wbuf",))),
            task("upper", "array", 7, 3, layer="conv", effect=upper),
            task("output", "link", 5, 4, layer="conv", effect=copy("conv", OUT, "fmm", HOST)),
        ),
    )


def test_block_after_block_of_channels_is_the_whole() -> None:
    assert in_blocks().is_golden()
    seen: list[Box] = []
    in_blocks().replayed(lambda one, layer, block, values: seen.append(block))
    assert seen == [OUT.channels(0, 2), OUT.channels(2, 4)]


@pytest.mark.parametrize(
    ("wbuf", "fits"),
    [
        (Memory("wbuf", 72, "fifo", entries=1), False),
        (Memory("wbuf", 72, "fifo", entries=2), True),
        (Memory("wbuf", 72, "fifo"), True),  # two blocks of 2 x 2 x 9 bits
        (Memory("wbuf", 71, "fifo"), False),
    ],
)
def test_weights_that_come_too_early_push_out_what_is_still_needed(wbuf: Memory, fits: bool) -> None:
    early = in_blocks(wbuf=wbuf).with_task(3, after=(1,))
    if fits:
        assert early.is_golden()
    else:
        assert early.fails() == "wbuf lacks the weights of 'conv', channels 0:2, when lower of conv on array, frame 0, ends"


def test_weights_larger_than_their_buffer_are_never_there() -> None:
    small = in_blocks(wbuf=Memory("wbuf", 35, "fifo"))
    assert small.fails() == "wbuf lacks the weights of 'conv', channels 0:2, when lower of conv on array, frame 0, ends"


@pytest.mark.parametrize(("address", "lost"), [(0, 32), (1, 32), (PLANE - 1, 32), (PLANE, 16), (2 * PLANE - 1, 16)])
def test_a_map_overwritten_too_soon_is_lost_channel_by_channel(address: int, lost: int) -> None:
    """The first two output channels lie on the input when the last two are computed from it."""
    onto = (Allocation(INPUT, IN, 0, 2 * PLANE, 0, 1), Allocation("conv", OUT, address, 4 * PLANE, 2, 3))
    assert in_blocks(onto).fails() == (
        f"array lacks {lost} of 32 values of 'input' (channels 0:2, rows 0:4, columns 0:4) when upper of conv on array, frame 0, starts"
    )


@pytest.mark.parametrize(("address", "lost"), [(2 * PLANE, 0), (2 * PLANE - 1, 16), (PLANE, 16), (PLANE - 1, 32)])
def test_a_channel_is_lost_with_its_first_bit(address: int, lost: int) -> None:
    """The first two output channels end at 2 x PLANE: before, in or behind the first channel of the input."""
    onto = (Allocation(INPUT, IN, address, 2 * PLANE, 0, 1), Allocation("conv", OUT, 0, 4 * PLANE, 2, 3))
    if lost:
        assert in_blocks(onto).fails().startswith(f"array lacks {lost} of 32 values of 'input'")
    else:
        assert in_blocks(onto).is_golden()


def test_a_map_may_be_overwritten_by_the_task_that_read_it_last() -> None:
    onto = (Allocation(INPUT, IN, 0, 2 * PLANE, 0, 1), Allocation("conv", OUT, 0, 4 * PLANE, 2, 3))
    assert ONE_CHIP._replace(allocations={"fmm": onto}).is_golden()


def test_a_map_replaced_by_one_that_lies_alike_is_lost_pixel_by_pixel() -> None:
    """A 1 x 1 layer in place, the upper rows first: the lower rows of its input are still there, the upper ones are not."""
    same = tuple(Allocation(name, IN, 0, 2 * PLANE, *life) for name, life in ((INPUT, (0, 1)), ("conv", (1, 2))))
    pointwise = Conv(name="conv", inputs=(INPUT,), out_channels=2, window=Window.square(1))
    upper, lower = (compute([Region("fmm", INPUT, IN)], [Region("fmm", "conv", IN)], half, half) for half in (IN.rows(0, 2), IN.rows(2, 4)))
    world = World(
        network(pointwise),
        MEMORIES,
        {"fmm": same},
        (
            task("input", "link", 5, layer="conv", effect=copy(INPUT, IN, HOST, "fmm")),
            task("stream", "weights", 3, layer="conv", effect=Load("conv", 0, 2, 36, ("wbuf",))),
            task("upper", "array", 7, 0, 1, layer="conv", effect=upper),
            task("lower", "array", 7, 2, layer="conv", effect=lower),
            task("output", "link", 5, 3, layer="conv", effect=copy("conv", IN, "fmm", HOST)),
        ),
    )
    assert world.is_golden()
    assert (
        world.with_task(3, effect=upper).fails().startswith("array lacks 16 of 16 values of 'input' (channels 0:2, rows 0:2, columns 0:4)")
    )
    assert world.with_task(3, effect=WHOLE._replace(c1=2)).fails().startswith("array lacks 16 of 32 values of 'input'")


def test_layers_in_one_go_take_their_operands_from_memory() -> None:
    """A residual pair as one task: the sum takes its bypass, and lies where that lay."""
    layers = (
        Conv(name="conv", inputs=(INPUT,), out_channels=2, window=Window.square(3, padding=1), bias=False, relu=False),
        Add(name="sum", inputs=("conv", INPUT), bias=True),
    )
    locations = OperandLocations(
        ("conv", "sum"), (Region("fmm", INPUT, IN),), (Region("fmm", INPUT, IN),), "wbuf", (Region("fmm", "sum", IN),)
    )
    same = tuple(Allocation(name, IN, 0, 2 * PLANE, *life) for name, life in ((INPUT, (0, 1)), ("sum", (1, 2))))
    world = World(
        network(*layers),
        MEMORIES,
        {"fmm": same},
        (
            task("input", "link", 5, layer="conv", effect=copy(INPUT, IN, HOST, "fmm")),
            task("stream", "weights", 3, layer="conv", effect=Load("conv", 0, 2, 36, ("wbuf",))),
            task("compute", "array", 7, 0, 1, layer="conv", effect=Compute(locations, 0, 2, (Patch(IN, IN),))),
            task("output", "link", 5, 2, layer="conv", effect=copy("sum", IN, "fmm", HOST)),
        ),
    )
    assert world.is_golden()
    seen: list[str] = []
    world.replayed(lambda one, layer, block, values: seen.append(layer))
    assert seen == ["sum"]


# Two chips, each with half of the columns, and the pixels along their border exchanged.


def two_chips() -> World:
    sides = {"left": (IN.columns(0, 2), IN.columns(2, 3)), "right": (IN.columns(2, 4), IN.columns(1, 2))}
    allocations: dict[str, tuple[Allocation, ...]] = {}
    works = {}
    for side, (own, seen) in sides.items():
        out = own.channels(0, 4)
        allocations[f"{side}.fmm"] = (Allocation(INPUT, own, 0, PLANE, 0, 1), Allocation("conv", out, PLANE, 2 * PLANE, 0, 1))
        allocations[f"{side}.border"] = (Allocation(INPUT, seen, 0, PLANE // 2, 0, 1),)
        reads = (Region(f"{side}.fmm", INPUT, own), Region(f"{side}.border", INPUT, seen))
        fetch = own.columns(min(own.w0, seen.w0), max(own.w1, seen.w1))
        works[side] = compute(reads, [Region(f"{side}.fmm", "conv", out)], out, fetch, f"{side}.wbuf")
    memories = [Memory(f"{side}.{kind}", 3 * PLANE) for side in sides for kind in ("fmm", "border")]
    buffers = [Memory(f"{side}.wbuf", 72, "fifo", entries=1) for side in sides]
    (left, from_right), (right, from_left) = sides.values()
    return World(
        network(CONV),
        (*memories, *buffers),
        allocations,
        (
            task("input", "host", 5, layer="conv", effect=copy(INPUT, left, HOST, "left.fmm")),
            task("input", "host", 5, layer="conv", effect=copy(INPUT, right, HOST, "right.fmm")),
            task("border", "left.east", 2, 0, layer="conv", effect=copy(INPUT, from_left, "left.fmm", "right.border"), latency_ps=3),
            task("border", "right.west", 2, 1, layer="conv", effect=copy(INPUT, from_right, "right.fmm", "left.border"), latency_ps=3),
            task("stream", "weights", 4, layer="conv", effect=Load("conv", 0, 4, 72, ("left.wbuf", "right.wbuf"))),
            task("compute", "left.array", 7, 0, 3, 4, layer="conv", effect=works["left"]),
            task("compute", "right.array", 7, 1, 2, 4, layer="conv", effect=works["right"]),
            task("output", "host", 5, 5, layer="conv", effect=copy("conv", left.channels(0, 4), "left.fmm", HOST)),
            task("output", "host", 5, 6, layer="conv", effect=copy("conv", right.channels(0, 4), "right.fmm", HOST)),
        ),
    )


LEFT = "of 24 values of 'input' (channels 0:2, rows 0:4, columns 0:3) when compute of conv on left.array, frame 0, starts"
RIGHT = "of 24 values of 'input' (channels 0:2, rows 0:4, columns 1:4) when compute of conv on right.array, frame 0, starts"


def test_two_chips_compute_what_one_does() -> None:
    assert two_chips().is_golden()


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        (
            0,
            "left.fmm lacks 8 of 8 values of 'input' (channels 0:2, rows 0:4, columns 1:2) "
            "when border of conv on left.east, frame 0, starts",
        ),
        (
            1,
            "right.fmm lacks 8 of 8 values of 'input' (channels 0:2, rows 0:4, columns 2:3) "
            "when border of conv on right.west, frame 0, starts",
        ),
        (2, f"right.array lacks 8 {RIGHT}"),
        (3, f"left.array lacks 8 {LEFT}"),
        (4, "right.wbuf lacks the weights of 'conv', channels 0:4, when compute of conv on right.array, frame 0, ends"),
        (5, "left.fmm lacks 32 of 32 values of 'conv' (channels 0:4, rows 0:4, columns 0:2) when output of conv on host, frame 0, starts"),
        (6, "right.fmm lacks 32 of 32 values of 'conv' (channels 0:4, rows 0:4, columns 2:4) when output of conv on host, frame 0, starts"),
        (7, NO_OUTPUT),
        (8, NO_OUTPUT),
    ],
)
def test_whatever_is_left_out_of_two_chips_is_missed(index: int, sentence: str) -> None:
    assert two_chips().without_effect(index).fails() == sentence


def test_a_border_is_there_a_latency_after_it_was_sent() -> None:
    """The right chip's border is sent from 10 to 12 and stored at 15."""
    world = two_chips()
    assert world.with_task(5, after=(0, 4), not_before_ps=15).is_golden()
    assert world.with_task(5, after=(0, 4), not_before_ps=14).fails() == f"left.array lacks 8 {LEFT}"
    assert world.with_task(5, after=(0, 4)).fails() == f"left.array lacks 8 {LEFT}"


def test_one_row_of_a_border_that_is_not_sent_is_missed() -> None:
    world = two_chips()
    assert world.with_task(3, effect=copy(INPUT, Box(0, 2, 0, 3, 2, 3), "right.fmm", "left.border")).fails() == f"left.array lacks 2 {LEFT}"


def test_a_border_put_into_the_wrong_memory_is_missed() -> None:
    world = two_chips()
    assert world.with_task(3, effect=copy(INPUT, IN.columns(2, 3), "right.fmm", "right.border")).fails() == f"left.array lacks 8 {LEFT}"


def test_a_chip_that_does_not_look_over_its_border_computes_something_else() -> None:
    world = two_chips()
    work = world.tasks[5].effect
    assert isinstance(work, Compute)
    blind = work._replace(patches=(Patch(work.patches[0].out, IN.columns(0, 2)),))
    assert not world.with_task(5, effect=blind).is_golden()


# Send buffers: a computation stores its edge, a link takes it from there.


def sending(entries: int) -> World:
    """The output leaves through a buffer, a block of two channels at a time."""
    world = in_blocks()
    stores = (Region("fmm", "conv", OUT), Region("send", "conv", OUT))
    effects = [world.tasks[index].effect for index in (2, 4)]
    lower, upper = (
        effect._replace(locations=effect.locations._replace(stores=stores)) for effect in effects if isinstance(effect, Compute)
    )
    world = world.with_task(2, effect=lower).with_task(4, effect=upper)
    outputs = (
        task("send", "link", 5, 4, layer="conv", effect=copy("conv", OUT.channels(0, 2), "send", HOST)),
        task("send", "link", 5, 4, layer="conv", effect=copy("conv", OUT.channels(2, 4), "send", HOST)),
    )
    return world._replace(memories=(*world.memories, Memory("send", 4 * PLANE, "fifo", entries)), tasks=(*world.tasks[:5], *outputs))


def test_what_is_sent_comes_out_of_the_buffer_it_was_put_into() -> None:
    assert sending(entries=2).is_golden()


def test_what_was_pushed_out_of_a_send_buffer_cannot_be_sent() -> None:
    sentence = "send no longer holds 'conv' (channels 0:2, rows 0:4, columns 0:4) when send of conv on link, frame 0, sends it"
    assert sending(entries=1).fails() == sentence
    in_time = sending(entries=1).with_task(5, after=(2,))
    assert in_time.is_golden()


# The host, and more than one frame.


def around_the_chip() -> World:
    """A stem and a mean on the host, a convolution between them on the chip."""
    layers = (
        Conv(name="stem", inputs=(INPUT,), out_channels=2, window=Window.square(1), weights="real"),
        Conv(name="conv", inputs=("stem",), out_channels=4, window=Window.square(3, padding=1)),
        GlobalMean(name="mean", inputs=("conv",)),
    )
    first, stream, _, last = ONE_CHIP.tasks
    work = compute([Region("fmm", "stem", IN)], [Region("fmm", "conv", OUT)], OUT, IN)
    return World(
        network(*layers),
        MEMORIES,
        {"fmm": (SIDE_BY_SIDE[0]._replace(tensor="stem"), SIDE_BY_SIDE[1])},
        (first._replace(effect=copy("stem", IN, HOST, "fmm")), stream, task("compute", "array", 7, 0, 1, layer="conv", effect=work), last),
        frozenset({"stem", "mean"}),
    )


def test_the_host_computes_what_is_left_to_it_when_it_is_asked_for() -> None:
    assert around_the_chip().is_golden()


def test_the_host_computes_each_of_its_maps_once() -> None:
    """The stem is sent in two halves, by two tasks."""
    world = around_the_chip()
    halves = [task("input", "link", 5, layer="conv", effect=copy("stem", IN.rows(*rows), HOST, "fmm")) for rows in ((0, 2), (2, 4))]
    moved = [one._replace(after=tuple(other + 1 for other in one.after)) for one in world.tasks[1:]]
    moved[1] = moved[1]._replace(after=(0, 1, 2))
    world = world._replace(tasks=(*halves, *moved))
    counted: list[str] = []
    assert world.is_golden()
    world.replayed(arithmetic=Counting(counted))
    assert sorted(counted) == ["conv", "mean", "stem"]


def test_the_host_computes_nothing_from_what_has_not_arrived() -> None:
    world = around_the_chip()
    assert world.without_effect(3).fails() == NO_OUTPUT
    assert world.with_task(3, effect=copy("conv", OUT.rows(0, 3), "fmm", HOST)).fails() == NO_OUTPUT


def test_the_host_computes_no_layer_that_is_not_its_own() -> None:
    world = around_the_chip()._replace(host=frozenset({"mean"}))
    assert world.fails() == "the host needs 'stem' of frame 0, which has not arrived in full"


def two_frames() -> World:
    """The second frame's input may come once the first frame's computation has ended."""
    second = [one._replace(frame=1, after=tuple(other + 4 for other in one.after)) for one in ONE_CHIP.tasks]
    second[0] = second[0]._replace(after=(2,))
    second[1] = second[1]._replace(after=(2,))
    second[2] = second[2]._replace(after=(3, 4, 5))
    return ONE_CHIP._replace(tasks=(*ONE_CHIP.tasks, *second))


def test_every_frame_has_its_output() -> None:
    assert two_frames().is_golden(frames=2)


def test_what_is_left_of_one_frame_is_nothing_to_the_next() -> None:
    world = two_frames()
    assert world.without_effect(4).fails() == NO_INPUT.replace("frame 0", "frame 1")
    assert world.without_effect(7).fails() == NO_OUTPUT.replace("frame 0", "frame 1")


def test_weights_that_are_still_there_serve_the_next_frame_too() -> None:
    assert two_frames().without_effect(5).is_golden(frames=2)
    assert two_frames().without_effect(1).fails() == NO_WEIGHTS


def test_a_frame_whose_place_is_taken_too_soon_is_missed() -> None:
    """The second frame is computed before the first one has left."""
    world = two_frames().with_task(3, after=(), not_before_ps=40)
    hurried = world.with_task(6, after=(4, 5))
    assert hurried.fails().startswith("fmm lacks 64 of 64 values of 'conv' (channels 0:4, rows 0:4, columns 0:4) when output of conv")


# The buffer by itself.


def held(fifo: Buffer[None], *keys: str) -> list[bool]:
    return [key in fifo for key in keys]


def test_a_buffer_pushes_out_the_oldest_first() -> None:
    fifo: Buffer[None] = Buffer(Memory("wbuf", 10, "fifo"))
    for key, bits in (("a", 4), ("b", 3), ("c", 3)):
        fifo.push(key, None, bits)
    assert held(fifo, "a", "b", "c") == [True, True, True]
    fifo.push("d", None, 5)
    assert held(fifo, "a", "b", "c", "d") == [False, False, True, True]


def test_what_comes_twice_takes_up_room_twice() -> None:
    fifo: Buffer[None] = Buffer(Memory("wbuf", 10, "fifo"))
    for key in ("a", "b", "a"):
        fifo.push(key, None, 3)
    fifo.push("c", None, 3)  # the first `a` goes, the second stays
    assert held(fifo, "a", "b", "c") == [True, True, True]
    fifo.push("d", None, 4)
    assert held(fifo, "a", "b", "c", "d") == [True, False, True, True]
    fifo.push("e", None, 1)
    assert held(fifo, "a", "c", "d", "e") == [False, True, True, True]


def test_a_buffer_never_loses_count() -> None:
    """A thing that comes again and again fills the buffer no more than it is large."""
    fifo: Buffer[None] = Buffer(Memory("wbuf", 10, "fifo", entries=3))
    for _ in range(20):
        fifo.push("a", None, 4)
        assert fifo.fifo.used <= 10
        assert held(fifo, "a") == [True]
    fifo.push("large", None, 11)
    assert held(fifo, "a", "large") == [False, False]
    assert fifo.fifo.used == 0


# Threads, and windows that are read once for many blocks of channels.


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block goes to a thread; blocks are still seen, and stored, in the order of the trace."""
    monkeypatch.setattr("hyperdrive_sim.engine.background.WORTH_MACS", 0)
    seen: dict[int, list[tuple[str, Box, bytes]]] = {1: [], 4: []}
    for threads, blocks in seen.items():
        outputs = in_blocks().replayed(
            lambda one, layer, block, values, to=blocks: to.append((one.task.name, block, values.tobytes())), threads=threads
        )
        np.testing.assert_array_equal(outputs[0]["conv"], dict(forward(ONE_CHIP.computation(EXACT)))["conv"])
    assert len(seen[1]) == 2
    assert seen[1] == seen[4]


class Odd(Exception):
    """None that this package raises."""


class Broken(Exact):
    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        raise Odd(f"{layer.name} from channel {parameters.first}")


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_thread_raises_comes_out_as_it_is(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr("hyperdrive_sim.engine.background.WORTH_MACS", 0)
    before = threading.active_count()
    with pytest.raises(Odd, match=r"^conv from channel 0$"):
        in_blocks().replayed(arithmetic=Broken(), threads=threads)
    assert threading.active_count() == before, "no thread is left behind"


@pytest.mark.parametrize("threads", [1, 2])
def test_missing_weights_are_named_before_what_was_computed_with_them(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr("hyperdrive_sim.engine.background.WORTH_MACS", 0)
    with pytest.raises(NotThere) as failure:
        ONE_CHIP.without_effect(1).replayed(arithmetic=Broken(), threads=threads)
    assert str(failure.value) == NO_WEIGHTS


def test_a_pixel_that_changes_between_two_blocks_is_read_again() -> None:
    """The host sends the upper row once more while the first block is computed; then the second block has what was sent last."""
    world = in_blocks()
    again = task("again", "link", 1, 0, layer="conv", effect=copy(INPUT, IN.rows(0, 1), HOST, "fmm"))
    late = world._replace(tasks=(*world.tasks, again._replace(not_before_ps=6)))
    windows: list[Array] = []

    class Looking(Exact):
        def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
            windows.append(operands[0])
            return super().apply(layer, operands, parameters)

    world.replayed(arithmetic=Looking())
    assert windows[0] is windows[1], "both blocks are computed from the very same window"
    windows.clear()
    late.replayed(arithmetic=Looking())
    assert windows[0] is not windows[1]
    np.testing.assert_array_equal(windows[0], windows[1])


def test_what_is_known_of_a_pattern_goes_with_its_last_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both blocks of channels share the patterns of their streams, and of what the array does."""
    made: list[_Executors] = []

    class Noticed(_Executors):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(self)

    monkeypatch.setattr("hyperdrive_sim.engine.replay._Executors", Noticed)
    assert in_blocks().is_golden()
    (executors,) = made
    assert not executors
    assert set(executors.left) == {0}


# Tiles: several allocations of one map, whose blocks overlap


UPPER, LOWER = OUT.rows(0, 2), OUT.rows(2, 4)
HALOS = {1: IN.rows(0, 3), 2: IN.rows(1, 4)}
"""Rows of the input under each half of the output."""


def in_tiles(*, told: bool = True) -> World:
    """Two halves of the map one after the other in the same place, each with its halo; without being *told*, both are tile 0."""
    size = 3 * 4 * 64 * 2
    tasks: list[Task] = []
    lying = []
    for number, out in ((1, UPPER), (2, LOWER)):
        key, fetch, first = number if told else 0, HALOS[number], len(tasks)
        lying += [Allocation(INPUT, fetch, 0, size, 2 * number, 2 * number + 1, key)]
        lying += [Allocation("conv", out, size, 2 * PLANE, 2 * number, 2 * number + 1, key)]
        work = compute([Region("fmm", INPUT, fetch, key)], [Region("fmm", "conv", out, key)], out, fetch)
        after = (first - 1,) if tasks else ()
        tasks.append(task("input", "link", 5, *after, layer="conv", effect=copy(INPUT, fetch, HOST, "fmm")._replace(tile=key)))
        tasks.append(task("stream", "weights", 3, *after, layer="conv", effect=Load("conv", 0, 4, 72, ("wbuf",))))
        tasks.append(task("compute", "array", 7, first, first + 1, layer="conv", effect=work))
        tasks.append(task("output", "link", 5, first + 2, layer="conv", effect=copy("conv", out, "fmm", HOST)._replace(tile=key)))
    return World(network(CONV), MEMORIES, {"fmm": tuple(lying)}, tuple(tasks))


def test_tiles_one_after_the_other_compute_what_golden_does() -> None:
    assert in_tiles().is_golden()


def test_tiles_that_are_not_told_from_each_other_destroy_each_other() -> None:
    """Rows that both have are written to the second one's place as well, which has the first one's bits."""
    assert in_tiles(told=False).fails() == (
        "array lacks 8 of 24 values of 'input' (channels 0:2, rows 0:3, columns 0:4) when compute of conv on array, frame 0, starts"
    )


def test_what_lies_in_another_tile_is_not_there() -> None:
    """The lower half is computed from the upper one's input, which has two of its rows."""
    tasks = in_tiles().tasks
    work = compute([Region("fmm", INPUT, HALOS[2], 1)], [Region("fmm", "conv", LOWER, 2)], LOWER, HALOS[2])
    assert (
        in_tiles()._replace(tasks=(*tasks[:6], tasks[6]._replace(effect=work), tasks[7])).fails().startswith("array lacks 24 of 24 values")
    )


def test_memories_of_many_tiles_link_only_those_that_hold_something() -> None:
    """A thousand allocations at one address: each loses what it held to the next."""
    ram = Ram(Allocation("map", IN, 0, 2 * PLANE, n, n, n) for n in range(1000))
    values = np.zeros((4, 4, 2))
    places = [ram.of("map", n)[0] for n in range(1000)]
    for place in places:
        place.take(IN, IN.slices(IN), values, 0)
        assert place.aliases == {}
    assert [place.values is not None for place in places] == [False] * 999 + [True]
