"""A binary convolution of signs from counts of products of bits, as NAND-Net does it (Kim, Sim, Choi, Kim, IEEE HPCA 2019).

A sign is a bit, 1 for +1. With x an activation's bit, w a weight's and sums over the taps of one window,

    sum(signs) = 2 * sum(x xnor w) - V                            XNOR-Net
               = V - 2 * sum(w) - 2 * sum(x) + 4 * sum(x and w)   decomposed

where V counts the window's taps on the map, and sum(w) is over those alone: zeros beyond the edge are neither sign. V - 2 * sum(w) is
a constant, known before any activation, one for each class of border and output channel; sum(x) is the same for all output channels.

    t = taps(padded_map(x, conv), conv)
    k = kernels(weights)
    sums(AND, t, k)                                    # exact, as are those of XNOR, NAND, NOR and OR
    sums(AND, t, k, limit=compression(2))              # popcount compression, in DRAM
    sums(AND, t, k, limit=adc, shared=adc)             # adc = conversion(rows=16, bits=3): an ADC per 16 rows, in SRAM

Counts are computed as a matrix product in float32, which is exact to 2^24.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import comb, fsum
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Shape, chunks
from hyperdrive_sim.network.golden import padded
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.parameters import Array

Bits = NDArray[np.bool_]
Counts = NDArray[np.int32]
Floats = NDArray[np.float32]

TILE = 64  # positions and output channels that are counted at a time
"""Sums stay in the cache, and with blocks of 32 products OpenBLAS starts no threads, which on a busy machine wait for each other."""


MOST_CHOICES = 16
"""Ways to choose a case for each tap of a block, up to which blocks are counted by products: XNOR has as many for blocks of 4."""


class Product(NamedTuple):
    """The product of one tap: what it makes of two bits, and which outcome counts."""

    name: str
    outcomes: tuple[tuple[int, int], tuple[int, int]]  # by activation, by weight
    target: int = 1
    inverted: bool = False  # True if the bits are stored as their complements, 0 for +1

    @property
    def cases(self) -> list[tuple[int, tuple[bool, bool]]]:
        """Activation values that can make a target, each with two flags: True if it makes one with weight 0, with weight 1."""
        rows = [(zero == self.target, one == self.target) for zero, one in self.outcomes]
        return [(value, row) for value, row in enumerate(rows) if any(row)]


XNOR = Product("xnor", ((1, 0), (0, 1)))
AND = Product("and", ((0, 0), (0, 1)))
NAND = Product("nand", ((1, 1), (1, 0)), target=0)
NOR = Product("nor", ((1, 0), (0, 0)), inverted=True)
OR = Product("or", ((0, 1), (1, 1)), target=0, inverted=True)
PRODUCTS = {product.name: product for product in (XNOR, AND, NAND, NOR, OR)}
"""Products by name. XNOR counts equal signs; the others count the taps whose signs are both +1."""


class Borders(NamedTuple):
    """Border classes of a decomposed convolution: positions whose windows reach beyond the edge alike share a class and its constants."""

    place: NDArray[np.intp]  # [positions]: the class of each
    valid: Bits  # [classes, taps]: True for taps on the map

    @property
    def classes(self) -> int:
        return len(self.valid)

    @property
    def taps(self) -> Counts:
        """V of each class: the number of taps on the map, [classes]."""
        return np.asarray(self.valid.sum(axis=1), np.int32)

    def ones(self, weights: Bits) -> Counts:
        """Counts of the weights that are +1, [classes, out]."""
        return _counted(AND, self.valid, self.valid, weights)

    def constants(self, weights: Bits) -> Counts:
        """Constants V - 2 * sum(w), [classes, out]; *weights* are bits [out, taps]."""
        return self.taps[:, None] - 2 * self.ones(weights)


class Taps(NamedTuple):
    """The activations under the windows of a convolution, in the order kernel row, kernel column, channel."""

    bits: Bits  # [positions, taps]: 1 for +1; 0 beyond the edge
    inside: Bits  # [positions, kernel rows * kernel columns]: True for pixels on the map
    rows: int
    columns: int

    @property
    def channels(self) -> int:
        return int(self.bits.shape[1] // self.inside.shape[1])

    @property
    def valid(self) -> Bits:
        """Mask [positions, taps]: True for taps on the map."""
        return self.inside.repeat(self.channels, axis=1)

    @property
    def borders(self) -> Borders:
        """Border classes of these positions, in the order of their patterns, 0 before 1."""
        patterns, place = np.unique(self.inside, axis=0, return_inverse=True)
        return Borders(place.ravel(), patterns.repeat(self.channels, axis=1))


def padded_map(x: Array, conv: Conv) -> Array:
    """Pad a whole map [rows, columns, channels] with what the convolution sees beyond its edge."""
    shapes = (Shape(x.shape[2], *x.shape[:2]),)
    return padded(x, conv.needs(0, conv.output(shapes).box, shapes), conv)


def taps(operand: Array, conv: Conv) -> Taps:
    """Gather the activations under each window of *operand* [rows, columns, channels], which covers exactly the windows, padding included.

    A pixel of zeros is beyond the edge. Raises InvalidInput for a convolution that is not one of signs with signs, ValueError for values
    that are no signs.
    """
    if (conv.weights, conv.maps) != ("binary", "binary"):
        raise InvalidInput.at(conv.name, "is no convolution of signs with signs", "only these can be counted")
    inside = (operand != 0).any(axis=2, keepdims=True)
    if not (np.abs(operand) == inside).all():
        raise ValueError("x must hold -1 and +1 only, and as padding pixels of zeros")
    down, right = conv.window.rows, conv.window.columns
    slid = [sliding_window_view(plane, (down.extent, right.extent), (0, 1)) for plane in (operand > 0, inside)]
    taken = np.s_[:: down.stride, :: right.stride, :, :: down.dilation, :: right.dilation]
    bits, valid = (windows[taken].transpose(0, 1, 3, 4, 2) for windows in slid)
    rows, columns = bits.shape[:2]
    return Taps(bits.reshape(rows * columns, -1), valid.reshape(rows * columns, -1), rows, columns)


def kernels(weights: Array) -> Bits:
    """Convert weights +-1 [out, kernel rows, kernel columns, in] to bits [out, taps]."""
    bits: Bits = weights.reshape(len(weights), -1) > 0
    return bits


def borders(conv: Conv, shape: Shape) -> Borders:
    """Classes of windows of a convolution over a map of that shape, before there is any map."""
    return taps(padded_map(np.ones((shape.rows, shape.columns, shape.channels), np.int8), conv), conv).borders


def chunked(bits: Bits, size: int = 32) -> Bits:
    """Split bits [..., taps] into chunks [..., chunks, size].

    Zeros fill the last one; no product counts them if `Taps.valid` is split alike.
    """
    missing = -bits.shape[-1] % size
    filled = np.pad(bits, [(0, 0)] * (bits.ndim - 1) + [(0, missing)])
    return filled.reshape(*bits.shape[:-1], -1, size)


class Limit(NamedTuple):
    """A lossy count: at most *most* targets are seen of each *block* of products. Every chunk of *chunk* products starts a new block."""

    chunk: int
    block: int
    most: int

    def blocks(self, taps: int) -> Iterator[tuple[int, int]]:
        """Ranges [start, stop) of taps that are counted as one block; the last of a chunk may be shorter."""
        for start, stop in chunks(0, taps, self.chunk):
            yield from chunks(start, stop, self.block)

    def loss(self, p: float, taps: int | None = None) -> float:
        """Mean number of targets lost by a chunk, or by a window of *taps* products, if each is a target with probability *p*.

        Products are taken to be independent of each other; with compression, a chunk loses chunk // block * p^block.
        """
        sizes = [stop - start for start, stop in self.blocks(self.chunk if taps is None else taps)]
        return fsum((ones - self.most) * _binomial(ones, size, p) for size in sizes for ones in range(self.most + 1, size + 1))

    def saturated(self, p: float) -> float:
        """Probability that a block holds more targets than are seen."""
        return fsum(_binomial(ones, self.block, p) for ones in range(self.most + 1, self.block + 1))


EXACT = Limit(32, 32, 32)


def compression(group: int = 2, chunk: int = 32) -> Limit:
    """Limit of NAND-Net's popcount compression in DRAM: a *group* of products in a chunk counts at most group - 1 targets.

    The product dropped is the one that is a target only if all of its group are. Products left over at the end of a chunk are counted in
    full, as are all with groups of 1.
    """
    return Limit(chunk, group, max(1, group - 1))


def conversion(rows: int, bits: int) -> Limit:
    """Limit of a bit line in SRAM with *rows* word lines raised, read by an ADC of *bits* bits: up to 2^bits - 1 targets are seen."""
    return Limit(rows, rows, 2**bits - 1)


def counts(product: Product, taps: Taps, weights: Bits, limit: Limit | None = None) -> Counts:
    """Count the targets under each window, [positions, out]; *weights* are bits [out, taps].

    A tap beyond the edge is no target; XNOR alone needs a mask for that, as its bits there are 0 like those of -1.
    """
    return _counted(product, taps.bits, taps.valid, weights, limit)


def sums(product: Product, taps: Taps, weights: Bits, *, limit: Limit | None = None, shared: Limit | None = None) -> Counts:
    """Sums of signs [rows, columns, out] from counts under *limit*; without limits, the exact result of the convolution.

    *shared* limits the count of activations +1 under each window, which serves all output channels; XNOR needs no such count.
    """
    ones = None if product == XNOR else activations(taps, shared)
    return sums_of(product, taps, weights, counts(product, taps, weights, limit), ones)


def activations(taps: Taps, limit: Limit | None = None) -> Counts:
    """Count the activations +1 under each window, [positions], as the products with a kernel of ones."""
    return counts(AND, taps, np.ones((1, taps.bits.shape[1]), np.bool_), limit)[:, 0]


def sums_of(product: Product, taps: Taps, weights: Bits, targets: Counts, ones: Counts | None) -> Counts:
    """Sums of signs [rows, columns, out] from counts that there are: targets [positions, out] and activations +1, *ones* [positions].

    Only XNOR needs no *ones*.
    """
    borders = taps.borders
    if ones is None:
        total = 2 * targets - borders.taps[borders.place, None]
    else:
        total = borders.constants(weights)[borders.place] - 2 * ones[:, None] + 4 * targets
    return np.asarray(total, np.int32).reshape(taps.rows, taps.columns, -1)


class Loss(NamedTuple):
    """Targets of a convolution that are lost to a limit, on average over positions and output channels."""

    measured: float  # per chunk
    expected: float  # per chunk, if products were independent of each other and all equally likely
    share: float  # of the targets
    p: float  # probability that a product is a target


def loss(product: Product, taps: Taps, weights: Bits, limit: Limit) -> Loss:
    """Measure the loss to a limit, and expect it from the mean probability of a target, for comparison.

    The measured one tends to be larger, as weights differ by channel and activations by place.
    """
    exact, seen = (float(counts(product, taps, weights, chosen).mean()) for chosen in (None, limit))
    size = taps.bits.shape[1]
    p, parts = exact / size, -(-size // limit.chunk)
    return Loss((exact - seen) / parts, limit.loss(p, size) / parts, (exact - seen) / exact if exact else 0.0, p)


class Rates(NamedTuple):
    """Rates of +1 among activations and among weights, and what follows if the two do not depend on each other."""

    activations: float
    weights: float

    @property
    def p_xnor(self) -> float:
        """Probability that an XNOR product is a target."""
        return self.activations * self.weights + (1 - self.activations) * (1 - self.weights)

    @property
    def p_nand(self) -> float:
        """Probability that a product of any other kind (AND, NAND, NOR, OR) is a target."""
        return self.activations * self.weights

    @property
    def target_cut(self) -> float:
        """Share by which decomposition makes targets rarer than with XNOR: 1 - `activations` where half of the weights are +1."""
        return 1 - self.p_nand / self.p_xnor


def rates(taps: Taps, weights: Bits) -> Rates:
    """Measure the shares of +1, of activations over the taps on the map, of weights over all."""
    return Rates(float(taps.bits.sum() / taps.valid.sum()), float(weights.mean()))


def _binomial(ones: int, of: int, p: float) -> float:
    return comb(of, ones) * p**ones * (1 - p) ** (of - ones)


def _counted(product: Product, bits: Bits, valid: Bits, weights: Bits, limit: Limit | None = None) -> Counts:
    """Targets [positions, out] as far as they are seen, tile by tile."""
    out, limit = np.empty((len(bits), len(weights)), np.int32), limit or EXACT
    rights = [(part, _Side.of(_of_weights(product, weights[part]), product, limit)) for part in _tiles(len(weights))]
    for part in _tiles(len(bits)):
        left = _Side.of(_of_activations(product, bits[part], valid[part]), product, limit)
        for channels, right in rights:
            out[part, channels] = _seen(left, right, product, limit)
    return out


def _tiles(count: int) -> list[slice]:
    return [slice(*tile) for tile in chunks(0, count, TILE)]


def _of_activations(product: Product, bits: Bits, valid: Bits) -> Floats:
    """Left operand [taps * cases, positions], whose product with that of `_of_weights` is the targets.

    1 where a tap is on the map and its activation has the value of the case, one of those that can make a target.
    """
    x = bits.T ^ product.inverted
    return _side([(x == value) & valid.T for value, _ in product.cases])


def _of_weights(product: Product, weights: Bits) -> Floats:
    """Right operand [taps * cases, out]: 1 where a weight makes a target with the activation that the case stands for."""
    w = weights.T ^ product.inverted
    return _side([np.where(w, one, zero) for _, (zero, one) in product.cases])


def _side(cases: list[Bits]) -> Floats:
    return np.stack(cases, axis=1, dtype=np.float32).reshape(-1, cases[0].shape[1])


class _Side(NamedTuple):
    """Activations or weights of a tile, one of the two operands of its products.

    `taps` has [taps * cases, positions or out], `blocks` the products of whole blocks, [blocks * choices, positions or out]: for each block
    every way to choose one case per tap. Only a limit that hides one target of a block needs them.
    """

    taps: Floats
    blocks: Floats | None
    cases: int

    @classmethod
    def of(cls, taps: Floats, product: Product, limit: Limit) -> _Side:
        cases = len(product.cases)
        if not _as_products(product, limit) or not (members := _members(limit, len(taps) // cases)):
            return cls(taps, None, cases)
        by_tap = taps.reshape(-1, cases, taps.shape[1])
        products = by_tap[members[0]]
        for one in members[1:]:
            products = (products[:, :, None] * by_tap[one][:, None]).reshape(len(one), -1, taps.shape[1])
        return cls(taps, products.reshape(-1, taps.shape[1]), cases)


def _as_products(product: Product, limit: Limit) -> bool:
    """True for a limit that hides one target of a block, where a block has few ways to choose: XNOR doubles them with every tap."""
    return limit.most == limit.block - 1 and len(product.cases) ** limit.block <= MOST_CHOICES


@lru_cache(maxsize=64)  # of sizes alone: as long as a small product takes
def _members(limit: Limit, taps: int) -> list[NDArray[np.intp]]:
    """The taps of all whole blocks: the first of each, the second of each, and so on; none where no block is whole."""
    whole = [range(*block) for block in limit.blocks(taps) if block[1] - block[0] == limit.block]
    return list(np.array(whole, np.intp).T) if whole else []


def _seen(left: _Side, right: _Side, product: Product, limit: Limit) -> Floats:
    """Targets [positions, out] as far as they are seen.

    A block that hides one target hides it where every one of its products is a target: where their product is 1. These blocks are counted
    by a matrix product too. A limit that hides more, or blocks with too many choices, need the count of each block.
    """
    if limit.most < limit.block and not _as_products(product, limit):
        return _clipped(left, right, limit)
    total = _matmul(left.taps, right.taps)
    if left.blocks is not None and right.blocks is not None:
        total -= _matmul(left.blocks, right.blocks)
    return total


def _matmul(left: Floats, right: Floats) -> Floats:
    """left.T @ right, in blocks of rows small enough that OpenBLAS starts no threads, see TILE."""
    total, part = np.zeros((2, left.shape[1], right.shape[1]), np.float32)
    for start, stop in chunks(0, len(left), TILE):
        with np.errstate(invalid="ignore"):  # of zeros and ones; some BLAS kernels flag lanes beyond the operands, which they do not use
            total += np.matmul(left[start:stop].T, right[start:stop], out=part)
    return total


def _clipped(left: _Side, right: _Side, limit: Limit) -> Floats:
    """Targets counted block by block, each up to the limit."""
    total, part = np.zeros((2, left.taps.shape[1], right.taps.shape[1]), np.float32)
    for start, stop in limit.blocks(len(left.taps) // left.cases):
        block = slice(start * left.cases, stop * left.cases)
        with np.errstate(invalid="ignore"):
            np.matmul(left.taps[block].T, right.taps[block], out=part)
        total += np.minimum(part, limit.most, out=part)
    return total
