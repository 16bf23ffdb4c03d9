"""The commands export and stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import invoke, sentences, write

import hyperdrive_sim as hs

XNOR = "schema_version: 1\ntitle: t\nnetwork: tiny_xnor_pooled\ninput_shape: [3, 9, 9]\narchitecture: xnorbin\n"


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, base=XNOR)
    return tmp_path


def exported() -> None:
    assert invoke("export", "s.yaml", "--target", "xnorbin", "-o", "s.bin", "--vectors", "v.npz").exit_code == 0


def test_there_and_back() -> None:
    exported()
    assert Path("s.bin").read_bytes() == hs.export("s.yaml")
    assert invoke("stream", "s.bin", "--text", "-o", "s.txt").exit_code == 0
    assert invoke("stream", "s.bin", "--text").stdout == Path("s.txt").read_text("utf-8")
    assert invoke("stream", "s.txt", "--assemble", "-o", "again.bin").exit_code == 0
    assert Path("again.bin").read_bytes() == Path("s.bin").read_bytes()


@pytest.mark.parametrize("file", ["s.bin", "s.txt"])
def test_run(file: str) -> None:
    exported()
    invoke("stream", "s.bin", "--text", "-o", "s.txt")
    found = invoke("stream", file, "--run", "v.npz", "-o", "o.npz")
    assert found.exit_code == 0
    first, second = found.stdout.splitlines()
    assert first.endswith("cycles of the array; it returns conv3 2 x 2 x 17 (rows, columns, channels)")
    assert second == "every value is as expected"
    with np.load("o.npz") as made, np.load("v.npz") as expected:
        assert np.array_equal(made["out.conv3"], expected["out.conv3"])


def test_run_on_one_map() -> None:
    exported()
    with np.load("v.npz") as maps:
        np.save("x.npy", maps["in.sign0"])
    found = invoke("stream", "s.bin", "--run", "x.npy")
    assert (found.exit_code, len(found.stdout.splitlines())) == (0, 1)


def test_what_is_not_as_expected() -> None:
    exported()
    with np.load("v.npz") as maps:
        np.savez("w.npz", **{**maps, "out.conv3": maps["out.conv3"] + 2})
    found = invoke("stream", "s.bin", "--run", "w.npz")
    assert found.exit_code == 1
    assert "other than expected: conv3" in found.stdout


def test_earlier_exports_are_replaced_and_nothing_else() -> None:
    exported()
    Path("notes.txt").write_text("mine", "utf-8")
    assert invoke("export", "s.yaml", "-o", "s.bin").exit_code == 0
    for arguments in (["export", "s.yaml", "-o", "notes.txt"], ["export", "s.yaml", "-o", "s.yaml", "--force"]):
        found = invoke(*arguments)
        assert (found.exit_code, found.stdout) == (2, "")
    found = invoke("stream", "s.bin", "--text", "-o", "s.bin")
    assert "is read" in sentences(found)[0] or "was not written" in sentences(found)[0]
    assert Path("notes.txt").read_text("utf-8") == "mine"
    assert Path("s.yaml").read_text("utf-8") == XNOR
    assert invoke("stream", "s.bin", "--run", "v.npz").exit_code == 0


def test_the_vectors_are_not_written_over_what_is_there() -> None:
    Path("v.npz").write_bytes(b"mine")
    found = invoke("export", "s.yaml", "-o", "s.bin", "--vectors", "v.npz")
    assert sentences(found)[0].startswith("--vectors: 'v.npz' is there, and arrays do not say who wrote them")
    assert Path("v.npz").read_bytes() == b"mine"
    assert not Path("s.bin").exists()
    assert invoke("export", "s.yaml", "-o", "s.bin", "--vectors", "v.npz", "--force").exit_code == 0


def test_two_outputs_are_two_files() -> None:
    found = invoke("export", "s.yaml", "-o", "x", "--vectors", "./x")
    assert sentences(found) == ["--vectors: 'x' is the file of --output, too; name another"]


def test_a_name_in_a_stream_is_one_line() -> None:
    exported()
    invoke("stream", "s.bin", "--text", "-o", "s.txt")
    text = Path("s.txt").read_text("utf-8").replace('output map="conv3"', 'output map="o\\nevery value is as expected"')
    Path("s.txt").write_text(f"# by hand\n\n{text}", "utf-8")
    found = invoke("stream", "s.txt", "--run", "v.npz")
    assert found.exit_code == 1
    assert "every value is as expected" not in found.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["export", "s.yaml", "--target", "hyperdrive", "-o", "o"], "--target: is 'hyperdrive', the scenario runs on xnorbin"),
        (["export", "s.yaml", "-o", "o", "--set=architecture=chewbaccann"], "chewbaccann exports nothing; take one of hyperdrive, xnorbin"),
        (
            ["stream", "no.bin", "--text"],
            "stream: cannot read 'no.bin': there is no such file; the path is relative to the working directory",
        ),
        (["stream", "s.yaml", "--text"], "stream: 's.yaml' is no control stream; `hyperdrive-sim export` writes one"),
        (["stream", "s.yaml"], "stream: wants one of --text, --assemble and --run; say which"),
        (["stream", "s.yaml", "--text", "--assemble"], "stream: wants one of --text, --assemble and --run; say which"),
        (["stream", "s.bin", "--assemble"], "--assemble: has nowhere to write; add -o OUT"),
        (["stream", "s.bin", "--run", "s.yaml"], "--run: 's.yaml' cannot be unpacked"),
        (["stream", "s.bin", "--run", "text.npz"], "--run: 'text.npz' has a 'a' in it, which is no map of numbers"),
        (["stream", "s.bin", "--run", "other.npz"], "maps: there is a 'b', which the stream does not take; it takes sign0"),
        (["stream", "s.bin", "--run", "both.npz"], "--run: 'both.npz' has both 'a' and 'in.a' in it; keep one"),
        (["export", "s.yaml", "--target", "bogus", "-o", "o"], "--target: 'bogus' exports nothing; take one of hyperdrive, xnorbin"),
    ],
)
def test_what_is_refused(arguments: list[str], sentence: str) -> None:
    exported()
    np.savez("text.npz", a=np.array(["x"]))
    np.savez("other.npz", b=np.ones(3))
    np.savez("both.npz", **{"a": np.ones(3), "in.a": np.ones(3)})
    found = invoke(*arguments)
    assert (found.exit_code, found.stdout) == (2, "")
    assert sentence in sentences(found)[0]
    assert not Path("o").exists()


def test_weights_of_hyperdrive() -> None:
    write(Path(), base=XNOR.replace("tiny_xnor_pooled", "tiny_conv").replace("xnorbin", "hyperdrive"))
    found = invoke("export", "s.yaml", "--target", "hyperdrive", "-o", "w.bin")
    assert found.exit_code == 0
    assert "weights in the order of the stream of hyperdrive" in found.stderr
    assert Path("w.bin").read_bytes().startswith(b"HYPERDRV")
