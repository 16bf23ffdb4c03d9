"""Which variants of the ordered-FP16 convolution there are, which of them this machine can run, and the choice among them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels.selection import Variants


class Fp16Kernel(Protocol):
    """One variant of Hyperdrive's convolution; all variants return the same bits, and 0x7E00 for every NaN."""

    name: str

    def pack(self, signs: NDArray[np.int8]) -> Any:
        """Signs +-1 [out_channels, kernel_rows, kernel_columns, in_channels] as this variant reads them: pack once, convolve often."""

    def convolve(self, x: NDArray[np.float16], packed: Any, stride: int) -> NDArray[np.float16]:
        """From padded x [rows, columns, in_channels] to a new [out_rows, out_columns, out_channels]."""


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

    return Fp16Vectors(name, np.float16 if name == "numba-avx512fp16" else np.float32)


VARIANTS: Variants[Fp16Kernel] = Variants(_NEEDS, _made)
available, fastest, kernel = VARIANTS.available, VARIANTS.fastest, VARIANTS.kernel
