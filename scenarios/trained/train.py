"""Train the networks of this folder, and write them with their test images: all that is here but the scenarios comes from this program.

    pip install --editable '.[oracles]'
    apt install dataset-fashion-mnist
    python scenarios/trained/train.py digits_mlp         # one of NETWORKS; without a name, all of them

Fashion-MNIST (Xiao, Rasul, Vollgraf, arXiv:1708.07747; MIT licence) is 60,000 pictures to train with and 10,000 to test with, as Debian's
package has them. The digits (Alpaydin and Kaynak, UCI, 1998; CC BY 4.0) are scikit-learn's 1,797 of 8 x 8 pixels, the last 1,000 of them
to test with. Nothing is chosen by a test picture: a network is what it is after its last epoch. Seeds are fixed and one thread adds up, so
that the same version of PyTorch on the same kind of processor leaves the same network.
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL.Image
import torch
from torch import Tensor, nn
from torch.nn import functional

import hyperdrive_sim as hs
from hyperdrive_sim.outputs import networks
from hyperdrive_sim.scenario.preparation import FixedPoint, Preparation

HERE = Path(__file__).parent
FASHION = Path("/usr/share/datasets/fashion-mnist")
TESTED = 1000
"""Test images that come along: Fashion-MNIST's first, of the digits all that are not trained with."""

BATCH, RATE = 128, 0.003


class Images(NamedTuple):
    """Pictures [number, rows, columns] of bytes, with their labels."""

    pixels: np.ndarray
    labels: np.ndarray


class Data(NamedTuple):
    training: Images
    test: Images
    preparation: Preparation

    def inputs(self, images: Images) -> Tensor:
        """What a network takes [number, 1, rows, columns], made as a scenario's `input` says."""
        count, rows, columns = images.pixels.shape
        levels = images.pixels.reshape(count * rows, columns, 1) / np.float32(255)
        return torch.from_numpy(self.preparation.of(levels).reshape(count, 1, rows, columns))


def fashion() -> Data:
    def read(part: str) -> Images:
        images, labels = (gzip.decompress((FASHION / f"{part}-{kind}-ubyte.gz").read_bytes()) for kind in ("images-idx3", "labels-idx1"))
        return Images(np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28), np.frombuffer(labels, np.uint8, offset=8))

    eight_bits = FixedPoint(bits=8, step=1 / 64)
    return Data(read("train"), read("t10k"), Preparation(mean=0.286, std=0.353, quantise=eight_bits))


def digits() -> Data:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    levels = (pixels.reshape(-1, 8, 8) * 255 / 16).round().astype(np.uint8)
    first = len(levels) - TESTED
    training, test = (Images(levels[part], labels[part].astype(np.uint8)) for part in (slice(first), slice(first, None)))
    return Data(training, test, Preparation(mean=0.5))


def sign(x: Tensor) -> Tensor:
    """+1 or -1, never 0. In training its slope is taken for 1 between -1 and 1, and 0 beyond (a straight-through estimator)."""
    signs = torch.where(x >= 0, 1.0, -1.0)
    if not torch.is_grad_enabled():
        return signs
    slope = x.clamp(-1, 1)
    return slope + (signs - slope).detach()


