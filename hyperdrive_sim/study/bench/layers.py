"""Convolutions that the kernels are measured on: layers of well-known networks, whole or as the block that one chip computes at a time."""

from __future__ import annotations

from typing import NamedTuple


class ConvLayer(NamedTuple):
    """A convolution: its input map without the zeros around, a square kernel, output channels, and how many zeros are on each side."""

    rows: int
    columns: int
    channels: int
    kernel: int
    outputs: int
    pad: int = 0
    stride: int = 1

    @property
    def ops(self) -> int:
        """Operations, 2 for each product; products with the zeros around count as well."""
        out_rows, out_columns = ((size + 2 * self.pad - self.kernel) // self.stride + 1 for size in (self.rows, self.columns))
        return 2 * out_rows * out_columns * self.kernel**2 * self.channels * self.outputs

    def __str__(self) -> str:
        stride = f" / {self.stride}" if self.stride > 1 else ""
        return f"{self.rows} x {self.columns} x {self.channels}, {self.kernel} x {self.kernel}{stride} to {self.outputs}"


_BINARY = (
    ConvLayer(7, 7, 512, 3, 512, pad=1),
    ConvLayer(14, 14, 256, 3, 256, pad=1),
    ConvLayer(28, 28, 128, 3, 128, pad=1),
    ConvLayer(56, 56, 64, 3, 64, pad=1),
    ConvLayer(13, 13, 384, 3, 384, pad=1),
    ConvLayer(27, 27, 96, 5, 256, pad=2),
    ConvLayer(6, 6, 256, 6, 4096),
    ConvLayer(64, 64, 256, 3, 256, pad=1),
    ConvLayer(128, 256, 128, 3, 128, pad=1),
)
"""Of ResNet-18, of Binary AlexNet (the last of them is dense: each weight is used once), and of larger pictures."""

_BLOCKS = (
    ConvLayer(7, 7, 512, 3, 16, pad=1),
    ConvLayer(14, 14, 256, 3, 16, pad=1),
    ConvLayer(56, 56, 64, 3, 16, pad=1),
    ConvLayer(64, 128, 64, 3, 64, pad=1),
)
"""Of ResNet-34, most with as many output channels as a Hyperdrive chip has lanes."""

_REAL = (
    ConvLayer(224, 224, 3, 7, 64, pad=3, stride=2),
    ConvLayer(227, 227, 3, 11, 96, stride=4),
    ConvLayer(32, 32, 3, 3, 128, pad=1),
    ConvLayer(32, 32, 3, 5, 192, pad=2),
    ConvLayer(32, 32, 1, 5, 20),
    ConvLayer(56, 56, 64, 3, 64, pad=1),
    ConvLayer(14, 14, 256, 3, 256, pad=1),
    ConvLayer(7, 7, 512, 3, 512, pad=1),
    ConvLayer(56, 56, 64, 1, 256),
    ConvLayer(8, 8, 192, 1, 10),
)
"""First layers of ResNet, AlexNet, two networks for CIFAR-10 and LeNet, then others, and a last one."""

SUMS, SIGNS, ORDERED, FLOAT32, FLOAT64 = "XNOR, sums", "XNOR, signs of sums", "FP16 in order", "real, float32", "real, float64"

KERNELS = {SUMS: _BINARY, SIGNS: _BINARY, ORDERED: _BLOCKS, FLOAT32: _REAL, FLOAT64: _REAL}
"""Layers of each kernel that is measured."""
