"""Tables of published figures in READMEs are what `hyperdrive-sim validate --markdown` prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from commands import invoke

import hyperdrive_sim

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", *sorted(Path(hyperdrive_sim.__file__).parent.glob("archs/*/README.md"))]
BLOCK = re.compile(r"<!-- (hyperdrive-sim validate .*?) -->\n(.*?)<!-- end -->", re.DOTALL)
BLOCKS = [
    pytest.param(command, text, id=f"{path.parent.name}: {command}")
    for path in READMES
    for command, text in BLOCK.findall(path.read_text("utf-8"))
]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "shown"), BLOCKS)
def test_tables_are_fresh(command: str, shown: str) -> None:
    """Where one is stale, that command's output goes between the two comments."""
    result = invoke(*shlex.split(command)[1:])
    assert result.exit_code == 0
    assert shown.strip() == result.stdout.strip()


def test_every_chip_with_published_figures_has_its_table() -> None:
    chips = {path.parent.name for path in Path(hyperdrive_sim.__file__).parent.glob("archs/*/published.yaml")}
    commands = {command for path in READMES for command, _ in BLOCK.findall(path.read_text("utf-8"))}
    assert commands == {f"hyperdrive-sim validate {chip} --markdown" for chip in chips} | {
        "hyperdrive-sim validate --quantity efficiency --markdown"
    }
