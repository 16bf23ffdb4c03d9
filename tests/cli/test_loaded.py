"""Start-up: a command loads what it uses, and of what takes long to load nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT, TINY

HEAVY = {
    *("PIL", "jinja2", "matplotlib", "networkx", "numpy", "onnx", "pandas", "perfetto", "plotly", "pydantic", "rich", "rich_click"),
    *("ruamel", "scipy", "simpy", "torch"),
    *(("psutil",) if sys.platform == "linux" else ()),  # what it would say stands in files there
}
"""Packages that take 10 ms or more to load; numba, which some kernels need, has tests of its own besides."""

READING = {"numpy", "pydantic"}
"""Packages that a scenario is read with, if its YAML is plain."""

LOADED = "import sys\nfrom hyperdrive_sim.cli.commands import main\nmain()\nprint(*sys.modules, file=sys.__stderr__)"


def loaded(*arguments: object) -> set[str]:
    """Packages in a process that has run a command."""
    command = [sys.executable, "-c", LOADED, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--version"], set()),
        (["--help"], {"rich", "rich_click"}),
        (["run", "--help"], {"rich", "rich_click"}),
        (["list"], READING | {"rich", "ruamel"}),  # some scenarios that come along are not plain
        (["list", "--json"], READING | {"ruamel"}),
        (["describe", "hyperdrive"], READING | {"rich", "ruamel"}),
        (["describe", "lenet", "--json"], READING),
        (["run", "nosuch.yaml"], READING | {"rich"}),
        (["run", TINY], READING | {"simpy", "rich"}),
        (["run", TINY, "--json"], READING | {"simpy"}),
        (["run", TINY, "--json", "--set", "seed=2"], READING | {"simpy", "ruamel"}),
        (["run", TINY, "--dry-run", "--json"], READING | {"simpy"}),
        (["diagram", TINY], READING | {"simpy"}),
        (["weights", TINY, "--json"], READING),
    ],
)
def test_a_command_loads_what_it_uses(arguments: list[object], expected: set[str]) -> None:
    found = loaded(*arguments)
    assert "hyperdrive_sim" in found
    assert found & HEAVY == expected
    assert not found & {"numba", "llvmlite"}


def test_a_file_that_is_written_loads_no_more(tmp_path: Path) -> None:
    assert loaded("run", TINY, "-o", tmp_path / "run", "--trace", tmp_path / "run.json") & HEAVY == READING | {"simpy", "rich", "ruamel"}
