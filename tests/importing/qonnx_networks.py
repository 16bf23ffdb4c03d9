"""Binary networks of Brevitas drawn at random, exported as QONNX and imported: their outputs must be those of qonnx's own executor.

    python tests/importing/qonnx_networks.py --count 20 --seed 1

Needs the extra `oracles`. Weights and maps are of one bit behind the first layer; what is drawn is kernels, strides, groups, padding,
pooling before and after the batch norm, how weights and maps are scaled, and whether the picture is quantised. qonnx computes in float32:
an output that a sign has changed in differs by far more than what that rounds.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from brevitas.core.scaling import ScalingImplType
from brevitas.export import export_qonnx
from brevitas.inject.enum import QuantType
from brevitas.nn import QuantConv2d, QuantIdentity, QuantLinear
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from torch import nn

from hyperdrive_sim.importing import models
from hyperdrive_sim.network.golden import Computation, Single, forward

IMAGES = 3
CLOSE = 1e-4
"""By which an output may differ, of the largest of a network: it is rounded at every layer."""


class Outcome(NamedTuple):
    """Outputs that were compared, and the largest difference as a share of the largest output."""

    outputs: int
    difference: float


def weights(rng: np.random.Generator) -> dict[str, object]:
    """How the weights of a layer become binary."""
    scaling = ScalingImplType.CONST if rng.random() < 0.5 else ScalingImplType.STATS
    constant = {"scaling_init": float(rng.choice([1.0, 0.5]))} if scaling == ScalingImplType.CONST else {"scaling_stats_op": "ave"}
    per_channel = {"scaling_per_output_channel": bool(rng.random() < 0.5)} if scaling == ScalingImplType.STATS else {}
    how = {"quant_type": QuantType.BINARY, "bit_width": 1, "scaling_impl_type": scaling, **constant, **per_channel}
    return {f"weight_{key}": value for key, value in how.items()}


def signs(rng: np.random.Generator) -> QuantIdentity:
    bound = float(rng.choice([1.0, 1.0, 0.25]))
    how = {"scaling_impl_type": ScalingImplType.CONST, "min_val": -bound, "max_val": bound}
    return QuantIdentity(quant_type=QuantType.BINARY, bit_width=1, narrow_range=True, **how)


def norm(rng: np.random.Generator, channels: int) -> nn.BatchNorm2d:
    made = nn.BatchNorm2d(channels)
    with torch.no_grad():
        made.weight.copy_(torch.tensor(rng.normal(0, 1, channels)))
        made.bias.copy_(torch.tensor(rng.normal(0, 0.3, channels)))
        made.running_mean.copy_(torch.tensor(rng.normal(0, 3, channels)))  # type: ignore[union-attr]
        made.running_var.copy_(torch.tensor(rng.uniform(0.5, 30, channels)))  # type: ignore[union-attr]
    return made


def drawn(rng: np.random.Generator) -> tuple[nn.Module, tuple[int, int, int]]:
    """A network and the shape of its picture [channels, rows, columns]."""
    channels = int(rng.choice([1, 3]))
    shape = channels, int(rng.integers(7, 12)), int(rng.integers(7, 12))
    layers: list[nn.Module] = [QuantIdentity(bit_width=8, return_quant_tensor=True)] if rng.random() < 0.3 else []
    for number in range(int(rng.integers(2, 4))):
        out, kernel = int(rng.choice([4, 8, 12])), int(rng.choice([1, 3]))
        groups = int(rng.choice([n for n in (1, 1, 2, 4) if channels % n == 0 and out % n == 0])) if number else 1
        stride, padding = int(rng.choice([1, 1, 2])), int(rng.choice([0, kernel // 2]))
        slide = {"stride": stride, "padding": padding, "groups": groups, "bias": False}
        layers.append(QuantConv2d(channels, out, kernel, **slide, **weights(rng)))
        tail: list[nn.Module] = [norm(rng, out)]
        if rng.random() < 0.4:
            tail.insert(int(rng.integers(0, 2)), nn.MaxPool2d(2, 1))
        layers += [*tail, signs(rng)]
        if rng.random() < 0.2:
            layers.append(nn.MaxPool2d(2))
        channels = out
    body = nn.Sequential(*layers, nn.Flatten()).eval()
    with torch.no_grad():
        features = body(torch.zeros(1, *shape)).shape[1]
    body.append(QuantLinear(features, 5, bias=bool(rng.random() < 0.5), **weights(rng)))
    return body.eval(), shape


def tried(number: int, seed: int, dynamo: bool) -> Outcome | None:
    """Draw, export, import and compare one network; None where a window does not fit on what is left of the map."""
    rng = np.random.default_rng([seed, number])
    torch.manual_seed(number)
    try:
        made, shape = drawn(rng)
    except RuntimeError:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_qonnx(made, args=torch.zeros(1, *shape), export_path=str(path), dynamo=dynamo, **({"verbose": False} if dynamo else {}))
        imported = models.read(path)
        theirs = ModelWrapper(str(path)).transform(InferShapes())
    (name,), (source,) = imported.network.outputs, imported.network.inputs
    (given,), (taken,) = theirs.graph.input, theirs.graph.output
    compared, largest, difference = 0, 0.0, 0.0
    assert imported.parameters is not None
    for image in rng.integers(-128, 128, (IMAGES, *shape)).astype(np.float32) / 128:
        expected = execute_onnx(theirs, {given.name: image[None]})[taken.name].ravel()
        start = {source: image.transpose(1, 2, 0)}
        found = dict(forward(Computation(imported.network, imported.parameters, start, Single())))[name].ravel()
        compared += expected.size
        largest = max(largest, float(np.abs(expected).max()))
        difference = max(difference, float(np.abs(found - expected).max()))
    return Outcome(compared, difference / largest if largest else difference)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exporter", choices=["torchscript", "dynamo"], default="torchscript")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    begun, wrong, small, compared = time.perf_counter(), 0, 0, 0
    for number in range(asked.first, asked.first + asked.count):
        outcome = tried(number, asked.seed, asked.exporter == "dynamo")
        if outcome is None:
            small += 1
            continue
        compared += outcome.outputs
        if not outcome.difference <= CLOSE:
            wrong += 1
            print(f"{number}: outputs differ by {outcome.difference:.2g} of the largest", flush=True)
    took = time.perf_counter() - begun
    print(f"{asked.count - small} networks, {compared:,} outputs compared, {wrong} networks differ, {small} too small; {took:.0f} s")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
