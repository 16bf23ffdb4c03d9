"""The binary datapath of XNORBIN and ChewBaccaNN in closed form: cycles, accesses, which layers together, which map in which memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import on

from hyperdrive_sim.archs import chewbaccann, xnorbin
from hyperdrive_sim.archs._xnor_datapath import placement, timing
from hyperdrive_sim.archs._xnor_datapath.blocks import block_ranges
from hyperdrive_sim.archs._xnor_datapath.machine import build
from hyperdrive_sim.archs._xnor_datapath.mapped import Core
from hyperdrive_sim.archs._xnor_datapath.prices import operating_point
from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec
from hyperdrive_sim.archs._xnor_datapath.steps import CorePlan, plan
from hyperdrive_sim.archs._xnor_datapath.timing import BlockCost, Geometry, Pooled, SubKernel
from hyperdrive_sim.errors import DoesNotFit, InvalidInput
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape, chunks
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Conv, Layer, MaxPool, MeanPool, Sign
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.schedule import Schedule

XNORBIN, CHEWBACCANN = xnorbin.architecture, chewbaccann.architecture
PICTURE = (3, 224, 224)
CIFAR = (3, 32, 32)


def built(core: Core, spec: DatapathSpec) -> Machine:
    return build(spec, operating_point(spec, core.package))


def chip(**settings: Any) -> Any:
    return XNORBIN.Spec(**settings)


def xnor(name: str, source: str, out: int = 16, kernel: int = 1, **more: Any) -> Conv:
    window = Window.square(kernel, stride=more.pop("stride", 1), padding=more.pop("padding", 0))
    fixed = {"name": name, "inputs": (source,), "out_channels": out, "window": window, "maps": "binary", "scale": False, "bias": False}
    return Conv(**{"relu": False, **fixed, **more})


def sign(name: str, source: str) -> Sign:
    return Sign(name=name, inputs=(source,))


def add(name: str, one: str, other: str, gain: int = 1, relu: bool = False) -> Add:
    return Add(name=name, inputs=(one, other), gain=gain, relu=relu)


def pool(name: str, source: str, kernel: int = 2, stride: int = 2, padding: int = 0) -> MaxPool:
    return MaxPool(name=name, inputs=(source,), window=Window.square(kernel, stride=stride, padding=padding))


def network(*layers: Layer, shape: tuple[int, int, int] = (16, 4, 5)) -> Network:
    """Layers behind the host's `sign0`."""
    return Network("world", Shape(*shape), [sign("sign0", INPUT), *layers])


def geometry(
    kernel: int, stride: int = 1, padding: int = 0, rows: int = 4, columns: int = 5, channels: int = 16, out: int = 16
) -> Geometry:
    conv, x = xnor("conv", "x", out, kernel, stride=stride, padding=padding), Shape(channels, rows, columns)
    return Geometry(conv, x, conv.output((x,)))


def uneven(kernel: tuple[int, int], stride: int, pads: tuple[int, int, int, int], rows: int, columns: int) -> Geometry:
    """A kernel and paddings that are not alike on all sides."""
    conv, x = xnor("conv", "x", 16), Shape(16, rows, columns)
    conv = replace(conv, window=Window(kernel, (stride, stride), pads=pads))
    return Geometry(conv, x, conv.output((x,)))


def refusal(of: type[InvalidInput], sentence: str) -> Any:
    return pytest.raises(of, match=f"^{re.escape(sentence)}$")


# --- windows of a kernel ---

SMALL_ARRAY = {"bpus": 2, "xnor_sums_per_bpu": 3}


@pytest.mark.parametrize(
    ("kernel", "sizes"),
    [
        *((kernel, [kernel]) for kernel in range(1, 8)),
        *[(8, [4, 4]), (9, [5, 4]), (10, [5, 5]), (11, [6, 5]), (12, [6, 6]), (13, [7, 6]), (14, [7, 7]), (15, [5, 5, 5])],
    ],
)
def test_windows_on_seven_by_seven_units(kernel: int, sizes: list[int]) -> None:
    """Few, even, a largest first, row by row; the offsets are the sums of the sizes before."""
    parts = [(size, sum(sizes[:number])) for number, size in enumerate(sizes)]
    expected = tuple(SubKernel(rows, columns, top, left) for rows, top in parts for columns, left in parts)
    assert timing.windows((kernel, kernel), chip()) == expected


@pytest.mark.parametrize(
    ("kernel", "drawn"),
    [
        (1, "1x1@0,0"),
        (2, "2x2@0,0"),
        (3, "2x3@0,0 1x3@2,0"),
        (4, "2x2@0,0 2x2@0,2 2x2@2,0 2x2@2,2"),
        (7, "2x3@0,0 2x2@0,3 2x2@0,5 2x3@2,0 2x2@2,3 2x2@2,5 2x3@4,0 2x2@4,3 2x2@4,5 1x3@6,0 1x2@6,3 1x2@6,5"),
    ],
)
def test_windows_on_two_by_three_units(kernel: int, drawn: str) -> None:
    """Rows x columns @ top, left."""
    assert " ".join(f"{w.rows}x{w.columns}@{w.top},{w.left}" for w in timing.windows((kernel, kernel), chip(**SMALL_ARRAY))) == drawn


@given(st.integers(1, 20), st.integers(1, 8), st.integers(1, 8))
def test_windows_fit_the_units_and_hold_every_tap_once(kernel: int, bpus: int, sums: int) -> None:
    taps = np.zeros((kernel, kernel), int)
    for window in timing.windows((kernel, kernel), chip(bpus=bpus, xnor_sums_per_bpu=sums, row_banks=8)):
        assert window.rows <= bpus
        assert window.columns <= sums
        taps[window.top : window.top + window.rows, window.left : window.left + window.columns] += 1
    assert (taps == 1).all()


def side_by_side(kernels: Iterable[int], **settings: Any) -> list[int]:
    return [timing.side_by_side(timing.windows((kernel, kernel), chip(**settings))[0], chip(**settings)) for kernel in kernels]


def test_output_channels_side_by_side() -> None:
    """49, 9 and 4 whole windows fit; a power of two of them is used, and of a word's sixteen signs no more than sixteen."""
    assert side_by_side(range(1, 8)) == [1] * 7
    assert side_by_side(range(1, 8), small_kernels="packed") == [16, 8, 4, 1, 1, 1, 1]
    assert side_by_side(range(1, 8), small_kernels="packed", word_bits=4) == [4, 4, 4, 1, 1, 1, 1]
    assert side_by_side([1, 2, 3], small_kernels="packed", **SMALL_ARRAY) == [4, 1, 1]


def test_powers_of_two() -> None:
    assert [timing.power_of_two(most) for most in (0, 1, 2, 3, 4, 7, 8, 49)] == [1, 1, 2, 2, 4, 4, 8, 32]


def test_no_room_at_all_is_room_for_one() -> None:
    """Where maps alone are too large, the room for sums is negative."""
    assert [timing.power_of_two(most) for most in (-1, -2, -5, -1000)] == [1, 1, 1, 1]


# --- cycles of a pass ---


