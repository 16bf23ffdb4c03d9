"""Names of scenarios at the command line and in Python: files, short names, directories of runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import TINY, complaints, invoke, sentences, write

import hyperdrive_sim as hs

NAME = "hyperdrive/tiny_2x2"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "command", ["run NAME", "check NAME", "diagram NAME", "explain NAME 3", "compare NAME NAME", "run NAME --dry-run", "run NAME.yaml"]
)
def test_a_short_name_is_found_from_anywhere(command: str) -> None:
    result = invoke(*command.replace("NAME", NAME).split())
    assert (result.exit_code, bool(result.stdout)) == (0, True), result.stderr


def test_other_commands_take_short_names_too() -> None:
    assert invoke("sweep", NAME, "--set", "sweep={frames: [1, 2]}").exit_code == 0
    assert invoke("export", "hyperdrive/tiny_2x2", "-o", "weights.bin").exit_code == 0
    assert "hyperdrive-sim run hyperdrive/tiny_2x2" in _page(NAME)


def _page(source: str) -> str:
    result = invoke("report", source, "-o", "page.html")
    assert result.exit_code == 0, result.stderr
    return Path("page.html").read_text("utf-8")


def test_the_output_says_which_file_was_read() -> None:
    assert json.loads(invoke("run", NAME, "--json").stdout)["scenario"]["file"] == str(TINY)
    assert sentences(invoke("run", NAME, "--set", "frames=0")) == ["--set frames=0:1:1: frames: must be greater than or equal to 1, not 0"]


def test_in_python() -> None:
    assert hs.run(NAME).time == hs.run(TINY).time
    assert hs.Scenario.read(NAME).file == str(TINY)
    assert hs.check(NAME).ok
    with pytest.raises(hs.InvalidInput, match=r"^cannot read 'hyperdrive/tiny_2x3': there is no such file; did you mean '.*/tiny_2x2'\?$"):
        hs.run("hyperdrive/tiny_2x3")


def test_a_name_of_nothing() -> None:
    result = invoke("run", "tiny_2x2")
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentences(result) == ["cannot read 'tiny_2x2': there is no such file; did you mean 'hyperdrive/tiny_2x2'?"]
    assert sentences(invoke("run", "hyperdrive")) == [
        "cannot read 'hyperdrive': there is no such file; `hyperdrive-sim list` names the scenarios that come along"
    ]


def test_a_scenario_extends_one_that_comes_along(here: Path) -> None:
    """Its picture lies beside it, and is found there; one that is named here lies here."""
    write(here, base="extends: xnorbin/cifar10_bnn_photo\nframes: 2\n")
    scenario = hs.Scenario.read("s.yaml")
    picture = scenario.path("input", "image")
    assert picture is not None
    assert picture.is_file()
    assert scenario.settings.frames == 2
    assert scenario.changed(["input.image=my.png"]).path("input", "image") == Path("my.png")
    assert complaints(here, base="extends: xnorbin/cifar10_bnn_foto\n") == [
        "s.yaml:1:1: extends: cannot read 'xnorbin/cifar10_bnn_foto': there is no such file; did you mean 'xnorbin/cifar10_bnn_photo'?"
    ]


def test_a_run_is_run_again(here: Path) -> None:
    """With its picture, wherever the directory has been moved to."""
    assert invoke("run", "xnorbin/cifar10_bnn_photo", "--set", "frames=2", "-o", "first").exit_code == 0
    (here / "first").rename(here / "moved")
    again = json.loads(invoke("run", "moved", "--json", "-o", "second").stdout)
    first = json.loads(Path("moved/result.json").read_text("utf-8"))
    assert again["time"] == first["time"]
    assert again["scenario"]["file"] == "moved/scenario.resolved.yaml"
    assert Path("second/scenario.input.jpg").read_bytes() == Path("moved/scenario.input.jpg").read_bytes()


def test_a_run_is_checked_again() -> None:
    assert invoke("run", NAME, "-o", "run").exit_code == 0
    assert invoke("check", "run").exit_code == 0
    assert invoke("sweep", "run", "--set", "sweep={frames: [1, 2]}").exit_code == 0
    assert hs.run("run").time == hs.read_run("run").time
    assert sentences(invoke("run", "run", "-o", "run")) == [
        "--output: 'run' is or holds 'run/scenario.resolved.yaml', which is read for it; name another place"
    ]


def test_a_directory_of_something_else(here: Path) -> None:
    (here / "notes").mkdir()
    cure = "name a scenario file, or a directory that `hyperdrive-sim run FILE -o DIR` wrote"
    for command in ("run", "check", "sweep"):
        result = invoke(command, "notes")
        assert (result.exit_code, result.stdout, sentences(result)) == (2, "", [f"cannot read 'notes': it is a directory; {cure}"])


# --- describe ---


def test_describe_an_architecture() -> None:
    said = invoke("describe", "hyperdrive").stdout
    assert said.startswith("hyperdrive: A system of one or more Hyperdrive chips\ngranularity: block, or finer: pixel. ")
    assert "  voltage_v: 0.5 V  recalled [2]\n" in said
    assert "    a number above 0, in V\n" in said
    assert "  clock_mhz: absent  recalled [2]\n" in said
    assert "array.conv_cycle     320 pJ  recalled [5]\n" in said
    assert "[4] not published; chosen here\n" in said
    assert "    rests on core efficiency at 0.5 V (recalled), " in said
    assert "  hyperdrive/resnet34_224\n    ResNet-34 at 224 x 224 on one Hyperdrive chip\n" in said


def test_describe_a_network() -> None:
    said = invoke("describe", "binareye").stdout
    assert said.startswith("binareye: input 3 x 32 x 32\n2,138,112 weights of 1 bit and 0 others")
    assert said.endswith(
        "network_options: {width: 256} unless a scenario sets them\n"
        "its usual input is 3 x 32 x 32; --input-shape C,H,W describes it at another\n"
    )
    assert invoke("describe", "resnet34", "--input-shape", "3,64,64").stdout.startswith("resnet34: input 3 x 64 x 64\n")


def test_describe_a_scenario(here: Path) -> None:
    write(here, base="extends: hyperdrive/resnet34_224\ntitle: mine\nchip: {voltage_v: 0.65}\n")
    lines = [" ".join(line.split()) for line in invoke("describe", "s.yaml", "--set", "frames=2").stdout.splitlines()]
    assert lines[0] == "mine"
    assert "title mine [1] line 2" in lines
    assert "network resnet34 [2] line 3" in lines
    assert "frames 2 --set" in lines
    assert "seed 1 default" in lines
    assert "chip.voltage_v 0.65 V [1] line 3" in lines
    assert "[1] s.yaml" in lines
    assert lines[-1] == "hyperdrive-sim describe hyperdrive says what the keys under chip: mean"


def test_describe_a_file_that_is_called_as_a_chip(here: Path) -> None:
    write(here, name="hyperdrive")
    assert invoke("describe", "hyperdrive").stdout.startswith("hyperdrive: A system of")
    assert invoke("describe", "./hyperdrive").stdout.startswith("a test\n")


@pytest.mark.parametrize("name", ["nandnet_sram", "resnet34", NAME])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_description_fits(name: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperdrive_sim.cli.terminal.room", lambda: width)
    lines = invoke("describe", name).stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert json.loads(invoke("describe", name, "--json").stdout)["kind"] in ("architecture", "network", "scenario")
