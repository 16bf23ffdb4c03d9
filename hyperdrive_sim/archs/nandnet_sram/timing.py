"""Timing: how a layer's weights come into the tiles, block by block, and how long each block takes.

A *pass* is one output pixel: activations raise word lines, every column counts its products, the converters turn counts into numbers. A
*block* is what tiles hold at a time; with its weights in place there is a pass for each of the layer's P output pixels. Where a layer's W
weights fill B at a time, a dense mapping needs P * (W mod B) / B passes for the last block: all cells share it, whatever they hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import ceil
from typing import NamedTuple

from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.network.box import chunks
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.rates import Clock


class Size(NamedTuple):
    """Size of a layer: output pixels, taps of a kernel, output channels."""

    pixels: int
    taps: int
    channels: int

    @property
    def weights(self) -> int:
        return self.taps * self.channels


class TileBlock(NamedTuple):
    """Weights of one layer that are in tiles at the same time."""

    written: int  # bits that pass the port
    weights: int  # of them the layer's own
    passes: int  # per tile
    tiles: range
    c0: int
    c1: int
    """Output channels c0 to c1 - 1 are those whose last weights are in this block, so that their sums are complete after it."""


class Filling(NamedTuple):
    """A layer's weights, block by block, in the order in which they are written."""

    size: Size
    blocks: tuple[TileBlock, ...]

    def words_out(self, spec: NandnetSramSpec) -> Iterator[int]:
        """Port words of outputs that leave after each block: the full ones, and after the last block the rest."""
        sent = 0
        for block in self.blocks:
            words = self.size.pixels * block.c1 * spec.output_words / spec.port_bits
            full = ceil(words) if block is self.blocks[-1] else int(words)
            yield full - sent
            sent = full

    def ones_taps(self, spec: NandnetSramSpec) -> Iterator[int]:
        """Taps whose activations the tile of ones counts during each block: as many as the other tiles raise, until all are counted."""
        left = self.size.taps if spec.cell == "6t" else 0
        for block in self.blocks:
            now = left if block is self.blocks[-1] else min(left, len(block.tiles) * spec.tile_rows)
            yield now
            left -= now


def size(network: Network, conv: Conv) -> Size:
    out = network.shape(conv.name)
    return Size(out.rows * out.columns, conv.window.taps * network.shape(conv.inputs[0]).channels, out.channels)


def fillings(sizes: Mapping[str, Size], spec: NandnetSramSpec) -> dict[str, Filling]:
    """Distribute the weights of all layers over tiles, by layer. Layers that are kept have tiles of their own, spare ones in proportion."""
    blocks = _dense if spec.mapping == "dense" else _aligned
    theirs = zip(sizes.items(), _tiles(list(sizes.values()), spec), strict=True)
    return {name: Filling(one, tuple(blocks(one, spec, tiles))) for (name, one), tiles in theirs}


def _tiles(sizes: Sequence[Size], spec: NandnetSramSpec) -> Iterator[range]:
    """Tiles of each layer: all of them, unless others' weights stay in some."""
    if spec.weights != "kept":
        yield from [range(spec.count)] * len(sizes)
        return
    own, free = [tiles_for(one, spec) for one in sizes], 0
    spare = spec.count - sum(own)
    for tiles in own:
        yield range(free, free := free + tiles + spare * tiles // sum(own))


def tiles_for(one: Size, spec: NandnetSramSpec) -> int:
    """Number of tiles that hold a whole layer."""
    if spec.mapping == "dense":
        return -(-one.weights // spec.tile_bits)
    return -(-one.taps // spec.tile_rows) * -(-one.channels // spec.tile_columns)


def tiles_for_all(sizes: Iterable[Size], spec: NandnetSramSpec) -> int:
    """Number of tiles that hold all layers at once."""
    return sum(tiles_for(one, spec) for one in sizes)


def _dense(one: Size, spec: NandnetSramSpec, tiles: range) -> Iterator[TileBlock]:
    """Blocks without an idle cell, as in the closed form that the published speedups fit; a kernel is complete with its last weight."""
    held = len(tiles) * spec.tile_bits
    for start, stop in chunks(0, one.weights, held):
        passes = ceil(one.pixels * (stop - start) / held)
        yield TileBlock(stop - start, stop - start, passes, tiles, start // one.taps, stop // one.taps)


def _aligned(one: Size, spec: NandnetSramSpec, tiles: range) -> Iterator[TileBlock]:
    """Blocks with taps in rows and channels in columns, all taps of a tile's channels before the next channels.

    A row is written as a whole, also where columns are idle.
    """
    groups = product(chunks(0, one.channels, spec.tile_columns), chunks(0, one.taps, spec.tile_rows))
    parts = [(t1 - t0, c1 - c0, c1 if t1 == one.taps else c0) for (c0, c1), (t0, t1) in groups]
    before = 0
    for start, stop in chunks(0, len(parts), len(tiles)):
        chosen = parts[start:stop]
        written = sum(rows for rows, _, _ in chosen) * spec.tile_columns
        weights = sum(rows * used for rows, used, _ in chosen)
        complete = chosen[-1][2]
        yield TileBlock(written, weights, one.pixels, tiles[: stop - start], before, complete)
        before = complete


def port_ps(bits: int, spec: NandnetSramSpec) -> int:
    """Picoseconds that the port takes for so many bits: whole words, one per clock cycle."""
    return clock(spec).ps(-(-bits // spec.port_bits))


def pass_ps(block: TileBlock, spec: NandnetSramSpec) -> int:
    """Picoseconds of all passes of a block."""
    return clock(spec).ps(block.passes * spec.pass_cycles)


def route_ps(one: Size, block: TileBlock, spec: NandnetSramSpec) -> int:
    """Picoseconds that the router takes for the activations of all passes of a block, to all word lines.

    Where channels lie side by side (aligned mapping), tiles with the same taps share what is sent.
    """
    lines = len(block.tiles) * spec.tile_rows
    if spec.mapping == "aligned":
        lines = min(one.taps, lines)
    return clock(spec).ps(block.passes * -(-lines // spec.router_bits))


def clock(spec: NandnetSramSpec) -> Clock:
    return Clock.of_mhz(spec.clock_mhz)