@pytest.mark.parametrize(
    ("kernel", "padding", "left", "padded", "full"),
    [
        (1, 0, 0, 1, 1),
        (3, 0, 0, 3, 3),
        (3, 1, 0, 2, 3),
        (5, 2, 0, 3, 5),
        (6, 0, 0, 6, 6),
        (7, 3, 0, 4, 7),
        (7, 6, 0, 1, 7),
        (9, 4, 0, 1, 5),  # columns 0..4 of the kernel: four in the padding
        (9, 4, 5, 4, 4),  # columns 5..8: none
        (14, 9, 0, 1, 7),  # all seven in the padding, and still a cycle
        (14, 9, 7, 5, 7),  # two of seven in the padding
    ],
)
def test_cycles_that_fill_a_window(kernel: int, padding: int, left: int, padded: int, full: int) -> None:
    window = next(w for w in timing.windows((kernel, kernel), chip()) if w.left == left)
    conv = xnor("conv", "x", 16, kernel, padding=padding)
    fills = ("padded", "overlapped", "full", "hidden")
    assert [timing.fill_cycles(window, conv, chip(window_fill=fill)) for fill in fills] == [padded, padded - 1, full, 0]


def pass_cycles(where: Geometry, **settings: Any) -> int:
    (window,) = timing.windows(where.conv.window.kernel, chip(**settings))
    return timing.pass_cycles(window, where, chip(**settings))


def test_a_pass_by_hand() -> None:
    """3 x 3 over 4 x 5 pixels with padding 1. Each row: the third column of padding is not shifted in, so two fill; then five pixels.

    row 0  |ffooooo|
    row 1  |ffooooo|
    row 2  |ffooooo|
    row 3  |ffooooo|
    """
    where = geometry(3, padding=1)
    assert pass_cycles(where) == 4 * len("ffooooo") == 28
    assert pass_cycles(where, window_fill="overlapped") == 4 * len("fooooo")
    assert pass_cycles(where, window_fill="full") == 4 * len("fffooooo")
    assert pass_cycles(where, window_fill="hidden") == 4 * len("ooooo")
    assert pass_cycles(where, drain_cycles=3) == 28 + 3


def test_a_pass_with_a_stride_by_hand() -> None:
    """The same with stride 2: two rows of three pixels, and two columns in between, passed or not.

    |ffo.o.o|    |ffooo|
    """
    where = geometry(3, stride=2, padding=1)
    assert where.out == (16, 2, 3)
    assert pass_cycles(where) == 2 * len("ffo.o.o")
    assert pass_cycles(where, strided_columns="skipped") == 2 * len("ffooo")
    assert pass_cycles(geometry(3, stride=3, padding=1, columns=9), drain_cycles=1) == 2 * len("ffo..o..o") + 1


def test_a_pass_of_an_uneven_kernel_by_hand() -> None:
    """1 x 5 over 4 x 6 pixels with two columns of padding at the left and one at the right: five pixels, the first five less two fill.

    row 0  |fffooooo|
    """
    where = uneven((1, 5), 1, (0, 2, 0, 1), 4, 6)
    assert where.out == (16, 4, 5)
    assert pass_cycles(where) == 4 * len("fffooooo")
    assert timing.pass_words(SubKernel(1, 5, 0, 0), where) == 4 * 6


# --- words of a pass ---

GEOMETRIES = st.builds(
    geometry,
    kernel=st.integers(1, 9),
    stride=st.integers(1, 4),
    padding=st.integers(0, 5),
    rows=st.integers(9, 14),
    columns=st.integers(9, 14),
)


UNEVEN = st.builds(
    uneven,
    kernel=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    stride=st.integers(1, 4),
    pads=st.tuples(*[st.integers(0, 5)] * 4),
    rows=st.integers(9, 14),
    columns=st.integers(9, 14),
)


def touched(window: SubKernel, where: Geometry, positions: Iterable[int]) -> set[tuple[int, int]]:
    """Pixels of the map under a window in some rows of the output: it jumps from row to row, and slides over every column."""
    conv, x, out = where
    (stride, _), (top, left, _, _) = conv.window.stride, conv.window.pads
    rows = {at * stride - top + window.top + row for at in positions for row in range(window.rows)}
    slid = range((out.columns - 1) * stride + 1)
    columns = {at - left + window.left + column for at in slid for column in range(window.columns)}
    return {(row, column) for row in rows for column in columns if 0 <= row < x.rows and 0 <= column < x.columns}


@given(GEOMETRIES | UNEVEN, st.sampled_from([{}, SMALL_ARRAY, {"bpus": 1, "xnor_sums_per_bpu": 1}]))
def test_words_are_the_pixels_touched(where: Geometry, array: dict[str, int]) -> None:
    for window in timing.windows(where.conv.window.kernel, chip(**array)):
        pixels = touched(window, where, range(where.out.rows))
        assert timing.pass_words(window, where) == len(pixels)
        for row in {row for row, _ in pixels}:
            assert timing.row_words(window, where) == len([pixel for pixel in pixels if pixel[0] == row])
        if timing.row_words(window, where):
            assert timing.first_rows(window, where) == len({row for row, _ in touched(window, where, [0])})
            assert timing.last_rows(window, where) == len({row for row, _ in touched(window, where, [where.out.rows - 1])})


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (geometry(3, padding=1), 4 * 5),
        (geometry(1, stride=2), 2 * 5),  # every second row, but the columns in between pass by
        (geometry(1, stride=3), 2 * 4),  # nothing is wanted beyond the fourth column
        (geometry(2, stride=3, rows=5), 4 * 5),  # rows 0, 1, 3 and 4
    ],
)
def test_words_for_a_pencil(where: Geometry, words: int) -> None:
    assert timing.pass_words(timing.windows(where.conv.window.kernel, chip())[0], where) == words


@pytest.mark.parametrize(
    ("kernel", "padding", "banks", "late"),
    [
        (7, 0, 7, 6),  # seven rows first; the last row of the output needs all banks, but passes one of them last
        (7, 0, 12, 1),
        (7, 0, 13, 0),
        (7, 1, 7, 4),  # six rows first, and six in use
        (7, 1, 8, 3),
        (7, 3, 7, 0),  # four and four
        (6, 0, 7, 4),  # six rows first, room for two
        (5, 0, 7, 2),
        (5, 2, 7, 0),
        (3, 0, 7, 0),
        (3, 1, 7, 0),
        (1, 0, 7, 0),
        (9, 4, 7, 0),  # the upper five rows: one first; the lower four: four first, and none in use
    ],
)
def test_rows_that_come_late(kernel: int, padding: int, banks: int, late: int) -> None:
    """In a map of 12 x 12; a row is as many words as the window passes."""
    where, spec = geometry(kernel, padding=padding, rows=12, columns=12), chip(row_banks=banks)
    found = [timing.late_words(w, where, spec) / timing.row_words(w, where) for w in timing.windows((kernel, kernel), spec)]
    assert set(found) == {late}


def test_late_words_for_a_pencil() -> None:
    """6 x 6 in 6 x 6 pixels, as AlexNet's fc6: six rows first, room for two. 7 x 7 in 5 x 9, padding 1: all five rows, room for three."""
    assert timing.late_words(SubKernel(6, 6, 0, 0), geometry(6, rows=6, columns=6), chip()) == 4 * 6
    assert timing.late_words(SubKernel(7, 7, 0, 0), geometry(7, padding=1, rows=5, columns=9), chip()) == 2 * 9


# --- a block ---


