"""Layers of real numbers, exported by torch and imported again: every output must be the one that torch computes.

python tests/importing/torch_layers.py [--exporter dynamo]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from random_networks import exported
from torch import nn

from hyperdrive_sim.errors import HyperdriveSimError
from hyperdrive_sim.importing import models
from hyperdrive_sim.network.golden import Computation, Single, forward

SHAPE = (6, 9, 11)
CLOSE = 1e-4


class Of(nn.Module):
    """A function of an input and of some layers."""

    def __init__(self, function: Callable[..., Any], *layers: nn.Module) -> None:
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x, *self.layers)


def norm(channels: int) -> nn.BatchNorm2d:
    made = nn.BatchNorm2d(channels)
    with torch.no_grad():
        for one in (made.weight, made.bias, made.running_mean):
            one.normal_()  # type: ignore[union-attr]
        made.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    return made


def shuffled(x: torch.Tensor, groups: int = 3) -> torch.Tensor:
    count, channels, rows, columns = x.shape
    return x.reshape(count, groups, channels // groups, rows, columns).transpose(1, 2).reshape(x.shape)


def _residual(x: torch.Tensor, first: Any, second: Any, down: Any, after: Any) -> torch.Tensor:
    return F.relu(second(F.relu(first(x))) + after(down(x)))


ACTIVATIONS: dict[str, nn.Module] = {
    "ELU": nn.ELU(0.7),
    "SELU": nn.SELU(),
    "CELU": nn.CELU(0.5),
    "softplus": nn.Softplus(),
    "SiLU": nn.SiLU(),
    "Mish": nn.Mish(),
    "hard swish": nn.Hardswish(),
    "hard sigmoid": nn.Hardsigmoid(),
    "GELU": nn.GELU(),
    "GELU by tanh": nn.GELU(approximate="tanh"),
    "x + relu(x)": Of(lambda x: x + F.relu(x)),
}


def cases() -> dict[str, nn.Module]:
    """Modules over an input of SHAPE, by what is tried with them."""
    conv, flat = nn.Conv2d, 5 * 7 * 9
    return {
        "groups": nn.Sequential(conv(6, 12, 3, groups=3, padding=1), norm(12), nn.ReLU()),
        "depthwise": nn.Sequential(conv(6, 6, 3, groups=6, padding=1, stride=2), norm(6), nn.ReLU6(), conv(6, 8, 1)),
        "dilation": nn.Sequential(conv(6, 5, 3, dilation=2, padding=2), nn.LeakyReLU(0.1)),
        "unequal sides": conv(6, 5, (1, 5), stride=(2, 1), padding=(0, 2)),
        "rounded up": nn.Sequential(nn.MaxPool2d(3, 2, ceil_mode=True), conv(6, 4, 1)),
        "mean": nn.AvgPool2d(3, 2, padding=1),
        "mean without padding": nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
        "mean rounded up": nn.AvgPool2d(2, 2, ceil_mode=True),
        "parametric ReLU": nn.Sequential(conv(6, 5, 1), nn.PReLU(5)),
        "norm of single values": nn.Sequential(conv(6, 5, 3), nn.Flatten(), nn.BatchNorm1d(flat), nn.ReLU(), nn.Linear(flat, 4)),
        "shuffle": Of(lambda x, a, b: b(shuffled(a(x))), conv(6, 9, 1, groups=3), conv(9, 6, 3, groups=3)),
        "slices": Of(lambda x, a: torch.cat([x[:, :2], a(x[:, 2:])], 1), conv(4, 5, 3, padding=1)),
        "crop": Of(lambda x, a: a(x[:, :, 1:-2, 2:]), conv(6, 4, 1)),
        "option A": Of(lambda x, a: a(x) + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 3, 3)), conv(6, 12, 3, stride=2, padding=1)),
        "chunks": Of(lambda x: torch.cat(list(x.chunk(2, 1))[::-1], 1) * 2),
        "difference": Of(lambda x, a, b: a(x) - b(x), conv(6, 4, 1), conv(6, 4, 1)),
        "bypass": Of(lambda x, a, b: F.relu(b(a(x)) + x), conv(6, 6, 3, padding=1), norm(6)),
        "residual": Of(_residual, conv(6, 8, 3, padding=1, stride=2), conv(8, 8, 3, padding=1), conv(6, 8, 1, stride=2), norm(8)),
        "enlarged": Of(lambda x, a: F.interpolate(a(x), scale_factor=2, mode="nearest"), conv(6, 4, 1)),
        "global mean": Of(lambda x, a: a(x).mean((2, 3)), conv(6, 4, 1)),
        "classifier": nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3), nn.Sigmoid()),
        "clips": nn.Sequential(conv(6, 4, 1), nn.Hardtanh(-0.5, 0.7), conv(4, 3, 1), nn.Tanh()),
        "padded with one": Of(lambda x, a: a(F.pad(x, (1, 2, 0, 1), value=1.0)), conv(6, 4, 2)),
        "view": Of(lambda x, a: a(x.view(x.size(0), -1)), nn.Linear(6 * 9 * 11, 4)),
        "dropout": nn.Sequential(nn.Dropout(), conv(6, 4, 1), nn.Identity()),
        "scaled": Of(lambda x, a: a(x * 2 - 1) / 3 + 0.5, conv(6, 4, 1)),
        "concatenation": Of(lambda x, a, b: torch.cat([a(x), b(x), x], 1), conv(6, 2, 1), conv(6, 3, 3, padding=1)),
        **{name: nn.Sequential(conv(6, 4, 1), function) for name, function in ACTIVATIONS.items()},
        "two outputs": Of(lambda x, a, b: (a(x), b(a(x))), conv(6, 2, 1), conv(2, 3, 1)),
    }


def difference(module: nn.Module, folder: Path, *, dynamo: bool) -> float:
    """The largest difference of any output."""
    x = torch.randn(1, *SHAPE)
    made = module(x)
    exported(module, SHAPE, folder / "model.onnx", dynamo=dynamo)
    imported = models.read(folder / "model.onnx")
    start = {next(iter(imported.network.inputs)): x[0].numpy().transpose(1, 2, 0)}
    maps = dict(forward(Computation(imported.network, imported.parameters or {}, start, Single())))
    theirs = made if isinstance(made, tuple) else (made,)
    ours = (maps[name].transpose(2, 0, 1) for name in imported.network.outputs)
    return max(float(np.abs(one.ravel() - other[0].numpy().ravel()).max()) for one, other in zip(ours, theirs, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exporter", choices=["torchscript", "dynamo"], default="torchscript")
    dynamo = parser.parse_args().exporter == "dynamo"
    warnings.simplefilter("ignore")
    torch.manual_seed(1)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for name, module in cases().items():
            try:
                far = difference(module.eval(), Path(folder), dynamo=dynamo)
                print(f"{name}: {far:.2g}")
                wrong += far > CLOSE
            except HyperdriveSimError as error:
                print(f"{name}: {error}")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
