"""What the README shows is what happens: its commands, its Python, its output and its figures."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from simulated import report

from hyperdrive_sim.archs import registry
from hyperdrive_sim.cli import tables
from hyperdrive_sim.scenario.keys import written
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.architectures import settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in FENCED.findall(README) if kind == language]


def printed(scenario: str) -> str:
    out = io.StringIO()
    Console(file=out, width=140, highlight=False).print(tables.summary(report(scenario)))
    return out.getvalue()


def test_first_screen_has_exactly_two_commands() -> None:
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    assert README.index(commands[1]) < 2000
    assert "hyperdrive-sim run hyperdrive/resnet34_224" in commands[0]
    assert commands[1].endswith("pytest -n auto")


def test_python_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    snippets = blocks("python")
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, "README.md", "exec"), {})
    assert "TOp/s/W with I/O" in capsys.readouterr().out


def test_scenario_is_valid() -> None:
    """The first one stands alone; the others are keys to put into it, a system in place of its chip."""
    whole, *parts = blocks("yaml")
    assert Scenario.parse(whole).settings.frames == 4
    without_chip = re.sub(r"^(architecture|chip|granularity):.*\n(  .*\n)*", "", whole, flags=re.M)
    for part in parts:
        Scenario.parse((without_chip if part.startswith("system:") else whole) + part)


def test_shown_output_is_what_is_printed() -> None:
    (shown,) = blocks("text")
    lines = [" ".join(line.split()) for line in printed("hyperdrive/resnet34_224").splitlines()]
    missing = [line for line in shown.splitlines() if " ".join(line.split()) not in lines]
    assert not missing


def test_the_comparison_in_words_is_that_of_the_scenarios() -> None:
    assert "comes to 9.5 with I/O, the one that spends 4.7 on FP16 maps to 3.3" in " ".join(README.split())
    ours, theirs = (report(f"compare/binary_resnet18/{name}").efficiency for name in ("chewbaccann", "hyperdrive"))
    assert f"{ours.system_ops_per_j / 1e12:.1f}" == "9.5"
    assert (f"{theirs.core_ops_per_j / 1e12:.1f}", f"{theirs.system_ops_per_j / 1e12:.1f}") == ("4.7", "3.3")


def test_every_named_file_exists() -> None:
    for name in re.findall(r"`((?:hyperdrive_sim|tests|notebooks|scenarios)/[\w./]+)`", README):
        assert (ROOT / name).exists(), name


def test_its_picture_is_what_its_script_draws(tmp_path: Path) -> None:
    """Fonts differ from machine to machine, what is drawn and how large does not."""
    (picture,) = re.findall(r"^!\[.+\]\((.+)\)$", README, re.MULTILINE)
    script = (ROOT / picture).with_suffix(".py")
    assert f"`python {script.relative_to(ROOT)}` draws it" in README
    subprocess.run([sys.executable, script, tmp_path / "drawn.png"], cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    with Image.open(ROOT / picture) as shown, Image.open(tmp_path / "drawn.png") as drawn:
        assert shown.size == drawn.size
        differ = np.asarray(shown.convert("L"), float) - np.asarray(drawn.convert("L"), float)
    assert np.abs(differ).mean() < 3


def test_every_room_is_in_the_house() -> None:
    house = README[README.index("## The house") :]
    package = ROOT / "hyperdrive_sim"
    rooms = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")} | {path.name for path in package.glob("[a-z]*.py")}
    missing = sorted(room for room in rooms if f"`{room}`" not in house)
    assert not missing


def test_the_keys_of_the_chips_are_those_of_their_specs() -> None:
    rows = [line for line in README.splitlines() if re.match(r"\| (\w+) \| `\w+` \| ", line) and line.split(" ")[1] in registry.names()]
    known = {
        f"| {name} | `{one.key}` | {one.unit} | {written(one.default) or '-'} | {one.about} |"
        for name in registry.names()
        for one in settings(registry.load(name).Spec)
    }
    assert {row.split(" ")[1] for row in rows} == set(registry.names())
    assert not [row for row in rows if row not in known]


def test_the_settings_of_an_editor_are_json() -> None:
    (settings,) = map(json.loads, blocks("json"))
    assert list(settings) == ["yaml.schemas"]