def block(
    where: Geometry, channels: int, *, adds: bool = False, ends: bool = True, pooled: Pooled | None = None, **settings: Any
) -> BlockCost:
    return timing.block(where, channels, chip(**settings), adds=adds, ends=ends, pooled=pooled)


def test_a_block_by_hand() -> None:
    """3 x 3 over 4 x 5 pixels of 20 channels, padding 1, four output channels: two words, so eight passes; the sums of 20 pixels each."""
    assert block(geometry(3, padding=1, channels=20), 4) == BlockCost(
        array_cycles=8 * 28,
        unit_cycles=8 * 28 * 49,
        source_words=8 * 20,
        late_words=0,
        parameter_bits=4 * (2 * 9 * 16 + 16),
        sink_cycles=8 * 20,
        sink_reads=4 * 20,
        sink_writes=8 * 20,
    )


def test_late_words_of_a_block() -> None:
    """7 x 7 with padding 1 on 8 x 8: four of six rows of each pass come late."""
    cost = block(geometry(7, padding=1, rows=8, columns=8), 4)
    assert (cost.source_words, cost.late_words) == (4 * 64, 4 * 4 * 8)


def test_a_split_kernel_is_a_pass_per_window() -> None:
    """9 x 9 with padding 4 over 9 x 9 pixels: windows of 5 and 4 columns, of which 1 and 4 fill."""
    cost = block(geometry(9, padding=4, rows=9, columns=9), 1)
    assert cost.array_cycles == 2 * 9 * (1 + 9) + 2 * 9 * (4 + 9)
    assert (cost.sink_reads, cost.sink_writes) == (3 * 81, 4 * 81)
    assert cost.parameter_bits == 81 * 16 + 16
    assert cost.unit_cycles == 49 * cost.array_cycles
    gated = block(geometry(9, padding=4, rows=9, columns=9), 1, idle_units="gated")
    assert gated.unit_cycles == 9 * (10 * (5 * 5 + 4 * 5) + 13 * (5 * 4 + 4 * 4))


@pytest.mark.parametrize("channels", [1, 4, 16])
def test_what_follows_costs(channels: int) -> None:
    """On top of sums that are there a pass more is read; without signs no threshold comes; a bit in a word costs a read, or none."""
    where = geometry(1)
    plain, pixels = block(where, channels), channels * 20
    assert block(where, channels, adds=True) == plain._replace(sink_reads=plain.sink_reads + pixels)
    assert block(where, channels, ends=False) == plain._replace(parameter_bits=plain.parameter_bits - channels * 16)
    again = {"sink_cycles": plain.sink_cycles + pixels, "sink_reads": plain.sink_reads + pixels}
    assert block(where, channels, sign_write="read_modify_write") == plain._replace(**again)
    assert block(where, channels, sign_write="read_modify_write", ends=False) == block(where, channels, ends=False)


def test_pooling_costs() -> None:
    """Two words of 4 x 5 pixels pooled 2 x 2 to 2 x 2: eight words of four reads and one write each."""
    pooled = Pooled(2, Shape(32, 2, 2), pool("pool", "conv"))
    plain, with_pool = block(geometry(1), 16), block(geometry(1), 16, pooled=pooled)
    reads = plain.sink_reads + 32
    assert with_pool == plain._replace(sink_cycles=plain.sink_cycles + 32, sink_reads=reads, sink_writes=plain.sink_writes + 8)


def test_several_words_at_a_time() -> None:
    """The sink takes 21 sums in eleven cycles, two at a time; the accesses stay the same."""
    where = geometry(1, rows=3, columns=7)
    assert [block(where, 1, sink_words_per_cycle=words).sink_cycles for words in (1, 2, 64)] == [21, 11, 1]
    assert len({block(where, 1, sink_words_per_cycle=words)._replace(sink_cycles=0) for words in (1, 2, 64)}) == 1


@pytest.mark.parametrize(("kernel", "passes"), [(1, 1), (2, 2), (3, 4), (4, 16), (7, 16)])
def test_packed_kernels_share_passes_and_rows(kernel: int, passes: int) -> None:
    where = geometry(kernel, rows=9, columns=9)
    packed, idle = block(where, 16, small_kernels="packed"), block(where, 16)
    assert idle.array_cycles * passes == packed.array_cycles * 16
    assert idle.source_words * passes == packed.source_words * 16
    assert packed[4:] == idle[4:]


@pytest.mark.parametrize("kernel", range(1, 8))
def test_units_that_stand_idle_cost_as_much_or_nothing(kernel: int) -> None:
    where = geometry(kernel, rows=9, columns=9)
    idle = block(where, 16)
    assert idle.unit_cycles == 49 * idle.array_cycles
    assert block(where, 16, idle_units="gated").unit_cycles == kernel**2 * idle.array_cycles
    packed = block(where, 16, small_kernels="packed", idle_units="gated")
    assert packed.unit_cycles == kernel**2 * idle.array_cycles, "the same windows, several at a time"
    assert block(where, 16, small_kernels="packed").unit_cycles == 49 * packed.array_cycles


@pytest.mark.parametrize("channels", [1, 3, 5, 8, 11])
def test_gated_units_are_those_of_channels_that_exist(channels: int) -> None:
    """Four 3 x 3 windows side by side; of five channels the fifth is alone in the second pass."""
    packed = block(geometry(3), channels, small_kernels="packed", idle_units="gated")
    assert packed.unit_cycles == block(geometry(3), channels, idle_units="gated").unit_cycles == 9 * channels * 2 * (3 + 3)


# --- the tables of the papers' networks ---

IDEAL = {
    "binary_alexnet": [1_119_744, 1_038_336, 1_557_504, 1_038_336, 65_536, 1_048_576],
    "cifar10_bnn": [1_048_576, 524_288, 1_048_576, 524_288, 1_048_576, 32_768, 65_536, 640],
    "binary_resnet18": [802_816] * 4 + ([401_408] * 2 + [802_816] * 3) * 3,
}
TOTALS = {
    "binary_alexnet": 5_868_032,
    "cifar10_bnn": 4_293_248,
    "binary_resnet18": 12_845_056,
    "binary_resnet20": 278_528,
    "nin_xnor": 4_718_592,
}


def ideal(name: str) -> list[int]:
    """Cycles of every binary convolution where a pass is its pixels and nothing else."""
    net = zoo.build(name, PICTURE if name in ("binary_alexnet", "binary_resnet18") else CIFAR)
    terms = [term for step in plan(net).steps for term in step.terms]
    places = [placement.geometry(net, term) for term in terms]
    settings: dict[str, Any] = {"window_fill": "hidden", "strided_columns": "skipped"}
    return [block(where, where.out.channels, **settings).array_cycles for where in places]


@pytest.mark.parametrize("name", TOTALS)
def test_ideal_cycles(name: str) -> None:
    """Output channels x words of input channels x output pixels, layer by layer as the fact sheet counts them."""
    cycles = ideal(name)
    assert sum(cycles) == TOTALS[name]
    if name in IDEAL:
        assert sorted(cycles) == sorted(IDEAL[name])


