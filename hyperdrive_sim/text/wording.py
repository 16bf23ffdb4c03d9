"""Pydantic's validation errors in the words of somebody who wrote YAML: one sentence for each key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

KeyPath = tuple[str | int, ...]
ABSENT = object()
"""Result of a `lookup` that finds nothing; None is a value."""


class Elsewhere(NamedTuple):
    """Keys that belong to another part of a document: those of its model, and what to do about one that stands here."""

    model: type[BaseModel] | None = None
    cure: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.model.model_fields) if self.model else ()


NOWHERE_ELSE = Elsewhere()


def described(value: Any) -> str:
    """A value in the words of a message: "the text 'abc'", "a list of 30 items", "12"."""
    if isinstance(value, str):
        line = " ".join(value.split())
        return f"the text '{line}'" if len(line) <= 60 else f"the text '{line[:57]}...'"
    if value is None or isinstance(value, dict):
        return "empty" if value is None else "a mapping"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 or not isinstance(value, list) else f"a list of {counted(len(value), 'item')}"


def dotted(path: KeyPath) -> str:
    """A path as one key: `sweep.0.step`."""
    return ".".join(map(str, path))


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 item", "2 items"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def with_article(noun: str) -> str:
    """A noun behind `a`, or behind `an` if it begins with a vowel."""
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"


def near(word: str | int, words: Iterable[str], likeness: float = 0.6) -> str:
    """A hint at the word most like this one: "did you mean 'rows'?"; empty if none is like it. Capitals are as good as small letters."""
    return meant(nearest(str(word), words, likeness))


def meant(words: Sequence[str]) -> str:
    """A hint at words of which one is probably meant: "did you mean 'rows' or 'columns'?"; empty if there are none."""
    quoted = [f"'{one}'" for one in words]
    return f"did you mean {listed(quoted)}?" if quoted else ""


def nearest(word: str, words: Iterable[str], likeness: float = 0.6) -> list[str]:
    """The word most like this one, in a list; empty if none is like it."""
    known = {one.lower(): one for one in words}
    return [known[one] for one in get_close_matches(word.lower(), known, n=1, cutoff=likeness)]


def listed(words: Iterable[str]) -> str:
    """Words in a row, each once: "a, b or c"."""
    *most, last = dict.fromkeys(words)
    return f"{', '.join(most)} or {last}" if most else last


def lookup(data: Any, path: KeyPath) -> Any:
    """The value at a path of plain data; ABSENT if there is none."""
    for step in path:
        if not holds(data, step):
            return ABSENT
        data = data[step]
    return data


def holds(data: Any, step: str | int) -> bool:
    """True if *step* is a key of a mapping or an index of a list."""
    return step in data if isinstance(data, dict) else isinstance(data, list) and step in range(len(data))


Schema = Mapping[str, Any]
_OTHER_KINDS = ("int_from_float", "literal_error", "enum", "none_required", "too_short", "too_long")
_WORDS = {
    "integer": ("an integer", "integers"),
    "number": ("a number", "numbers"),
    "string": ("text", "texts"),
    "object": ("a mapping", "mappings"),
    "boolean": ("true or false", "true or false"),
    "null": ("empty", "empty"),
}


class _Finding(NamedTuple):
    """A mistake in plain data: the path to point at, the key to name, the problem and the cure."""

    path: KeyPath
    key: KeyPath
    problem: str
    cure: str = ""


class _Spot(NamedTuple):
    """One of pydantic's errors: the data path it is about, the JSON Schema of each step, and the union members it was found in.

    `members` maps the path of a union to the name of the member that pydantic was trying there.
    """

    path: KeyPath
    schemas: tuple[Schema, ...]
    members: Mapping[KeyPath, str]
    error: ErrorDetails

    @property
    def of_another_kind(self) -> bool:
        """True if the value is of the wrong kind altogether, rather than of the right kind with a mistake in it."""
        kind = self.error["type"]
        return kind.endswith("_type") or kind in _OTHER_KINDS or self.lacks_an_item

    @property
    def lacks_an_item(self) -> bool:
        """True for a list that is too short for a tuple of fixed length."""
        return self.error["type"] == "missing" and isinstance(self.error["loc"][-1], int)


def explain(error: ValidationError, data: Any, schema: Schema, elsewhere: Elsewhere = NOWHERE_ELSE) -> list[_Finding]:
    """Findings of a validation error, each once; *data* is what was validated, *schema* the model's JSON Schema.

    *elsewhere* are the keys of another part of the document.
    """
    defs = schema.get("$defs", {})
    spots = [_spot(one, data, schema, defs) for one in error.errors(include_url=False)]
    return list(dict.fromkeys(_finding(spot, defs, lookup(data, spot.path), elsewhere) for spot in _without_unions(spots, defs)))


def _spot(error: ErrorDetails, data: Any, schema: Schema, defs: Schema) -> _Spot:
    """Follow pydantic's `loc` down the data; a step that the data lacks is the name of a union member, and chooses among the schemas."""
    path: KeyPath = ()
    schemas = [schema]
    members: dict[KeyPath, str] = {}
    for step in error["loc"][:-1] if error["type"] == "missing" else error["loc"]:
        member = None if path in members else _member(schemas[-1], step)
        if holds(data, step) and member is None:
            path, data = (*path, step), data[step]
            schemas.append(_child(schemas[-1], step, defs))
        elif step != "[key]":
            members[path] = f"{members.get(path, '')} {step}"
            schemas[-1] = member or schemas[-1]
    return _Spot(path, tuple(schemas), members, error)


