"""The common part of all commands: what stands below an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import BASE, invoke, write

from hyperdrive_sim.cli.ending import excerpt, shortened
from hyperdrive_sim.errors import Place


@pytest.mark.parametrize(
    ("column", "text", "lines"),
    [
        (8, "\tmesh: [5, 10]", ("\tmesh: [5, 10]", "\t      ^")),
        (1, "a\x1b[2J", (r"a\x1b[2J", "^")),
        (3, "\x1b\x1b[2J", (r"\x1b\x1b[2J", "        ^")),
        (14, "chip.mesh=[1,", ("chip.mesh=[1,", "             ^")),
        (1, "", ()),
    ],
)
def test_an_excerpt(column: int, text: str, lines: tuple[str, ...]) -> None:
    assert excerpt(Place("a.yaml", 1, column, text), 40) == lines


@pytest.mark.parametrize("column", [1, 27, 28, 5000, 9999, 10_001])
def test_an_excerpt_of_a_long_line_shows_the_mistake(column: int) -> None:
    text = "".join(str(n % 10) for n in range(10_000)) if column <= 10_000 else "x" * 10_000
    line, caret = excerpt(Place("a.yaml", 1, column, text), 40)
    assert len(line) <= 40
    assert len(caret) <= 40
    if column <= 10_000:
        assert line[len(caret) - 1] == text[column - 1]


def test_no_excerpt_without_a_place() -> None:
    assert excerpt(None, 40) == ()


def test_a_long_sentence_keeps_its_beginning_and_its_cure() -> None:
    assert shortened("short") == "short"
    text = shortened("a.yaml:1:1: " + "x" * 10_000 + "; take another", 60)
    assert len(text) <= 70
    assert text.startswith("a.yaml:1:1: xxx")
    assert text.endswith("xxx; take another")


def test_thousands_of_mistakes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "".join(f"unknown_{n}: {n}\n" for n in range(3000)), base=BASE)
    result = invoke("run", "s.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert len(lines) == 3 * 20 + 1
    assert lines[:3] == [
        "error: s.yaml:6:1: unknown key 'unknown_0'; known keys: " + lines[0].partition("known keys: ")[2],
        "    unknown_0: 0",
        "    ^",
    ]
    assert lines[-1] == "error: and 2,980 more mistakes"
