"""Nothing of a user's is overwritten: only what this program wrote is replaced, and nothing that it reads."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import BASE, invoke, sentences, write
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import rundir
from hyperdrive_sim.outputs.page.write import report
from hyperdrive_sim.outputs.targets import lies_in


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(*arguments: object) -> str:
    """What is said of a command that may not write, and has written nothing."""
    here = Path.cwd()
    before = contents(here)
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert contents(here) == before
    (said,) = sentences(result)
    return said


def done(*arguments: object) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output


ELSEWHERE = "was not written by hyperdrive-sim, or not as this is, or may not be changed; name another, or add --force"
OUTPUTS = {
    "page.html": ("report", "s.yaml", "-o"),
    "t.json": ("run", "s.yaml", "--trace"),
    "t.json.gz": ("run", "s.yaml", "--trace"),
    "t.pftrace": ("run", "s.yaml", "--trace"),
    "t.vcd": ("run", "s.yaml", "--trace"),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_file_of_ours_is_replaced_and_a_stranger_s_is_not(tmp_path: Path, name: str) -> None:
    *command, option = OUTPUTS[name]
    done(*command, option, name)
    (tmp_path / name).chmod(0o600)
    before = (tmp_path / name).stat().st_ino
    done(*command, option, name)
    assert (tmp_path / name).stat().st_ino != before
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    for text in ("mine", "<html>mentions hyperdrive-sim</html>", '{"hyperdrive-sim": 1}'):
        (tmp_path / name).write_text(text, "utf-8")
        assert refused(*command, option, name) == f"{'--output' if option == '-o' else option}: '{name}' {ELSEWHERE}"
    done(*command, option, name, "--force")
    done(*command, option, name)


def test_inputs_are_never_outputs(tmp_path: Path) -> None:
    write(tmp_path, base="extends: s.yaml\n", name="above.yaml")
    os.link(tmp_path / "s.yaml", tmp_path / "hard.html")
    (tmp_path / "soft.html").symlink_to("s.yaml")
    assert refused("report", "-o", "s.yaml", "above.yaml") == f"--output: 's.yaml' {ELSEWHERE}"
    drawn, weights = tmp_path / "a.npy", tmp_path / "w.npz"
    np.save(drawn, np.zeros((12, 16, 3)))
    np.savez(weights, conv=np.ones((16, 3, 3, 3)))
    write(tmp_path, "extends: below.yaml\ninput: {image: a.npy}\nweights: w.npz\n", name="all.yaml")
    write(tmp_path, name="below.yaml")
    for page in ("all.yaml", "below.yaml", "a.npy", "w.npz"):
        said = f"--output: '{page}' is or holds '{page}', which is read for it; name another place"
        assert refused("report", "-o", page, "all.yaml", "--force") == said
        with pytest.raises(InvalidInput, match="which is read for it"):
            report("all.yaml", output=page, force=True)
    for page in ("s.yaml", "hard.html", "soft.html", "./s.yaml"):
        assert "which is read for it; name another place" in refused("report", "-o", page, "s.yaml", "--force")
    done("run", "s.yaml", "-o", "out")
    assert (
        refused("report", "out", "-o", "out/page.html")
        == "--output: 'out/page.html' lies in 'out', which is read for it; name another place"
    )


def test_a_scenario_below_another_is_an_input_too(tmp_path: Path) -> None:
    (tmp_path / "below.json").write_text(BASE, "utf-8")
    write(tmp_path, base="extends: below.json\n", name="above.yaml")
    assert refused("run", "above.yaml", "--trace", "below.json", "--force") == (
        "--trace: 'below.json' is or holds 'below.json', which is read for it; name another place"
    )


def test_a_timeline_does_not_go_into_the_directory_of_its_run() -> None:
    said = "--trace: 'out/t.json' lies in 'out', where nothing but the run may be; name a file beside it"
    assert refused("run", "s.yaml", "-o", "out", "--trace", "out/t.json") == said


# --- directories ---


def test_a_directory_of_ours_is_replaced(tmp_path: Path) -> None:
    for command in ("run", "check"):
        for frames in (1, 2):
            done(command, "s.yaml", "-o", command, "--set", f"frames={frames}", "--set", "granularity=pixel")
    assert rundir.read("run").time.frames == 2
    assert sorted(path.name for path in (tmp_path / "check").iterdir()) == ["manifest.json", "output.npy"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["check", "run", "s.yaml"]


NOTHING_THERE = "which is nothing that is written there; name a new or an empty directory"
CHANGED = "was not written by hyperdrive-sim, or was changed since; name another directory, or add --force"


def _edit(folder: Path) -> None:
    (folder / "layers.csv").write_text("mine", "utf-8")


def _without_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _of_another_program(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"name": "an app", "icons": []}', "utf-8")


def _not_listed(folder: Path) -> None:
    known = json.loads((folder / "manifest.json").read_text("utf-8"))
    del known["files"]["spans.npz"]
    (folder / "manifest.json").write_text(json.dumps(known), "utf-8")


@pytest.mark.parametrize(
    ("change", "file"),
    [(_edit, "layers.csv"), (_without_manifest, "arrays.npz"), (_of_another_program, "manifest.json"), (_not_listed, "spans.npz")],
)
def test_what_was_changed_is_kept(change: Callable[[Path], None], file: str) -> None:
    done("run", "s.yaml", "-o", "out")
    change(Path("out"))
    assert refused("run", "s.yaml", "-o", "out") == f"--output: 'out/{file}' {CHANGED}"
    done("run", "s.yaml", "-o", "out", "--force")
    rundir.read("out")


def test_a_stranger_s_files_are_kept(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "spans.npz").write_bytes(b"mine")
    assert refused("run", "s.yaml", "-o", "one") == f"--output: 'one/spans.npz' {CHANGED}"
    done("run", "s.yaml", "-o", "two")
    (tmp_path / "two" / "notes.txt").write_text("mine", "utf-8")
    for force in ((), ("--force",)):
        assert refused("run", "s.yaml", "-o", "two", *force) == f"--output: 'two' holds 'notes.txt', {NOTHING_THERE}"
        assert refused("check", "s.yaml", "-o", "two", *force).startswith("--output: 'two' holds 'arrays.npz', ")
        assert refused("run", "s.yaml", "-o", "/", *force).startswith("--output: '/' is a mount point")


def test_directories_of_a_user_s_are_kept_whatever_they_are_called(tmp_path: Path) -> None:
    for name, command in (("result.json", "run"), ("manifest.json", "run"), ("output.npy", "check")):
        (tmp_path / command / name / "deep").mkdir(parents=True, exist_ok=True)
        (tmp_path / command / name / "deep" / "thesis").write_text("mine", "utf-8")
        assert NOTHING_THERE in refused(command, "s.yaml", "-o", command, "--force")


def test_nothing_is_added_to_the_directory_of_a_run() -> None:
    done("run", "s.yaml", "-o", "D")
    for words in (["run", "s.yaml", "-o", "D/sub"], ["run", "s.yaml", "--trace", "D/t.json"], ["report", "s.yaml", "-o", "D/deep/p.html"]):
        said = refused(*words, "--force")
        assert said.endswith("/D' is the directory of a run, where nothing else may be; name a place outside")
    rundir.read("D")


def test_an_empty_file_may_be_taken(tmp_path: Path) -> None:
    (tmp_path / "t.json").touch()
    done("run", "s.yaml", "--trace", "t.json")


def test_a_page_with_something_before_it_is_none_of_ours(tmp_path: Path) -> None:
    done("report", "s.yaml", "-o", "p.html")
    (tmp_path / "p.html").write_bytes(b"<!-- mine -->\n" + (tmp_path / "p.html").read_bytes())
    assert "was not written by hyperdrive-sim" in refused("report", "s.yaml", "-o", "p.html")


def test_a_manifest_with_something_of_a_user_s_in_it(tmp_path: Path) -> None:
    done("run", "s.yaml", "-o", "D")
    known = json.loads((tmp_path / "D" / "manifest.json").read_text("utf-8"))
    (tmp_path / "D" / "manifest.json").write_text(json.dumps(known | {"note": "mine"}), "utf-8")
    assert refused("run", "s.yaml", "-o", "D") == f"--output: 'D/manifest.json' {CHANGED}"


def test_what_is_write_protected_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user meets it; root may write everywhere."""
    done("run", "s.yaml", "-o", "D", "--trace", "t.json")
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK and Path(path).name in ("D", "t.json")))
    assert refused("run", "s.yaml", "-o", "D") == "--output: 'D' may not be changed: permission denied; name another directory"
    assert "or may not be changed; name another, or add --force" in refused("run", "s.yaml", "--trace", "t.json")


