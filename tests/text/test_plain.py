"""The quick reader of plain YAML: what it takes for plain comes out as a full reader of YAML has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import hyperdrive_sim
from hyperdrive_sim.text.document import Document
from hyperdrive_sim.text.plain import NotPlain, plain
from hyperdrive_sim.text.reading import Reading

TABLES = sorted((Path(hyperdrive_sim.__file__).parent / "archs").rglob("*.yaml"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_our_tables_are_plain(path: Path) -> None:
    text = path.read_text("utf-8")
    assert plain(text) == Reading(path.name, text).whole(text)


def test_all_tables_are_seen() -> None:
    assert {path.stem for path in TABLES} >= {"energy", "published", "supports", "worlds"}
    assert len(TABLES) >= 17


def test_a_plain_table() -> None:
    text = """
# prices
io: {pj_per_bit: 21, source: "a, b: c", "d, e": f, rests_on: [*none, {figure: it's one}]}
rows:
  - name: over the chip's edge
    value: -0.5
    right: true
  - &last
    name: "- x"
again: *last
"""
    with pytest.raises(NotPlain):
        plain(text)
    text = text.replace("[*none, ", "[")
    row = {"name": "- x"}
    assert plain(text) == {
        "io": {"pj_per_bit": 21, "source": "a, b: c", "d, e": "f", "rests_on": [{"figure": "it's one"}]},
        "rows": [{"name": "over the chip's edge", "value": -0.5, "right": True}, row],
        "again": row,
    }


NOT_PLAIN = [
    *("", "# nothing\n", "- a\n", " a: 1\n", "a\n", "a: b: c\n", "a: 1\na: 2\n", "a: 'b'\n", 'a: "\\n"\n', "a: |\n  b\n", 'a: "b" # c\n'),
    *("a:\n", "a: b\n  c\n", "a:\n  b: 1\n c: 2\n", "a:\n- b\n", "a: [1\n", "a: [1]]\n", "a: {b}\n", "a: {b: 1, b: 2}\n", "a: *b\n"),
    *("a: yes\n", "a: 0x1\n", "a: 1_000\n", "a: 2019-01-01\n", "a: .inf\n", "a: 012\n", "a: !b c\n", "<<: {}\n"),
    *("a: [b, ]\n", "a: []\n", "a: 1\n---\nb: 1\n", "a:\t1\n", "a: b\r\n", "\ufeffa: 1\n", "a: \x7f\n", "a: ?\n", "a: - b\n", "a b : 1\n"),
    *("a: " + "[" * 60 + "1" + "]" * 60, "a: 12345678901234567890\n", "a: &b\n", "a: &b &c 2\n", "a: b:\n"),
]


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_is_not_plain_is_left_to_a_document(text: str) -> None:
    with pytest.raises(NotPlain):
        plain(text)


PIECES = [
    *("a", "b c", "it's", "-", "- ", "a: ", ": ", ":", "k: v", "1", "-1", "0.5", "1e-3", "2e9", "01", "true", "no", "null", "~"),
    *('"', '"x: #y"', "''", "[", "]", "{", "}", ",", ", ", "&x ", "*x", "#", " #", "|", ">", "!", "%", "<<", "=", "?", "\t", "\u00e9"),
    *("\n", "\n  ", "\n    ", "\n  - ", "\n- ", "\nb:", "- k: v\n  ", "x/y.z", "(c)", "12:30", "+", "."),
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("a: {b: c d, e: [1, -1, x/y]}\nf:\n  - g: 1\n    h: &x\n      i: 2\n  - *x\n")
@example("a: (b: c)\n")
@example("a: b -c\nd: -e\n")
@example("a: [b -1, -1 c]\n")
def test_a_text_that_is_taken_for_plain_means_the_same_to_a_document(text: str) -> None:
    for whole in (text, f"a: {text}", f"a:\n  - {text}"):
        try:
            found = plain(whole)
        except NotPlain:
            continue
        full = Reading("t.yaml", whole).whole(whole)
        assert (full, repr(full)) == (found, repr(found))


def test_aliases_do_not_make_much_of_little() -> None:
    """A tenfold at each of 9 levels; and 60 levels."""
    lines = ["a0: &a0 1", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))]
    assert len(plain("\n".join(lines[:5]))) == 5
    with pytest.raises(NotPlain):
        plain("\n".join(lines))
    deep = ["a0: &a0 1", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60))]
    assert len(plain("\n".join(deep[:30]))) == 30
    with pytest.raises(NotPlain):
        plain("\n".join(deep))


def test_places_are_those_of_a_full_reader_and_found_when_asked_for() -> None:
    text = "a: 1\nb:\n  - c: {d: 2}\n"
    document, reading = Document.parse(text, "t.yaml"), Reading("t.yaml", text)
    reading.whole(text)
    assert "found" not in vars(document.places)
    assert dict(document.places) == reading.places
    assert str(document.place("b.0.c.d")) == "t.yaml:3:9"
    assert Document.parse("a: 'b'", "t.yaml").data == {"a": "b"}
