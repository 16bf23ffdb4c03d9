"""Executes a control stream: two memories of bits, and what each record does to them. No network is known here.

Cycles are counted as the array spends them, row after row and pixel after pixel of every pass; nothing is taken from the schedule.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hyperdrive_sim.archs.export import Execution
from hyperdrive_sim.archs.xnorbin.control_stream.records import (
    Input,
    Machine,
    Output,
    Part,
    Pass,
    Pool,
    Stream,
    out_shape,
    parts,
    tiles,
    word_bytes,
)
from hyperdrive_sim.errors import InvalidInput, Overflow
from hyperdrive_sim.network.box import chunks
from hyperdrive_sim.network.parameters import Array

Bits = NDArray[np.bool_]
Sums = NDArray[np.int64]


def executed(stream: Stream, maps: Mapping[str, Array]) -> Execution:
    """Execute a checked stream on maps of signs [rows, columns, channels] by name.

    Raises InvalidInput for maps that it does not take, Overflow for a partial sum that does not fit its word.
    """
    wanted = {record.map: record.shape for record in stream.records if isinstance(record, Input)}
    for name in sorted(wanted.keys() ^ maps.keys()):
        problem = f"'{name}' is missing" if name in wanted else f"there is a '{name}', which the stream does not take"
        raise InvalidInput.at("maps", problem, f"it takes {', '.join(wanted) or 'none'}")
    for name, (channels, rows, columns) in wanted.items():
        shape = rows, columns, channels
        if maps[name].shape != shape:
            raise InvalidInput.at("maps", f"'{name}' is of shape {maps[name].shape}, not {shape}", "rows, columns, channels")
        if not (np.abs(maps[name]) == 1).all():
            raise InvalidInput.at("maps", f"'{name}' has values other than -1 and +1")
    core = _Core(stream.machine, maps)
    for record in stream.records:
        core.step(record)
    return Execution(core.outputs, core.cycles)


class _Core:
    """The memories of a chip, what it has sent to the host, and the cycles that its array has spent."""

    def __init__(self, machine: Machine, maps: Mapping[str, Array]) -> None:
        self.machine, self.maps = machine, maps
        self.memories = [np.zeros(bits, np.bool_) for bits in machine.memory_bits]
        self.outputs: dict[str, Array] = {}
        self.cycles = 0

    def step(self, record: Input | Pass | Pool | Output) -> None:
        match record:
            case Input():
                self._receive(record)
            case Pass():
                self._pass(record)
            case Pool():
                self._pool(record)
            case Output():
                self._send(record)

    def _planes(self, place: tuple[int, int], rows: int, columns: int, first: int, last: int, pitch: int = 0) -> Bits:
        """Words *first* to *last* of a map of signs as they lie in memory, [words, rows, columns, bits of a word]; to be written, too."""
        memory, address = place
        plane = rows * columns * self.machine.word_bits
        pitch = pitch or plane
        bits = self.memories[memory][address + first * pitch : address + (last - 1) * pitch + plane]
        shape = (last - first, rows, columns, self.machine.word_bits)
        strides = (pitch, columns * self.machine.word_bits, self.machine.word_bits, 1)  # a bit is a byte here
        return np.lib.stride_tricks.as_strided(bits, shape, strides)

    def _receive(self, record: Input) -> None:
        channels, rows, columns = record.shape
        count = tiles(channels, self.machine)
        signs = np.zeros((rows, columns, count * self.machine.word_bits), np.bool_)
        signs[:, :, :channels] = self.maps[record.map] > 0
        words = signs.reshape(rows, columns, count, self.machine.word_bits).transpose(2, 0, 1, 3)
        self._planes((record.memory, record.address), rows, columns, 0, count)[...] = words

    def _send(self, record: Output) -> None:
        channels, rows, columns = record.shape
        c0, c1 = record.channels
        out = self.outputs.setdefault(record.map, np.zeros((rows, columns, channels), np.int32))
        place = record.memory, record.address
        if record.holds == "sums":
            out[:, :, c0:c1] = self._sums(place, rows, columns, 0, c1 - c0)
        else:
            words = self._planes(place, rows, columns, 0, tiles(channels, self.machine))
            out[:, :, c0:c1] = (words.transpose(1, 2, 0, 3).reshape(rows, columns, -1)[:, :, c0:c1] * 2).astype(np.int32) - 1

    def _sums_bits(self, place: tuple[int, int], rows: int, columns: int, first: int, last: int) -> Bits:
        """Partial sums of channels *first* to *last* of those at a place, as bits [channels, rows, columns, bits of a sum]."""
        memory, address = place
        each = rows * columns * self.machine.psum_bits
        bits = self.memories[memory][address + first * each : address + last * each]
        return bits.reshape(last - first, rows, columns, self.machine.psum_bits)

    def _sums(self, place: tuple[int, int], rows: int, columns: int, first: int, last: int) -> Sums:
        """The same as numbers [rows, columns, channels]."""
        bits, width = self._sums_bits(place, rows, columns, first, last), self.machine.psum_bits
        weights = 1 << np.arange(width, dtype=np.int64)
        weights[-1] = -weights[-1]  # two's complement
        return (bits @ weights).transpose(1, 2, 0)

    def _keep(self, sums: Sums, place: tuple[int, int], first: int) -> None:
        """Write partial sums [rows, columns, channels]."""
        rows, columns, channels = sums.shape
        bits = sums.transpose(2, 0, 1)[..., None] >> np.arange(self.machine.psum_bits) & 1
        self._sums_bits(place, rows, columns, first, first + channels)[...] = bits.astype(np.bool_)

    def _pass(self, record: Pass) -> None:
        rows, columns = out_shape(record.shape, record.kernel, (record.stride, record.stride), record.pads)
        at, c0 = 0, record.channels[0]
        for low, high in chunks(*record.channels, record.together):
            first = low - c0 if "sums" in (record.begin, record.end) else 0
            sums = self._begun(record, rows, columns, low, high, first)
            for part in parts(record.kernel, self.machine):
                for tile in range(tiles(record.shape[0], self.machine)):
                    size = (high - low) * part.taps * word_bytes(self.machine)
                    sums = sums + self._products(record, part, tile, high - low, record.weights[at : at + size])
                    at += size
                    self._check(record, sums, low)
                    self._keep(sums, record.sums, first)
                self.cycles += tiles(record.shape[0], self.machine) * self._cycles(record, part, rows, columns, high - low)
            if record.end == "signs":
                self._write_signs(record, sums, low, high)
            elif record.relu:
                self._keep(np.maximum(sums, 0), record.sums, first)

    def _begun(self, record: Pass, rows: int, columns: int, low: int, high: int, first: int) -> Sums:
        """What sums begin with."""
        if record.begin == "zero":
            return np.zeros((rows, columns, high - low), np.int64)
        if record.begin == "sums":
            return self._sums(record.sums, rows, columns, first, first + high - low)
        width = self.machine.word_bits
        words = self._planes(record.bypass, rows, columns, low // width, tiles(high, self.machine)).transpose(1, 2, 0, 3)
        start = low - low // width * width
        signs = words.reshape(rows, columns, -1)[:, :, start : start + high - low]
        return record.gain * (signs * np.int64(2) - 1)

    def _products(self, record: Pass, part: Part, tile: int, channels: int, weights: bytes) -> Sums:
        """Sums of the products of one word of input channels with one part of a kernel, [rows, columns, channels]."""
        width, size = self.machine.word_bits, word_bytes(self.machine)
        bits = np.unpackbits(np.frombuffer(weights, np.uint8).reshape(-1, size), axis=1, bitorder="little")[:, :width]
        kernels = bits.reshape(channels, -1).astype(np.float32) * 2 - 1
        return np.rint(self._under(record, part, tile) @ kernels.T).astype(np.int64)

    def _under(self, record: Pass, part: Part, tile: int) -> Array:
        """Signs under every window, [rows, columns, taps and channels of a word]: 0 where there are none."""
        channels, rows, columns = record.shape
        width = self.machine.word_bits
        there = min(width, channels - tile * width)
        signs = np.zeros((rows, columns, width), np.float32)
        plane = self._planes((record.memory, record.address), rows, columns, tile, tile + 1)[0]
        signs[:, :, :there] = plane[:, :, :there].astype(np.float32) * 2 - 1
        top, left, bottom, right = record.pads
        padded = np.zeros((rows + top + bottom, columns + left + right, width), np.float32)
        padded[:, :, :there] = record.beyond
        padded[top : top + rows, left : left + columns] = signs
        high, wide = out_shape(record.shape, record.kernel, (record.stride, record.stride), record.pads)
        window = sliding_window_view(padded[part.top :, part.left :], (part.rows, part.columns), (0, 1))
        taken = window[:: record.stride, :: record.stride][:high, :wide]
        return taken.transpose(0, 1, 3, 4, 2).reshape(high, wide, -1)

    def _check(self, record: Pass, sums: Sums, low: int) -> None:
        limit = 2 ** (self.machine.psum_bits - 1)
        if (beyond := (sums >= limit) | (sums < -limit)).any():
            row, column, channel = (int(n) for n in np.argwhere(beyond)[0])
            where = f"channel {channel + low}, row {row}, column {column} of '{record.layer}'"
            raise Overflow(f"a partial sum of {sums[row, column, channel]} ({where}) does not fit {self.machine.psum_bits} bits")

    def _cycles(self, record: Pass, part: Part, rows: int, columns: int, channels: int) -> int:
        """Cycles that the array spends on one word of input channels: for every row of the output its window is filled, then moved on."""
        machine = self.machine
        at_once = 1
        if machine.small_kernels == "packed":
            fit = machine.bpus // part.rows * (machine.xnor_sums // part.columns)
            while at_once * 2 <= min(fit, machine.word_bits):
                at_once *= 2
        moves = columns if machine.strided_columns == "skipped" else (columns - 1) * record.stride + 1
        in_padding = max(0, record.pads[1] - part.left)
        fill = {
            "hidden": 0,
            "full": part.columns,
            "padded": max(1, part.columns - in_padding),
            "overlapped": max(1, part.columns - in_padding) - 1,
        }[machine.window_fill]
        passes = -(-channels // min(at_once, channels))
        return passes * (rows * (fill + moves) + machine.drain_cycles)

    def _write_signs(self, record: Pass, sums: Sums, low: int, high: int) -> None:
        """Compare with the thresholds, and write the bits of these channels into their words, the others' untouched."""
        rows, columns, _ = sums.shape
        of = slice(low - record.channels[0], high - record.channels[0])
        thresholds, flipped = np.array(record.thresholds[of]), np.array(record.flipped[of], np.bool_)
        bits = np.where(flipped, sums <= thresholds, sums >= thresholds)
        width = self.machine.word_bits
        first = low // width
        words = self._planes(record.output, rows, columns, first, tiles(high, self.machine), record.pitch)
        for channel in range(low, high):
            words[channel // width - first, :, :, channel % width] = bits[:, :, channel - low]

    def _pool(self, record: Pool) -> None:
        width, (low, high) = self.machine.word_bits, record.channels
        first, last = low // width, tiles(high, self.machine)
        channels, rows, columns = record.shape
        words = self._planes((record.memory, record.address), rows, columns, first, last, record.pitch)
        by_and = np.zeros((last - first) * width, np.bool_)
        by_and[: high - low] = record.by_and
        turned = by_and.reshape(last - first, 1, 1, width)
        top, left, bottom, right = record.pads
        padded = np.pad(words ^ turned, ((0, 0), (top, bottom), (left, right), (0, 0)))
        out_rows, out_columns = out_shape(record.shape, record.kernel, record.stride, record.pads)
        under = sliding_window_view(padded, record.kernel, (1, 2))[:, :: record.stride[0], :: record.stride[1]][:, :out_rows, :out_columns]
        pooled = under.any(axis=(-2, -1)) ^ turned
        if beyond := last * width - channels:
            pooled[-1, :, :, width - beyond :] = False
        self._planes(record.output, out_rows, out_columns, first, last)[...] = pooled
