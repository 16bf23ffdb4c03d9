"""Strict reading of JSON that this package wrote, back into the record that it was written from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from hyperdrive_sim.text.wording import dotted, explain

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


def typed(adapter: TypeAdapter[T], data: bytes) -> T:
    """Read a record from JSON: types are strict, no key may be missing or unknown. Raises ValueError with the first mistake."""
    said = plain(data)
    try:
        return adapter.validate_json(data, strict=True, extra="forbid")
    except ValidationError as error:
        first = explain(error, said, adapter.json_schema())[0]
    raise ValueError(f"{dotted(first.key)}: {first.problem}" if first.key else first.problem)


def plain(data: bytes) -> Any:
    """The plain data that JSON holds.

    Raises ValueError for a text that is none, that has NaN, infinity or a key twice, or is nested without end.
    """
    try:
        return json.loads(data, parse_constant=_no_number, object_pairs_hook=_mapping)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")
