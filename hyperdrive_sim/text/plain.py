"""A quick reader of plain YAML: of the largest of our tables, 27 kB, ruamel.yaml makes data in 70 ms and this in 4.

Plain is a text of mappings and lists by indentation, with those in brackets on one line, bare or double-quoted texts of one line, decimal
numbers, true, false, null, and anchors. Anything else, and whatever is wrong, is left to `reading`, which knows all of YAML and says where
a mistake stands; what is plain comes out the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

WORDS = {"true": True, "false": False, "null": None}
OTHER_WORDS = re.compile(r"(?i:true|false|null|yes|no|on|off|y|n)")
"""Words that are texts in some versions of YAML and not in others."""

INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})", re.ASCII)
DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,18})?(?:e[-+]?\d{1,2})?", re.ASCII)
NUMBER_LIKE = re.compile(r"[-+.\d][-+.:\d_a-fA-FxXoO]*|\d{4}-.*", re.ASCII)
"""Texts that may be numbers or dates in some notation."""

ROW = re.compile(r"( {0,30})([^ \t].*)")
KEY = re.compile(r"([A-Za-z0-9][^\"#:\[\]{}&*!|>%@`]*):(?: +(\S.*))?")
ANCHOR = re.compile(r"&([A-Za-z]\w*)(?: +(\S.*))?", re.ASCII)
COMMENT = re.compile(r"(?: |^)#.*")
BARE = re.compile(r"(?:[A-Za-z0-9(/+-]|\.\.?/)[^\"\[\]{}]*")
TOKEN = re.compile(r' *("[^"\\]*"|\*[A-Za-z]\w*|[\[\]{},]|: |(?:[A-Za-z0-9(/]|\.\.?/)[^"\[\]{},:#]*|-\d[\d.]*)', re.ASCII)
MOST, DEEPEST = 20_000, 40
"""Values, and levels of them within each other, with aliases written out: a full reader may refuse more."""


class NotPlain(Exception):
    """A text is not as plain as that."""


class _Row(NamedTuple):
    indent: int
    said: str


def plain(text: str) -> dict[str, Any]:
    """The data of a plain text, a mapping. Raises NotPlain for any other text."""
    if not text.replace("\n", "").isprintable():
        raise NotPlain
    rows = list(_rows(text))
    if not rows or rows[0].indent:
        raise NotPlain
    reading = _Reading(rows)
    found = reading.mapping(0)
    if reading.at < len(rows):
        raise NotPlain
    for number, level in enumerate(_levels(found, 0)):
        if number > MOST or level > DEEPEST:
            raise NotPlain
    return found


def _levels(value: Any, level: int) -> Iterator[int]:
    """The level of each value within a value, aliases written out."""
    yield level
    for inside in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _levels(inside, level + 1)


def _rows(text: str) -> Iterator[_Row]:
    for line in text.split("\n"):
        said = line if '"' in line else COMMENT.sub("", line)  # a comment behind a quoted text is not plain
        said = said.rstrip(" ")
        if not said or said.lstrip(" ").startswith("#"):
            continue
        row = ROW.fullmatch(said)
        if row is None:
            raise NotPlain
        yield _Row(len(row[1]), row[2])


class _Reading:
    """One pass over the rows of a text, of which *at* is the next."""

    def __init__(self, rows: list[_Row]) -> None:
        self.rows, self.at = rows, 0
        self.anchors: dict[str, Any] = {}

    @property
    def next(self) -> _Row:
        return self.rows[self.at] if self.at < len(self.rows) else _Row(-1, "")

    def mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.next.indent == indent:
            key = KEY.fullmatch(self.next.said)
            if key is None or key[1] in found or key[1].endswith(" "):
                raise NotPlain
            found[key[1]] = self.value(key[2] or "", indent)
        self.end(indent)
        return found

    def items(self, indent: int) -> list[Any]:
        found: list[Any] = []
        while self.next.indent == indent and self.next.said.startswith("- "):
            said = self.next.said[2:]
            if said.startswith((" ", "- ")):
                raise NotPlain
            if KEY.fullmatch(said):  # a mapping begins behind the dash
                self.rows[self.at] = _Row(indent + 2, said)
                found.append(self.mapping(indent + 2))
            else:
                found.append(self.value(said, indent))
        self.end(indent)
        return found

    def end(self, indent: int) -> None:
        """Raises NotPlain if the next row stands further in than those of one indent that end here."""
        if self.next.indent > indent:
            raise NotPlain

    def value(self, said: str, indent: int) -> Any:
        """The value behind a key or a dash of this row: what is *said* there, or the rows further in."""
        self.at += 1
        anchor = ANCHOR.fullmatch(said)
        said = (anchor[2] or "") if anchor else said
        if said:
            found = self.scalar(said) if BARE.fullmatch(said) else self.in_brackets(said)
        elif self.next.indent <= indent:
            raise NotPlain
        else:
            inside = self.items if self.next.said.startswith("- ") else self.mapping
            found = inside(self.next.indent)
        if anchor:
            self.anchors[anchor[1]] = found
        return found

    def scalar(self, said: str) -> Any:
        """The value of a bare text of a row."""
        if ": " in said or " #" in said or said.endswith(":") or said.startswith("- "):
            raise NotPlain
        return _resolved(said)

    def in_brackets(self, said: str) -> Any:
        """The value of a text that is quoted, an anchor's name, or in brackets."""
        tokens = _tokens(said)
        found = self.of(next(tokens), tokens, 0)
        if next(tokens, None) is not None:
            raise NotPlain
        return found

    def of(self, token: str, tokens: Iterator[str], depth: int) -> Any:
        """The value that begins with a token."""
        if depth > DEEPEST:
            raise NotPlain
        match token[0]:
            case "[":
                return list(self.listed("]", tokens, depth))
            case "{":
                pairs = list(self.pairs(tokens, depth))
                if len(dict(pairs)) < len(pairs):
                    raise NotPlain
                return dict(pairs)
            case '"':
                return token[1:-1]
            case "*":
                if token[1:] not in self.anchors:
                    raise NotPlain
                return self.anchors[token[1:]]
            case "]" | "}" | "," | ":":
                raise NotPlain
        return _resolved(token)

    def listed(self, end: str, tokens: Iterator[str], depth: int) -> Iterator[Any]:
        """Values up to the bracket that ends them."""
        for token in tokens:
            yield self.of(token, tokens, depth + 1)
            if _after(tokens, end):
                return
        raise NotPlain

    def pairs(self, tokens: Iterator[str], depth: int) -> Iterator[tuple[str, Any]]:
        """Keys and values up to the brace that ends them."""
        for key in tokens:
            if not (key[0].isalnum() or key[0] == '"') or next(tokens, "") != ": ":
                raise NotPlain
            yield key.strip('"'), self.of(next(tokens, ":"), tokens, depth + 1)
            if _after(tokens, "}"):
                return
        raise NotPlain


def _after(tokens: Iterator[str], end: str) -> bool:
    """True if the next token is the *end*, False if it is a comma."""
    token = next(tokens, "")
    if token not in (end, ","):
        raise NotPlain
    return token == end


def _tokens(said: str) -> Iterator[str]:
    at = 0
    while at < len(said):
        token = TOKEN.match(said, at)
        if token is None:
            raise NotPlain
        yield token[1] if token[1] == ": " else token[1].rstrip(" ")
        at = token.end()


def _resolved(said: str) -> Any:
    """The value of a bare text: a number, a word that stands for something, or the text itself."""
    if INTEGER.fullmatch(said):
        return int(said)
    if DECIMAL.fullmatch(said):
        return float(said)
    if said in WORDS:
        return WORDS[said]
    if NUMBER_LIKE.fullmatch(said) or OTHER_WORDS.fullmatch(said):
        raise NotPlain
    return said
