"""The public face: what `import hyperdrive_sim as hs` offers, that it costs nothing, and which types a user's checker sees."""

from __future__ import annotations

import ast
import inspect
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from commands import ROOT, TINY, invoke

import hyperdrive_sim as hs

SAME = hs.Window.square(3, padding=1)
CONV = hs.Conv(name="conv", inputs=("sign",), out_channels=8, window=SAME, maps="binary", scale=False, bias=False, relu=False)
NETWORK = hs.Network("mine", hs.Shape(4, 6, 8), [hs.Sign(name="sign", inputs=("input",)), CONV])


# --- names ---


def typed() -> dict[str, tuple[str, str]]:
    """What the face imports for type checkers: by name, the module it is from and how it is called there."""
    tree = ast.parse(Path(hs.__file__).read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING")
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: (node.module or "", alias.name) for node in imports for alias in node.names}


def test_what_is_loaded_is_what_type_checkers_see() -> None:
    assert sorted(typed()) == sorted(hs.__all__)
    for name, (module, called) in typed().items():
        if name != "report":
            assert getattr(hs, name) is getattr(import_module(module), called), name


def test_names_are_listed_before_they_are_loaded() -> None:
    code = "import hyperdrive_sim as hs; print(*dir(hs))"
    listed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert set(hs.__all__) <= set(listed)


def test_a_name_that_is_none() -> None:
    with pytest.raises(AttributeError, match=r"^module 'hyperdrive_sim' has no attribute 'simulate'$"):
        hs.simulate  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.slow
@pytest.mark.parametrize("before", ["", "import hyperdrive_sim.reports.report as module; assert module.Report is hs.Report; "])
def test_report_writes_a_page_whatever_has_been_loaded(before: str, tmp_path: Path) -> None:
    code = f"import hyperdrive_sim as hs; {before}print(hs.report({str(TINY)!r}, output='page.html'))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "page.html\n"
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("name", [name for name in hs.__all__ if name != "report"])
def test_every_name_is_explained(name: str) -> None:
    doc = inspect.getdoc(getattr(hs, name))
    assert doc, name
    first = doc.split("\n")[0]
    assert first[0].isupper() or first.startswith("+1"), name
    assert len(first) > 20, name


@pytest.mark.parametrize("verb", ["run", "check", "sweep", "compare"])
def test_verbs_say_what_they_take_and_refuse(verb: str) -> None:
    doc = inspect.getdoc(getattr(hs, verb)) or ""
    said = list(inspect.signature(getattr(hs, verb)).parameters)
    assert f"\n    {'assert ' if verb == 'check' else ''}{verb}(" in doc or "compare([" in doc, "an example"
    assert "InvalidInput" in doc
    assert all(f"*{name}*" in doc for name in said if name in ("changes", "axes", "experiment")), said


# --- what it does ---


def test_a_file_with_changes_is_what_the_command_line_prints() -> None:
    report = hs.run(TINY, {"chip.voltage_v": 0.65, "frames": 2})
    printed = invoke("run", TINY, "--json", "--set", "chip.voltage_v=0.65", "--set", "frames=2").stdout
    assert json.dumps(report.to_dict(), indent=2) + "\n" == printed


def test_a_network_of_ones_own() -> None:
    """8 channels of 6 x 8 pixels from 3 x 3 x 4 taps, on the chip; two frames."""
    report = hs.run(network=NETWORK, architecture="xnorbin", chip={"voltage_v": 1.2}, frames=2)
    assert (report.scenario.title, report.network.macs, report.time.frames) == ("mine on xnorbin", 8 * 48 * 36, 2)
    scenario = hs.Scenario.of_network(NETWORK, "xnorbin", chip={"voltage_v": 1.2}, frames=2)
    assert report.to_dict() == hs.run(scenario).to_dict()
    assert hs.check(scenario).ok


def test_a_run_is_read_again(tmp_path: Path) -> None:
    assert invoke("run", TINY, "-o", tmp_path).exit_code == 0
    assert hs.read_run(tmp_path).to_dict() == hs.run(TINY).to_dict()
    assert hs.scenario_folder() / "hyperdrive" / "tiny_2x2.yaml" == TINY


def test_what_is_wrong_is_an_error_of_the_house() -> None:
    with pytest.raises(hs.HyperdriveSimError, match=r"^frames: must be greater than or equal to 1, not 0$"):
        hs.run(network=NETWORK, architecture="xnorbin", frames=0)


# --- types ---

SNIPPET = """
import hyperdrive_sim as hs

window = hs.Window.square(3, padding=1)
conv = hs.Conv(name="c", inputs=("s",), out_channels=16, window=window, maps="binary")
network = hs.Network("mine", hs.Shape(3, 32, 32), [hs.Sign(name="s", inputs=("input",)), conv])
report = hs.run("file.yaml", {"chip.voltage_v": 0.65})
own = hs.run(network=network, architecture="xnorbin", chip={"voltage_v": 1.2}, frames=2)
verdict = hs.check(hs.Scenario.of_network(network, "xnorbin", chip={"voltage_v": 1.2}, seed=3))
points = hs.sweep("file.yaml", {"chip.voltage_v": [0.5, 0.8]})
compared = hs.compare(["a.yaml", report, "runs/b"], {"frames": 2})
page = hs.report([report, "a.yaml"], output="p.html")
again = hs.read_run("runs/b")
reveal_type(report)
reveal_type(own.time.latency_s)
reveal_type(verdict.ok)
reveal_type(points)
reveal_type(compared)
reveal_type(page)
reveal_type(again.layers[0].stalls)
reveal_type(report.system.changed)
reveal_type(report.plot)
reveal_type(network["c"].inputs)
hs.simulate
hs.run(network=network, architecture="xnorbin", frame=2)
hs.run("file.yaml", {1: 2})
"""
OUTCOME = "hyperdrive_sim.reports.report.Report | hyperdrive_sim.errors.HyperdriveSimError"
SEEN = [
    'note: Revealed type is "hyperdrive_sim.reports.report.Report"',
    'note: Revealed type is "float"',
    'note: Revealed type is "bool"',
    f'note: Revealed type is "list[tuple[dict[str, object], {OUTCOME}]]"',
    f'note: Revealed type is "list[tuple[str, {OUTCOME}]]"',
    'note: Revealed type is "pathlib.Path"',
    'note: Revealed type is "typing.Mapping[str, float]"',
    'note: Revealed type is "typing.Mapping[str, object]"',
    'note: Revealed type is "hyperdrive_sim.outputs.plots.Plots"',
    'note: Revealed type is "tuple[str, ...]"',
    'error: Module has no attribute "simulate"  [attr-defined]',
    'error: Unexpected keyword argument "frame" for "run"; did you mean "frames"?  [call-arg]',
    'error: Dict entry 0 has incompatible type "int": "int"; expected "str": "object"  [dict-item]',
]
CONFIGURATION = "[mypy]\nstrict = True\ndisallow_any_expr = True\nfollow_imports = silent\n"


@pytest.mark.slow
def test_a_users_type_checker_sees_no_any(tmp_path: Path) -> None:
    """With `disallow_any_expr`, an expression of type Any would be an error; there are those that a user has made, and no others."""
    (tmp_path / "mypy.ini").write_text(CONFIGURATION)
    (tmp_path / "user.py").write_text(SNIPPET)
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "user.py"]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    said = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if not line.startswith("Found")]
    assert [line for line in said if "defined in" not in line] == SEEN, done.stdout + done.stderr
