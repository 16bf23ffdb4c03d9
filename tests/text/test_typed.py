"""JSON of our own, read back strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from pydantic import TypeAdapter

from hyperdrive_sim.text.typed import typed


@dataclass(frozen=True)
class Point:
    name: str
    at: tuple[int, int]


@dataclass(frozen=True)
class Path:
    points: tuple[Point, ...]
    length: int | float
    colours: Mapping[str, float | None]


def test_what_was_written() -> None:
    text = b'{"points": [{"name": "a", "at": [1, 2]}], "length": 3, "colours": {"red": 0.5, "blue": null}}'
    found = typed(TypeAdapter(Path), text)
    assert found == Path((Point("a", (1, 2)),), 3, {"red": 0.5, "blue": None})
    assert isinstance(found.length, int), "a whole number stays one"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"points": [], "length": "3", "colours": {}}', "length: must be an integer or a number, not the text '3'"),
        ('{"points": [{"name": 1, "at": [1, 2]}], "length": 3, "colours": {}}', "points.0.name: must be text, not 1"),
        ('{"points": [{"name": "a", "at": [1.5, 2]}], "length": 3, "colours": {}}', "points.0.at.0: must be an integer, not 1.5"),
        ('{"points": [{"name": "a", "at": [1, 2], "z": 3}], "length": 3, "colours": {}}', "points.0: unknown key 'z'"),
        ('{"points": [], "colours": {}}', "'length' is missing"),
        ("[]", "must be a mapping, not []"),
    ],
)
def test_what_another_wrote(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        typed(TypeAdapter(Path), text.encode())
    assert str(caught.value) == problem


def test_what_is_no_json() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        typed(TypeAdapter(Path), b"{")
