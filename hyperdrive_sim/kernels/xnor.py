"""XNOR-popcount convolution: weights and maps of -1 and +1, packed 64 to a word; a product is an XNOR, a sum a count of bits, exact.

    variant = kernel()
    weights = variant.pack_weights(signs)                # once per layer or block of output channels
    x = variant.pack_map(maps)                           # padded; a 0, as padding, contributes nothing
    sums = variant.convolve(x, weights, stride)          # int32; or, with the sign of a batch norm behind it,
    y = variant.threshold(x, weights, stride, thresholds, flipped)                                       # -1 and +1, up to ten times faster

Variants, all identical, chosen by what the processor can do before anything is compiled:

    numpy                   always there
    numba                   plain loops, any processor; needs the extra `fast`, as do the others
    numba-avx2              vectors that fit into sixteen registers; a third faster, and there after 0.03 s instead of 1 s
    numba-avx512vpopcntdq   vectors that fill thirty-two, and whose bits the hardware counts

`hyperdrive-sim bench kernels` compares them with what the registers can do: on one core of a server with all of this 0.04 in numpy, 0.25 to
0.31 in numba, 0.8 to 0.95 in the last, calls from Python included.

Reading order: xnor_bits (words, checks), xnor_numpy, xnor_numba, xnor_vector (arrays) over xnor_llvm (instructions) over emit.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels.selection import Variants
from hyperdrive_sim.kernels.xnor_bits import PackedMap, Ternary


class XnorKernel(Protocol):
    """A variant of the binary convolution. Any variant reads the packed maps of any other; weights only its own."""

    name: str

    def pack_map(self, x: Ternary) -> PackedMap:
        """Pack padded x [rows, columns, channels] of -1, 0 and +1, int8 or float32."""

    def pack_weights(self, signs: NDArray[np.int8]) -> Any:
        """Pack signs +-1 [out_channels, kernel_rows, kernel_columns, in_channels] as this variant reads them: once, to convolve often."""

    def convolve(self, x: PackedMap, packed: Any, stride: int) -> NDArray[np.int32]:
        """Exact sums over taps and channels, a new array [out_rows, out_columns, out_channels]."""

    def threshold(
        self, x: PackedMap, packed: Any, stride: int, thresholds: NDArray[np.int32], flipped: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        """Signs of the sums, a new array [out_rows, out_columns, out_channels].

        +1 where a sum is at least its output channel's threshold or, if the channel is flipped, at most; -1 elsewhere.
        """


_NEEDS = {
    "numpy": frozenset[str](),
    "numba": frozenset({"numba"}),
    "numba-avx2": frozenset({"numba", "avx2"}),
    "numba-avx512vpopcntdq": frozenset({"numba", "avx512f", "avx512vpopcntdq"}),
}


def _made(name: str) -> XnorKernel:
    if name == "numpy":
        from hyperdrive_sim.kernels.xnor_numpy import XnorNumpy

        return XnorNumpy()
    if name == "numba":
        from hyperdrive_sim.kernels.xnor_numba import XnorLoops

        return XnorLoops()
    from hyperdrive_sim.kernels.xnor_vector import XnorVectors

    return XnorVectors(name, 32, (16, 32, 64)) if name == "numba-avx512vpopcntdq" else XnorVectors(name, 64, (8,))


VARIANTS: Variants[XnorKernel] = Variants(_NEEDS, _made)
available, fastest, kernel = VARIANTS.available, VARIANTS.fastest, VARIANTS.kernel
