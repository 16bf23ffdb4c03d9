"""Ordered-FP16 convolution: binary weights, FP16 maps, every single addition rounded to FP16, in the order of the chip.

    sum = +0;  for kernel row, kernel column, input channel:  sum = fp16(sum + weight * pixel)        ties to even, no fused sums

FP16 addition is not associative, so this order is part of the answer. One contract (`Fp16Kernel`), several variants, all identical bit for
bit, infinities and subnormals included, and one NaN for all NaNs:

    numpy             always there
    numba             plain loops, any processor; needs the extra `fast`, as do the others
    numba-avx2        float32 vectors of eight, as most laptops have
    numba-avx512      float32 vectors that are rounded in three instructions
    numba-avx512fp16  FP16 vectors: the hardware adds as the chip does

`available` lists those that this machine can run, `fastest` names the last of them, `kernel` makes one.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels.selection import Variants


class Fp16Kernel(Protocol):
    """A variant of the ordered-FP16 convolution; all variants return the same bits, and 0x7E00 for every NaN."""

    name: str

    def pack(self, signs: NDArray[np.int8]) -> Any:
        """Pack signs +-1 [out_channels, kernel_rows, kernel_columns, in_channels] as this variant reads them: once, to convolve often."""

    def convolve(self, x: NDArray[np.float16], packed: Any, stride: int) -> NDArray[np.float16]:
        """Convolve padded x [rows, columns, in_channels] into a new array [out_rows, out_columns, out_channels]."""


_NEEDS = {
    "numpy": frozenset[str](),
    "numba": frozenset({"numba"}),
    "numba-avx2": frozenset({"numba", "avx2", "fma", "f16c"}),
    "numba-avx512": frozenset({"numba", "avx512f"}),
    "numba-avx512fp16": frozenset({"numba", "avx512f", "avx512vl", "avx512fp16"}),
}


def _made(name: str) -> Fp16Kernel:
    if name == "numpy":
        from hyperdrive_sim.kernels.fp16_numpy import Fp16Numpy

        return Fp16Numpy()
    if name == "numba":
        from hyperdrive_sim.kernels.fp16_numba import Fp16Loops

        return Fp16Loops()
    from hyperdrive_sim.kernels.fp16_vector import Fp16Vectors

    return Fp16Vectors(name, np.float16 if name == "numba-avx512fp16" else np.float32, 6 if name == "numba-avx2" else 10)


VARIANTS: Variants[Fp16Kernel] = Variants(_NEEDS, _made)
available, fastest, kernel = VARIANTS.available, VARIANTS.fastest, VARIANTS.kernel