@pytest.mark.parametrize("name", ["loop", "a\0b", "x" * 300])
def test_names_that_no_output_can_have(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InvalidInput, match=r"^--output: "):
        report("s.yaml", output=name)
    if "\0" not in name:
        assert refused("run", "s.yaml", "-o", name).startswith("--output: ")


@pytest.mark.parametrize("name", ["", ".", "..", "deep/.."])
def test_the_current_directory_is_not_swapped_away(tmp_path: Path, name: str) -> None:
    (tmp_path / "deep").mkdir()
    assert "is the current directory or above it" in refused("run", "s.yaml", "-o", name, "--force")
    os.chdir(tmp_path / "deep")
    assert "is the current directory or above it" in refused("run", tmp_path / "s.yaml", "-o", ".")


def test_an_empty_directory_and_a_link_to_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("new")
    done("run", "s.yaml", "-o", "link")
    done("run", "s.yaml", "-o", "link")
    done("run", "s.yaml", "-o", "dangling")
    assert (tmp_path / "link").is_symlink()
    assert rundir.read("real").to_dict() == rundir.read("new").to_dict() == rundir.read("link").to_dict()


def test_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    said = f"--output: '{tmp_path}' cannot be written into: permission denied; name a place in another directory"
    assert refused("run", "s.yaml", "-o", tmp_path / "a" / "b") == said
    assert refused("report", "s.yaml", "-o", tmp_path / "a.html") == said


@given(st.lists(st.sampled_from(["a", "..", "b", "."]), max_size=6))
def test_lying_in_a_directory(parts: list[str]) -> None:
    path = Path("/x/y", *parts)
    assert lies_in(path, Path("/x")) == (Path(os.path.normpath(path)).parts[:2] == ("/", "x"))