ALEXNET = [  # layer, passes (output channels x words), rows, columns, cycles that fill a row, cycles in all
    ("conv2", 256 * 6, 27, 27, 3, 1_244_160),
    ("conv3", 384 * 16, 13, 13, 2, 1_198_080),
    ("conv4", 384 * 24, 13, 13, 2, 1_797_120),
    ("conv5", 256 * 24, 13, 13, 2, 1_198_080),
    ("fc6", 4096 * 16, 1, 1, 6, 458_752),
    ("fc7", 4096 * 256, 1, 1, 1, 2_097_152),
]


@pytest.fixture(scope="module")
def alexnet() -> Schedule:
    net = zoo.build("binary_alexnet", PICTURE)
    return on(XNORBIN, net).schedule


def test_cycles_of_alexnet(alexnet: Schedule) -> None:
    """Pixels and fillings, nothing else: fc6 takes seven cycles for one, fc7 two."""
    for (layer, passes, rows, columns, fill, cycles), pure in zip(ALEXNET, IDEAL["binary_alexnet"], strict=True):
        assert passes * rows * columns == pure
        assert cycles == pure + passes * rows * fill
        assert alexnet.actions_by_layer[layer, "dma.cycle"] == cycles
        assert alexnet.actions_by_layer[layer, "bpu.unit_cycle"] == 49 * cycles
    assert alexnet.action_counts["dma.cycle"] == sum(row[-1] for row in ALEXNET) == 7_993_344


ALEXNET_SUMS = [  # layer, written: a word a cycle of the ideal table; read: all but the first pass; pooled: words read and written
    ("conv2", 1_119_744, 933_120, 16 * 13 * 13 * 9, 16 * 13 * 13),
    ("conv3", 1_038_336, 973_440, 0, 0),
    ("conv4", 1_557_504, 1_492_608, 0, 0),
    ("conv5", 1_038_336, 995_072, 16 * 6 * 6 * 9, 16 * 6 * 6),
    ("fc6", 65_536, 61_440, 0, 0),
]


def test_partial_sums_of_alexnet(alexnet: Schedule) -> None:
    """1.12, 1.04, 1.56, 1.04 million written and 0.93, 0.97, 1.49, 1.00 million read, as on the fact sheet, and what pooling adds."""
    for layer, written, read, pool_reads, pool_writes in ALEXNET_SUMS:
        assert alexnet.actions_by_layer[layer, "psum_write.word"] == written + pool_writes
        assert alexnet.actions_by_layer[layer, "psum_read.word"] == read + pool_reads
    assert alexnet.actions_by_layer["fc7", "psum_write.word"] == 1_048_576
    assert alexnet.actions_by_layer["fc7", "psum_read.word"] == 1_048_576, "all but the first pass, and once more for the host"


def test_parameters_of_alexnet(alexnet: Schedule) -> None:
    """Weights as the fact sheet counts them, a threshold of 16 bits a channel but for the last layer, whose sums are the host's."""
    weights = {"conv2": 614_400, "conv3": 884_736, "conv4": 1_327_104, "conv5": 884_736, "fc6": 37_748_736, "fc7": 16_777_216}
    channels = {"conv2": 256, "conv3": 384, "conv4": 384, "conv5": 256, "fc6": 4096, "fc7": 0}
    for layer, bits in weights.items():
        assert alexnet.actions_by_layer[layer, "weight_io.bit"] == bits + 16 * channels[layer]
        assert alexnet.actions_by_layer[layer, "parameter_write.word"] == bits // 16 + channels[layer]
        assert alexnet.actions_by_layer[layer, "parameter_read.word"] == bits // 16 + channels[layer]


def test_as_many_parameter_words_are_read_as_were_written() -> None:
    """Thresholds of 6 bits: a channel of 9 words and 6 bits is 10 words, whole ones, on its way in and on its way out, and three are 29."""
    net = network(xnor("conv", "sign0", 4, 3), sign("sign", "conv"))
    actions = on(XNORBIN, net, psum_word_bits=6).schedule.action_counts
    assert actions["parameter_read.word"] == 10 + 29
    assert actions["parameter_write.word"] == 10 + 29


def test_peaks() -> None:
    """The published 244 and 746 GOp/s of XNORBIN and 241 of ChewBaccaNN."""
    assert timing.peak_ops_per_cycle(chip()) == 1568
    machines = [built(XNORBIN, chip()), built(XNORBIN, chip(voltage_v=1.2)), built(CHEWBACCANN, CHEWBACCANN.Spec())]
    assert [machine.peak_ops_per_cycle for machine in machines] == [1568] * 3
    assert [round(machine.peak_ops_per_s / 1e9, 1) for machine in machines] == [244.6, 746.4, 241.5]
    assert timing.peak_ops_per_cycle(chip(**SMALL_ARRAY, word_bits=8)) == 2 * 6 * 8


# --- which layers together ---


def drawn(found: CorePlan) -> list[str]:
    """A line per step: its convolutions with their maps, each on top of what, and what is behind the sum."""
    lines = []
    for step in found.steps:
        terms = [f"{term.conv.name}({term.source})" + (f" on {term.bypass}" if term.bypass else "") for term in step.terms]
        lines.append(" > ".join([", ".join(terms), *(layer.name for layer in step.behind)]))
    return lines


