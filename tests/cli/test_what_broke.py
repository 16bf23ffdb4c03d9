"""What broke once, in the smallest input that showed it, with its right answer. Each is one of a kind; other tests are of the kinds."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import BASE, ROOT, SCENARIOS, TINY, complaints, invoke, process, sentences, started, write

import hyperdrive_sim as hs
from hyperdrive_sim.outputs import rundir


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def base(network: str, shape: str, architecture: str) -> str:
    return f"schema_version: 1\ntitle: a test\nnetwork: {network}\ninput_shape: [{shape}]\narchitecture: {architecture}\n"


def done(*arguments: object) -> str:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: object) -> str:
    """The one sentence on stderr, with nothing on stdout."""
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    (said,) = sentences(result)
    return said


# --- figures and schedules ---


@pytest.mark.parametrize("architecture", ["chewbaccann", "xnorbin"])
def test_a_network_whose_first_layers_are_the_host_s(tmp_path: Path, architecture: str) -> None:
    write(tmp_path, base=base("caffe_quick", "3, 32, 32", architecture))
    for command in (["run"], ["run", "--dry-run"], ["diagram"]):
        assert done(*command, "s.yaml")


def test_a_network_of_one_binary_convolution_of_one_pixel() -> None:
    window = hs.Window.square(1)
    layers = [
        hs.Sign(name="sign", inputs=("input",)),
        hs.Conv(name="conv", inputs=("sign",), out_channels=1, window=window, maps="binary", scale=False, bias=False, relu=False),
    ]
    assert hs.run(network=hs.Network("one", hs.Shape(1, 1, 1), layers), architecture="xnorbin").time.cycles > 0


def test_two_frames_over_a_slow_link_take_their_time(tmp_path: Path) -> None:
    write(tmp_path, "frames: 2\nchip: {host_link_gbit_per_s: 0.1}\n", base=base("tiny_strided", "16, 28, 28", "hyperdrive"))
    assert json.loads(done("run", "s.yaml", "--json"))["time"]["frames_per_s"] <= 332.2


def test_the_borders_of_the_second_frame_are_ordered(tmp_path: Path) -> None:
    more = "frames: 2\nchip: {mesh: [3, 3], weight_buffer_blocks: 2, lanes: 32}\n"
    write(tmp_path, more, base=base("tiny_resnet", "3, 12, 12", "hyperdrive"))
    assert "ok  order" in done("check", "s.yaml")


def test_a_step_holds_its_input_and_its_output(tmp_path: Path) -> None:
    write(tmp_path, base=base("tiny_xnor", "16, 9, 11", "xnorbin"))
    assert json.loads(done("run", "s.yaml", "--json"))["network"]["worst_layer_bits"] == 3168


def test_nothing_is_used_for_more_than_its_time(tmp_path: Path) -> None:
    more = "chip: {tiles: 1, tile_rows: 1, tile_columns: 1, port_bits: 4096, router_bits: 4096}\n"
    write(tmp_path, more, base=base("tiny_xnor_pooled", "3, 9, 8", "nandnet_sram"))
    found = json.loads(done("run", "s.yaml", "--json"))
    assert max(row["utilization"] for row in (*found["layers"], *found["units"], found["throughput"])) <= 1


def test_the_sum_of_a_map_with_itself() -> None:
    conv = hs.Conv(name="d", inputs=("input",), out_channels=4, window=hs.Window.square(1), weights="binary", maps="real")
    network = hs.Network("twice", hs.Shape(4, 6, 6), [conv, hs.Add(name="sum", inputs=("d", "d"))])
    assert hs.check(network=network, architecture="hyperdrive").ok


def test_the_channels_of_an_input(tmp_path: Path) -> None:
    write(tmp_path, base=base("resnet34", "3, 512, 1024", "hyperdrive"))
    setting = "input_shape=[512,1024,3]"
    said = "input_shape: has 512 channels, where 'resnet34' takes 3; take [3, 512, 1024], it is [channels, rows, columns]"
    assert refused("run", "s.yaml", "--set", setting) == f"--set {setting}:1:14: {said}"


def test_a_dry_run_says_what_the_run_would(tmp_path: Path) -> None:
    write(tmp_path, "chip: {mesh: auto}\n", base=base("resnet152", "3, 4096, 8192", "hyperdrive"))
    said = refused("run", "s.yaml", "--dry-run", "--max-memory", "4GiB")
    assert re.search(r"a frame is 2\d{7} tasks, about [\d.]+ GiB, and there is memory for \d+, about [\d.]+ [GM]iB; take", said)


# --- pictures, arrays, memory ---


def test_a_picture_that_is_postscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program is started"))
    (tmp_path / "photo.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "utf-8")
    said = "s.yaml:6:9: input.image: 'photo.png' is no PNG, JPEG or NPY file but PostScript; take a PNG, JPEG or NPY file"
    assert complaints(tmp_path, "input: {image: photo.png}") == [said]


def peak_bytes(*arguments: object) -> int:
    """The most memory that a command of its own takes, beyond what one that reads no such file does."""
    code = (
        "import resource, sys; from hyperdrive_sim.cli.commands import main; sys.argv[0] = 'x'\n"
        "code = main(); print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], env=environment, capture_output=True, text=True, check=True)
    ended, peak = done.stdout.split()[-2:]
    assert ended == "2", done.stderr
    return int(peak)


@pytest.mark.slow
def test_small_files_that_unpack_to_gigabytes(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"shape": (800_000_000,), "fortran_order": False, "descr": "<f8"})
    with zipfile.ZipFile(tmp_path / "w.npz", "w", zipfile.ZIP_DEFLATED) as archive:  # noqa: SIM117 - it reads better
        with archive.open("conv.npy", "w", force_zip64=True) as member:
            member.write(header.getvalue())
            for _ in range(382):
                member.write(bytes(2**24))
    assert (tmp_path / "w.npz").stat().st_size < 7 * 10**6
    subprocess.run([sys.executable, "-c", "import PIL.Image as P; P.new('RGB', (13000, 13000)).save('p.png')"], check=True)
    assert (tmp_path / "p.png").stat().st_size < 10**6
    write(tmp_path, "frames: 0\n", name="neither.yaml")
    write(tmp_path, "weights: w.npz\n", name="weights.yaml")
    write(tmp_path, "input: {image: p.png}\n", name="picture.yaml")
    least = peak_bytes("run", "neither.yaml")
    assert peak_bytes("run", "weights.yaml") < least + 2 * 10**8
    assert peak_bytes("run", "picture.yaml") < least + 2 * 10**8
    assert "is larger than" in refused("run", "weights.yaml")
    assert "'p.png' has 13000 x 13000 pixels" in refused("run", "picture.yaml")


def test_a_picture_is_not_resized_for_a_network_that_does_not_fit(tmp_path: Path) -> None:
    image = f"input: {{image: '{SCENARIOS}/pictures/hopper.jpg'}}"
    (said,) = complaints(tmp_path, image, base=BASE.replace("3, 12, 16", "3, 65536, 65536"))
    assert said.startswith("s.yaml:3:1: chip.mesh: layer 'conv' needs ") or "bits of each chip's feature-map memory" in said


@pytest.mark.parametrize("name", ["/dev/zero", "pipe", "sparse"])
def test_files_without_end(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10 * 2**30)
    why = "it is larger than 256 KiB" if name == "sparse" else "it is no ordinary file but a device, a pipe or a socket"
    assert refused("run", name) == f"cannot read '{name}': {why}"
    assert complaints(tmp_path, f"extends: {name}") == [f"s.yaml:6:1: extends: cannot read '{name}': {why}"]
    (picture,) = complaints(tmp_path, f"input: {{image: {name}}}")
    (weights,) = complaints(tmp_path, f"weights: {name}")
    assert all(f"cannot read '{name}': it is " in said for said in (picture, weights))


# --- outputs ---


def piped(command: str) -> int:
    """Exit code of the first process of a pipe."""
    line = f"{sys.executable} -m hyperdrive_sim {command}; exit ${{PIPESTATUS[0]}}"
    return subprocess.run(["bash", "-c", line], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode


def test_a_reader_that_leaves_takes_nothing_along(tmp_path: Path) -> None:
    assert piped(f"run {TINY} -o D --trace p.json | true") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["D", "p.json"]
    rundir.read("D")
    assert json.loads((tmp_path / "p.json").read_text("utf-8"))


def test_files_of_a_user_s(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        write(tmp_path, name=name)
    (tmp_path / "D").mkdir()
    (tmp_path / "D" / "spans.npz").write_bytes(b"mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert "'a.yaml' was not written by hyperdrive-sim" in refused("report", "-o", "a.yaml", "b.yaml")
    assert "'D/spans.npz' was not written by hyperdrive-sim" in refused("run", "a.yaml", "-o", "D")
    assert refused("run", "a.yaml", "-o", "")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_earlier_run_survives_a_later_one_that_fails(tmp_path: Path) -> None:
    done("run", TINY, "-o", "D")
    before = rundir.read("D").to_dict()
    limited: Callable[[], None] = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))  # noqa: E731
    assert process("run", TINY, "--set", "frames=2", "-o", "D", preexec_fn=limited)[0] == 2
    assert rundir.read("D").to_dict() == before
    (tmp_path / "D" / "spans.parquet").mkdir()
    assert "'D' holds 'spans.parquet'" in refused("run", TINY, "-o", "D")
    assert (tmp_path / "D" / "manifest.json").exists()


@pytest.mark.slow
def test_sigterm_while_files_are_written(tmp_path: Path) -> None:
    """At six instants of a run; the later ones may find it over, where it is quicker than it was the first time."""
    command = "run", SCENARIOS / "hyperdrive" / "resnet34_2048x1024.yaml", "-o", "D", "--trace", "t.json"
    begun = time.monotonic()
    assert process(*command)[0] == 0
    whole, codes = time.monotonic() - begun, []
    for share in np.linspace(0.2, 0.95, 6):
        with started(*command) as running:
            time.sleep(share * whole)
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=60)
        codes.append(running.returncode)
        assert {path.name for path in tmp_path.iterdir()} <= {"D", "t.json"}
    assert codes[0] == 143
    assert set(codes) <= {143, 0}


# --- run directories are input ---


def test_a_link_in_the_place_of_a_file(tmp_path: Path) -> None:
    done("run", TINY, "-o", "D")
    (tmp_path / "private").write_text("SECRET", "utf-8")
    (tmp_path / "D" / "scenario.resolved.yaml").unlink()
    (tmp_path / "D" / "scenario.resolved.yaml").symlink_to("../private")
    known = json.loads((tmp_path / "D" / "manifest.json").read_text("utf-8"))
    del known["files"]["scenario.resolved.yaml"]
    (tmp_path / "D" / "manifest.json").write_text(json.dumps(known), "utf-8")
    assert "'D/scenario.resolved.yaml' is none of the files that were written there" in refused("report", "D")
    assert not (tmp_path / "report.html").exists()


def test_a_result_that_was_edited(tmp_path: Path) -> None:
    done("run", TINY, "-o", "D")
    path = tmp_path / "D" / "result.json"
    path.write_text(path.read_text("utf-8").replace('"latency_s": 0', '"latency_s": 7'), "utf-8")
    known = json.loads((tmp_path / "D" / "manifest.json").read_text("utf-8"))
    known["files"] = {"spans.npz": known["files"]["spans.npz"]}
    (tmp_path / "D" / "manifest.json").write_text(json.dumps(known), "utf-8")
    result = invoke("compare", "D")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error: 'D/result.json' is none of the files that were written there; take it away" in result.stderr


def _list(data: Any) -> None:
    data["time"]["latency_s"] = [1]


def _nan(data: Any) -> None:
    data["time"]["latency_s"] = float("nan")


@pytest.mark.parametrize("spoil", [_list, _nan])
def test_a_result_of_another_type(tmp_path: Path, spoil: Callable[[Any], None]) -> None:
    done("run", TINY, "-o", "D")
    path = tmp_path / "D" / "result.json"
    data = json.loads(path.read_text("utf-8"))
    spoil(data)
    path.write_text(json.dumps(data), "utf-8")
    resealed(tmp_path / "D")
    assert refused("compare", "D").startswith("'D' does not hold what this version of hyperdrive_sim writes")


def test_a_trace_that_was_cut_short(tmp_path: Path) -> None:
    done("run", TINY, "-o", "D")
    path = tmp_path / "D" / "spans.npz"
    path.write_bytes(path.read_bytes()[:-100])
    assert refused("diagram", "D") == "'D/spans.npz' was changed after it was written; run the scenario again"
    resealed(tmp_path / "D")
    assert refused("diagram", "D").startswith("'D' does not hold what this version of hyperdrive_sim writes")


def resealed(folder: Path) -> None:
    """Give the manifest the hashes of the files as they are now."""
    from hyperdrive_sim.outputs.staging import sha256

    known = json.loads((folder / "manifest.json").read_text("utf-8"))
    known["files"] = {name: sha256(folder / name) for name in known["files"]}
    (folder / "manifest.json").write_text(json.dumps(known), "utf-8")


# --- streams, names, texts ---


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-"])
@pytest.mark.parametrize(("command", "code"), [("list", 0), ("run TINY", 0), ("run nosuch.yaml", 2)])
def test_closed_streams(closed: str, command: str, code: int) -> None:
    assert piped(f"{command.replace('TINY', str(TINY))} {closed} > /dev/null 2> /dev/null".replace("TINY", str(TINY))) == code


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.yaml")
    path.write_text(BASE, "utf-8")
    done("run", path, "-o", "out")
    assert rundir.read("out").scenario.file == rf"{tmp_path}/caf\xe9.yaml"


def test_thousands_of_unknown_keys(tmp_path: Path) -> None:
    write(tmp_path, "".join(f"unknown_{n}: {n}\n" for n in range(3000)))
    began = time.process_time()
    result = invoke("run", "s.yaml")
    assert time.process_time() - began < 7, "it was 14.5 s, linear it is one"
    assert (result.exit_code, len(result.stderr) < 10_000) == (2, True)
    assert result.stderr.endswith("error: and 2,980 more mistakes\n")


def test_thousands_of_files_that_extend_each_other(tmp_path: Path) -> None:
    write(tmp_path, name="0.yaml")
    for n in range(1, 3001):
        (tmp_path / f"{n}.yaml").write_text(f"extends: {n - 1}.yaml\n", "utf-8")
    assert refused("run", "3000.yaml").startswith("2980.yaml:1:1: extends: leads through more than 20 files")


def test_a_version_of_yaml_from_the_future(tmp_path: Path) -> None:
    said = "s.yaml:1:1: is no YAML that is known here; leave out the line %YAML"
    assert complaints(tmp_path, base=f"%YAML 1.9\n---\n{BASE}") == [said]


@pytest.mark.slow
def test_ctrl_c_at_once() -> None:
    """As soon as signals are ours, before any other module has been loaded."""
    code = "import hyperdrive_sim.__main__ as m, os; then = m.open_streams; m.open_streams = lambda: (os.write(1, b'.'), then()); m.main()"
    for delay in (0.0, 0.03, 0.06, 0.1, 0.15, 0.2):
        command = [sys.executable, "-c", code, "run", str(SCENARIOS / "hyperdrive" / "resnet152_2048x1024.yaml")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            running.stdout.read(1)
            time.sleep(delay)
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=30)
        assert (running.returncode, err) == (130, "interrupted\n")


def test_a_chip_folder_with_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "chips" / "mine").mkdir(parents=True)
    (tmp_path / "chips" / "mine" / "__init__.py").write_text("architecture = (\n", "utf-8")
    elsewhere = {"HYPERDRIVE_SIM_ARCHS": str(tmp_path / "chips")}
    code, out, err = process("schema", env=elsewhere)
    assert code == 0
    assert "chip_hyperdrive" in json.loads(out)["$defs"]
    assert err.startswith("warning: architecture: 'mine' cannot be loaded: SyntaxError: ")
    assert f"mend {tmp_path}/chips/mine/__init__.py:1" in err
    assert process("run", TINY, env=elsewhere)[0] == 0


def test_a_title_that_a_terminal_would_obey(tmp_path: Path) -> None:
    write(tmp_path, base=BASE.replace("title: a test", r'title: "\e]0;X\a\e[2J"'))
    assert done("run", "s.yaml").startswith(r"\x1b]0;X\x07\x1b[2J" + "\n")
