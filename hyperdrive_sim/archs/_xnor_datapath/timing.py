"""Cycles and accesses of the datapath, in closed form, for one block of output channels of one term.

    for each output channel                     (or as many as fit into the units side by side)
        for each term, window of its kernel and word of sixteen input channels: one *pass*
            load the weights of the window into the registers
            for each output row
                shift the first columns into the registers              window fill
                one output pixel per cycle: count, read the partial sum, add, write it back
            the next rows come into the row banks meanwhile
        in the last pass the sum is thresholded and its bit written instead, then perhaps pooled

Structure: XNORBIN, COOL Chips 2018, text; what it leaves open is a setting of the chip.
"""

from __future__ import annotations

from typing import NamedTuple

from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec
from hyperdrive_sim.network.box import Shape, cuts
from hyperdrive_sim.network.layers import Conv, MaxPool


class SubKernel(NamedTuple):
    """Part of a kernel that the units take at a time: *rows* x *columns* taps, the first at row *top*, column *left* of the kernel."""

    rows: int
    columns: int
    top: int
    left: int


class Geometry(NamedTuple):
    """Convolution with the shapes of its input and output map: all that its cycles depend on."""

    conv: Conv
    x: Shape
    out: Shape


def windows(kernel: tuple[int, int], spec: DatapathSpec) -> tuple[SubKernel, ...]:
    """Sub-kernels of a kernel (rows, columns): the whole where it fits the units, else as few and as even parts as do."""
    units = spec.bpus, spec.xnor_sums_per_bpu
    rows, columns = (cuts(size, -(-size // most)) for size, most in zip(kernel, units, strict=True))
    return tuple(
        SubKernel(rows[r + 1] - rows[r], columns[c + 1] - columns[c], rows[r], columns[c])
        for r in range(len(rows) - 1)
        for c in range(len(columns) - 1)
    )


def words(channels: int, spec: DatapathSpec) -> int:
    return -(-channels // spec.word_bits)


def side_by_side(window: SubKernel, spec: DatapathSpec) -> int:
    """Output channels that the units compute at a time: one, or as many whole windows as fit, a power of two to fill words of signs."""
    if spec.small_kernels == "idle":
        return 1
    return min(spec.word_bits, power_of_two((spec.bpus // window.rows) * (spec.xnor_sums_per_bpu // window.columns)))


def power_of_two(most: int) -> int:
    """Largest power of two that is not more than *most*, at least 1."""
    return 1 << max(1, most).bit_length() - 1


def pass_cycles(window: SubKernel, geometry: Geometry, spec: DatapathSpec) -> int:
    """Array cycles of one pass: for each row the filling of the window and the pixels; at the end the draining of the pipeline."""
    conv, _, out = geometry
    pixels = out.columns if spec.strided_columns == "skipped" else (out.columns - 1) * conv.window.columns.stride + 1
    return out.rows * (fill_cycles(window, conv, spec) + pixels) + spec.drain_cycles


def fill_cycles(window: SubKernel, conv: Conv, spec: DatapathSpec) -> int:
    """Cycles of a row before its first pixel; columns that lie in the padding need not be shifted in."""
    if spec.window_fill == "hidden":
        return 0
    if spec.window_fill == "full":
        return window.columns
    shifted = max(1, window.columns - max(0, conv.window.columns.before - window.left))
    return shifted - (spec.window_fill == "overlapped")


def late_words(window: SubKernel, geometry: Geometry, spec: DatapathSpec) -> int:
    """Words of a pass's first rows for which no bank is free while the pass before ends: the array waits for them.

    The free banks are those that the last output row does not need, and the one that it passes last.
    """
    spare = spec.row_banks - last_rows(window, geometry) + 1
    return max(0, first_rows(window, geometry) - spare) * row_words(window, geometry)


def first_rows(window: SubKernel, geometry: Geometry) -> int:
    """Rows of the input map that the first output row needs."""
    return _rows_under(0, window, geometry)


def last_rows(window: SubKernel, geometry: Geometry) -> int:
    """Rows of the input map that the last output row needs."""
    return _rows_under(geometry.out.rows - 1, window, geometry)


def _rows_under(row: int, window: SubKernel, geometry: Geometry) -> int:
    x, rows = geometry.x, geometry.conv.window.rows
    first = window.top - rows.before + row * rows.stride
    return max(0, min(x.rows, first + window.rows) - max(0, first))


def row_words(window: SubKernel, geometry: Geometry) -> int:
    """Words of one row of the input map that a pass needs."""
    conv, x, out = geometry
    columns = conv.window.columns
    first = window.left - columns.before
    return max(0, min(x.columns, first + (out.columns - 1) * columns.stride + window.columns) - max(0, first))


def pass_words(window: SubKernel, geometry: Geometry) -> int:
    """Words of the input map that a pass reads: every row under the window once."""
    conv, x, out = geometry
    rows = conv.window.rows
    return _rows(window.rows, window.top - rows.before, rows.stride, x.rows, out.rows) * row_words(window, geometry)


def _rows(height: int, first: int, stride: int, there: int, positions: int) -> int:
    """Number of rows from 0 up to *there* that lie under any of *positions* windows, each *stride* below the one before."""
    if height >= stride:  # no gaps in between
        return max(0, min(there, first + (positions - 1) * stride + height) - max(0, first))
    starts = range(first, first + positions * stride, stride)
    return sum(max(0, min(there, start + height) - max(0, start)) for start in starts)


class BlockCost(NamedTuple):
    """Cycles and accesses of a block of output channels of one term.

    `array_cycles` of the BPUs, and the `unit_cycles` of their units that are paid; `source_words` to the row banks, of which `late_words`
    before the array can go on; `parameter_bits` through the port; partial sums and pooling in `sink_cycles`, `sink_reads`, `sink_writes`.
    """

    array_cycles: int
    unit_cycles: int
    source_words: int
    late_words: int
    parameter_bits: int
    sink_cycles: int
    sink_reads: int
    sink_writes: int


def block(geometry: Geometry, channels: int, spec: DatapathSpec, *, adds: bool, ends: bool, pooled: Pooled | None) -> BlockCost:
    """Cost of a block of output channels of one term.

    *adds*: True if added to a sum or a bypass already in memory; *ends*: True if it ends in signs; *pooled*: the pooling of those, if any.
    """
    conv, x, out = geometry
    parts, tiles = windows(conv.window.kernel, spec), words(x.channels, spec)
    array = paid = read = late = 0
    bits = channels * spec.psum_word_bits if ends else 0
    for window in parts:
        together = min(channels, side_by_side(window, spec))
        passes = tiles * -(-channels // together)
        cycles, taps = pass_cycles(window, geometry, spec), window.rows * window.columns
        array += passes * cycles
        paid += cycles * (passes * spec.units if spec.idle_units == "clocked" else tiles * channels * taps)
        read += passes * pass_words(window, geometry)
        late += passes * late_words(window, geometry, spec)
        bits += tiles * channels * taps * spec.word_bits
    pixels = channels * out.rows * out.columns
    sums = pixels * tiles * len(parts)
    again = pixels if ends and spec.sign_write == "read_modify_write" else 0
    pool_reads, pool_writes = pooled.accesses if pooled else (0, 0)
    busy = -(-(sums + again + pool_reads) // spec.sink_words_per_cycle)
    reads = sums - (0 if adds else pixels) + again + pool_reads
    return BlockCost(array, paid, read, late, bits, busy, reads, sums + pool_writes)


class Pooled(NamedTuple):
    """Pooling of words of signs once all their channels are there: how many words, the shape *out*, and the layer with the window."""

    words: int
    out: Shape
    pool: MaxPool

    @property
    def accesses(self) -> tuple[int, int]:
        """Words read, every window by itself, and words written."""
        pixels = self.words * self.out.rows * self.out.columns
        return pixels * self.pool.window.taps, pixels


def peak_ops_per_cycle(spec: DatapathSpec) -> int:
    """Peak operations per cycle: two (XNOR, count) per unit and channel of a word."""
    return 2 * spec.units * spec.word_bits