PLANS: dict[str, tuple[list[str], set[str], tuple[str, ...], tuple[str, ...]]] = {
    "tiny_xnor_pooled": (
        ["conv1(sign0) > pool1 > sign1", "conv2(sign1) > sign2 > pool2", "conv3(pool2)"],
        {"stem", "sign0", "fc"},
        ("sign0",),
        ("conv3",),
    ),
    "tiny_xnor_kernels": (
        ["conv1(sign0)", "conv2(sign1) > sign2"],
        {"sign0", "pool1", "sign1"},
        ("sign0", "sign1"),
        ("conv1", "sign2"),
    ),
    "tiny_xnor_residual": (
        [
            "layer1.0.conv1(sign0) > layer1.0.sign1",
            "layer1.0.conv2(layer1.0.sign1) on sign0 > layer1.0.sign",
            "layer1.1.conv1(layer1.0.sign) > layer1.1.sign1",
            "layer1.1.conv2(layer1.1.sign1) on layer1.0.sign > layer1.1.sign",
            "layer2.0.conv1(layer1.1.sign) > layer2.0.sign1",
            "layer2.0.down(layer1.1.sign), layer2.0.conv2(layer2.0.sign1) on layer2.0.down > layer2.0.sign",
            "layer2.1.conv1(layer2.0.sign) > layer2.1.sign1",
            "layer2.1.conv2(layer2.1.sign1) on layer2.0.sign",
        ],
        {"stem", "sign0", "mean"},
        ("sign0",),
        ("layer2.1.add",),
    ),
    "tiny_groupnet": (
        [
            "layer1.0.base1.conv1(sign0) > layer1.0.base1.sign1",
            "layer1.0.base2.conv1(sign0) > layer1.0.base2.sign1",
            "layer1.0.base1.conv2(layer1.0.base1.sign1) on sign0,"
            " layer1.0.base2.conv2(layer1.0.base2.sign1) on layer1.0.add1 > layer1.0.sign",
            "layer1.1.base1.conv1(layer1.0.sign) > layer1.1.base1.sign1",
            "layer1.1.base2.conv1(layer1.0.sign) > layer1.1.base2.sign1",
            "layer1.1.base1.conv2(layer1.1.base1.sign1) on layer1.0.sign,"
            " layer1.1.base2.conv2(layer1.1.base2.sign1) on layer1.1.add1 > layer1.1.sign",
            "layer2.0.base1.conv1(layer1.1.sign) > layer2.0.base1.sign1",
            "layer2.0.base2.conv1(layer1.1.sign) > layer2.0.base2.sign1",
            "layer2.0.base1.down(layer1.1.sign), layer2.0.base1.conv2(layer2.0.base1.sign1) on layer2.0.base1.down,"
            " layer2.0.base2.down(layer1.1.sign) on layer2.0.add1,"
            " layer2.0.base2.conv2(layer2.0.base2.sign1) on layer2.0.add2 > layer2.0.sign",
            "layer2.1.base1.conv1(layer2.0.sign) > layer2.1.base1.sign1",
            "layer2.1.base2.conv1(layer2.0.sign) > layer2.1.base2.sign1",
            "layer2.1.base1.conv2(layer2.1.base1.sign1) on layer2.0.sign, layer2.1.base2.conv2(layer2.1.base2.sign1) on layer2.1.add1",
        ],
        {"stem", "sign0", "mean"},
        ("sign0",),
        ("layer2.1.add",),
    ),
    "binary_alexnet": (
        [
            "conv2(sign1) > pool2 > sign2",
            "conv3(sign2) > sign3",
            "conv4(sign3) > sign4",
            "conv5(sign4) > pool5 > sign5",
            "fc6(sign5) > sign6",
            "fc7(sign6)",
        ],
        {"conv1", "pool1", "sign1", "fc8"},
        ("sign1",),
        ("fc7",),
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_the_steps_of_networks(name: str) -> None:
    found = plan(zoo.build(name, PICTURE if name == "binary_alexnet" else (3, 13, 17)))
    steps, host, entries, exits = PLANS[name]
    assert drawn(found) == steps
    assert (found.host, found.inputs, found.outputs) == (host, entries, exits)


def test_what_a_step_says_of_itself() -> None:
    (_, _, both, *_) = plan(zoo.build("tiny_groupnet", (3, 13, 17))).steps
    assert both.sources == ("layer1.0.base1.sign1", "sign0", "layer1.0.base2.sign1")
    assert both.layers(0) == ("layer1.0.base1.conv2", "layer1.0.add1")
    assert both.layers(1) == ("layer1.0.base2.conv2", "layer1.0.add", "layer1.0.sign")
    assert (both.output, both.sign is both.behind[0], both.pool) == ("layer1.0.sign", True, None)


@pytest.mark.parametrize(
    ("layers", "steps", "exits"),
    [
        ([sign("a", "conv"), pool("b", "a")], ["conv(sign0) > a > b"], ("b",)),
        ([pool("a", "conv"), sign("b", "a")], ["conv(sign0) > a > b"], ("b",)),
        ([sign("a", "conv"), pool("b", "a", stride=1), pool("c", "b", stride=1)], ["conv(sign0) > a > b"], ("b",)),  # a second pooling
        ([pool("a", "conv"), xnor("real", "a", maps="real")], ["conv(sign0)"], ("conv",)),  # a pooling of sums, which no memory holds
        ([sign("a", "conv"), sign("b", "conv")], ["conv(sign0)"], ("conv",)),  # two thresholds
        ([sign("a", "conv"), pool("b", "a"), xnor("c", "a"), sign("d", "c")], ["conv(sign0) > a", "c(a) > d"], ("a", "d")),
        ([MeanPool(name="a", inputs=("conv",), window=Window.square(2, stride=2)), sign("b", "a")], ["conv(sign0)"], ("conv",)),
        ([add("a", "conv", "sign0"), pool("b", "a"), sign("c", "b")], ["conv(sign0) on sign0"], ("a",)),  # bits of a bypass are not pooled
        ([add("a", "conv", "sign0"), sign("b", "a"), pool("c", "b")], ["conv(sign0) on sign0 > b"], ("b",)),
    ],
)
def test_what_is_taken_behind_a_sum(layers: list[Layer], steps: list[str], exits: tuple[str, ...]) -> None:
    """A sign, with a pooling before or behind it if nobody else wants what lies between; the host does the rest."""
    found = plan(network(xnor("conv", "sign0"), *layers))
    assert drawn(found) == steps
    assert found.outputs == exits


def test_of_two_convolutions_the_later_one_adds() -> None:
    layers = xnor("a", "sign0"), xnor("b", "sign0")
    for inputs in (("a", "b"), ("b", "a")):
        assert drawn(plan(network(*layers, add("sum", *inputs), sign("sign", "sum")))) == ["a(sign0), b(sign0) on a > sign"]


def test_a_step_comes_after_those_that_make_its_maps() -> None:
    """Also where its convolution is written before theirs: `first` can be added up only once `bypass` is there."""
    bypass = [xnor("second", "sign0"), sign("bypass", "second")]
    found = plan(network(xnor("first", "sign0"), *bypass, add("sum", "first", "bypass"), sign("sign", "sum")))
    assert drawn(found) == ["second(sign0) > bypass", "first(sign0) on bypass > sign"]
    sums = [xnor("third", "bypass"), add("inner", "third", "first")]
    found = plan(network(xnor("last", "sign0"), xnor("first", "sign0"), *bypass, *sums, add("sum", "last", "inner"), sign("sign", "sum")))
    assert drawn(found) == ["second(sign0) > bypass", "first(sign0), third(bypass) on first, last(sign0) on inner > sign"]


NO_SUMS = "does not add to the sums of a convolution of its own; the chip adds a bypass only while it sums up a convolution"
USED = "is added to and used besides, or has a ReLU; partial sums are in memory only until they are complete"
A, B = xnor("a", "sign0"), xnor("b", "sign0")


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([A, B, add("c", "b", "a", gain=3)], "c: weighs sums by 3; the chip has no multiplier; only signs can weigh more than 1"),
        ([A, B, add("c", "a", "b", gain=3)], "c: weighs sums by 3; the chip has no multiplier; only signs can weigh more than 1"),
        ([xnor("a", "sign0", relu=True), add("b", "a", "sign0")], f"b: {NO_SUMS}"),
        ([A, xnor("b", "sign0", relu=True), add("c", "a", "b")], f"c: {NO_SUMS}"),
        ([A, add("b", "a", "sign0"), sign("c", "a")], f"b: {NO_SUMS}"),
        ([A, add("c", "a", "sign0"), B, add("d", "b", "sign0"), add("e", "c", "d")], f"e: {NO_SUMS}"),
        ([xnor("a", "sign0", relu=True), B, add("c", "b", "a")], f"a: {USED}"),
        ([A, add("c", "a", "sign0", relu=True), B, add("d", "b", "c")], f"c: {USED}"),
        ([A, B, add("c", "b", "a"), sign("d", "a")], f"a: {USED}"),
    ],
)
def test_sums_that_cannot_be_finished(layers: list[Layer], sentence: str) -> None:
    with refusal(InvalidInput, sentence):
        plan(network(*layers))


def test_a_convolution_added_to_itself_is_refused() -> None:
    with refusal(InvalidInput, "b: adds 'a' to itself; the chip adds a bypass only while it sums up a convolution"):
        plan(network(A, add("b", "a", "a"), sign("c", "b")))