def _without_unions(spots: list[_Spot], defs: Schema) -> list[_Spot]:
    """Errors with each union's reduced to those of the member that was meant, or to a single one for the whole union.

    Pydantic tries all members and reports the errors of each. Meant is a member that takes this kind of value, the one of fewest errors.
    """
    tried: dict[KeyPath, dict[str, list[_Spot]]] = {}
    for spot in spots:
        for path, member in spot.members.items():
            tried.setdefault(path, {}).setdefault(member, []).append(spot)
    union = min((path for path, members in tried.items() if len(members) > 1), key=len, default=None)
    if union is None:
        return spots
    members = tried[union].values()
    meant = [errors for errors in members if not any(spot.path == union and spot.of_another_kind for spot in errors)]
    first = next(iter(members))[0]
    schema = _child(first.schemas[len(union) - 1], union[-1], defs) if union else first.schemas[0]
    whole = _Spot(union, (*first.schemas[: len(union)], schema), {}, {**first.error, "type": "union_type"})
    others = [spot for spot in spots if union not in spot.members]
    return _without_unions(others + (min(meant, key=len) if meant else [whole]), defs)


def _finding(spot: _Spot, defs: Schema, value: Any, elsewhere: Elsewhere) -> _Finding:
    error, path = spot.error, spot.path
    kind, context = error["type"], error.get("ctx", {})
    if kind in ("extra_forbidden", "unexpected_keyword_argument") or error["loc"][-1:] == ("[key]",):
        cure = _instead(str(path[-1]), _known_keys(spot.schemas[-2], defs), elsewhere if len(path) == 1 else NOWHERE_ELSE)
        return _Finding(path, path[:-1], f"unknown key '{path[-1]}'", cure)
    if kind == "missing" and not spot.lacks_an_item:
        missing = str(error["loc"][-1])
        return _Finding(path, path, f"'{missing}' is missing", _to_add(missing, spot.schemas[-1], defs))
    if kind == "union_tag_not_found":
        return _Finding(path, path, f"{context['discriminator']} is missing")
    if kind == "union_tag_invalid":
        path = (*path, context["discriminator"].strip("'"))
        tags = re.findall("'(.*?)'", context["expected_tags"])
        quoted = listed(f"'{tag}'" for tag in tags)
        return _Finding(path, path, f"must be one of {quoted}, not '{context['tag']}'", near(context["tag"], tags))
    if kind in ("value_error", "assertion_error"):
        return _Finding(path, path, str(context["error"]))
    return _Finding(path, path, *_must_be(spot, defs, value))


ELSEWHERE = 0.8
"""Likeness from which on a key of another place is meant: fewer letters in common are chance."""


def _instead(key: str, known: Sequence[str], elsewhere: Elsewhere) -> str:
    """The cure for an unknown key: one of those that are *known*, or the place where it belongs."""
    if key in elsewhere.keys:
        return elsewhere.cure
    if like := near(key, known):
        return like
    if there := meant(nearest(key, elsewhere.keys, ELSEWHERE)):
        return f"{there} {elsewhere.cure}"
    return f"known keys: {', '.join(known)}" if known else ""


def _to_add(key: str, schema: Schema, defs: Schema) -> str:
    """The cure for a key that is missing, where the schema says in words what it holds."""
    found = (one["properties"][key] for one in _alternatives(schema, defs) if key in one.get("properties", ()))
    return next((f"add it: {one['description']}" for one in found if "description" in one), "")


