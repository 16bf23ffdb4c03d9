"""When frames arrive, as a scenario and the file of times that it names say it; and what either may not say."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import BASE, complaints, invoke, sentences, write

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.scenario import arrivals
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.tasks import Arrivals

ONE_EACH_LINE = "write one on each line, in seconds from the beginning of the run, such as 0.033"


def said(more: str) -> Arrivals:
    return Scenario.parse(BASE + more).arrivals


def test_even_arrivals_and_their_short_form() -> None:
    assert said("frames: 3\nframes_per_s: 4") == Arrivals.periodic(3, 250_000_000_000)
    assert said("frames: 3\narrivals: {periodic_per_s: 4}") == said("frames: 3\nframes_per_s: 4")


def test_without_arrivals_there_is_one_frame_that_is_there() -> None:
    assert said("") == said("arrivals: null") == said("frames: null") == Arrivals(1)
    assert said("frames: 3") == Arrivals(3)


def test_drawn_arrivals_are_of_their_own_seed_or_else_of_the_scenarios() -> None:
    own = said("frames: 3\narrivals: {poisson_per_s: 30, seed: 7}")
    assert own == said("frames: 3\narrivals: {poisson_per_s: 30}\nseed: 7") == Arrivals.poisson(3, 30, 7)
    assert own != said("frames: 3\narrivals: {poisson_per_s: 30}")


def times(folder: Path, text: str | bytes, more: str = "") -> Arrivals:
    (folder / "t.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return Scenario.read(write(folder, f"arrivals: {{file: t.csv}}\n{more}")).arrivals


@pytest.mark.parametrize(
    "text", ["arrival_s\n0\n0.5\n0.50\n2e0\n", "0\r\n.5\r\n0.5\r\n2.\r\n", b"\xef\xbb\xbfarrival_s\n 0\n0.5 \n5e-1\n2"]
)
def test_the_times_of_a_file(tmp_path: Path, text: str | bytes) -> None:
    """As many frames as there are times, unless fewer are wanted: these are the first, and the mean is that of the whole file."""
    ps = (0, 500_000_000_000, 500_000_000_000, 2_000_000_000_000)
    assert times(tmp_path, text) == Arrivals.at_times(ps)
    assert times(tmp_path, text, "frames: 2") == Arrivals(2, ps[:2], ps[3] / 3)


def test_the_file_is_found_beside_the_scenario_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    times(tmp_path / "below", "1\n")
    above = Scenario.read(write(tmp_path, base="extends: below/s.yaml\n", name="above.yaml"))
    assert above.arrivals.times_ps == (10**12,)
    assert above.files[-1] == tmp_path / "below" / "t.csv"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0\n-1\n", f"t.csv:2:1: arrivals.file: '-1' is no time; {ONE_EACH_LINE}"),
        ("nan", f"t.csv:1:1: arrivals.file: 'nan' is no time; {ONE_EACH_LINE}"),
        ("inf", f"t.csv:1:1: arrivals.file: 'inf' is no time; {ONE_EACH_LINE}"),
        ("0,5", f"t.csv:1:1: arrivals.file: '0,5' is no time; {ONE_EACH_LINE}"),
        ("arrival_s\narrival_s\n", f"t.csv:2:1: arrivals.file: 'arrival_s' is no time; {ONE_EACH_LINE}"),
        ("time\n", f"t.csv:1:1: arrivals.file: 'time' is no time; {ONE_EACH_LINE}"),
        (f"{'x' * 50}\n", f"t.csv:1:1: arrivals.file: '{'x' * 40}...' is no time; {ONE_EACH_LINE}"),
        ("\x1b[2J", rf"t.csv:1:1: arrivals.file: '\x1b[2J' is no time; {ONE_EACH_LINE}"),
        ("\u0661", f"t.csv:1:1: arrivals.file: '\u0661' is no time; {ONE_EACH_LINE}"),
        ("0\n\n1\n", "t.csv:2:1: arrivals.file: has an empty line; leave it out"),
        (
            "0\n1.5\n0.5\n",
            "t.csv:3:1: arrivals.file: '0.5' is earlier than the 1.5 before it; sort the lines: frames are numbered as they arrive",
        ),
        (
            "1e7",
            "t.csv:1:1: arrivals.file: '1e7' is later than the 9.2e+06 s that can be simulated; "
            "count seconds from the beginning of the run",
        ),
        ("", "s.yaml:6:12: arrivals.file: 't.csv' has no times; write one in seconds on each line"),
        ("arrival_s", "s.yaml:6:12: arrivals.file: 't.csv' has no times; write one in seconds on each line"),
        (b"\xff\xfe0", "s.yaml:6:12: arrivals.file: 't.csv' is not UTF-8 text; save it as UTF-8"),
    ],
)
def test_a_file_that_has_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | bytes, sentence: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    assert complaints(tmp_path, "arrivals: {file: t.csv}") == [sentence]


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MAX_FRAMES", 2)
    with pytest.raises(InvalidInput, match=r"'0\.3' is one time more than the 2 frames that can be run; take fewer"):
        times(tmp_path, "0.1\n0.2\n0.3\n")
    monkeypatch.setattr(arrivals, "MOST_BYTES", 11)
    with pytest.raises(InvalidInput, match=r"t.csv': it is larger than 11 bytes; it is to have up to 2 times in seconds, a line each"):
        times(tmp_path, "0.1\n0.2\n0.3\n")


def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    for name, why in (
        ("none.csv", "there is no such file; the path is relative to the scenario file"),
        (".", "it is a directory; it is to have up to 100,000 times in seconds, a line each"),
        ("/dev/zero", "it is no ordinary file but a device, a pipe or a socket; it is to have up to 100,000 times in seconds, a line each"),
    ):
        result = invoke("run", "s.yaml", "--set", f"arrivals={{file: {name}}}")
        assert (result.exit_code, result.stdout) == (2, "")
        assert sentences(result) == [f"--set arrivals={{file: {name}}}:1:11: arrivals.file: cannot read '{name}': {why}"]


def test_more_frames_than_times(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        times(tmp_path, "0\n1\n", "frames: 3")
    assert str(error.value) == (
        f"{tmp_path}/s.yaml:7:1: frames: must be at most 2, the number of times in 't.csv', not 3; leave it out to take all of them"
    )


OUT = "leave one out, or set it to null where another file says it"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("arrivals: {}", ["s.yaml:6:1: arrivals: does not say when frames arrive; give one of periodic_per_s, poisson_per_s, file"]),
        (
            "arrivals: {periodic_per_s: 3, file: t.csv}",
            [f"s.yaml:6:31: arrivals.file: stands beside periodic_per_s, and frames arrive in one way; {OUT}"],
        ),
        (
            "arrivals: {file: t.csv, seed: 3}",
            ["s.yaml:6:25: arrivals.seed: has nothing to draw beside file; leave it out, or take poisson_per_s"],
        ),
        (
            "frames_per_s: 3\narrivals: {poisson_per_s: 3}",
            [f"s.yaml:7:1: arrivals: stands beside frames_per_s, which says the same; {OUT}"],
        ),
        ("arrivals: {poison_per_s: 3}", ["s.yaml:6:12: arrivals: unknown key 'poison_per_s'; did you mean 'poisson_per_s'?"]),
        ("arrivals: {poisson_per_s: 0}", ["s.yaml:6:12: arrivals.poisson_per_s: must be greater than or equal to 0.000001, not 0"]),
        ("arrivals: {poisson_per_s: 3, seed: -1}", ["s.yaml:6:30: arrivals.seed: must be greater than or equal to 0, not -1"]),
        ("arrivals: 30", ["s.yaml:6:1: arrivals: must be a mapping or empty, not 30"]),
        ("deadline_s: 0", ["s.yaml:6:1: deadline_s: must be greater than or equal to 0.000000001, not 0"]),
        ("deadline_s: soon", ["s.yaml:6:1: deadline_s: must be a number or empty, not the text 'soon'"]),
    ],
)
def test_keys_that_do_not_go_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, found: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert complaints(tmp_path, more) == found


def test_one_way_in_place_of_another_files() -> None:
    assert said("frames_per_s: null\narrivals: {periodic_per_s: null, poisson_per_s: 3, file: null}") == Arrivals.poisson(1, 3, 1)
