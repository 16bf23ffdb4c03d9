"""The binary datapath's schedules, drawn: a small chip whose cycles are characters, bound by each of its units in turn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise, product
from textwrap import dedent
from typing import Any, NamedTuple

import pytest
from worlds import ONE, drawn, on

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs._xnor_datapath import placement
from hyperdrive_sim.archs._xnor_datapath.machine import MAPS
from hyperdrive_sim.archs._xnor_datapath.steps import CoreStep, plan
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.trace import Span, Trace
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Conv, Layer, MaxPool, MeanPool, Sign
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.reports.layer_table import LayerRow, layer_rows
from hyperdrive_sim.schedule.placement import allocate
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Arrivals, Compute, Copy

XNORBIN = registry.load("xnorbin")

NETS = ["tiny_xnor", "tiny_xnor_pointwise", "tiny_xnor_pooled", "tiny_xnor_kernels", "tiny_xnor_residual", "tiny_groupnet"]

SMALL = {
    "clock_mhz": 100.0, "bpus": 3, "xnor_sums_per_bpu": 3, "row_banks": 4, "word_bits": 2, "psum_word_bits": 2,
    "parameter_port_bits_per_cycle": 4.0, "flash_gbit_per_s": 0.4, "host_link_gbit_per_s": 0.2,
}  # fmt: skip
"""3 x 3 units of two channels; words of two bits. A cycle is 10 ns; the port and the flash bring four bits in one, the link two."""
CYCLE_PS = 10_000
UNITS = ("host.flash", "host.link", "chip.source", "chip.parameters", "chip.bpus", "chip.sink")
LABELS = ("flash", "link", "source", "parameters", "array", "sink")


def xnor(name: str, source: str, out: int = 4, kernel: int = 3, padding: int = 1, **more: Any) -> Conv:
    window = Window.square(kernel, stride=more.pop("stride", 1), padding=padding)
    fixed = {"out_channels": out, "window": window, "maps": "binary", "scale": False, "bias": False, "relu": False}
    return Conv(**{"name": name, "inputs": (source,), **fixed, **more})


def sign(name: str, source: str) -> Sign:
    return Sign(name=name, inputs=(source,))


def network(*layers: Layer, shape: tuple[int, int, int] = (2, 2, 3)) -> Network:
    """Layers behind the host's `sign0`."""
    return Network("world", Shape(*shape), [sign("sign0", INPUT), *layers])