def _must_be(spot: _Spot, defs: Schema, value: Any) -> tuple[str, str]:
    """Problem and cure for a value of the wrong kind or size; pydantic's own words serve for bounds ("Input should be ...")."""
    schema, kind = spot.schemas[-1], spot.error["type"]
    length = _fixed_length(schema, defs)
    if length and (spot.lacks_an_item or kind in ("too_short", "too_long")):
        return f"must have {counted(length, 'item')}, not {len(value)}", ""
    choices = [choice for member in _alternatives(schema, defs) for choice in _choices(member) if isinstance(choice, str)]
    text = isinstance(value, str)
    shown = f"'{value}'" if choices and text else described(value)
    if spot.of_another_kind and (wanted := _wanted(schema, defs)) and kind not in ("too_short", "too_long"):
        return f"must be {wanted}, not {shown}", near(value, choices) if text else ""
    says, should, what = spot.error["msg"].replace(" after validation", "").partition(" should ")
    if not should:
        return says, ""
    return f"must {what}" if ", not " in what else f"must {what}, not {shown}", ""


def _wanted(schema: Schema, defs: Schema, many: bool = False) -> str:
    """A schema in words: "a list of 2 integers or 'auto'"; empty if it takes anything."""
    if "expects" in schema:
        return str(schema["expects"])
    one, *others = _alternatives(schema, defs)
    if others:
        return listed(_wanted(member, defs, many) for member in (one, *others))
    if choices := _choices(one):
        quoted = [f"'{choice}'" if isinstance(choice, str) else described(choice) for choice in choices]
        return f"one of {listed(quoted)}" if len(quoted) > 1 else quoted[0]
    if one.get("type") != "array":
        return _WORDS.get(one.get("type", ""), ("", ""))[many]
    items = {_wanted(item, defs, many=True) for item in one.get("prefixItems", [one.get("items", {})])}
    what = (items.pop() if len(items) == 1 else "") or "items"
    length = _fixed_length(one, defs)
    return ("lists of " if many else "a list of ") + (f"{length} {what}" if length else what)


def allowed(schema: Schema, defs: Schema) -> str:
    """What a schema takes, in words and with its bounds: "an integer from 1 to 8 or empty"; empty if it takes anything."""
    if "expects" in schema:
        return str(schema["expects"])
    return listed(filter(None, (f"{_wanted(one, defs)}{_bounds(one)}" for one in _alternatives(schema, defs))))


def _bounds(schema: Schema) -> str:
    """The bounds of a number, or of those in a list, behind a word for them."""
    one = next(iter(schema.get("prefixItems", ())), schema)
    low, high = one.get("minimum"), one.get("maximum")
    if (above := one.get("exclusiveMinimum")) is not None:
        if one.get("type") != "integer":
            return f" above {_number(above)}" + (f", at most {_number(high)}" if high is not None else "")
        low = above + 1
    if low is None or high is None:
        return f" from {_number(low)} on" if low is not None else f" up to {_number(high)}" if high is not None else ""
    return f" from {_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() else f"{value:g}"


def _alternatives(schema: Schema, defs: Schema) -> list[Schema]:
    """Members of a union, or the schema alone, with references resolved."""
    if "$ref" in schema:
        return _alternatives(defs[schema["$ref"].rpartition("/")[2]], defs)
    members = schema.get("anyOf") or schema.get("oneOf")
    return [one for member in members for one in _alternatives(member, defs)] if members else [schema]


def _member(schema: Schema, name: str | int) -> Schema | None:
    """The member of a union that pydantic calls *name*, where it is a model."""
    for one in (schema, *schema.get("anyOf", ())):
        reference = one.get("discriminator", {}).get("mapping", {}).get(name)
        if reference:
            return {"$ref": reference}
    return next((one for one in schema.get("anyOf", ()) if one.get("$ref", "").endswith(f"/{name}")), None)


def _child(schema: Schema, step: str | int, defs: Schema) -> Schema:
    for one in _alternatives(schema, defs):
        if isinstance(step, int):
            found = dict(enumerate(one.get("prefixItems", ()))).get(step, one.get("items"))
        else:
            found = one.get("properties", {}).get(step, one.get("additionalProperties"))
        if isinstance(found, dict):
            return found
    return {}


def _known_keys(schema: Schema, defs: Schema) -> list[str]:
    members = _alternatives(schema, defs)
    keys = [key for one in members for key in (*one.get("properties", ()), *one.get("propertyNames", {}).get("enum", ()))]
    return list(dict.fromkeys(keys))


def _choices(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _fixed_length(schema: Schema, defs: Schema) -> int | None:
    for one in _alternatives(schema, defs):
        if one.get("minItems") == one.get("maxItems"):
            return one.get("minItems")
    return None