class Sign(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return sign(x)


class Machine(NamedTuple):
    """What NAND-Net loses: one product of every *group*, where all of them count, and perhaps of the activations counted, too."""

    group: int
    loses_ones: bool


MACHINES = {"nandnet_dram": Machine(2, loses_ones=True), "nandnet_sram": Machine(8, loses_ones=False)}
"""As published, and as the settings say that are not: popcount compression by 2; converters of 3 bits on 8 rows, of 4 for activations."""


class Binary(nn.Module):
    """What binary layers have in common: weights behind a sign and, where a machine is given, what its counts lose.

    A sum is V - 2 sum(w) - 2 sum(x) + 4 sum(x and w), and a group of products loses one where all of them count. It is then too small by 4
    for every group whose activations and weights are all +1 and, where the count of activations loses likewise, too large by 2 for every
    group whose activations are. Groups are of neighbouring input channels, which 8 divides in all networks here.
    """

    machine: Machine | None = None

    def summed(self, x: Tensor, operation: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        weights = sign(self.weight)
        sums = operation(x, weights)
        if self.machine is None:
            return sums
        group = self.machine.group
        return sums + operation(full(x, group), 2 * self.machine.loses_ones - 4 * full(weights, group))


def full(signs: Tensor, group: int) -> Tensor:
    """1 for each group of neighbouring channels that are all +1, else 0."""
    return ((signs + 1) / 2).unflatten(1, (-1, group)).prod(2)


class BinaryConv(Binary, nn.Conv2d):
    """A convolution of binary weights; beyond the edge its map has the value `beyond`, 0 or one of both signs."""

    def __init__(self, channels: int, out: int, kernel: int = 3, stride: int = 1, padding: int = 0, beyond: float = 0.0) -> None:
        nn.Conv2d.__init__(self, channels, out, kernel, stride, bias=False)
        self.around, self.beyond = padding, beyond
        nn.init.uniform_(self.weight, -0.5, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, [self.around] * 4, value=self.beyond) if self.around else x
        return self.summed(x, lambda x, weights: functional.conv2d(x, weights, stride=self.stride))


class RealMapConv(BinaryConv):
    """A convolution of binary weights on real numbers, which nothing counts."""

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, [self.around] * 4) if self.around else x
        return functional.conv2d(x, sign(self.weight), stride=self.stride)


class BinaryLinear(Binary, nn.Linear):
    def __init__(self, inputs: int, outputs: int) -> None:
        nn.Linear.__init__(self, inputs, outputs, bias=False)
        nn.init.uniform_(self.weight, -0.5, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.summed(x, functional.linear)


def signed(channels: int, layer: nn.Module) -> Iterator[nn.Module]:
    """Batch norm and sign, as they follow on every binary layer: a threshold per channel."""
    yield from (layer, nn.BatchNorm2d(channels), Sign())


def cnv() -> nn.Module:
    """FINN's CNV (Umuroglu et al., FPGA 2017), whose first layer makes 30 x 30 of the 28 x 28 pixels."""
    return nn.Sequential(
        *signed(64, RealMapConv(1, 64, padding=2)), *signed(64, BinaryConv(64, 64)), nn.MaxPool2d(2),
        *signed(128, BinaryConv(64, 128)), *signed(128, BinaryConv(128, 128)), nn.MaxPool2d(2),
        *signed(256, BinaryConv(128, 256)), *signed(256, BinaryConv(256, 256)),
        *signed(512, BinaryConv(256, 512, 1)), *signed(512, BinaryConv(512, 512, 1)),
        nn.Flatten(), BinaryLinear(512, 10),
    )  # fmt: skip


def mlp() -> nn.Module:
    """Three hidden layers of 512 signs each on 64 pixels, which are signs too."""
    hidden = [part for inputs in (64, 512, 512) for part in (BinaryLinear(inputs, 512), nn.BatchNorm1d(512), Sign())]
    return nn.Sequential(Sign(), nn.Flatten(), *hidden, BinaryLinear(512, 10))


class Block(nn.Module):
    """A residual block: binary layers whose sums are added to a multiple of the signs that the block begins with."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(BinaryConv(channels, out, 3, stride, 1, beyond=1.0), nn.BatchNorm2d(out), Sign())
        self.second = BinaryConv(out, out, 3, 1, 1, beyond=1.0)
        self.down = BinaryConv(channels, out, 1, stride) if channels != out else None
        self.gain = 1.0 if self.down else float(round((9 * out) ** 0.5))
        self.last = nn.Sequential(nn.BatchNorm2d(out), Sign())

    def forward(self, x: Tensor) -> Tensor:
        bypass = self.down(x) if self.down else x * self.gain
        return self.last(self.second(self.first(x)) + bypass)


def residual() -> nn.Module:
    """A residual network between a real first and a real last layer."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, 2, 2, bias=False), nn.BatchNorm2d(32), Sign(),
        Block(32, 32, 1), Block(32, 64, 2), Block(64, 64, 1), Block(64, 128, 2), Block(128, 128, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip


def rectified(channels: int, out: int, stride: int = 1) -> tuple[nn.Module, ...]:
    """A layer of binary weights on real numbers, as Hyperdrive runs it."""
    return RealMapConv(channels, out, 3, stride, 1), nn.BatchNorm2d(out), nn.ReLU()


class RealBlock(nn.Module):
    """A residual block of binary weights on real maps."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Sequential(*rectified(channels, channels))
        self.second = nn.Sequential(RealMapConv(channels, channels, 3, 1, 1), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.second(self.first(x)) + x)


def weights_only() -> nn.Module:
    """A residual network of binary weights and real maps, between a real first and a real last layer."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, 2, 2, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        RealBlock(32), *rectified(32, 64, 2), RealBlock(64), *rectified(64, 128, 2), RealBlock(128),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip


def mixed() -> nn.Module:
    """Binary weights on real maps, then binary layers on signs: for two kinds of chips beside each other."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, 2, 2, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        *rectified(32, 64), *signed(64, RealMapConv(64, 64, 3, 1, 1)),
        *signed(128, BinaryConv(64, 128, 3, 1, 0)), nn.MaxPool2d(2),
        *signed(256, BinaryConv(128, 256)), *signed(256, BinaryConv(256, 256)),
        *signed(512, BinaryConv(256, 512, 2)), nn.Flatten(), BinaryLinear(512, 10),
    )  # fmt: skip


class Recipe(NamedTuple):
    """How a network is trained; `sharpness` is what its outputs are multiplied by in training: sums of 512 signs spread by 22.

    `again` says for how many epochs it is trained further with what a machine loses, by the name of that machine.
    """

    make: Callable[[], nn.Module]
    data: Callable[[], Data]
    epochs: int
    sharpness: float = 1.0
    again: int = 0


NETWORKS = {
    "digits_mlp": Recipe(mlp, digits, 60, 1 / 16, again=60),
    "fashion_weights_only": Recipe(weights_only, fashion, 8),
    "fashion_mixed": Recipe(mixed, fashion, 8, 1 / 16),
    "fashion_residual": Recipe(residual, fashion, 10, again=4),
    "fashion_cnv": Recipe(cnv, fashion, 6, 1 / 16),
}


def train(network: nn.Module, recipe: Recipe, data: Data, epochs: int) -> None:
    """Train a network for some epochs: Adam, its rate falling to 0 as half a cosine does."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    inputs, labels = data.inputs(data.training), torch.from_numpy(data.training.labels.astype(np.int64))
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * -(-len(inputs) // BATCH))
    for number in range(epochs):
        begun, losses = time.perf_counter(), []
        network.train()
        for batch in torch.randperm(len(inputs)).split(BATCH):
            optimiser.zero_grad()
            loss = functional.cross_entropy(network(inputs[batch]) * recipe.sharpness, labels[batch])
            loss.backward()
            optimiser.step()
            schedule.step()
            clamp(network)
            losses.append(loss.item())
        print(f"epoch {number + 1}: loss {np.mean(losses):.3f}, {time.perf_counter() - begun:.0f} s", flush=True)
    network.eval()


def clamp(network: nn.Module) -> None:
    """Keep the numbers behind binary weights within -1 and 1, beyond which their signs would no longer change."""
    for layer in network.modules():
        if isinstance(layer, Binary):
            layer.weight.data.clamp_(-1, 1)


def on(machine: Machine | None, network: nn.Module) -> nn.Module:
    """The network as a machine computes it; None: as it should be."""
    for layer in network.modules():
        if isinstance(layer, Binary):
            layer.machine = machine
    return network


def accuracy(network: nn.Module, data: Data, count: int | None = None) -> float:
    """Share of the first *count* test images that are put into their class."""
    labels = torch.from_numpy(data.test.labels.astype(np.int64))[:count]
    with torch.no_grad():
        found = torch.cat([network(part).argmax(1) for part in data.inputs(data.test)[:count].split(500)])
    return float((found == labels).float().mean())


def write(network: nn.Module, name: str, data: Data) -> None:
    """Write a network as an import leaves it, and say how it does by PyTorch."""
    print(
        f"{name}: {accuracy(network, data):.4f} of all test images, {accuracy(network, data, TESTED):.3f} of those that come along",
        flush=True,
    )
    rows, columns = data.test.pixels.shape[1:]
    imported = hs.import_model(on(None, network), torch.zeros(1, 1, rows, columns))
    layers = imported.network
    named = hs.Network(name, dict(layers.inputs), list(layers), layers.outputs)
    sizes = networks.write(imported._replace(network=named), HERE / "networks" / name, force=True)
    print(f"{name}: {sum(sizes.values()) / 1000:.0f} kB", flush=True)


def write_images(name: str, data: Data) -> None:
    """Write the test images that come along in MNIST's idx format, packed, without the time at which that was done; the first as PNG."""
    (HERE / "images").mkdir(exist_ok=True)
    for part, array in (("images", data.test.pixels[:TESTED]), ("labels", data.test.labels[:TESTED])):
        head = bytes((0, 0, 8, array.ndim)) + b"".join(size.to_bytes(4, "big") for size in array.shape)
        (HERE / "images" / f"{name}-{part}.idx.gz").write_bytes(gzip.compress(head + array.tobytes(), mtime=0))
    PIL.Image.fromarray(data.test.pixels[0]).save(HERE / "images" / f"{name}-0.png")


def main(names: list[str], epochs: int | None) -> None:
    for name in names:
        recipe = NETWORKS[name]
        data = recipe.data()
        write_images(name.partition("_")[0], data)
        torch.manual_seed(1)
        network = recipe.make().to(memory_format=torch.channels_last)
        train(network, recipe, data, epochs or recipe.epochs)
        write(network, name, data)
        before = {key: value.clone() for key, value in network.state_dict().items()}
        for chip, machine in MACHINES.items() if recipe.again else ():
            network.load_state_dict(before)
            print(f"{name} as {chip} computes it: {accuracy(on(machine, network), data):.4f}", flush=True)
            train(network, recipe, data, epochs or recipe.again)
            write(network, f"{name}_{chip}", data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train the networks of scenarios/trained.")
    parser.add_argument("names", nargs="*", choices=[*NETWORKS, []], help="networks; all of them if none is named")
    parser.add_argument("--epochs", type=int, help="train for so many epochs only, to try the program")
    given = parser.parse_args()
    main(given.names or list(NETWORKS), given.epochs)
