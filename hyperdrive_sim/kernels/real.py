"""Convolution of real numbers, in float32 or float64: first and last layers of binary networks, and whatever chips are compared with.

    y = kernel().convolve(x, weights, strides, dilation)          # x is padded; channels last

Variants, chosen by what the processor can do before anything is compiled:

    numpy          always there: a matrix product per kernel row
    numba-avx2     fused multiply-adds in vectors; needs the extra `fast`, as does the next
    numba-avx512   the same with vectors that are twice as wide, and twice as many registers for them

The last two add in the order kernel row, kernel column, input channel and round each sum once, so they give the same bits, and the same for
any part of a map or of its channels. numpy adds in the order of the linear algebra: its sums differ from theirs by rounding errors.

Reading order: real_numpy, real_vector (arrays) over real_llvm (instructions) over emit.
"""

from __future__ import annotations

from typing import Protocol

from hyperdrive_sim.kernels.real_numpy import Array, RealNumpy
from hyperdrive_sim.kernels.selection import Variants


class RealKernel(Protocol):
    """A variant of the convolution of real numbers."""

    name: str

    def convolve(self, x: Array, weights: Array, strides: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)) -> Array:
        """Convolve padded x [rows, columns, in_channels] with weights [out_channels, kernel_rows, kernel_columns, in_channels].

        Both are float32 or both float64, as is the result, a new array [out_rows, out_columns, out_channels]. Strides and dilation are
        those of rows and columns.
        """


_NEEDS = {
    "numpy": frozenset[str](),
    "numba-avx2": frozenset({"numba", "avx2", "fma"}),
    "numba-avx512": frozenset({"numba", "avx512f"}),
}


def _made(name: str) -> RealKernel:
    if name == "numpy":
        return RealNumpy()
    from hyperdrive_sim.kernels.real_vector import RealVectors

    return RealVectors(name, 64, {2: 8, 4: 6}) if name == "numba-avx512" else RealVectors(name, 32, {2: 6})


VARIANTS: Variants[RealKernel] = Variants(_NEEDS, _made)
available, fastest, kernel = VARIANTS.available, VARIANTS.fastest, VARIANTS.kernel
