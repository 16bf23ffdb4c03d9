"""What is said of files that were written: on stderr, in one way, by every command that writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import ROOT, SCENARIOS, TINY, invoke, sentences, write
from test_exporting import XNOR

from hyperdrive_sim.cli.writing import tell_written
from hyperdrive_sim.outputs.timelines import FORMATS

README = (ROOT / "README.md").read_text("utf-8")
RUN = "`hyperdrive-sim report`, `compare`, `diagram` and `explain` take it, and hs.read_run in Python"
CHROME = "opens in ui.perfetto.dev, speedscope, chrome://tracing"


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, base=XNOR)


def said(*arguments: object) -> list[str]:
    """Lines on stderr, of which the sizes are S: they are of compressed files, or have a date in them."""
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return [re.sub(r"\d[\d.,]* (B|[kM]B)", "S", line) for line in result.stderr.splitlines()]


def test_a_run() -> None:
    found = said("run", "s.yaml", "--json", "-o", "out", "--trace", "t.json")
    assert found == [f"wrote out: 7 files, S; {RUN}", f"wrote t.json: S; {CHROME}"]


@pytest.mark.parametrize(
    ("name", "opens"),
    [
        ("t.json.gz", CHROME),
        ("t.vcd", "opens in GTKWave, Surfer"),
        ("t.pftrace", "opens in ui.perfetto.dev, its trace processor"),
        ("t.perfetto-trace", "opens in ui.perfetto.dev, its trace processor"),
    ],
)
def test_a_timeline(name: str, opens: str) -> None:
    assert said("run", "s.yaml", "--trace", name) == [f"wrote {name}: S; {opens}"]


def test_the_readme_says_the_same_of_timelines() -> None:
    for one in FORMATS:
        assert re.search(rf"`{re.escape(one.suffixes[0])}`.*\| {re.escape(one.opens_in)} \|", README), one.name


def test_what_a_check_computed() -> None:
    assert said("check", "s.yaml", "-o", "out")[0] == "wrote out: 2 files, S; numpy.load opens the output.npy in it"


def test_a_page() -> None:
    assert said("report", "s.yaml") == ["wrote report.html: S; opens in a browser, offline too"]


def test_an_export_and_what_streams_become() -> None:
    assert said("export", "s.yaml", "-o", "s.bin", "--vectors", "v.npz") == [
        "wrote s.bin: control stream of xnorbin, S; `hyperdrive-sim stream` shows and executes it",
        "wrote v.npz: maps, S; numpy.load opens it",
    ]
    assert said("export", TINY, "-o", "w.bin") == [
        "wrote w.bin: weights in the order of the stream of hyperdrive, S; the README of hyperdrive has its format"
    ]
    assert said("stream", "s.bin", "--text", "-o", "s.txt") == ["wrote s.txt: S; `hyperdrive-sim stream --assemble` makes bytes of it"]
    assert said("stream", "s.txt", "--assemble", "-o", "t.bin") == ["wrote t.bin: S; `hyperdrive-sim stream --text` shows it"]
    assert said("stream", "s.bin", "--run", "v.npz", "-o", "o.npz") == ["wrote o.npz: maps, S; numpy.load opens it"]


def test_a_tornado_plot() -> None:
    assert said("sensitivity", "s.yaml", "-o", "t.svg") == ["wrote t.svg: S; opens in a browser or a picture viewer"]


def test_an_import() -> None:
    assert said("import", SCENARIOS / "trained" / "networks" / "digits_mlp", "-o", "net") == [
        "wrote net: 3 files, S; `network: ./net` in a scenario beside it takes it"
    ]


EARLIER = "'{0}/result.json' was not written by hyperdrive-sim, or was changed since; name another directory, or add --force"
OTHERS = "'{0}' holds 'notes.txt', which is nothing that is written there; name a new or an empty directory"
ABOVE = "'{0}' is the current directory or above it and cannot be swapped for another; name one below it"


@pytest.mark.parametrize(
    ("place", "refusal", "forced"),
    [
        (".", ABOVE, ABOVE),
        ("..", ABOVE, ABOVE),
        ("/", "'/' is a mount point and cannot be swapped for another; name one below it", None),
        ("others", OTHERS, OTHERS),
        ("link", OTHERS, OTHERS),
        ("earlier", EARLIER, ""),
        ("file", "'file' is a file; name a directory", "'file' is a file; name a directory"),
        ("s.yaml", "'s.yaml' is or holds 's.yaml', which is read for it; name another place", None),
        ("empty", "", ""),
        ("dangling", "", ""),
    ],
)
def test_what_is_there_is_not_replaced_and_force_replaces_files_of_the_same_names(place: str, refusal: str, forced: str | None) -> None:
    for folder, name in (("others", "notes.txt"), ("earlier", "result.json"), (".", "file")):
        Path(folder).mkdir(exist_ok=True)
        Path(folder, name).write_text("mine", "utf-8")
    Path("empty").mkdir()
    Path("link").symlink_to("others")
    Path("dangling").symlink_to("new")
    there = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    for options, sentence in (((), refusal), (("--force",), refusal if forced is None else forced)):
        result = invoke("run", "s.yaml", "-o", place, *options)
        assert sentences(result) == [f"--output: {sentence.format(place)}"] if sentence else result.exit_code == 0
        if sentence:
            assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == there


def test_sizes_are_those_of_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    for name, size in (("a", 999), ("b", 1234), ("c", 1_500_000)):
        Path(name).write_bytes(bytes(size))
        tell_written(Path(name), "nothing opens it")
    Path("d").mkdir()
    Path("d/e").write_bytes(bytes(3000))
    tell_written(Path("d"), "nothing opens it")
    tell_written(Path("gone\nerror: x"), "nothing opens it", "a map")
    assert capsys.readouterr().err.splitlines() == [
        "wrote a: 999 B; nothing opens it",
        "wrote b: 1.2 kB; nothing opens it",
        "wrote c: 1.5 MB; nothing opens it",
        "wrote d: 1 file, 3.0 kB; nothing opens it",
        "wrote gone\\nerror: x: a map; nothing opens it",
    ]
