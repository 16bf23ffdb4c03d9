"""Binary networks drawn at random, exported by torch and imported again: all signs must be torch's, all outputs onnxruntime's.

    python tests/importing/random_networks.py --count 200 --seed 1 --jobs 2

Needs the extra `oracles`. A network is a chain of blocks with residual adds, in which everything that exporters and importers stumble
over is drawn: the way a sign is written, the way weights are binarised, padding and its value, groups, strides, dilation, batch norms with
negative and tiny factors, the order of pooling and batch norm.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import nn

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.importing import models
from hyperdrive_sim.network.golden import Computation, Single, forward

Tensor = torch.Tensor
IMAGES = 3
CLOSE = 1e-3
"""By which an output may differ, of the largest: float32 rounds at every layer. A sign that differs moves more."""


def _where(x: Tensor) -> Tensor:
    return torch.where(x >= 0, 1.0, -1.0)


def _hard_sigmoid(x: Tensor) -> Tensor:
    return 2 * torch.round(torch.clamp((x + 1) / 2, 0, 1)) - 1


def _detached(x: Tensor) -> Tensor:
    clipped = torch.clamp(x, -1, 1)
    return torch.sign(x).detach() - clipped.detach() + clipped


def _masked(x: Tensor) -> Tensor:
    """ReActNet's approximate sign, whose value is that of the sign."""
    low, middle, high = ((x < bound).float() for bound in (-1, 0, 1))
    out = -1 * low + (x * x + 2 * x) * (1 - low)
    out = out * middle + (-x * x + 2 * x) * (1 - middle)
    out = out * high + (1 - high)
    return torch.sign(x).detach() - out.detach() + out


SIGNS: dict[str, Callable[[Tensor], Tensor]] = {
    "where": _where,
    "sign": torch.sign,
    "hardtanh": lambda x: torch.sign(F.hardtanh(x)),
    "greater": lambda x: (x > 0).float() * 2 - 1,
    "detached": _detached,
    "masked": _masked,
    "round": _hard_sigmoid,
    "twice": lambda x: torch.sign(torch.sign(x) + 0.1),
}
TERNARY = ("sign", "hardtanh", "detached", "masked")
"""Those that make 0 of 0."""


