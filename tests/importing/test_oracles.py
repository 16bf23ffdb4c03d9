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
