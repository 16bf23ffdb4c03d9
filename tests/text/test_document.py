"""Every sentence a user can meet when a YAML file is wrong, and where it points."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator, model_validator
from ruamel.yaml import YAML

from hyperdrive_sim.errors import DoesNotFit, InvalidInput, Mistake, Place
from hyperdrive_sim.text.document import MAX_BYTES, Document
from hyperdrive_sim.text.reading import MAX_DEPTH, MAX_NODES
from hyperdrive_sim.text.wording import KeyPath, described


class Corner(Enum):
    SLOW = "slow"
    TYPICAL = "typical"


class Conv(BaseModel):
    kind: Literal["conv"]
    rows: PositiveInt


class Pool(BaseModel):
    kind: Literal["pool"]
    size: tuple[int, int] = (2, 2)


class Range(BaseModel):
    first: float
    last: float


class Chip(BaseModel):
    model_config = ConfigDict(frozen=True)

    voltage_v: float = Field(default=0.5, gt=0, le=1.2)
    mesh: tuple[PositiveInt, PositiveInt] | Literal["auto"] = Field(
        default=(1, 1), json_schema_extra={"expects": "[rows, columns] or 'auto'"}
    )
    tiles: tuple[int, int] | Literal["auto"] = "auto"
    lanes: PositiveInt | Literal["all"] = 16
    gated: bool = False


class Experiment(BaseModel):
    model_config = ConfigDict(frozen=True)

    network: str
    frames: int = 1
    shape: tuple[int, int, int] = (3, 8, 8)
    seeds: list[int] = Field(default=[], min_length=1, max_length=2)
    architecture: Literal["hyperdrive", "xnorbin", "chewbaccann"] = "hyperdrive"
    corner: Corner = Corner.TYPICAL
    limit_s: float | None = None
    chip: Chip = Chip()
    layers: list[Annotated[Conv | Pool, Field(discriminator="kind")]] = []
    axis: list[float] | Range | None = None
    prices: dict[str, float] = {}
    biases: dict[Literal["north", "south"], int] = {}
    label: str = Field(default="a", min_length=1)

    @field_validator("network")
    @classmethod
    def known(cls, name: str) -> str:
        if name == "lenet":
            raise ValueError("there is no network 'lenet'")
        return name

    @model_validator(mode="after")
    def small_enough(self) -> Experiment:
        if self.frames > 1000:
            raise ValueError("more frames than a lifetime has room for")
        return self


def parse(text: str) -> Document:
    return Document.parse(text, "s.yaml")


def complaint(text: str, *settings: str) -> str:
    """What the user reads when this file is validated."""
    with pytest.raises(InvalidInput) as caught:
        document = parse(text)
        for setting in settings:
            document = document.with_setting(setting)
        document.validate(Experiment)
    return str(caught.value)


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


# --- what a text says, and where ---


def test_values_are_plain_and_yaml_1_2() -> None:
    text = "a: 50e6\nb: no\nc: 12:30\nd: 0x10\ne: 2020-01-01\nf: true\ng:\nh: [1, 2.5, x]\n1: {0.5: {}}\n"
    data = parse(text).data
    assert data == {
        "a": 50e6,
        "b": "no",
        "c": "12:30",
        "d": 16,
        "e": "2020-01-01",
        "f": True,
        "g": None,
        "h": [1, 2.5, "x"],
        "1": {"0.5": {}},
    }
    assert {type(value) for value in data.values()} == {float, str, int, bool, type(None), list, dict}


def test_a_place_is_that_of_the_key_or_of_the_list_item() -> None:
    document = parse("# comment\nchip:\n  mesh: [5, 10]\n  é: {x: 1}\nlayers:\n  - kind: conv\n    rows: 3\n  - pool\n")
    assert {path: (place.line, place.column) for path, place in document.places.items()} == {
        (): (1, 1),
        ("chip",): (2, 1),
        ("chip", "mesh"): (3, 3),
        ("chip", "mesh", 0): (3, 10),
        ("chip", "mesh", 1): (3, 13),
        ("chip", "é"): (4, 3),
        ("chip", "é", "x"): (4, 7),
        ("layers",): (5, 1),
        ("layers", 0): (6, 5),
        ("layers", 0, "kind"): (6, 5),
        ("layers", 0, "rows"): (7, 5),
        ("layers", 1): (8, 5),
    }
    assert {place.file for place in document.places.values()} == {"s.yaml"}


def test_an_alias_stands_for_its_anchor() -> None:
    document = parse("base: &b {x: 1, y: [2]}\ncopy: *b\n")
    assert document.data == {"base": {"x": 1, "y": [2]}, "copy": {"x": 1, "y": [2]}}
    assert document.place("copy") == Place("s.yaml", 2, 1)
    assert document.place("copy.y.0") == Place("s.yaml", 1, 21)


def test_a_missing_key_points_to_the_nearest_that_is_there() -> None:
    document = parse("title: x\nchip:\n  mesh: [5, 10]\n  array.cycle: 3\n")
    assert document.place("chip.mesh.1") == document.place(("chip", "mesh", 1)) == Place("s.yaml", 3, 13)
    assert document.place("chip.mesh.7") == Place("s.yaml", 3, 3)
    assert document.place("chip.clock.mhz") == Place("s.yaml", 2, 1)
    assert document.place("chip.array.cycle.price") == Place("s.yaml", 4, 3), "keys with dots are found, too"
    assert document.place("nothing.of.this") == document.place(()) == Place("s.yaml", 1, 1)


def test_a_mistake_finds_its_place() -> None:
    document = parse("chip:\n  mesh: [5, 10]\n")
    assert str(document.mistake("chip.mesh", "is too small", "try 6 x 10")) == "s.yaml:2:3: chip.mesh: is too small; try 6 x 10"
    assert document.mistake(("chip", "mesh", 0), "is odd") == Mistake("chip.mesh.0", "is odd", "", Place("s.yaml", 2, 10))


def test_an_error_without_places_is_located() -> None:
    document = parse("chip:\n  mesh: [5, 10]\n")
    elsewhere = Mistake("x", "y", "", Place("other", 3, 4))
    located = document.located(DoesNotFit(Mistake("mesh", "is too small"), Mistake("", "is full"), elsewhere), at=("chip",))
    assert type(located) is DoesNotFit
    assert str(located) == "s.yaml:2:3: chip.mesh: is too small\ns.yaml:1:1: chip: is full\nother:3:4: x: y"


PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=6)
KEYS = PRINTABLE.filter(str.isprintable)
SCALARS = st.none() | st.booleans() | st.integers(1 - 2**63, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | PRINTABLE
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8)


def paths(data: Any, path: KeyPath = ()) -> set[KeyPath]:
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return {path}.union(*(paths(value, (*path, step)) for step, value in steps))


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.booleans())
@settings(max_examples=150, deadline=None)
def test_what_is_dumped_is_read_back_and_every_path_has_a_place(data: dict[str, Any], flow: bool) -> None:
    block = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.dump(data, block)
    text = json.dumps(data, ensure_ascii=False) if flow else block.getvalue()
    document = parse(text)
    assert document.data == data
    assert set(document.places) == paths(data)
    lines = text.split("\n")
    assert all(place.column <= len(lines[place.line - 1]) + 1 for place in document.places.values())


# --- texts that are refused ---


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "s.yaml:1:1: there is nothing in it; write keys, such as title: a test"),
        ("# only a comment\n", "s.yaml:1:1: there is nothing in it; write keys, such as title: a test"),
        ("- a\n- b\n", 's.yaml:1:1: must be a mapping of keys to values, not ["a", "b"]; write keys, such as title: a test'),
        ("hello", "s.yaml:1:1: must be a mapping of keys to values, not the text 'hello'; write keys, such as title: a test"),
        ("a: 1\n---\nb: 2\n", "s.yaml:2:1: a second document begins here; keep one document in a file"),
        ("a:\n\tb: 1\n", "s.yaml:2:1: a tab stands where only spaces may; indent with spaces"),
        ("a: 1\nb: 2\na: 3\n", "s.yaml:3:1: a: stands here a second time, after line 1; keep one of the two"),
        ("c: {a: 1,\n  a: 3}\n", "s.yaml:2:3: c.a: stands here a second time, after line 1; keep one of the two"),
        ("a: b: c\n", "s.yaml:1:5: is not YAML: mapping values are not allowed here; put a text that contains ': ' in quotes"),
        ("a: @b\n", "s.yaml:1:4: is not YAML: found character '@' that cannot start any token; put the text in quotes"),
        (
            "a:\n  - 1\n b: 2\n",
            "s.yaml:3:2: is not YAML: expected <block end>, but found '<block mapping start>', "
            "while parsing a block mapping begun in line 1; check the indentation",
        ),
        (" a: 1\nb: 2\n", "s.yaml:2:1: is not YAML: expected '<document start>', but found '<block mapping start>'; check the indentation"),
        ("a: [1,\n", "s.yaml:2:1: is not YAML: expected the node content, but found the end"),
        ("a: [1\n", "s.yaml:2:1: is not YAML: expected ',' or ']', but got the end, while parsing a flow sequence begun in line 1"),
        ("a: 'x", "s.yaml:1:6: is not YAML: found unexpected end of stream"),
        ("a: *b\n", "s.yaml:1:4: is not YAML: found undefined alias 'b'"),
        ("a: 1\nb: \x07\n", "s.yaml:2:4: contains a control character (0x07); remove it"),
        ("a: !!python/name:os.system x\n", "s.yaml:1:4: a: the tag !!python/name:os.system is not understood here; leave it out"),
        ("a: [!mine {b: 1}]\n", "s.yaml:1:5: a.0: the tag !mine is not understood here; leave it out"),
        ("a: !<tag:mine> 1\n", "s.yaml:1:4: a: the tag tag:mine is not understood here; leave it out"),
        ("<<: {a: 1}\n", "s.yaml:1:1: merge keys (<<) are not understood here; write the keys out"),
        ("c: {[1, 2]: 3}\n", "s.yaml:1:5: c: a key must be text in one line"),
        ('"a\\nb": 3\n', "s.yaml:1:1: a key must be text in one line"),
        ('a: "\\0"\n', "s.yaml:1:4: a: contains a character that is none (NUL or half a surrogate pair)"),
        ("a: .inf\n", "s.yaml:1:4: a: must be a finite number of at most 64 bits, not .inf"),
        ("a: [.NaN]\n", "s.yaml:1:5: a.0: must be a finite number of at most 64 bits, not .NaN"),
        ("a: 1e999\n", "s.yaml:1:4: a: must be a finite number of at most 64 bits, not 1e999"),
        ("a: 9223372036854775808\n", "s.yaml:1:4: a: must be a finite number of at most 64 bits, not 9223372036854775808"),
        ("a: 0x_\n", "s.yaml:1:4: a: must be a finite number of at most 64 bits, not 0x_"),
        (f"a: {'9' * 5000}\n", f"s.yaml:1:4: a: must be a finite number of at most 64 bits, not {'9' * 60}"),
    ],
)
def test_a_text_that_is_no_good(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    assert str(caught.value) == sentence


def test_mistakes_of_a_text_come_together() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("a: 1\na: 2\nb: !x 1\nc: .inf\n")
    assert [mistake.place and mistake.place.line for mistake in caught.value.mistakes] == [2, 3, 4]


def test_bombs_are_refused_at_once() -> None:
    names = "abcdefghij"
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    laughs += "".join(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise(names))
    nested = {"s.yaml:1:4": "a: &x [*x]\n", "s.yaml:1:51": "[" * 100_000, "s.yaml:1:101": "- " * 1000}
    with pytest.raises(InvalidInput, match=rf"^s\.yaml:\d+:\d+: holds more than {MAX_NODES} values; write fewer aliases$"):
        parse(laughs)
    for place, text in nested.items():
        with pytest.raises(InvalidInput, match=f"^{place}: is nested more than {MAX_DEPTH} levels deep"):
            parse(text)


# --- files ---


def test_a_file_is_called_as_the_user_wrote_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a="\ufeffx: 1\r\ny: 2\r\n")
    monkeypatch.chdir(tmp_path)
    assert Document.read(Path("a.yaml")).place("y") == Place("a.yaml", 2, 1)
    assert Document.read(tmp_path / "a.yaml", shown="my.yaml").place("x") == Place("my.yaml", 1, 1)


def unreadable(path: Path, shown: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        Document.read(path, shown)
    return str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, resnet34="x: 1")
    (tmp_path / "latin.yaml").write_bytes("a: 1\nb: caf\u00e9\n".encode("latin-1"))
    (tmp_path / "large.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    (tmp_path / "full.yaml").write_bytes(b"a: 1\n".ljust(MAX_BYTES, b"\n"))
    assert unreadable(tmp_path / "none.yaml", "none.yaml") == "cannot read 'none.yaml': there is no such file"
    near = "cannot read 'd/resnet43.yaml': there is no such file; did you mean 'resnet34.yaml'?"
    assert unreadable(tmp_path / "resnet43.yaml", "d/resnet43.yaml") == near
    assert unreadable(tmp_path / "no" / "none.yaml", "no/none.yaml") == "cannot read 'no/none.yaml': there is no such file"
    assert unreadable(tmp_path, "d") == "cannot read 'd': it is a directory"
    assert unreadable(tmp_path / "resnet34.yaml" / "x", "x") == "cannot read 'x': a part of its path is no directory"
    assert unreadable(tmp_path / "latin.yaml", "latin.yaml") == "latin.yaml:2:7: is not UTF-8 text (byte 0xe9); save it as UTF-8"
    assert unreadable(tmp_path / "large.yaml", "large.yaml") == "cannot read 'large.yaml': it is larger than 256 KiB"
    assert Document.read(tmp_path / "full.yaml").data == {"a": 1}


def test_a_long_way_through_files_that_extend_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, f0="x: 1\n", **{f"f{n}": f"extends: f{n - 1}.yaml\n" for n in range(1, 30)})
    monkeypatch.chdir(tmp_path)
    assert Document.read(Path("f20.yaml")).data == {"x": 1}
    with pytest.raises(InvalidInput) as caught:
        Document.read(Path("f29.yaml"))
    problem = "leads through more than 20 files that extend each other; put some of them together"
    assert str(caught.value) == f"f9.yaml:1:1: extends: {problem}"


@pytest.mark.parametrize("text", ["%YAML 1.9\n---\na: 1\n", "%YAML 1.0\n---\na: 1\n"])
def test_a_version_of_yaml_that_is_not_known(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Document.parse(text, "s.yaml")
    assert str(caught.value) == "s.yaml:1:1: is no YAML that is known here; leave out the line %YAML"
    assert Document.parse(text.replace("1.9", "1.2").replace("1.0", "1.1"), "s.yaml").data == {"a": 1}


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    write(tmp_path, a="x: 1\n")
    monkeypatch.setattr(os, "open", refuse)
    assert unreadable(tmp_path / "a.yaml", "a.yaml") == "cannot read 'a.yaml': permission denied"


def test_extends_merges_mappings_and_replaces_the_rest(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path, ground="title: ground\nchip:\n  voltage_v: 0.5\n  mesh: [1, 2, 3]\nlinks: {a: 1}\nlist: [{b: 1}]\n")
    write(tmp_path / "deep", middle="extends: ../ground.yaml\nchip:\n  mesh: [9]\nlinks: none\nlist: [{c: 1}]\n")
    write(tmp_path, top="chip:\n\n  clock_mhz: 65\nextends: deep/middle.yaml\nlinks: {d: 2}\n")
    document = Document.read(tmp_path / "top.yaml", shown="here/top.yaml")
    assert document.data == {
        "title": "ground",
        "chip": {"voltage_v": 0.5, "mesh": [9], "clock_mhz": 65},
        "links": {"d": 2},
        "list": [{"c": 1}],
    }
    assert set(document.places) == paths(document.data)
    assert {key: str(document.place(key)) for key in ("", "title", "chip", "chip.mesh", "chip.mesh.0", "chip.clock_mhz", "list.0.c")} == {
        "": "here/top.yaml:1:1",
        "title": "here/ground.yaml:1:1",
        "chip": "here/top.yaml:1:1",
        "chip.mesh": "here/deep/middle.yaml:3:3",
        "chip.mesh.0": "here/deep/middle.yaml:3:10",
        "chip.clock_mhz": "here/top.yaml:3:3",
        "list.0.c": "here/deep/middle.yaml:5:9",
    }


@pytest.mark.parametrize(
    ("extends", "sentence"),
    [
        ("nowhere.yaml", "a.yaml:2:1: extends: cannot read 'nowhere.yaml': there is no such file"),
        ("bb.yaml", "a.yaml:2:1: extends: cannot read 'bb.yaml': there is no such file; did you mean 'b.yaml'?"),
        (".", "a.yaml:2:1: extends: cannot read '.': it is a directory"),
        ("[b.yaml]", 'a.yaml:2:1: extends: must be the name of a file, not ["b.yaml"]; name one, relative to this file'),
        ("3", "a.yaml:2:1: extends: must be the name of a file, not 3; name one, relative to this file"),
        ("", "a.yaml:2:1: extends: must be the name of a file, not empty; name one, relative to this file"),
        ("a.yaml", "a.yaml:2:1: extends: 'a.yaml' leads back to itself; extend another, or none"),
        ("b.yaml", "b.yaml:1:1: extends: './a.yaml' leads back to itself; extend another, or none"),
        ("bad.yaml", "bad.yaml:1:2: is not YAML: expected the node content, but found the end"),
    ],
)
def test_extends_that_leads_nowhere(tmp_path: Path, extends: str, sentence: str) -> None:
    write(tmp_path, a=f"x: 1\nextends: {extends}\n", b="extends: ./a.yaml\n", bad="[")
    assert unreadable(tmp_path / "a.yaml", "a.yaml") == sentence


# --- --set ---


def test_a_setting_replaces_and_makes_what_is_missing() -> None:
    before = parse("chip:\n  mesh: [1, 1]\nempty:\nsweep:\n  - {values: [1, 2]}\n")
    after = before.with_setting("chip.mesh=[5,10]").with_setting("empty.a.b=x: 1").with_setting("sweep.0.values.1=3")
    assert after.data == {"chip": {"mesh": [5, 10]}, "empty": {"a": {"b": {"x": 1}}}, "sweep": [{"values": [1, 3]}]}
    assert set(after.places) == paths(after.data)
    assert before.data == {"chip": {"mesh": [1, 1]}, "empty": None, "sweep": [{"values": [1, 2]}]}, "the first one is as it was"


def test_a_setting_has_places_of_its_own() -> None:
    document = parse("chip:\n  mesh: [1, 1]\n").with_setting("chip.mesh=[5,10]").with_setting("a.b={c: 1}")
    assert document.place("chip") == Place("s.yaml", 1, 1)
    assert document.place("chip.mesh") == Place("--set chip.mesh=[5,10]", 1, 6)
    assert document.place("chip.mesh.1") == Place("--set chip.mesh=[5,10]", 1, 14)
    assert document.place("a") == Place("--set a.b={c: 1}", 1, 1)
    assert document.place("a.b.c") == Place("--set a.b={c: 1}", 1, 6)


def test_a_setting_removes_what_was_under_it() -> None:
    document = parse("chip: {mesh: [1, 1, 1]}\n").with_setting("chip.mesh=auto").with_setting("title=")
    assert document.data == {"chip": {"mesh": "auto"}, "title": None}
    assert set(document.places) == paths(document.data)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("chip.mesh", ":1:1: must be of the form key=value; for example chip.mesh=[5,10]"),
        ("=5", ":1:1: must be of the form key=value; for example chip.mesh=[5,10]"),
        ("chip..mesh=5", ":1:1: must be of the form key=value; for example chip.mesh=[5,10]"),
        ("title.x=5", ":1:1: title: is the text 'abc' and has no key 'x'"),
        ("chip.mesh.2=5", ":1:1: chip.mesh: there is no item '2' in a list of 2 items; items count from 0"),
        ("chip.mesh.x.y=5", ":1:1: chip.mesh: there is no item 'x' in a list of 2 items; items count from 0"),
        ("chip.mesh=[5", ":1:13: is not YAML: expected ',' or ']', but got the end"),
        ("chip.mesh=!x 5", ":1:11: chip.mesh: the tag !x is not understood here; leave it out"),
    ],
)
def test_a_setting_that_is_no_good(setting: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("title: abc\nchip: {mesh: [1, 1]}\n").with_setting(setting)
    assert str(caught.value) == f"--set {setting}{sentence}"


# --- validation ---


def test_a_good_document_becomes_a_model() -> None:
    text = "network: x\nshape: [1, 2, 3]\nlimit_s: 2\ncorner: slow\nchip: {mesh: [5, 10], tiles: auto}\naxis: {first: 1, last: 2}\n"
    made = parse(text + "layers: [{kind: pool, size: [3, 3]}]\n").validate(Experiment)
    assert (made.shape, made.limit_s, made.corner, made.chip.mesh) == ((1, 2, 3), 2.0, Corner.SLOW, (5, 10))
    assert made.layers == [Pool(kind="pool", size=(3, 3))]
    assert made.axis == Range(first=1, last=2)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("netwrk: y", "2:1: unknown key 'netwrk'; did you mean 'network'?"),
        ("chip: {voltag_v: 1}", "2:8: chip: unknown key 'voltag_v'; did you mean 'voltage_v'?"),
        ("chip: {qqq: 1}", "2:8: chip: unknown key 'qqq'; known keys: voltage_v, mesh, tiles, lanes, gated"),
        ("biases: {west: 1}", "2:10: biases: unknown key 'west'; known keys: north, south"),
        ("axis: {first: 1}", "2:1: axis: 'last' is missing"),
        ("frames: abc", "2:1: frames: must be an integer, not the text 'abc'"),
        ("frames: '5'", "2:1: frames: must be an integer, not the text '5'"),
        ("frames: 1.0", "2:1: frames: must be an integer, not 1.0"),
        ("frames: true", "2:1: frames: must be an integer, not true"),
        ("frames:", "2:1: frames: must be an integer, not empty"),
        ("frames: {a: 1}", "2:1: frames: must be an integer, not a mapping"),
        ("frames: 1001", "1:1: more frames than a lifetime has room for"),
        ("limit_s: abc", "2:1: limit_s: must be a number or empty, not the text 'abc'"),
        ("prices: {fmm: x}", "2:10: prices.fmm: must be a number, not the text 'x'"),
        ("prices: {fmm: true}", "2:10: prices.fmm: must be a number, not true"),
        ("label: 5", "2:1: label: must be text, not 5"),
        ("label: ''", "2:1: label: must have at least 1 character, not the text ''"),
        ("shape: x", "2:1: shape: must be a list of 3 integers, not the text 'x'"),
        ("shape: [1, 2]", "2:1: shape: must have 3 items, not 2"),
        ("shape: [1, 2, 3, 4]", "2:1: shape: must have 3 items, not 4"),
        ("shape: [1, x, 3]", "2:12: shape.1: must be an integer, not the text 'x'"),
        ("seeds: []", "2:1: seeds: must have at least 1 item, not 0"),
        ("seeds: [1, 2, 3]", "2:1: seeds: must have at most 2 items, not 3"),
        ("seeds: 1", "2:1: seeds: must be a list of integers, not 1"),
        ("layers: 1", "2:1: layers: must be a list of mappings, not 1"),
        ("layers: [1]", "2:10: layers.0: must be a mapping, not 1"),
        ("layers: [{}]", "2:10: layers.0: 'kind' is missing"),
        ("layers: [{kind: comv}]", "2:11: layers.0.kind: must be one of 'conv' or 'pool', not 'comv'; did you mean 'conv'?"),
        ("layers: [{kind: conv}]", "2:10: layers.0: 'rows' is missing"),
        ("layers: [{kind: conv, rows: 1, size: 1}]", "2:32: layers.0: unknown key 'size'; known keys: kind, rows"),
        ("layers: [{kind: pool, size: [1]}]", "2:23: layers.0.size: must have 2 items, not 1"),
        (
            "architecture: xnorbim",
            "2:1: architecture: must be one of 'hyperdrive', 'xnorbin' or 'chewbaccann', not 'xnorbim'; did you mean 'xnorbin'?",
        ),
        ("architecture: 5", "2:1: architecture: must be one of 'hyperdrive', 'xnorbin' or 'chewbaccann', not 5"),
        ("corner: fast", "2:1: corner: must be one of 'slow' or 'typical', not 'fast'"),
        ("chip: 5", "2:1: chip: must be a mapping, not 5"),
        ("chip:", "2:1: chip: must be a mapping, not empty"),
        ("chip: {gated: yes}", "2:8: chip.gated: must be true or false, not the text 'yes'"),
        ("chip: {voltage_v: -1}", "2:8: chip.voltage_v: must be greater than 0, not -1"),
        ("chip: {voltage_v: 2}", "2:8: chip.voltage_v: must be less than or equal to 1.2, not 2"),
        ("chip: {mesh: 5}", "2:8: chip.mesh: must be [rows, columns] or 'auto', not 5"),
        ("chip: {mesh: [1, 2, 3]}", "2:8: chip.mesh: must be [rows, columns] or 'auto', not [1, 2, 3]"),
        ("chip: {mesh: atuo}", "2:8: chip.mesh: must be [rows, columns] or 'auto', not 'atuo'; did you mean 'auto'?"),
        ("chip: {mesh: [0, 2]}", "2:15: chip.mesh.0: must be greater than 0, not 0"),
        ("chip: {tiles: [1]}", "2:8: chip.tiles: must be a list of 2 integers or 'auto', not [1]"),
        ("chip: {tiles: {a: 1}}", "2:8: chip.tiles: must be a list of 2 integers or 'auto', not a mapping"),
        ("chip: {lanes: x}", "2:8: chip.lanes: must be an integer or 'all', not 'x'"),
        ("chip: {lanes: 0}", "2:8: chip.lanes: must be greater than 0, not 0"),
        ("axis: x", "2:1: axis: must be a list of numbers, a mapping or empty, not the text 'x'"),
        ("axis: [1, x]", "2:11: axis.1: must be a number, not the text 'x'"),
    ],
)
def test_a_value_that_is_no_good(line: str, sentence: str) -> None:
    assert complaint(f"network: x\n{line}\n") == f"s.yaml:{sentence}"


def test_a_missing_key_is_named_and_a_validator_speaks_for_itself() -> None:
    assert complaint("frames: 1\n") == "s.yaml:1:1: 'network' is missing"
    assert complaint("frames: 1\nnetwork: lenet\n") == "s.yaml:2:1: network: there is no network 'lenet'"


def test_all_mistakes_come_in_one_pass_in_the_order_of_the_text() -> None:
    text = "layers:\n  - kind: conv\n    rows: 0\nchip:\n  mesh: 7\n  voltage: 1\nframes: x\n"
    assert complaint(text, "shape=[1,2,x]").splitlines() == [
        "--set shape=[1,2,x]:1:12: shape.2: must be an integer, not the text 'x'",
        "s.yaml:1:1: 'network' is missing",
        "s.yaml:3:5: layers.0.rows: must be greater than 0, not 0",
        "s.yaml:5:3: chip.mesh: must be [rows, columns] or 'auto', not 7",
        "s.yaml:6:3: chip: unknown key 'voltage'; did you mean 'voltage_v'?",
        "s.yaml:7:1: frames: must be an integer, not the text 'x'",
    ]


def test_a_mistake_is_found_in_the_file_that_says_it(tmp_path: Path) -> None:
    write(tmp_path, base="network: x\nchip:\n  voltage_v: -1\n", top="extends: base.yaml\nchip:\n  gated: 1\n  mesh: [1, 1]\n")
    with pytest.raises(InvalidInput) as caught:
        Document.read(tmp_path / "top.yaml", shown="top.yaml").with_setting("chip.mesh=[1,0]").validate(Experiment)
    assert str(caught.value).splitlines() == [
        "--set chip.mesh=[1,0]:1:14: chip.mesh.1: must be greater than 0, not 0",
        "base.yaml:3:3: chip.voltage_v: must be greater than 0, not -1",
        "top.yaml:3:3: chip.gated: must be true or false, not 1",
    ]


def test_a_part_of_the_document_can_be_validated() -> None:
    document = parse("title: x\nchip:\n  voltage_v: 0.8\n  lanes: z\n")
    assert parse("title: x\n").validate(Chip, at=("chip",)) == Chip()
    with pytest.raises(InvalidInput) as caught:
        document.validate(Chip, at=("chip",))
    assert str(caught.value) == "s.yaml:4:3: chip.lanes: must be an integer or 'all', not 'z'"


@pytest.mark.parametrize("line", ["frames: x", "label: 5", "shape: [1]", "corner: 1", "axis: [x]", "layers: [{kind: z}]", "label: ''"])
def test_no_word_of_pydantic_reaches_the_user(line: str) -> None:
    said = complaint(f"network: x\n{line}\n")
    assert not any(word in said.lower() for word in ("input", "valid", "pydantic", "http", "union", "tag", "tuple", "dict", "str "))


# --- how things are shown ---


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a\n b", "the text 'a b'"),
        ("x" * 61, f"the text '{'x' * 57}...'"),
        (None, "empty"),
        (True, "true"),
        (1.5, "1.5"),
        ({}, "a mapping"),
        ([], "[]"),
        ([1, "ü"], '[1, "ü"]'),
        (list(range(30)), "a list of 30 items"),
    ],
)
def test_values_in_messages(value: Any, words: str) -> None:
    assert described(value) == words


def test_places_keep_the_line_as_it_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a="x: 1\nmesh: [5,\n  10]\n")
    monkeypatch.chdir(tmp_path)
    document = Document.read(Path("a.yaml")).with_setting("z.y=[1,2]")
    (tmp_path / "a.yaml").write_text("another", "utf-8")
    assert document.place("mesh").text == "mesh: [5,"
    assert document.place("mesh.1").text == "  10]"
    assert document.place("z.y.1").text == document.place("z").text == "z.y=[1,2]"
    with pytest.raises(InvalidInput) as caught:
        Document.parse("x: [1,", "s.yaml")
    assert [mistake.place and mistake.place.text for mistake in caught.value.mistakes] == ["x: [1,"]


def test_many_keys_are_found_at_once() -> None:
    """A place by name is looked up, not searched for."""
    document = Document.parse("{" + ",".join(f"k{n}: {n}" for n in range(8000)) + "}", "s.yaml")
    assert document.place("k7999").text == document.place("k0").text
    mistakes = [document.mistake(key, "is odd") for key in document.data]
    assert str(InvalidInput(*mistakes)).splitlines()[-2:] == ["s.yaml:1:134: k19: is odd", "and 7,980 more mistakes"]


def test_importing_this_module_needs_no_numpy() -> None:
    code = "import sys, hyperdrive_sim.text.document; print({'numpy', 'networkx', 'simpy'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert done.stdout == "set()\n"
