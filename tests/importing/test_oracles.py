"""Imported networks against torch, and broken files: short legs of two programs that can be run for as long as one likes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mutants
import pytest
from programs import packages

HERE = Path(__file__).parent
ORACLES = ("torch", "onnxruntime", "onnxscript")


@pytest.mark.parametrize(("exporter", "count"), [("torchscript", 60), ("dynamo", 6)])
@pytest.mark.slow
def test_maps_of_signs_are_those_that_torch_computes(exporter: str, count: int) -> None:
    packages(*ORACLES)
    command = [sys.executable, str(HERE / "random_networks.py"), "--exporter", exporter, "--count", str(count)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "'compared'" in found.stdout


@pytest.mark.parametrize("exporter", ["torchscript", "dynamo"])
@pytest.mark.slow
def test_outputs_are_those_that_torch_computes(exporter: str) -> None:
    packages(*ORACLES)
    command = [sys.executable, str(HERE / "torch_layers.py"), "--exporter", exporter]
    found = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("start", range(0, 2_000, 500))
def test_broken_files_are_read_or_refused(start: int) -> None:
    outcomes = [mutants.tried(number, seed=1) for number in range(start, start + 500)]
    assert [outcome for outcome in outcomes if outcome.fault] == []
    assert {outcome.what for outcome in outcomes} == {"read", "refused"}


@pytest.mark.slow
def test_a_live_module_may_lie_channels_last_in_memory() -> None:
    """As it is trained faster; a mean over its pixels is then exported as gathers of single values."""
    packages(*ORACLES)
    program = """if True:
        import torch, hyperdrive_sim as hs
        from torch import nn
        torch.manual_seed(1)
        layers = nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)
        module = nn.Sequential(*layers).eval()
        found = [list(map(repr, hs.import_model(module.to(memory_format=how), torch.zeros(1, 2, 6, 6)).network))
                 for how in (torch.contiguous_format, torch.channels_last)]
        assert found[0] == found[1]
        assert module[0].weight.is_contiguous(memory_format=torch.channels_last)
    """
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=False)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(("exporter", "count"), [("torchscript", 12), ("dynamo", 3)])
@pytest.mark.slow
def test_outputs_are_those_that_qonnx_computes(exporter: str, count: int) -> None:
    packages(*ORACLES, "brevitas", "onnxoptimizer", "qonnx")
    command = [sys.executable, str(HERE / "qonnx_networks.py"), "--exporter", exporter, "--count", str(count)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert " 0 networks differ" in found.stdout


LIVE = """
import sys, torch, hyperdrive_sim as hs
import hyperdrive_sim.importing.torch_module as torch_module

class Binary(torch.nn.Conv2d):
    def forward(self, x):
        return torch.nn.functional.conv2d(x, torch.where(self.weight >= 0, 1.0, -1.0), self.bias, self.stride, self.padding)

class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = Binary(8, 8, 3, padding=1, bias=False), torch.nn.BatchNorm2d(8)
        self.conv2, self.act = Binary(4, 8, 1), torch.nn.PReLU(8)
    def forward(self, x):
        front, back = torch.where(self.bn1(self.conv1(torch.where(x >= 0, 1.0, -1.0))) >= 0, 1.0, -1.0).chunk(2, 1)
        return self.act(self.conv2(back))

if sys.argv[1] == "torchscript":
    torch_module.find_spec = lambda name: None
net = torch.nn.Sequential()
net.stem, net.layer1, net.fc = torch.nn.Conv2d(3, 8, 3), torch.nn.Sequential(Block(), Block()), torch.nn.Conv2d(8, 5, 4)
for values in (*net.parameters(), *net.buffers()):  # the older exporter takes one constant for two that are the same
    if values.is_floating_point():
        torch.nn.init.uniform_(values, 0.1, 1.0)
print(*(layer.name for layer in hs.import_model(net.eval(), torch.zeros(1, 3, 6, 6)).network))
"""


@pytest.mark.parametrize("exporter", ["torchscript", "dynamo"])
@pytest.mark.slow
def test_layers_of_a_module_have_the_names_of_its_modules(exporter: str) -> None:
    packages(*ORACLES)
    found = subprocess.run([sys.executable, "-c", LIVE, exporter], capture_output=True, text=True, timeout=600, check=False)
    assert found.returncode == 0, found.stderr
    names = found.stdout.split()
    modules = [f"layer1.{block}.{part}" for block in (0, 1) for part in ("conv1", "bn1", "conv2", "act")]
    assert [name for name in names if name in {"stem", "fc", *modules}] == ["stem", *modules, "fc"]
