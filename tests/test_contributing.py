"""CONTRIBUTING.md leads where it says: its files exist, its rooms are the house's in their order, its commands are sessions."""

from __future__ import annotations

import re
from pathlib import Path

from test_floors import ORDER
from test_habits import sessions

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_every_named_file_exists() -> None:
    named = re.findall(r"`((?:hyperdrive_sim|tests|notebooks|scenarios|\.ci)/[\w./]*)`", TEXT)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_rooms_are_named_in_their_order() -> None:
    table = TEXT[TEXT.index("| room |") : TEXT.index("Where something is decided")]
    rooms = re.findall(r"^\| `(\w+)(?:/|\.py)` \| .{20,} \|$", table, re.MULTILINE)
    assert rooms == [room for room in ORDER if room != "__main__"]


def test_checks_are_sessions() -> None:
    named = set(re.findall(r"nox -s (\w+)", TEXT))
    assert {"lint", "types", "dead", "docs", "bench", "quick", "tests"} <= named <= set(sessions())


def test_five_questions_have_their_answers() -> None:
    """What someone who has not seen the code asks first."""
    lines = TEXT.splitlines()
    for question, answer in {
        "| a layer |": "hyperdrive_sim/network/layers/",
        "border exchange": "hyperdrive_sim/archs/hyperdrive/machine.py",
        "waiting tasks": "hyperdrive_sim/engine/turns.py",
        "a price come from": "energy.yaml",
        "| a plot |": "hyperdrive_sim/outputs/plots/",
    }.items():
        found = [line for line in lines if question in line]
        assert any(answer in line for line in found), question