class Run(NamedTuple):
    """A network on the small chip, simulated."""

    network: Network
    made: Compiled
    schedule: Schedule
    trace: Trace

    def drawn(self) -> str:
        """A character a cycle; the first letters of: input, load, first rows, rows, late rows, weights, compute, sums, output."""
        rows = drawn(self.trace, UNITS, step_ps=CYCLE_PS).splitlines()
        return "\n".join(f"{label:<10} {row[row.index('|') :]}" for label, row in zip(LABELS, rows, strict=True))

    @property
    def cycles(self) -> int:
        assert self.trace.makespan_ps % CYCLE_PS == 0
        return self.trace.makespan_ps // CYCLE_PS

    def spans(self, name: str, frame: int | None = None) -> list[tuple[int, int]]:
        """From which cycle to which the tasks of a name ran."""
        chosen = [span for span in self.trace if span.task.name == name and frame in (None, span.task.frame)]
        return [(span.start // CYCLE_PS, span.end // CYCLE_PS) for span in chosen]

    def table(self) -> dict[str, LayerRow]:
        return {row.name: row for row in layer_rows(self.made)}

    def stalls(self, layer: str) -> dict[str, int]:
        return {cause: round(seconds * 1e12 / CYCLE_PS) for cause, seconds in self.table()[layer].stalls.items()}


def proven(net: Network, arrivals: Arrivals = ONE, grain: str = "block", chip: Architecture = XNORBIN, **settings: Any) -> Compiled:
    made = on(chip, net, arrivals, grain, **settings)
    hazards.check(made)
    return made


def run(net: Network, frames: int = 1, period_ps: int = 0, grain: str = "block", **settings: Any) -> Run:
    made = proven(net, Arrivals.periodic(frames, period_ps), grain, **{**SMALL, **settings})
    return Run(net, made, made.schedule, made.trace)


def picture(text: str) -> str:
    return dedent(text).strip()


FOUR_CHANNELS = network(xnor("conv", "sign0", 4), sign("sign", "conv"))
"""3 x 3 with padding 1 over 2 x 3 pixels of two channels, four output channels in blocks of one, one and two.

A channel is a pass of 2 x (2 + 3) cycles; six words of the map; 9 x 2 + 2 bits of parameters, five cycles of port and flash; six sums.
The input is six words, the output twelve.
"""
EIGHT_CHANNELS = network(xnor("conv", "sign0", 8), sign("sign", "conv"))
"""In blocks of one, one, two, two and two."""
TWO_LAYERS = [xnor("conv1", "sign0", 2), sign("sign1", "conv1"), xnor("conv2", "sign1", 2), sign("sign2", "conv2")]


# --- by pencil ---


def test_blocks_grow_from_one_channel() -> None:
    """The array waits for the first channel's parameters alone, which come before the rows."""
    assert run(FOUR_CHANNELS).drawn() == picture("""
        flash      |llllllllllllllllllll............................................|
        link       |iiiiii..............................................oooooooooooo|
        source     |......ffffffrrrrrr....rrrrrr....rrrrrrrrrrrr....................|
        parameters |............wwwww.....wwwww.....wwwwwwwwww......................|
        array      |............cccccccccccccccccccccccccccccccccccccccc............|
        sink       |............ssssss....ssssss....ssssssssssss....................|
    """)


def test_blocks_task_by_task() -> None:
    """What is after what, and what is counted."""
    tasks = run(FOUR_CHANNELS).schedule
    assert [(task.name, task.after, task.after_start, dict(task.actions)) for task in tasks[:7]] == [
        ("input", (), (), {"input_io.bit": 12, "map_write.word": 6}),
        ("first rows", (0,), (), {}),
        ("load", (), (), {"weight_io.bit": 20, "parameter_write.word": 10}),
        ("rows", (1,), (), {"map_read.word": 6}),
        ("weights", (2,), (3,), {"parameter_read.word": 10}),
        ("compute", (), (4,), {"bpu.unit_cycle": 9 * 10, "dma.cycle": 10}),
        ("sums", (), (5,), {"psum_read.word": 0, "psum_write.word": 6}),
    ]
    assert [(task.name, task.after) for task in tasks[7:]] == [
        ("load", (2,)),
        ("rows", (3, 4, 5, 6)),
        ("weights", (7,)),
        ("compute", ()),
        ("sums", ()),
        ("load", (7,)),
        ("rows", (8, 9, 10, 11)),
        ("weights", (12,)),
        ("compute", ()),
        ("sums", ()),
        ("output", (13, 14, 15, 16)),
    ]
    assert [dict(task.actions) for task in tasks[12:14]] == [{"weight_io.bit": 40, "parameter_write.word": 20}, {"map_read.word": 12}]
    assert dict(tasks[-1].actions) == {"output_io.bit": 24, "map_read.word": 12}


def test_channel_by_channel() -> None:
    assert run(FOUR_CHANNELS, grain="channel").drawn() == picture("""
        flash      |llllllllllllllllllll............................................|
        link       |iiiiii..............................................oooooooooooo|
        source     |......ffffffrrrrrr....rrrrrr....rrrrrr....rrrrrr................|
        parameters |............wwwww.....wwwww.....wwwww.....wwwww.................|
        array      |............cccccccccccccccccccccccccccccccccccccccc............|
        sink       |............ssssss....ssssss....ssssss....ssssss................|
    """)


def test_single_weight_registers_add_up() -> None:
    assert run(FOUR_CHANNELS, weight_registers="single").drawn() == picture("""
        flash      |llllllllllllllllllll................................................................|
        link       |iiiiii..................................................................oooooooooooo|
        source     |......ffffffrrrrrr.........rrrrrr.........rrrrrrrrrrrr..............................|
        parameters |............wwwww..........wwwww..........wwwwwwwwww................................|
        array      |.................cccccccccc.....cccccccccc..........cccccccccccccccccccc............|
        sink       |.................ssssss.........ssssss..............ssssssssssss....................|
    """)
    found = run(FOUR_CHANNELS, weight_registers="single")
    assert found.stalls("sign0") == {"host": 6}, "while the input comes"
    assert found.stalls("conv") == {"source": 6, "parameters": 5 + 5 + 10, "host": 12}, "while the output leaves"


VALID = network(xnor("conv", "sign0", 8, padding=0), sign("sign", "conv"), shape=(2, 4, 5))
"""3 x 3 without padding over 4 x 5 pixels: a pass is 2 x (3 + 3) cycles and needs all rows; six sums."""


def test_the_array_waits_for_late_rows() -> None:
    """Three banks: of a pass's three first rows two, of five words each, find no bank. The others come while the array computes."""
    found = run(VALID, row_banks=3)
    late, rows, computed, sums = (found.spans(name)[1:] for name in ("late rows", "rows", "compute", "sums"))
    before = [end for _, end in found.spans("compute")[:-1]]
    for passes, (begun, done), rest, block, written, free in zip((1, 2, 2, 2), late, rows, computed, sums, before, strict=True):
        assert (begun, done) == (free, free + passes * 2 * 5)
        assert rest == (done, done + passes * 2 * 5)
        assert block == (done, done + passes * 12)
        assert written == (done, done + passes * 6)
    assert [start for start, _ in found.spans("weights")] == [start for start, _ in found.spans("late rows")]
    waits = [[found.schedule[index].name for index in task.after] for task in found.schedule if task.name == "rows"]
    assert waits == [["late rows"]] * 5
    assert run(VALID, row_banks=5).spans("late rows") == []
    assert found.schedule.action_counts == run(VALID, row_banks=5).schedule.action_counts


def test_the_host_takes_sums_block_by_block() -> None:
    """Without a sign: twelve sums of two bits, which must be gone before the next block's; no thresholds come with the weights."""
    assert run(network(xnor("conv", "sign0", 4))).drawn() == picture("""
        flash      |llllllllllllllllll..........................................................|
        link       |iiiiii................oooooo..........oooooo....................oooooooooooo|
        source     |......ffffffrrrrrr..........rrrrrr..........rrrrrrrrrrrr....................|
        parameters |............wwww............wwww............wwwwwwwww.......................|
        array      |............cccccccccc......cccccccccc......cccccccccccccccccccc............|
        sink       |............ssssss..........ssssss..........ssssssssssss....................|
    """)
    wide = run(network(xnor("conv", "sign0", 4)), psum_word_bits=4)
    assert [end - start for start, end in wide.spans("output")] == [12, 12, 24], "sums of four bits"
    assert wide.schedule.action_counts["output_io.bit"] == 2 * 12 * 4


def test_terms_of_a_block_come_one_after_the_other() -> None:
    """Two convolutions of two channels, and their sum, channel by channel. Only the second's parameters have thresholds."""
    net = network(xnor("a", "sign0", 2), xnor("b", "sign0", 2), Add(name="c", inputs=("b", "a"), relu=False), sign("sign", "c"))
    found = run(net)
    assert found.drawn() == picture("""
        flash      |lllllllllllllllllll.......................................|
        link       |iiiiii..............................................oooooo|
        source     |......ffffffrrrrrr....rrrrrr....rrrrrr....rrrrrr..........|
        parameters |............wwww......wwwww.....wwww......wwwww...........|
        array      |............cccccccccccccccccccccccccccccccccccccccc......|
        sink       |............ssssss....ssssss....ssssss....ssssss..........|
    """)
    reads = [found.schedule.actions_by_layer[layer, "psum_read.word"] for layer in ("a", "b")]
    assert reads == [0, 12], "the second adds to what is there"


def test_rows_from_the_memory_that_is_written_come_through_its_port() -> None:
    """A residual block whose projection reads the block's own input, which lies where the output goes: rows first, then sums."""
    inner = [xnor("a", "sign0", 2), sign("s", "a"), xnor("down", "sign0", 2, 1, 0), xnor("b", "s", 2)]
    net = network(*inner, Add(name="c", inputs=("b", "down"), relu=False), sign("sign", "c"))
    assert run(net).drawn() == picture("""
        flash      |lllllllllllllllllllll................................................................|
        link       |iiiiii.........................................................................oooooo|
        source     |......ffffffrrrrrr....rrrrrr...................rrrrrr................rrrrrr..........|
        parameters |............wwwww.....wwwww........w...........wwwww.....w...........wwwww...........|
        array      |............cccccccccccccccccccc...cccccccc....cccccccccccccccccc....cccccccccc......|
        sink       |............ssssss....ssssss....fffrrrrrrssssssssssss....rrrrrrssssssssssss..........|
    """)


# --- bound by each unit ---

STRIDED = network(xnor("conv", "sign0", 8, stride=2), sign("sign", "conv"), shape=(2, 4, 6))
"""Of 4 x 6 pixels 2 x 3: a pass reads four times as many words as it makes sums."""
POINTWISE = network(xnor("conv", "sign0", 8, 1, 0), sign("sign", "conv"))
SUMS = network(xnor("conv", "sign0", 8))
SKIPPED = {"window_fill": "hidden", "strided_columns": "skipped"}
PACKED = {"window_fill": "hidden", "small_kernels": "packed"}
NARROW = {"parameter_port_bits_per_cycle": 1.0}

GROWN = (1, 1, 2, 2, 2)

BOUND = [  # channels of the blocks; cycles of one on array, source, sink, parameters, flash; from one to the next; waits, then output
    ("array", EIGHT_CHANNELS, {}, GROWN, (10, 6, 6, 5, 5), 10, {"source": 6, "host": 24}),
    ("source", STRIDED, SKIPPED, GROWN, (6, 24, 6, 5, 5), 24, {"source": 12 + 8 * 18, "host": 24}),
    ("sink", POINTWISE, PACKED, (2, 2, 2, 2), (3, 3, 6, 1, 1), 6, {"source": 3, "sink": 8 * 3, "host": 24}),
    ("parameters", EIGHT_CHANNELS, NARROW, GROWN, (10, 6, 6, 20, 5), 20, {"source": 6, "parameters": 8 * 10, "host": 24}),
    ("host", SUMS, {}, GROWN, (10, 6, 6, 4.5, 4.5), 10 + 6, {"source": 6, "host": 8 * 6}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("net", "settings", "blocks", "busy", "period", "stalls"), [case[1:] for case in BOUND], ids=[case[0] for case in BOUND]
)
def test_a_block_takes_as_long_as_its_slowest_unit(
    net: Network, settings: dict[str, Any], blocks: tuple[int, ...], busy: tuple[float, ...], period: int, stalls: dict[str, int]
) -> None:
    """The array stands still for what that unit takes longer than itself, in each of eight channels, and says for which."""
    found = run(net, **settings)
    for name, cycles in zip(("compute", "rows", "sums", "weights", "load"), busy, strict=True):
        took = [span.end - span.start for span in found.trace if span.task.name == name]
        assert took == [channels * cycles * CYCLE_PS for channels in blocks]
    starts = [start for start, _ in found.spans("compute")]
    assert [later - start for start, later in pairwise(starts)] == [channels * period for channels in blocks[:-1]]
    assert found.stalls("conv") == stalls


def test_where_the_flash_is_slowest_blocks_shrink_towards_the_last() -> None:
    """A channel is loaded in twenty cycles and computed in ten: behind the last load only one channel is left to compute."""
    assert run(FOUR_CHANNELS, flash_gbit_per_s=0.1).drawn() == picture("""
        flash      |llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll......................|
        link       |iiiiii....................................................................................oooooooooooo|
        source     |......ffffffrrrrrrrrrrrr....................................rrrrrr....rrrrrr..........................|
        parameters |........................................wwwwwwwwww..........wwwww...............wwwww.................|
        array      |........................................cccccccccccccccccccccccccccccc..........cccccccccc............|
        sink       |........................................ssssssssssss........ssssss..............ssssss................|
    """)
    assert run(FOUR_CHANNELS, flash_gbit_per_s=0.1).stalls("conv") == {"flash": 40 + 10, "host": 12}


@pytest.mark.parametrize(("net", "settings"), [case[1:3] for case in BOUND[1:4]], ids=[case[0] for case in BOUND[1:4]])
def test_a_map_leaves_and_the_next_comes_when_the_slowest_unit_has_done(net: Network, settings: dict[str, Any]) -> None:
    """Not when the array has: until then rows or weights are on their way, or sums are not written."""
    found = run(net, frames=2, **settings)
    busy = [max(end for name in ("rows", "weights", "compute", "sums") for _, end in found.spans(name, frame)) for frame in (0, 1)]
    assert [start for start, _ in found.spans("output")] == busy
    assert found.spans("input", 1)[0][0] >= busy[0]


# --- parameters ---


@pytest.mark.parametrize(
    ("bits", "loads"),
    [
        (80, [(0, 5), (5, 10), (10, 20), (32, 42), (52, 62)]),
        (119, [(0, 5), (5, 10), (10, 20), (22, 32), (52, 62)]),
        (120, [(0, 5), (5, 10), (10, 20), (20, 30), (32, 42)]),
        (139, [(0, 5), (5, 10), (10, 20), (20, 30), (32, 42)]),
        (140, [(0, 5), (5, 10), (10, 20), (20, 30), (30, 40)]),
    ],
)
def test_the_flash_runs_ahead_as_far_as_there_is_room(bits: int, loads: list[tuple[int, int]]) -> None:
    """Blocks of 20, 20, 40, 40 and 40 bits, used up at 22, 32, 52, 72 and 92."""
    found = run(EIGHT_CHANNELS, parameter_buffer_bits=bits)
    assert found.spans("load") == loads
    assert [end for _, end in found.spans("compute")] == [22, 32, 52, 72, 92]


def test_parameters_that_stay_are_loaded_once() -> None:
    """80 bits in all. One less, and every frame loads its channels one by one, the next one's as soon as there is room."""
    assert [len(run(FOUR_CHANNELS, 3, parameter_buffer_bits=80).spans("load", frame)) for frame in range(3)] == [3, 0, 0]
    found = run(FOUR_CHANNELS, 3, parameter_buffer_bits=79)
    assert [len(found.spans("load", frame)) for frame in range(3)] == [4, 4, 4]
    assert found.spans("load", 1)[0] == (found.spans("compute", 0)[1][1], found.spans("compute", 0)[1][1] + 5)
    assert found.schedule.action_counts["weight_io.bit"] == 3 * 80


@pytest.mark.parametrize("bits", [40, 79, 80, 10**6])
def test_computing_begins_with_the_first_parameters_whatever_fits(bits: int) -> None:
    """Four channels of 20 bits, each loaded in twenty cycles; all fit from 80 bits on, and the second frame loads nothing then."""
    found = run(network(*TWO_LAYERS), frames=2, flash_gbit_per_s=0.1, parameter_buffer_bits=bits)
    assert found.spans("load", 0) == [(0, 20), (20, 40), (40, 60), (60, 80)]
    assert found.spans("compute", 0) == [(20, 30), (40, 50), (60, 70), (80, 90)]
    assert len(found.spans("load", 1)) == (0 if bits >= 80 else 4)


def test_a_larger_buffer_once_made_a_frame_half_as_slow_again() -> None:
    """A slow flash, and a small network that fits in one block: it was computed when all of it was there."""
    slow = {"flash_gbit_per_s": 0.3, "small_kernels": "packed", "sink_words_per_cycle": 4}
    chip, net = registry.load("chewbaccann"), zoo.build("tiny_xnor", (33, 16, 14))
    small, large = (proven(net, chip=chip, parameter_buffer_bits=bits, **slow).trace.makespan_ps for bits in (4000, 8000))
    assert abs(large - small) < 10


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("name", NETS)
def test_a_larger_buffer_never_makes_a_network_slower(name: str, frames: int) -> None:
    """But for half a picosecond a task, as other blocks round otherwise."""
    net = zoo.build(name, (16, 9, 10))
    for kernels, flash in product(("idle", "packed"), (0.03, 0.3, 2.66)):
        least = None
        for bits in (4000, 8000, 16_000, 32_000, 10**6):
            chosen = {"small_kernels": kernels, "flash_gbit_per_s": flash, "parameter_buffer_bits": bits}
            made = on(XNORBIN, net, Arrivals(frames), **chosen)
            took = made.trace.makespan_ps
            assert least is None or took <= least + made.size / 2, chosen
            least = min(took, least or took)


# --- frames ---


def test_the_next_frame_comes_while_this_one_is_computed() -> None:
    """The input's place is free once the first layer has read it."""
    assert run(network(*TWO_LAYERS), frames=2).drawn() == picture("""
        flash      |llllllllllllllllllll................................................................................................|
        link       |iiiiii..........................iiiiii....................oooooo..............................................oooooo|
        source     |......ffffffrrrrrr....rrrrrr....ffffffrrrrrr....rrrrrr....ffffffrrrrrr....rrrrrr....ffffffrrrrrr....rrrrrr..........|
        parameters |............wwwww.....wwwww...........wwwww.....wwwww...........wwwww.....wwwww...........wwwww.....wwwww...........|
        array      |............cccccccccccccccccccc......cccccccccccccccccccc......cccccccccccccccccccc......cccccccccccccccccccc......|
        sink       |............ssssss....ssssss..........ssssss....ssssss..........ssssss....ssssss..........ssssss....ssssss..........|
    """)


def test_a_frame_does_not_come_before_its_time() -> None:
    found = run(network(*TWO_LAYERS), frames=2, period_ps=100 * CYCLE_PS)
    assert found.spans("input") == [(0, 6), (100, 106)]
    assert found.stalls("sign0") == {"host": 2 * 6, "arrival": 100 - 58}
    assert found.stalls("conv1") == {"source": 2 * 6}


def test_an_input_waits_for_the_layer_that_reads_its_place() -> None:
    """One layer: the next map may not come before this one's last block."""
    found = run(FOUR_CHANNELS, frames=2)
    assert found.spans("output", 0) == [(52, 64)]
    assert found.spans("input", 1) == [(64, 70)], "the link was taken"


def test_what_the_host_makes_comes_back_when_it_has_all_it_is_made_from() -> None:
    """A mean between two convolutions."""
    mean = MeanPool(name="mean", inputs=("conv1",), window=Window.square(2))
    net = network(xnor("conv1", "sign0", 4), mean, sign("sign1", "mean"), xnor("conv2", "sign1", 2, 1, 0), sign("sign2", "conv2"))
    found = run(net)
    inputs = [span for span in found.trace if span.task.name == "input"]
    outputs = [span for span in found.trace if span.task.layer == "conv1" and span.task.name == "output"]
    assert [span.task.layer for span in inputs] == ["sign0", "sign1"]
    assert len(outputs) == 3
    assert inputs[1].start == outputs[-1].end


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def rooms(found: Run) -> dict[str, tuple[str, tuple[int, int]]]:
    """Memory and addresses of all maps, of maps before they are pooled and of partial sums."""
    layout = placement.laid_out(found.network, found.made.mapped.spec)
    for_each = zip(MAPS, layout.spec.feature_map_memory_bits, strict=True)
    address = {(memory, tensor): at for memory, bits in for_each for tensor, at in allocate(layout.live_ranges[memory], bits)[0].items()}
    live_ranges = [(memory, live) for memory in MAPS for live in layout.live_ranges[memory]]
    return {live.tensor: (memory, (address[memory, live.tensor], address[memory, live.tensor] + live.bits)) for memory, live in live_ranges}


def used(found: Run) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """Every use of memory: by what in which frame (a map is the same before it is pooled), its name in the layout, from when to when."""
    ours = plan(found.network)
    maker = {step.output: step for step in ours.steps if step.sign}
    for frame in range(found.schedule.frames):
        spans = [span for span in found.trace if span.task.frame == frame]
        ran = {step.output: _ran(step, spans) for step in ours.steps}
        moved = {(span.task.name, span.task.effect.tensor): span for span in spans if isinstance(span.task.effect, Copy)}
        for step in ours.steps:
            yield f"sums of {step.output}, {frame}", f"sums of {step.terms[-1].conv.name}", ran[step.output]
            if step.pool:
                yield f"{step.output}, {frame}", placement.unpooled(step), ran[step.output]
        for name in (*ours.inputs, *maker):
            born = ran[name][0] if name in maker else moved["input", name].start
            left = [moved["output", name].end] if ("output", name) in moved else []
            yield f"{name}, {frame}", name, (born, max([*left, *(ran[step.output][1] for step in ours.steps if name in step.sources)]))


def _ran(step: CoreStep, spans: list[Span]) -> tuple[int, int]:
    """From the first pixel to the last write, or until the host has all sums."""
    layers = {term.conv.name for term in step.terms}
    computed = [span.start for span in spans if isinstance(span.task.effect, Compute) and span.task.layer in layers]
    others = [span.end for span in spans if span.task.layer in layers and (span.task.name != "output" or not step.sign)]
    return min(computed), max(others)


def trespasses(found: Run) -> list[str]:
    """Things that take the same bits at the same time."""
    where, uses = rooms(found), list(used(found))
    return [
        f"{one} and {other}"
        for (one, here, time), (other, there, at) in combinations(uses, 2)
        if one != other and where[here][0] == where[there][0]
        if overlap(where[here][1], where[there][1]) and overlap(time, at)
    ]


POOLED = [xnor("conv1", "sign0", 8), sign("sign1", "conv1"), MaxPool(name="pool1", inputs=("sign1",), window=Window.square(2))]
THREE_LAYERS = [*POOLED, xnor("conv2", "pool1", 2), sign("sign2", "conv2"), xnor("conv3", "sign2", 2), sign("sign3", "conv3")]


@pytest.mark.parametrize(
    ("layers", "channels", "memories", "settings"),
    [
        (TWO_LAYERS, 2, (1000, 1000), {}),
        (TWO_LAYERS, 2, (36, 24), {}),
        (TWO_LAYERS, 2, (24, 24), {}),  # the input lies where the second layer's sums are added up
        (TWO_LAYERS, 4, (24, 24), {}),  # and where the output does
        ([*TWO_LAYERS, xnor("conv3", "sign2", 2), sign("sign3", "conv3")], 4, (24, 24), {}),  # or a map that the third layer reads
        (THREE_LAYERS, 2, (1000, 1000), {"host_link_gbit_per_s": 0.01}),  # the output lies where the first layer's map is not pooled yet
    ],
    ids=["roomy", "just enough", "tight", "tight and wide", "longer", "slow link"],
)
def test_maps_come_and_go_where_nothing_else_lies(
    layers: list[Layer], channels: int, memories: tuple[int, int], settings: dict[str, Any]
) -> None:
    """2 x 3 pixels; a map of two channels is twelve bits, and so are the sums of one."""
    found = run(network(*layers, shape=(channels, 2, 3)), frames=3, feature_map_memory_bits=memories, **settings)
    assert trespasses(found) == []


# --- how many, and how finely cut ---

CHOICES = {
    "small_kernels": ["idle", "packed"],
    "weight_registers": ["double", "single"],
    "row_banks": [7, 12],
    "parameter_buffer_bits": [12_000, 10**7],
}


def settings() -> Iterator[dict[str, Any]]:
    for values in product(*CHOICES.values()):
        yield dict(zip(CHOICES, values, strict=True))


@pytest.mark.parametrize("name", NETS)
def test_tasks_are_counted_without_writing_them(name: str) -> None:
    net = zoo.build(name, (16, 9, 10))
    for chosen, grain, frames in product(settings(), XNORBIN.grains, (1, 3)):
        made = on(XNORBIN, net, Arrivals(frames), grain, **chosen)
        assert made.size == len(made.schedule)


@pytest.mark.parametrize("name", sorted({*NETS} - {"tiny_xnor_pooled"}))
def test_a_finer_cut_takes_as_long(name: str) -> None:
    """But for half a picosecond a task: blocks grow, or shrink, so that no channel's parameters hold up another's."""
    net = zoo.build(name, (16, 9, 10))
    for chosen in settings():
        coarse, fine = (proven(net, grain=grain, **chosen) for grain in XNORBIN.grains)
        assert abs(coarse.trace.makespan_ps - fine.trace.makespan_ps) < fine.size / 2


def test_a_finer_cut_leaves_all_pooling_to_the_last_channel_of_a_word() -> None:
    """1 x 1, blocks of one, one and two channels. A channel is six sums; behind every second one come four reads for each of two pixels."""
    pool = MaxPool(name="pool", inputs=("sign",), window=Window.square(2))
    net = network(xnor("conv", "sign0", 4, 1, 0), sign("sign", "conv"), pool)
    sums = {grain: [end - start for start, end in run(net, grain=grain).spans("sums")] for grain in XNORBIN.grains}
    assert sums == {"block": [6, 14, 20], "channel": [6, 14, 6, 14]}


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"small_kernels": "packed"},
        {"small_kernels": "packed", "idle_units": "gated"},
        {"word_bits": 8},
        {"word_bits": 12, "psum_word_bits": 24},
    ],
    ids=lambda chosen: "-".join(map(str, chosen.values())),
)
@pytest.mark.parametrize("name", NETS)
def test_a_finer_cut_does_the_same(name: str, chosen: dict[str, Any]) -> None:
    net = zoo.build(name, (16, 9, 10))
    coarse, fine = (proven(net, grain=grain, **chosen).schedule.action_counts for grain in XNORBIN.grains)
    assert coarse == fine