def test_a_network_without_binary_layers() -> None:
    sentence = (
        "network: 'resnet18' has no layer with binary weights and binary maps; "
        "this chip runs XNOR convolutions only; `hyperdrive-sim list` names networks"
    )
    with refusal(InvalidInput, sentence):
        plan(zoo.build("resnet18", PICTURE))


# --- which map in which memory ---


def placed(net: Network, **settings: Any) -> Placement:
    return XNORBIN.map(net, chip(**settings)).placement


def lying(found: Placement) -> dict[str, list[str]]:
    """Per memory its maps: bits from:to, first and last moment."""
    return {
        memory: [f"{r.tensor} {r.address}:{r.address + r.bits}, {r.first}..{r.last}" for r in allocations]
        for memory, allocations in found.allocations.items()
    }


def test_maps_alternate_and_pooled_ones_take_the_place_of_their_own() -> None:
    """4 x 5 pixels of 16 channels; 32 channels pooled to 2 x 2; 16 of those. Two moments a step: sums and signs, then pooling."""
    layers = [xnor("conv1", "sign0", 32, 3, padding=1), sign("sign1", "conv1"), pool("pool1", "sign1"), xnor("conv2", "pool1")]
    found = placed(network(*layers, sign("sign2", "conv2")), feature_map_memory_bits=(1000, 1600))
    assert lying(found) == {
        "chip.maps0": ["sign0 0:320, -1..0", "sign2 936:1000, 2..4"],
        "chip.maps1": ["sign1 960:1600, 0..0", "pool1 960:1088, 1..2"],
        "chip.sums": [],
    }
    assert [(part.layer, part.unit, part.memory) for part in found.parts] == [
        ("pool1", "chip.bpus", "chip.maps1"),
        ("sign2", "chip.bpus", "chip.maps0"),
    ]
    assert found.word_bits == {**dict.fromkeys(("conv1", "conv2"), 16), **dict.fromkeys(("sign0", "sign1", "pool1", "sign2"), 1)}
    assert found.host == {"sign0"}
    assert placed(network(A), psum_word_bits=12).word_bits == {"a": 12, "sign0": 1}


def test_sums_for_the_host_are_nowhere_as_a_whole() -> None:
    found = placed(network(xnor("conv1", "sign0", 32), sign("sign1", "conv1"), xnor("conv2", "sign1")))
    assert [(part.layer, part.memory) for part in found.parts] == [("sign1", "chip.maps1"), ("conv2", "chip.sums")]
    assert [allocation.tensor for allocations in found.allocations.values() for allocation in allocations] == ["sign0", "sign1"]


def test_a_map_that_grows_by_pooling_has_room_for_the_larger_one() -> None:
    """2 x 2 pooled with stride 1 and padding 1 is 3 x 3."""
    layers = [xnor("conv", "sign0"), sign("sign", "conv"), pool("pool", "sign", 2, 1, 1)]
    assert lying(placed(network(*layers, shape=(16, 2, 2)), feature_map_memory_bits=(100, 300)))["chip.maps1"] == [
        "sign 156:300, 0..0",
        "pool 156:300, 1..2",
    ]


def test_the_input_goes_where_all_fits() -> None:
    """To the smaller memory if it fits with all that follows, else to the larger."""
    net = network(xnor("conv", "sign0", 1), sign("sign", "conv"), shape=(64, 4, 5))
    assert list(lying(placed(net, feature_map_memory_bits=(1280, 640)))["chip.maps0"]) == ["sign0 0:1280, -1..0"]
    assert list(lying(placed(net, feature_map_memory_bits=(640, 1280)))["chip.maps1"]) == ["sign0 0:1280, -1..0"]


def channels(net: Network, **settings: Any) -> tuple[int, ...]:
    return placement.laid_out(net, chip(**settings)).channels


def test_blocks_are_as_large_as_room_and_buffer_allow() -> None:
    """AlexNet. conv2: of 262,144 bits the map takes 186,624, which leaves six sums of 27 x 27 x 16. Then half the buffer holds 14, 9, 9, 3
    and 8 channels' parameters: 9 * 256 + 16, 9 * 384 + 16, 36 * 256 + 16, 4096 bits.
    """
    net = zoo.build("binary_alexnet", PICTURE)
    assert channels(net) == (4, 8, 8, 8, 2, 8)
    assert channels(net, parameter_buffer_bits=2 * 16 * 9232) == (4, 16, 16, 16, 16, 16)
    assert channels(net, parameter_buffer_bits=2 * 16 * 9232 - 1) == (4, 16, 16, 16, 8, 16)
    assert channels(net, feature_map_memory_bits=(131_072, 186_624 + 8 * 11_664)) == (8, 8, 8, 8, 2, 8)
    assert channels(net, feature_map_memory_bits=(131_072, 186_624 + 8 * 11_664 - 1)) == (4, 8, 8, 8, 2, 8)


def test_a_block_is_never_less_than_what_is_computed_in_one_cycle() -> None:
    """1 x 1 packed: sixteen channels, though half the buffer would hold but eight of 16 + 16 bits."""
    net = network(xnor("conv", "sign0", 32), sign("sign", "conv"))
    assert channels(net, parameter_buffer_bits=512) == (8,)
    assert channels(net, parameter_buffer_bits=512, small_kernels="packed") == (16,)


def test_no_more_channels_than_there_are() -> None:
    found = placement.laid_out(network(xnor("conv", "sign0", 3), sign("sign", "conv")), chip(small_kernels="packed"))
    assert found.at_once == (3,)
    assert found.live_ranges["chip.maps1"][-1].bits == 3 * 320


@pytest.mark.parametrize(("bits", "at_once"), [(96, 3), (95, 2), (64, 2), (63, 1)])
def test_all_channels_at_once_where_the_buffer_holds_them(bits: int, at_once: int) -> None:
    """Three channels of 16 + 16 bits; if not all, a power of two of them."""
    net = network(xnor("conv", "sign0", 3), sign("sign", "conv"))
    assert placement.laid_out(net, chip(small_kernels="packed", parameter_buffer_bits=bits)).at_once == (at_once,)


def test_of_several_terms_the_largest_fills_the_buffer() -> None:
    """A projection of 16 bits a channel, then 3 x 3 words and a threshold: half of 2560 bits is eight channels, not one less."""
    inner = [xnor("a", "sign0", kernel=3, padding=1), sign("s", "a"), xnor("down", "sign0"), xnor("b", "s", kernel=3, padding=1)]
    net = network(*inner, add("c", "b", "down"), sign("sign", "c"))
    assert channels(net, parameter_buffer_bits=2560) == (8, 8)
    assert channels(net, parameter_buffer_bits=2559) == (4, 4)


def test_sums_of_several_terms_need_room_for_a_whole_block() -> None:
    """A map of 16 x 20 bits and sums of 20 x 16 bits a channel: one term has one at a time, two have a block of them."""
    one = network(A, sign("sign", "a"))
    two = network(A, B, add("c", "b", "a"), sign("sign", "c"))
    assert [channels(net, feature_map_memory_bits=(640, 640)) for net in (one, two)] == [(1,), (1,)]
    assert [channels(net, feature_map_memory_bits=(640, 320 + 16 * 320)) for net in (one, two)] == [(16,), (16,)]
    assert [channels(net, feature_map_memory_bits=(640, 320 + 16 * 320 - 1)) for net in (one, two)] == [(8,), (8,)]
    assert channels(two, feature_map_memory_bits=(640, 320 + 16 * 160), psum_word_bits=8) == (16,), "sums of 8 bits"
    live_ranges = [placement.laid_out(net, chip()).live_ranges["chip.maps1"] for net in (one, two)]
    assert [live.bits for live in (live_ranges[0][-1], live_ranges[1][-1])] == [320, 16 * 320]


