"""numpy variant of the convolution of real numbers: matrix products, always there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels.sliding import Sliding

Array = NDArray[np.floating[Any]]


def slid(x: Array, weights: Array, strides: tuple[int, int], dilation: tuple[int, int]) -> Sliding:
    """Sizes of convolving *x* with *weights*. Raises ValueError for what does not fit: the compiled variants read memory as these say."""
    if x.dtype not in (np.float32, np.float64) or weights.dtype != x.dtype:
        raise ValueError(f"x and weights must both be float32 or both float64, not {x.dtype} and {weights.dtype}")
    if x.ndim != 3 or weights.ndim != 4 or 0 in weights.shape:
        shapes = f"not {list(x.shape)} and {list(weights.shape)}"
        raise ValueError(f"x must be [rows, columns, channels] and weights [outputs, kernel rows, kernel columns, channels], {shapes}")
    if x.shape[2] != weights.shape[3]:
        raise ValueError(f"x has {x.shape[2]} channels, the weights have {weights.shape[3]}")
    sizes = Sliding(x.shape[0], x.shape[1], x.shape[2], weights.shape[1], weights.shape[2], *strides, dilation)
    if min(*strides, *dilation) < 1 or sizes.out_rows < 1 or sizes.out_columns < 1:
        how = f"{weights.shape[1]} x {weights.shape[2]} kernel at strides {strides} and dilation {dilation}"
        raise ValueError(f"a {how} has no place on {x.shape[0]} x {x.shape[1]}")
    return sizes


class RealNumpy:
    """One matrix product per kernel row: only one row of taps is unfolded at a time, so large maps fit in memory."""

    name = "numpy"

    def convolve(self, x: Array, weights: Array, strides: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)) -> Array:
        sizes = slid(x, weights, strides, dilation)
        rows, columns = sizes.out_rows, sizes.out_columns
        y: Array = np.zeros((rows * columns, len(weights)), x.dtype)
        for kernel_row in range(sizes.kernel_rows):
            top = kernel_row * dilation[0]
            under = x[top : top + (rows - 1) * strides[0] + 1 : strides[0]]
            lefts = [kernel_column * dilation[1] for kernel_column in range(sizes.kernel_columns)]
            taps = [under[:, left : left + (columns - 1) * strides[1] + 1 : strides[1]] for left in lefts]
            y += np.concatenate(taps, axis=2).reshape(len(y), -1) @ weights[:, kernel_row].reshape(len(weights), -1).T
        return y.reshape(rows, columns, -1)
