"""A chip from elsewhere, the notebook's as an installed package, is held to the contract by the command that README gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import hyperdrive_sim

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "your_own_architecture.ipynb"
COMMAND = "pytest -p hyperdrive_sim.testing.plugin --pyargs hyperdrive_sim.testing --architecture NAME"
MISTAKE, MENDED = "self.there[conv.name] = {done}", "self.there[conv.name] = set(wrote)"
"""The edge that the notebook's first version lacks: an output leaves before its layer's first blocks are computed."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where packages are installed: one of them has a chip, and says so."""
    package, metadata = tmp_path / "site" / "my_strip", tmp_path / "site" / "my_strip-1.0.dist-info"
    package.mkdir(parents=True)
    metadata.mkdir()
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        magic, _, source = cell.source.partition("\n")
        if magic.startswith("%%writefile {strip}/"):
            (package / magic.rpartition("/")[2]).write_text(source)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-strip\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[hyperdrive_sim.architectures]\nstrip = my_strip:architecture\n")
    return package.parent


def held(site: Path, *, name: str = "strip") -> subprocess.CompletedProcess[str]:
    """Run the command somewhere with nothing around; the packages are all that is known of either side."""
    elsewhere = site.parent / "elsewhere"
    elsewhere.mkdir()
    known = {key: value for key, value in os.environ.items() if key not in ("PYTEST_ADDOPTS", "HYPERDRIVE_SIM_ARCHS")}
    environment = known | {"PYTHONPATH": f"{site}{os.pathsep}{Path(hyperdrive_sim.__file__).parents[1]}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", *COMMAND.replace("NAME", name).split(), "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=120)


def mend(site: Path) -> None:
    lower = site / "my_strip" / "lower.py"
    assert lower.read_text().count(MISTAKE) == 1
    lower.write_text(lower.read_text().replace(MISTAKE, MENDED))


def test_the_command_is_the_one_that_people_are_told() -> None:
    assert COMMAND in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_a_sound_chip_passes(site: Path) -> None:
    mend(site)
    run = held(site)
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout
    assert "skipped" not in run.stdout, "nothing is left out"


@pytest.mark.slow
def test_a_missing_edge_is_found_and_its_tasks_are_named(site: Path) -> None:
    run = held(site)
    assert run.returncode == 1, run.stdout
    assert "strip.maps: nothing orders task 8 (compute of layer2.0.down on strip.array, frame 0)" in run.stdout
    assert "before task 11 (output of layer2.0.down on strip.link, frame 0)" in run.stdout


@pytest.mark.slow
def test_a_chip_that_runs_nothing_is_told_so(site: Path) -> None:
    """Without networks to try, all else would hold."""
    chip = site / "my_strip" / "chip.py"
    chip.write_text(chip.read_text().replace('layer.weights == "binary"', "layer.window.taps == 121"))
    (site / "my_strip" / "worlds.yaml").unlink()
    run = held(site)
    assert run.returncode == 1, run.stdout
    assert "strip can be tried in 0 worlds, 3 at least are needed; tell of some in a worlds.yaml. It refuses:" in run.stdout
    assert "tiny_conv: network: 'tiny_conv' has no convolution of binary weights; take another network" in run.stdout


@pytest.mark.slow
def test_an_unknown_name_is_refused(site: Path) -> None:
    run = held(site, name="stripe")
    assert run.returncode == 4
    assert "ERROR: architecture: 'stripe' is unknown; did you mean 'strip'?" in run.stderr