def test_parameters_stay_if_exactly_all_of_them_fit() -> None:
    """16 channels of 9 words and a threshold, 8 of one word and no threshold."""
    net = network(xnor("conv1", "sign0", 16, 3, padding=1), sign("sign1", "conv1"), xnor("conv2", "sign1", 8))
    total = 16 * (9 * 16 + 16) + 8 * 16
    assert placement.laid_out(net, chip(parameter_buffer_bits=total)).kept
    assert not placement.laid_out(net, chip(parameter_buffer_bits=total - 1)).kept


def test_too_few_row_banks() -> None:
    with refusal(InvalidInput, "chip.row_banks: 6 rows cannot feed 7 BPUs; take at least as many"):
        XNORBIN.map(network(A, sign("sign", "a")), chip(row_banks=6))


def test_parameters_that_do_not_fit() -> None:
    """A channel of 3 x 3 words and its threshold."""
    net = network(xnor("conv", "sign0", 16, 3), sign("sign", "conv"))
    assert channels(net, parameter_buffer_bits=160) == (1,)
    sentence = "chip.parameter_buffer_bits: layer 'conv' needs 160 bits for one output channel, 159 are there; make it larger"
    with refusal(DoesNotFit, sentence):
        XNORBIN.map(net, chip(parameter_buffer_bits=159))


@pytest.mark.parametrize(("bits", "at_once"), [(640, 4), (639, 2), (320, 2), (319, 1)])
def test_channels_are_packed_only_if_the_buffer_holds_all_their_parameters(bits: int, at_once: int) -> None:
    """Four 3 x 3 kernels would fit the units."""
    net = network(xnor("conv", "sign0", 16, 3), sign("sign", "conv"))
    assert placement.laid_out(net, chip(parameter_buffer_bits=bits, small_kernels="packed")).at_once == (at_once,)


def too_small(layer: str, bits: int, role: str, there: int, both: str) -> str:
    return (
        f"chip.feature_map_memory_bits: layer '{layer}' needs {bits} bits in its {role} memory, {there} are there; "
        f"the two memories are [{both}]; take larger ones, or a smaller input or network"
    )


@pytest.mark.parametrize(
    ("memories", "sentence"),
    [
        ((640, 639), too_small("conv1", 640, "sink", 639, "640, 639")),
        ((639, 640), too_small("conv2", 640, "sink", 639, "639, 640")),
    ],
)
def test_maps_that_do_not_fit(memories: tuple[int, int], sentence: str) -> None:
    """Maps of 320 bits, sums of 320 a channel: the sink holds both."""
    net = network(xnor("conv1", "sign0"), sign("sign1", "conv1"), xnor("conv2", "sign1"), sign("sign2", "conv2"))
    with refusal(DoesNotFit, sentence):
        XNORBIN.map(net, chip(feature_map_memory_bits=memories))


def test_an_input_that_does_not_fit() -> None:
    net = network(xnor("conv", "sign0", 1), sign("sign", "conv"), shape=(64, 4, 5))
    with refusal(DoesNotFit, too_small("conv", 1280, "source", 1279, "1279, 1279")):
        XNORBIN.map(net, chip(feature_map_memory_bits=(1279, 1279)))


NEEDY = [
    network(A, sign("sign", "a")),
    network(A, B, add("c", "b", "a"), sign("sign", "c")),
    network(xnor("a", "sign0", 64), xnor("b", "sign0", 64), add("c", "b", "a"), sign("sign", "c")),
    network(xnor("a", "sign0", 64, 3), xnor("b", "sign0", 64, 3), add("c", "b", "a")),
    zoo.build("tiny_xnor_pooled", (3, 13, 17)),
    zoo.build("tiny_xnor_residual", (3, 13, 17)),
]


@pytest.mark.parametrize("net", NEEDY, ids=lambda net: f"{net.name}-{len(net)}")
def test_what_is_said_to_be_needed_is_needed_and_enough(net: Network) -> None:
    """Of each of two equal memories, whatever lies in the other one."""
    with pytest.raises(DoesNotFit) as refused:
        XNORBIN.map(net, chip(feature_map_memory_bits=(1, 1)))
    (needed,) = map(int, re.findall(r"needs (\d+) bits in its (?:sink|source) memory, 1 are there", str(refused.value)))
    assert XNORBIN.map(net, chip(feature_map_memory_bits=(needed, needed)))
    with pytest.raises(DoesNotFit):
        XNORBIN.map(net, chip(feature_map_memory_bits=(needed - 1, needed - 1)))


PARTED = network(
    *(xnor("a", "sign0", 16, 2), pool("pool", "a"), sign("s", "pool"), xnor("real", "s", maps="real")),
    xnor("b", "sign0", 16, 2, padding=1),
    shape=(16, 5, 9),
)
"""The host wants the pooled map, 128 bits where 512 were. It stays there and parts the room: 384 bits above, the sums of `b` below."""


def test_a_block_shrinks_where_room_is_in_two_parts() -> None:
    """Sums of 6 x 10 x 16 bits a channel; sixteen fit below the map, or only in both parts together."""
    assert channels(PARTED, feature_map_memory_bits=(720, 16 * 960 + 512)) == (16, 16)
    assert channels(PARTED, feature_map_memory_bits=(720, 16 * 960 + 511)) == (8, 8)
    assert channels(PARTED, feature_map_memory_bits=(720, 16 * 960 + 128)) == (8, 8)


def test_room_in_two_parts_is_no_room() -> None:
    """For one channel's sums."""
    assert placed(PARTED, feature_map_memory_bits=(960 + 512, 960 + 512))
    with pytest.raises(DoesNotFit, match=r"layer 'b' needs \d+ bits in its sink memory, 1471 are there"):
        placed(PARTED, feature_map_memory_bits=(960 + 511, 960 + 511))


def test_conv2_of_alexnet_is_the_worst_layer_and_fits() -> None:
    """Its input and what it makes before pooling: the 250 kbit (1024 bits each) that are recalled as the chip's limit."""
    net = zoo.build("binary_alexnet", PICTURE)
    assert placed(net).worst_bits() == 69_984 + 186_624 == 256_608
    held = lying(placed(net))
    assert "sign1 0:69984, -1..0" in held["chip.maps0"]
    assert "conv2 75520:262144, 0..0" in held["chip.maps1"]


@pytest.mark.parametrize(("name", "shape", "worst"), [("tiny_xnor", (16, 9, 11), 2 * 16 * 99), ("xnor_7x7", (128, 32, 32), 2 * 131_072)])
def test_an_input_is_alive_beside_the_output(name: str, shape: tuple[int, int, int], worst: int) -> None:
    """It lies in a memory that no layer of these two writes to."""
    assert placed(zoo.build(name, shape)).worst_bits() == worst