class Binarised(nn.Module):
    """The sign of a map."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.act = SIGNS[name]

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x)


class Convolution(nn.Module):
    """A convolution of binary weights, its padding of any value."""

    def __init__(self, conv: nn.Conv2d | nn.Linear, how: str, pad: float = 0.0, by: int = 0) -> None:
        super().__init__()
        self.conv, self.how, self.pad, self.by = conv, how, pad, by
        if how == "ready":
            conv.weight.data = _where(conv.weight.data)

    def weights(self) -> Tensor:
        w = self.conv.weight
        if self.how == "ready":
            return w
        signs = torch.sign(w) if self.how == "sign" else _where(w)
        if self.how != "alpha":
            return signs
        # of few digits: sums that are 0 are so in any order of additions, where torch has an order of its own
        scale = w.abs().mean(dim=tuple(range(1, w.ndim)), keepdim=True)
        return signs * torch.clamp(torch.round(scale * 1024), min=1) / 1024

    def forward(self, x: Tensor) -> Tensor:
        if isinstance(self.conv, nn.Linear):
            return F.linear(x, self.weights(), self.conv.bias)
        conv = self.conv
        if self.by:
            x = F.pad(x, (self.by,) * 4, value=self.pad)
        return F.conv2d(x, self.weights(), conv.bias, conv.stride, conv.padding, conv.dilation, conv.groups)


class Block(nn.Module):
    """Sign, convolution, and batch norm and pooling in either order; perhaps added to what came in."""

    def __init__(self, layers: list[nn.Module], bypass: bool) -> None:
        super().__init__()
        self.layers, self.bypass = nn.Sequential(*layers), bypass

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y + x if self.bypass else y


class Drawn(NamedTuple):
    model: nn.Module
    shape: tuple[int, int, int]
    idiom: str


def drawn(rng: np.random.Generator) -> Drawn:
    """A network with all its constants."""
    torch.manual_seed(int(rng.integers(2**31)))
    idiom = str(rng.choice(list(SIGNS)))
    channels, size = int(rng.choice([1, 2, 3])), int(rng.integers(7, 13))
    shape = channels, size, size + int(rng.integers(0, 3))
    layers: list[nn.Module] = []
    if rng.random() < 0.5:
        first = int(rng.choice([4, 6, 8]))
        stem = nn.Conv2d(channels, first, 3, padding=1, bias=bool(rng.random() < 0.5))
        with torch.no_grad():  # sums that no order of additions changes
            for parameter in stem.parameters():
                parameter.copy_(torch.round(parameter * 64) / 64)
        layers += [stem, _norm(rng, first)] if rng.random() < 0.7 else [stem]
        channels = first
    for _ in range(int(rng.integers(1, 4))):
        block, channels = _block(rng, channels, idiom)
        layers.append(block)
    layers += [Binarised(idiom), nn.Flatten()]
    body = nn.Sequential(*layers).eval()
    with torch.no_grad():
        features = body(torch.zeros(1, *shape)).shape[1]
    body.append(Convolution(nn.Linear(features, 5, bias=bool(rng.random() < 0.5)), _how(rng)))
    if rng.random() < 0.5:
        norm = nn.BatchNorm1d(5)
        _fill(rng, norm)
        body.append(norm)
    return Drawn(body.eval(), shape, idiom)


def _how(rng: np.random.Generator) -> str:
    return str(rng.choice(["sign", "where", "ready", "alpha"]))


def _norm(rng: np.random.Generator, channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels)
    _fill(rng, norm)
    return norm


def _fill(rng: np.random.Generator, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
    count = norm.num_features
    factor = rng.normal(0, 1, count) * np.where(rng.random(count) < 0.1, 1e-7, 1)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor(factor))
        norm.bias.copy_(torch.tensor(rng.normal(0, 0.3, count)))
        norm.running_mean.copy_(torch.tensor(rng.normal(0, 3, count)))  # type: ignore[union-attr]
        norm.running_var.copy_(torch.tensor(rng.uniform(0.5, 30, count)))  # type: ignore[union-attr]


def _block(rng: np.random.Generator, channels: int, idiom: str) -> tuple[Block, int]:
    same = rng.random() < 0.3
    out = channels if same else int(rng.choice([4, 6, 8, 12]))
    divisors = [n for n in range(1, channels + 1) if channels % n == 0 and out % n == 0]
    groups = int(rng.choice(divisors)) if rng.random() < 0.3 else 1
    kernel = 3 if same else int(rng.choice([1, 2, 3]))
    stride, dilation = (1, 1) if same else (int(rng.choice([1, 1, 2])), int(rng.choice([1, 1, 1, 2])) if kernel == 2 else 1)
    padding, pad = (1 if same else int(rng.choice([0, kernel // 2]))), float(rng.choice([0, 0, -1, 1]))
    own = padding if pad == 0 else 0
    bias = bool(rng.random() < 0.3)
    conv = nn.Conv2d(channels, out, kernel, stride, own, dilation, groups, bias)
    layers: list[nn.Module] = [Binarised(idiom), Convolution(conv, _how(rng), pad, padding if pad else 0)]
    tail: list[nn.Module] = [_norm(rng, out)] if rng.random() < 0.8 else []
    if not same and rng.random() < 0.4:
        tail.insert(int(rng.integers(0, len(tail) + 1)), nn.MaxPool2d(2, int(rng.choice([1, 2])), int(rng.integers(0, 2))))
    if rng.random() < 0.2:
        tail.append(nn.ReLU() if rng.random() < 0.5 else nn.Hardtanh())
    return Block(layers + tail, same), out


def exported(model: nn.Module, shape: tuple[int, int, int], path: Path, *, dynamo: bool) -> None:
    """Write a model as ONNX, by the newer of torch's exporters or by the older one."""
    example = torch.zeros(1, *shape)
    if dynamo:
        logging.disable(logging.WARNING)  # on packages that are not there
        torch.onnx.export(model, (example,), str(path), dynamo=True, verbose=False)
    else:
        torch.onnx.export(model, (example,), str(path), dynamo=False, opset_version=17)


