"""What is installed from a wheel is all that the package needs: code, types, tables, page assets, scenarios."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = (
    "hyperdrive_sim/py.typed",
    "hyperdrive_sim/archs/hyperdrive/energy.yaml",
    "hyperdrive_sim/archs/xnorbin/published.yaml",
    "hyperdrive_sim/archs/nandnet_sram/README.md",
    "hyperdrive_sim/outputs/page/page.js",
    "hyperdrive_sim/scenarios/hyperdrive/tiny_2x2.yaml",
    "hyperdrive_sim/scenarios/pictures/hopper.jpg",
)


def files(folder: Path, below: str) -> set[str]:
    """All files of a folder by their names in the wheel, but for what Python leaves there."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    return {f"{below}/{path.relative_to(folder).as_posix()}" for path in found}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built without a network: hatchling is there already."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("hyperdrive_sim-*.whl")
    return found


@pytest.mark.slow
def test_every_file_is_in_the_wheel(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert set(EXAMPLES) <= names
    assert names == files(ROOT / "hyperdrive_sim", "hyperdrive_sim") | files(ROOT / "scenarios", "hyperdrive_sim/scenarios")


@pytest.mark.slow
def test_an_installed_package_has_its_scenarios_with_it(wheel: Path, tmp_path: Path) -> None:
    """Run out of the unpacked wheel, where there is no repository."""
    ZipFile(wheel).extractall(tmp_path)
    code = "from hyperdrive_sim.scenario import shipped; print(shipped.folder())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    found = Path(done.stdout.strip())
    assert found == tmp_path / "hyperdrive_sim" / "scenarios"
    assert (found / "hyperdrive" / "tiny_2x2.yaml").is_file()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-m", "hyperdrive_sim", "run", "hyperdrive/tiny_2x2", "--json"]
    done = subprocess.run(command, cwd=elsewhere, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["scenario"]["file"] == str(found / "hyperdrive" / "tiny_2x2.yaml")