@pytest.mark.parametrize(
    ("name", "shape", "needed", "worst"),
    [
        ("nin_xnor", CIFAR, ("conv2", 1024 * (160 + 16)), 1024 * (192 + 160)),
        ("binareye", CIFAR, ("conv1", 961 * (256 + 16)), 1024 * 256 + 961 * 256),
        ("binary_resnet18", PICTURE, ("layer1.0.conv2", 3136 * (2 * 64 + 16)), 3 * 3136 * 64),
    ],
)
def test_networks_for_the_larger_chip_only(name: str, shape: tuple[int, int, int], needed: tuple[str, int], worst: int) -> None:
    """The sink holds a map and the sums of one channel; with a bypass, two maps."""
    net, (layer, bits) = zoo.build(name, shape), needed
    with pytest.raises(DoesNotFit, match=f"layer '{layer}' needs {bits} bits in its sink memory, "):
        XNORBIN.map(net, chip())
    spec = CHEWBACCANN.Spec()
    assert CHEWBACCANN.map(net, spec).placement.worst_bits() == worst


@pytest.mark.parametrize(("name", "worst"), [("cifar10_bnn", 262_144), ("finn_cnv", 107_776), ("binary_resnet20", 3 * 1024 * 16)])
def test_networks_for_both_chips(name: str, worst: int) -> None:
    assert placed(zoo.build(name, CIFAR)).worst_bits() == worst


# --- the machine ---


def test_units_and_memories() -> None:
    """Words of 16 bits at 156 MHz are 2.496 Gbit/s; the links are 8 bits wide with both edges of 166 MHz."""
    machine = built(XNORBIN, chip())
    assert [(unit.name, unit.kind, unit.rate and unit.rate.bits_per_s) for unit in machine.units] == [
        ("host.flash", "flash", 2_660_000_000),
        ("host.link", "host", 2_660_000_000),
        ("chip.bpus", "array", None),
        ("chip.source", "source", 2_496_000_000),
        ("chip.sink", "sink", 2_496_000_000),
        ("chip.parameters", "parameters", 2_496_000_000),
    ]
    assert [(memory.name, memory.bits, memory.kind, memory.entries) for memory in machine.memories] == [
        ("chip.maps0", 131_072, "ram", None),
        ("chip.maps1", 262_144, "ram", None),
        ("chip.sums", 262_144, "fifo", 1),
        ("chip.parameter_buffer", 65_536, "fifo", None),
    ]
    assert (machine.clock.hz, machine.chips, machine.mesh) == (156_000_000, 1, None)


def test_rates_follow_the_settings() -> None:
    ports = {"source_words_per_cycle": 4, "sink_words_per_cycle": 2, "parameter_port_bits_per_cycle": 3.0, "word_bits": 8}
    machine = built(XNORBIN, chip(**ports, clock_mhz=100.0, flash_gbit_per_s=0.5, host_link_gbit_per_s=0.25))
    rates = {unit.kind: unit.rate.bits_per_s for unit in machine.units if unit.rate}
    assert rates == {"flash": 5 * 10**8, "host": 25 * 10**7, "source": 32 * 10**8, "sink": 16 * 10**8, "parameters": 3 * 10**8}


# --- blocks ---


@pytest.mark.parametrize(
    ("channels", "each", "most", "compute_ps", "load_ps", "ends"),
    [
        (40, 1, 16, 4000, 400, [1, 11, 16, 32, 40]),  # 1 + 1 * 10 are loaded while the first is computed
        (8, 1, 4, 16, 8, [1, 3, 4, 8]),
        (8, 1, 4, 8, 8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (8, 1, 4, 8, 16, [4, 5, 7, 8]),  # the same from the last one on
        (40, 4, 16, 1000, 1, [4, 16, 32, 40]),  # in passes of four channels
        (17, 8, 16, 3, 3000, [16, 17]),
        (17, 8, 16, 3, 17, [8, 16, 17]),  # the last channel alone takes one, the sixteen before it would be computed in two
        (3, 3, 16, 5, 5, [3]),
    ],
)
def test_blocks_grow_or_shrink(channels: int, each: int, most: int, compute_ps: int, load_ps: int, ends: list[int]) -> None:
    assert block_ranges(channels, each, most, compute_ps, load_ps) == [*pairwise([0, *ends])]


TIMES = st.integers(1, 10**6)


@given(st.integers(1, 70), st.sampled_from([1, 2, 4]), st.sampled_from([4, 8, 16]), TIMES, TIMES)
def test_blocks_take_as_long_as_single_passes(channels: int, each: int, most: int, compute_ps: int, load_ps: int) -> None:
    """A block is computed when it is loaded and the one before is computed."""

    def took(blocks: Iterable[tuple[int, int]]) -> Fraction:
        free = Fraction(0)
        for c0, c1 in blocks:
            loaded = Fraction(c1 * load_ps, channels)
            free = max(free, loaded) + Fraction(-(-(c1 - c0) // each) * compute_ps, -(-channels // each))
        return free

    blocks = block_ranges(channels, each, most, compute_ps, load_ps)
    assert all(c0 % each == 0 and c0 < c1 <= c0 // most * most + most for c0, c1 in blocks)
    assert took(blocks) == took(chunks(0, channels, each))


# --- tiles ---


def tiles(net: Network, **settings: Any) -> list[list[float]]:
    (shares,) = XNORBIN.map(net, chip(**settings)).tiles(None).values()
    return shares.round(6).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("kernel", "rows"),
    [
        (1, ["1111111", "1111111", "11.....", ".......", ".......", ".......", "......."]),
        (2, ["111111.", "111111.", "111111.", "111111.", "1111...", "1111...", "......."]),
        (3, ["111111.", "111111.", "111111.", "111111.", "111111.", "111111.", "......."]),
        (5, ["11111..", "11111..", "11111..", "11111..", "11111..", ".......", "......."]),
    ],
)
def test_units_that_packed_kernels_use(kernel: int, rows: list[str]) -> None:
    """Windows side by side from the left, then below. Nothing is lost between rows here, nor in words of sixteen channels."""
    net = network(xnor("conv", "sign0", 16, kernel), sign("sign", "conv"), shape=(16, 9, 9))
    shares = tiles(net, small_kernels="packed", window_fill="hidden")
    assert shares == [[float(letter == "1") for letter in row] for row in rows]


def test_how_much_of_the_time_units_are_useful() -> None:
    """3 x 3 over 4 x 5 of 20 channels: five of seven cycles of a row, twenty of two words' thirty-two channels; three windows of four."""
    net = network(xnor("conv", "sign0", 3, 3, padding=1), sign("sign", "conv"), shape=(20, 4, 5))
    share = round(5 / 7 * 20 / 32, 6)
    assert tiles(net) == [[share] * 3 + [0.0] * 4] * 3 + [[0.0] * 7] * 4
    assert tiles(net, small_kernels="packed") == [[share] * 6 + [0.0]] * 3 + [[share] * 3 + [0.0] * 4] * 3 + [[0.0] * 7]


def test_units_that_the_parameter_buffer_leaves_over() -> None:
    """Four 3 x 3 kernels would fit the units; the buffer holds the parameters of two."""
    net = network(xnor("conv", "sign0", 16, 3), sign("sign", "conv"), shape=(16, 9, 9))
    shares = tiles(net, small_kernels="packed", window_fill="hidden", parameter_buffer_bits=2 * 160)
    assert shares == [[1.0] * 6 + [0.0]] * 3 + [[0.0] * 7] * 4