class Outcome(NamedTuple):
    """What became of one network: signs that were compared and that differ from torch's, or why none were.

    `off` says by how much of the largest its outputs differ from those of onnxruntime.
    """

    what: str
    signs: int = 0
    different: int = 0
    said: str = ""
    off: float = 0.0


def tried(number: int, seed: int, dynamo: bool) -> Outcome:
    """Draw, export, import and compare one network."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng([seed, number])
    try:
        made = drawn(rng)
    except RuntimeError:  # a window that does not fit on what is left of the map
        return Outcome("too small")
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        path = Path(folder) / "model.onnx"
        exported(made.model, made.shape, path, dynamo=dynamo)
        try:
            imported = models.read(path)
            decided = False
        except InvalidInput as error:
            if made.idiom not in TERNARY or "zero: is missing" not in str(error):
                return Outcome("refused", said=f"{made.idiom}: {error}")
            imported, decided = models.read(path, zero=1), True
        images = rng.integers(-128, 128, (IMAGES, *made.shape)).astype(np.float32) / 128
        return _compared(made, imported, images, decided, Runtime(path))


def _compared(made: Drawn, imported: models.Imported, images: Any, decided: bool, runtime: Runtime) -> Outcome:
    signs, different, off = 0, 0, 0.0
    network = imported.network
    theirs: list[Any] = []
    for module in made.model.modules():
        if isinstance(module, Binarised):
            module.register_forward_hook(lambda module, given, signs: theirs.append(signs[0].numpy().transpose(1, 2, 0)))
    for image in images:
        theirs.clear()
        made.model(torch.tensor(image[None]))
        if any((one == 0).any() for one in theirs):
            return Outcome("has zeros" if decided else "has zeros that were said to be impossible")
        start = {next(iter(network.inputs)): image.transpose(1, 2, 0)}
        maps = dict(forward(Computation(network, imported.parameters, start, Single())))
        ours = [values for name, values in maps.items() if network.is_signs(name)]
        for one in theirs:
            alike = [(values != np.sign(one)).sum() for values in ours if values.shape == one.shape]
            signs += one.size
            different += int(min(alike, default=one.size))
        off = max(off, runtime.off(image, maps[network.outputs[0]]))
    return Outcome("compared", signs, different, off=off)


class Runtime:
    """onnxruntime, on the very file that was imported."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def off(self, image: Any, ours: Any) -> float:
        """The largest difference of an output, as a share of the largest output."""
        (theirs,) = self.session.run(None, {self.session.get_inputs()[0].name: image[None]})
        return float(np.abs(theirs.ravel() - ours.ravel()).max() / max(1e-30, np.abs(theirs).max()))


def _safely(number: int, seed: int, dynamo: bool) -> Outcome:
    try:
        return tried(number, seed, dynamo)
    except Exception:
        return Outcome("failed", said=traceback.format_exc(limit=-3))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--exporter", choices=["torchscript", "dynamo"], default="torchscript")
    asked = parser.parse_args()
    begun, found = time.perf_counter(), Counter[str]()
    signs = different = off = 0
    numbers = range(asked.first, asked.first + asked.count)
    with ProcessPoolExecutor(asked.jobs) as pool:
        work = partial(_safely, seed=asked.seed, dynamo=asked.exporter == "dynamo")
        for number, outcome in zip(numbers, pool.map(work, numbers), strict=True):
            found[outcome.what] += 1
            signs, different = signs + outcome.signs, different + outcome.different
            off += outcome.off > CLOSE
            if outcome.off > CLOSE:
                print(f"{number}: outputs differ from onnxruntime's by {outcome.off:.2g} of the largest")
            if outcome.said or outcome.different or outcome.what.endswith("impossible"):
                print(f"{number}: {outcome.what}, {outcome.different} differ; {outcome.said}")
    elsewhere = f"{off} networks with other outputs than onnxruntime's"
    print(f"{dict(found)}; {signs:,} signs compared, {different:,} differ; {elsewhere}; {time.perf_counter() - begun:.0f} s")
    return 1 if different or off or found["failed"] or found["refused"] else 0


if __name__ == "__main__":
    sys.exit(main())
