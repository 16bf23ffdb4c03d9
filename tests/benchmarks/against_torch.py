"""Measures the convolution of real numbers against torch's, on one thread.

    python tests/benchmarks/against_torch.py

Both take turns; each figure is the median of their ratios in CPU time, ours by torch's, so below 1 where ours is faster.
"""

from __future__ import annotations

import statistics
from typing import NamedTuple

import numpy as np
import torch
from ceiling import in_one_thread, seconds
from rich.console import Console
from rich.table import Table

from hyperdrive_sim.kernels import real


class RealLayer(NamedTuple):
    """A real convolution: input pixels in rows and columns, padding included, input channels, kernel size, stride, output channels."""

    side: int
    channels: int
    kernel: int
    stride: int
    outputs: int

    def __str__(self) -> str:
        kernel = f"{self.kernel} x {self.kernel}" + (f" / {self.stride}" if self.stride > 1 else "")
        return f"{self.side} x {self.side} x {self.channels}, {kernel} -> {self.outputs}"


class Ratios(NamedTuple):
    """Times by those of torch, which holds channels before rows or, as we do, behind columns."""

    float32: float
    float32_channels_last: float
    float64: float
    float64_channels_last: float


FIRST = [(230, 3, 7, 2, 64), (227, 3, 11, 4, 96), (34, 3, 3, 1, 128), (36, 3, 5, 1, 192), (32, 1, 5, 1, 20)]
OTHERS = [(58, 64, 3, 1, 64), (16, 256, 3, 1, 256), (9, 512, 3, 1, 512), (56, 64, 1, 1, 256), (8, 192, 1, 1, 10)]


def torch_ratios(layer: RealLayer, variant: real.RealKernel, rounds: int = 15) -> Ratios:
    """Ratios for one layer; torch sets up its own order of weights at every call, as we do."""

    def ratio(kind: str, *, channels_last: bool) -> float:
        return in_one_thread(lambda: _ratio(layer, variant, kind, rounds, channels_last=channels_last))

    return Ratios(*(ratio(kind, channels_last=last) for kind in "fd" for last in (False, True)))


def _ratio(layer: RealLayer, variant: real.RealKernel, kind: str, rounds: int, *, channels_last: bool) -> float:
    torch.set_num_threads(1)  # is of the thread that says so
    rng = np.random.default_rng(0)
    x = rng.standard_normal((layer.side, layer.side, layer.channels)).astype(kind)
    weights = rng.standard_normal((layer.outputs, layer.kernel, layer.kernel, layer.channels)).astype(kind)
    order = torch.channels_last if channels_last else torch.contiguous_format
    tensors = [torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=order) for array in (x[None], weights)]

    def ours() -> object:
        return variant.convolve(x, weights, (layer.stride, layer.stride))

    def torchs() -> object:
        return torch.nn.functional.conv2d(tensors[0], tensors[1], stride=layer.stride)

    with torch.inference_mode():
        times = max(1, round(3e-3 / seconds(torchs)))
        return statistics.median(seconds(ours, times) / seconds(torchs, times) for _ in range(rounds))


def main() -> None:
    variant = real.kernel()
    table = Table("layer", *Ratios._fields, title=f"time by torch's, {variant.name}", title_justify="left")
    for layer in [RealLayer(*sizes) for sizes in FIRST + OTHERS]:
        table.add_row(str(layer), *(f"{ratio:.2f}" for ratio in torch_ratios(layer, variant)))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
