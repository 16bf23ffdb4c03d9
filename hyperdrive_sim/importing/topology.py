"""SCALE-Sim's topology files: shapes of layers without weights, a line each, every layer by itself as SCALE-Sim runs it.

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    Conv1, 224, 224, 7, 7, 3, 64, 2,
    Conv2_dw, 109, 109, 3, 3, 1, 1, 1, #dw

or `Layer, M, N, K` of matrix products, M x K by K x N. Real files have byte order marks, tabs, ragged lines and columns for sparsity.
A layer reads the one before if it is of just the shape that this one makes, and else an input of its own. Depthwise layers are written as
one channel, or as one filter; they are taken over all channels that the layer before makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from hyperdrive_sim.errors import InvalidInput, Mistake, Place, visible
from hyperdrive_sim.files import named
from hyperdrive_sim.importing.imported import Imported
from hyperdrive_sim.importing.plain import shortened
from hyperdrive_sim.network.box import MOST_SIDE, Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, Holds, Layer, Sign
from hyperdrive_sim.network.window import Window

MOST_BYTES = 2**20
MOST_LAYERS = 2_000
CONV, PRODUCT = 7, 3
"""Numbers that a line has behind its name."""

BINARY, REAL = 1, 16
"""Bits of a map's values."""


class Row(NamedTuple):
    """A line: a layer's name, the map that it takes, its kernel, filters and stride, and where the line stands."""

    name: str
    shape: Shape
    kernel: tuple[int, int]
    filters: int
    stride: int
    place: Place


def read(path: Path, map_bits: int = BINARY, missing: str = named.RELATIVE) -> Imported:
    """The layers of a file as a network of binary weights, over maps of signs or, with 16 bits, of real numbers; it has no constants.

    Raises InvalidInput, with the line, for a file that is none; *missing* is the cure for one that is not there.
    """
    if map_bits not in (BINARY, REAL):
        raise InvalidInput.at("map_bits", f"must be {BINARY} or {REAL}, not {map_bits}")
    network = _Network(map_bits)
    for number, row in enumerate(_rows(path, missing)):
        network.add(row, number)
    if not network.layers:
        raise InvalidInput.at(
            "network", f"'{visible(path.name)}' has no layers", "a line has a name and seven numbers, or three of a product"
        )
    shapes = f"'{visible(path.name)}' has shapes alone: weights are of 1 bit and drawn from the seed, maps are of {map_bits}"
    holds: dict[str, Holds] = dict.fromkeys(network.inputs, "signs" if map_bits == BINARY else "real")
    made = Network(path.stem, network.inputs, network.layers, holds=holds)
    return Imported(made, None, (shapes, *network.notes), (path,))


class _Network:
    """The layers so far, and the shape of what the last of them makes."""

    def __init__(self, map_bits: int) -> None:
        self.binary = map_bits == BINARY
        self.layers: list[Layer] = []
        self.inputs: dict[str, Shape] = {}
        self.notes: list[str] = []
        self.names: set[str] = set()
        self.last: tuple[str, Shape] | None = None

    def add(self, row: Row, number: int) -> None:
        name = row.name if row.name and row.name not in self.names else f"{row.name or 'layer'}.{number}"
        self.names |= {name, f"{name}.input", f"{name}.sign"}
        shape, groups = row.shape, 1
        if row.filters == 1 and row.kernel != (1, 1) and self.last and shape.channels in (1, self.last[1].channels):
            groups = self.last[1].channels
            shape = shape._replace(channels=groups)
            self.notes.append(f"'{name}' is taken for depthwise, over {groups} channels")
        source = self._source(name, shape)
        maps: Literal["binary", "real"] = "binary" if self.binary else "real"
        window = Window(row.kernel, (row.stride, row.stride))
        out = groups if groups > 1 else row.filters
        conv = Conv(
            name=name, inputs=(source,), out_channels=out, window=window, groups=groups, maps=maps, scale=False, bias=False, relu=False
        )  # fmt: skip
        made = conv.output([shape])
        if min(made) < 1:
            said = f"'{shortened(name)}' has a kernel of {row.kernel[0]} x {row.kernel[1]} for a map of {shape.rows} x {shape.columns}"
            raise InvalidInput(Mistake("network", said, "the kernel must fit into the map", row.place))
        self.layers.append(conv)
        self.last = name, made

    def _source(self, name: str, shape: Shape) -> str:
        """The map that a layer takes: the one before where it is of that shape, with a sign between, or an input of its own."""
        if self.last is None or self.last[1] != shape:
            self.inputs[f"{name}.input"] = shape
            return f"{name}.input"
        if not self.binary:
            return self.last[0]
        self.layers.append(Sign(name=f"{name}.sign", inputs=(self.last[0],)))
        return f"{name}.sign"


def _rows(path: Path, missing: str) -> Iterator[Row]:
    try:
        text = named.read("network", path, MOST_BYTES, missing=missing).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput.at("network", f"'{visible(path.name)}' is not UTF-8 text", "save it as UTF-8") from None
    found = 0
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in re.split("[,\t]", line)]
        if any(cells) and not (not found and _is_header(cells)):
            found += 1
            if found > MOST_LAYERS:
                raise InvalidInput.at("network", f"'{visible(path.name)}' has more than {MOST_LAYERS:,} layers")
            yield _row(cells, Place(visible(str(path)), number, 1, line))


def _is_header(cells: list[str]) -> bool:
    """True for the line of titles: no number follows its first cell."""
    return not any(cell.isdigit() for cell in cells[1:])


def _row(cells: list[str], place: Place) -> Row:
    name, *others = cells
    numbers = []
    for cell in others:  # as far as there are numbers: sparsity, remarks and nothing follow
        if not re.fullmatch("[0-9]{1,9}", cell):
            break
        numbers.append(int(cell))
    problem = ""
    if len(numbers) not in (PRODUCT, CONV, CONV + 1):
        problem = f"has {len(numbers)} numbers behind its name"
    elif min(numbers) < 1 or max(numbers) > MOST_SIDE:
        problem = f"has a size that is not from 1 to {MOST_SIDE:,}"
    if problem:
        cure = "rows, columns, kernel rows, kernel columns, channels, filters, stride; or M, N, K of a matrix product"
        raise InvalidInput(Mistake("network", f"'{shortened(name)}' {problem}", cure, place))
    if len(numbers) == PRODUCT:
        rows, filters, channels = numbers
        return Row(name, Shape(channels, rows, 1), (1, 1), filters, 1, place)
    rows, columns, kernel_rows, kernel_columns, channels, filters, stride = numbers[:CONV]
    return Row(name, Shape(channels, rows, columns), (kernel_rows, kernel_columns), filters, stride, place)
