"""Vector variants of the ordered-FP16 convolution: arrays are laid out here for the compiled loops of `fp16_llvm`, and handed to them.

Weights lie in panels [panel, kernel row, kernel column x input channel, lane] of +-1, so that one multiply-add is the add or subtract.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels import fp16_llvm
from hyperdrive_sim.kernels.emit import Target
from hyperdrive_sim.kernels.kept import Kept
from hyperdrive_sim.kernels.layout import LoopPlan, address, aligned, blocks
from hyperdrive_sim.kernels.processors import shared
from hyperdrive_sim.kernels.sliding import Band, PackedWeights, Sliding, checked, cut, sliding

_Float = np.float16 | np.float32


_Planned = tuple[Band, LoopPlan]


class _Convolution(NamedTuple):
    """A convolution of given sizes: compiled code, shape of the results (idle lanes included), bands with their plans, and threads."""

    native: fp16_llvm.Native
    shape: tuple[int, int, int]
    bands: tuple[_Planned, ...]
    threads: int


class Fp16Vectors:
    """Convolution with explicit vectors: of float32 (AVX2, AVX-512), or of FP16 (AVX512-FP16), whose hardware rounds as the chip does.

    *pixels* are those of a block: as many as there are registers for.
    """

    def __init__(self, name: str, element: type[np.float16] | type[np.float32], pixels: int, target: Target | None = None) -> None:
        self.name = name
        self._pixels = pixels
        self._target = target
        self._element: np.dtype[_Float] = np.dtype(element)
        self._half = element is np.float16
        self._plans: Kept[tuple[Any, ...], _Convolution] = Kept()

    def pack(self, signs: NDArray[np.int8]) -> PackedWeights:
        out_channels, rows, columns, in_channels = checked(signs)
        lanes = self._lanes(out_channels)
        panels = -(-out_channels // lanes)
        words = aligned((panels, rows, columns * in_channels, lanes), self._element)
        padded = np.zeros((panels * lanes, rows, columns * in_channels), signs.dtype)
        padded[:out_channels] = signs.reshape(out_channels, rows, -1)
        words[...] = padded.reshape(panels, lanes, rows, -1).transpose(0, 2, 3, 1)
        return PackedWeights(words, out_channels, rows, columns, in_channels)

    def _lanes(self, out_channels: int) -> int:
        """Lanes of a vector: 512 bits, but no idle half, since the 16 channels of one Hyperdrive block are 256 bits of FP16."""
        return 32 if self._half and out_channels > 16 else 16

    def convolve(self, x: NDArray[np.float16], packed: PackedWeights, stride: int) -> NDArray[np.float16]:
        native, shape, bands, threads = self._prepared(x, packed, stride)
        x, out = np.ascontiguousarray(x), np.empty(shape, np.float16)
        weights, results = address(packed.words), address(out)

        def work(planned: _Planned) -> None:
            band, plan = planned
            values = x[band.inputs] if self._half else _widened(native, x[band.inputs])
            native.convolve(address(values), plan.address, weights, results + band.outputs.start * out.strides[0])

        shared(work, bands, threads)
        return out if shape[2] == packed.out_channels else out[:, :, : packed.out_channels].copy()

    def _prepared(self, x: NDArray[np.float16], packed: PackedWeights, stride: int) -> _Convolution:
        """What is the same for all convolutions of equal sizes: finding it out takes as long as a small one."""
        key = x.shape, x.dtype, packed[1:], stride
        if (known := self._plans.get(key)) is not None:
            return known
        sizes = sliding(x, packed, stride)
        bands, threads = cut(sizes, packed.out_channels)
        panels, _, _, lanes = packed.words.shape
        shape = sizes.out_rows, sizes.out_columns, panels * lanes
        plans = {size: self._plan(size, panels, lanes) for size in {band.sizes for band in bands}}
        native = fp16_llvm.native(self._half, lanes, self._pixels, self._target)
        return self._plans.keep(key, _Convolution(native, shape, tuple((band, plans[band.sizes]) for band in bands), threads))

    def _plan(self, sizes: Sliding, panels: int, lanes: int) -> LoopPlan:
        """Plan of a band."""
        pixel_bytes = sizes.channels * self._element.itemsize
        table = blocks(sizes, self._pixels, pixel_bytes, panels * lanes * 2)
        run = sizes.kernel_columns * sizes.channels
        head = fp16_llvm.Fp16PlanHead(panels, len(table), sizes.kernel_rows, run, sizes.columns * pixel_bytes)
        return LoopPlan.of(head, table)


def _widened(native: fp16_llvm.Native, x: NDArray[np.float16]) -> NDArray[np.float32]:
    """FP16 values as float32, times 2**SCALE."""
    if x.size < 16:
        with np.errstate(invalid="ignore"):  # signalling NaNs
            return x.astype(np.float32) * np.float32(2.0**fp16_llvm.SCALE)
    wide = np.empty(x.shape, np.float32)
    native.widen(address(x), address(wide), x.size)
    return wide
