"""What an editor shows of a key when the mouse is over it, and of each value that it offers."""

from __future__ import annotations

from typing import Any

from hyperdrive_sim.scenario.keys import unit, written

Field = dict[str, Any]

NOT_FOR_EDITORS = ("title", "stated", "rests_on", "values", "expects")
"""Parts of a field's schema that say nothing new to a reader: names as titles, and what the program itself takes from there."""


def told(name: str, field: Field) -> Field:
    """A field's schema with its unit, default and source in words, and with the meaning of each value of a choice.

    `description` is text, `markdownDescription` the same with a line for each; `enumDescriptions` go with `enum`, one by one.
    """
    facts = _facts(name, field)
    plain = "; ".join(f"{what}: {value}" for what, value in facts.items())
    lines = [f"- {what}: {f'`{value}`' if what == 'default' else value}" for what, value in facts.items()]
    described = field.get("description", "")
    found = {key: value for key, value in field.items() if key not in NOT_FOR_EDITORS}
    found |= {"description": "\n".join(filter(None, (described, plain)))}
    found |= {"markdownDescription": "\n".join([described, "", *lines] if lines else [described])}
    return _with_meanings(found, field.get("values", {}))


def _facts(name: str, field: Field) -> dict[str, str]:
    facts = {"unit": unit(name), "default": written(field.get("default")), "source": field.get("source", "")}
    if "provenance" in field:
        facts["source"] += f" ({field['provenance']})"
    return {what: value for what, value in facts.items() if value}


def _with_meanings(field: Field, meanings: dict[str, str]) -> Field:
    """Put the meanings of values beside them: of an enumeration in a list, of a single value that is one of several types at that."""
    if not meanings:
        return field
    if "enum" in field:
        said = [meanings.get(str(value), "") for value in field["enum"]]
        return {**field, "enumDescriptions": said, "markdownEnumDescriptions": said}
    return {**field, "anyOf": [_with_meaning(one, meanings) for one in field["anyOf"]]}


def _with_meaning(one: Field, meanings: dict[str, str]) -> Field:
    """One of several types with the meaning of its only value, or as a mapping with a choice under its only key."""
    if "values" in one:
        choice = _with_meanings(one["additionalProperties"], one["values"])
        return {"type": "object", "properties": {one["propertyNames"]["const"]: choice}, "minProperties": 1, "additionalProperties": False}
    said = meanings.get(str(one.get("const")))
    return one if said is None else {**one, "description": said}
