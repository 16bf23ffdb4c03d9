"""What is missing besides Python: skipped in one line that says what to install, refused where it may not be missing."""

from __future__ import annotations

from pathlib import Path

import programs
import pytest

MISSING = [
    ("chromium", "chromium is not installed; apt-get install -y chromium"),
    ("speedscope", "speedscope is not installed; apt-get install -y npm && npm install --no-save speedscope"),
    ("valgrind", "valgrind is not installed; apt-get install -y valgrind"),
]
each_missing = pytest.mark.parametrize(("name", "sentence"), MISSING)

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with nothing but Python."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "NODE_MODULES", tmp_path / "node_modules")
    monkeypatch.delenv(programs.REQUIRED, raising=False)


@each_missing
@pytest.mark.parametrize("value", [None, "0"])
def test_what_is_missing_is_skipped(monkeypatch: pytest.MonkeyPatch, name: str, sentence: str, value: str | None) -> None:
    if value is not None:
        monkeypatch.setenv(programs.REQUIRED, value)
    with pytest.raises(pytest.skip.Exception) as caught:
        programs.find(name)
    assert str(caught.value) == sentence


@each_missing
def test_in_ci_what_is_missing_is_a_failure(monkeypatch: pytest.MonkeyPatch, name: str, sentence: str) -> None:
    monkeypatch.setenv(programs.REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception) as caught:
        programs.find(name)
    assert str(caught.value) == f"{sentence} (HYPERDRIVE_SIM_REQUIRE_TOOLS is set)"


def test_what_is_there_is_found(tmp_path: Path) -> None:
    browser, counter = tmp_path / "chromium", tmp_path / "valgrind"
    for program in (browser, counter):
        program.write_text("#!/bin/sh\n", "utf-8")
        program.chmod(0o755)
    viewer = tmp_path / "node_modules" / "speedscope" / "dist" / "release"
    viewer.mkdir(parents=True)
    assert [programs.find(name) for name in ("chromium", "valgrind", "speedscope")] == [browser, counter, viewer]


NEEDY = """
import pytest

pytestmark = pytest.mark.needs("chromium")

@pytest.fixture
def browser():
    raise AssertionError("no fixture begins")

def test_one(browser): ...
def test_two(browser): ...
"""


@pytest.mark.parametrize(
    ("required", "outcomes", "line"),
    [
        ("0", {"skipped": 2}, r"SKIPPED \[2\] \S*programs\.py:\d+: chromium is not installed; apt-get install -y chromium"),
        ("1", {"errors": 2}, r"chromium is not installed; .* \(HYPERDRIVE_SIM_REQUIRE_TOOLS is set\)"),
    ],
)
def test_one_line_says_it_for_all(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, required: str, outcomes: dict[str, int], line: str
) -> None:
    monkeypatch.setenv(programs.REQUIRED, required)
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text("utf-8"))
    pytester.makeini("[pytest]\nmarkers = needs\n")
    pytester.makepyfile(NEEDY)
    result = pytester.runpytest_inprocess("-rs", "-p", "no:xdist")
    result.assert_outcomes(**outcomes)
    result.stdout.re_match_lines([line])


def test_packages_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    programs.packages("numpy", "click")
    with pytest.raises(pytest.skip.Exception, match=r"no_such is not installed; pip install --editable '\.\[oracles\]'"):
        programs.packages("numpy", "no_such")
    monkeypatch.setenv(programs.REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="HYPERDRIVE_SIM_REQUIRE_TOOLS is set"):
        programs.packages("no_such")
