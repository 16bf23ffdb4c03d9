"""The command `sensitivity`: two tables that fit a terminal, one JSON document, a picture that replaces nothing."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from commands import TINY, invoke, sentences
from rich.console import Console

from hyperdrive_sim.cli import sensitivities
from hyperdrive_sim.reports.helps import Help
from hyperdrive_sim.study.sensitivity import Outcome, Sensitivity, Varied

UNITS = (
    Help(("array", "port"), 0.5e-3, -0.5),
    Help(("array", "link"), 0.799e-3, -0.201),
    Help(("array",), 0.8e-3, -0.2),
    Help(("port", "link"), 1e-3, 0.0),
    Help(("port",), 1e-3, 0.0),
    Help(("link",), 1.01e-3, 0.01),
)
FIGURES = (
    Varied("chip.lanes", 16, "recalled", (Outcome(8, 0.968, -0.0117), Outcome(24, None, None, "is too large"))),
    Varied("array.cycle, array.scale, array.bias", 320.0, "assumed", (Outcome(160.0, 0.0, -0.37), Outcome(480.0, 0.0, 0.37))),
    Varied("chip.fused", True, "fitted", (Outcome(False, 0.1, 0.2),)),
    Varied("chip.fill", "a", "fitted", (Outcome("b", 0.0, 0.1), Outcome("c", 0.0, -0.1), Outcome("d", 0.0, 0.05))),
    Varied("chip.buffer_bits", 64, "assumed", (Outcome(32, 0.0, 0.0), Outcome(96, 0.0001, 0.0))),
    Varied("chip.sizes", (4, 2), "assumed", (Outcome((2, 1), None, None, "are too small"),)),
)
LEFT = {"chip.clock_mhz": "is absent", "chip.io_pj_per_bit": "is absent", "chip.drain_cycles": "is 0"}
FOUND = Sensitivity(1, "a chip", "net on chip", 1, "makespan", 1e-3, 2e-6, UNITS, FIGURES, LEFT)

TEXT = """\
a chip
net on chip
makespan 1 ms of 1 frame, energy 2 uJ per frame

what would help: units in half their time
units              time  each alone
array and port  -50.0 %  array -20.0 %, port 0 %
array           -20.0 %
port                0 %
link             +1.0 %

what it rests on: settings, and prices in pJ, that are not well known
                              if it
figure                    is   were     time   energy
lanes                     16      8  +96.8 %   -1.2 %
  recalled
array.cycle and 2 more   320    160      0 %  -37.0 %
  assumed                       480      0 %  +37.0 %
fused                   true  false  +10.0 %  +20.0 %
  fitted
fill                       a      b      0 %  +10.0 %
  fitted                          c      0 %  -10.0 %
                                  d      0 %   +5.0 %

refused: chip.lanes=24: is too large
refused: 'chip.sizes=[2,1]': are too small
without effect: buffer_bits
not varied, as each is absent: clock_mhz, io_pj_per_bit
not varied, as each is 0: drain_cycles
"""


def rendered(width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(sensitivities.sensitivity(FOUND))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    return "\n".join(lines) + "\n"


def test_what_moves_most_stands_first_and_what_moves_nothing_below() -> None:
    assert rendered(80) == TEXT


def test_on_a_narrow_terminal_nothing_is_cut_off() -> None:
    found = rendered(40)
    assert "\N{HORIZONTAL ELLIPSIS}" not in found
    assert all(change in found for change in ("-50.0 %", "+96.8 %", "-1.2 %", "-37.0 %", "+37.0 %", "+20.0 %"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something was found already."""
    monkeypatch.setattr("hyperdrive_sim.study.sensitivity.sensitivity", lambda scenario, progress: FOUND)


def test_a_real_one() -> None:
    result = invoke("sensitivity", TINY)
    assert result.exit_code == 0, result.output
    assert "border and array  -48.2 %  border -24.3 %, array -22.8 %" in result.stdout
    assert "border_link_bits_per_cycle" in result.stdout


@pytest.mark.usefixtures("quick")
def test_json_is_one_document() -> None:
    assert json.loads(invoke("sensitivity", TINY, "--json").stdout) == json.loads(json.dumps(FOUND.to_dict()))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("name", "begins"), [("t.png", b"\x89PNG"), ("t.SVG", b"<?xml"), ("t.pdf", b"%PDF")])
def test_a_picture(tmp_path: Path, name: str, begins: bytes) -> None:
    result = invoke("sensitivity", TINY, "-o", tmp_path / name)
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert f"wrote {tmp_path / name}" in result.stderr
    again = invoke("sensitivity", TINY, "-o", tmp_path / name)
    assert (again.exit_code, again.stdout) == (2, "")
    assert sentences(again)[0].startswith(f"--output: '{tmp_path / name}' was not written by hyperdrive-sim")
    assert invoke("sensitivity", TINY, "-o", tmp_path / name, "--force").exit_code == 0


def test_what_is_no_picture_is_refused_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperdrive_sim.study.sensitivity.sensitivity", None)
    result = invoke("sensitivity", TINY, "-o", tmp_path / "t.gif")
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentences(result) == [f"--output: '{tmp_path / 't.gif'}' is no picture; end it with .png, .svg or .pdf"]
    assert list(tmp_path.iterdir()) == []
