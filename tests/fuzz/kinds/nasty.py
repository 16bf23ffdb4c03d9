"""Values that programs stumble over, as YAML has them, and the flow style that a scenario's values are written in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any


@dataclass(frozen=True)
class Verbatim:
    """Text that is written as it is, where YAML has no other way to say it: a tag, an alias, half a bracket."""

    text: str


NUMBERS: list[Any] = [0, -1, 1, 2, 3, 7, 255, 65_536, 65_537, 100_000, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63)]
FLOATS: list[Any] = [0.0, -0.0, 0.5, -0.5, 1.5, 1e-300, 5e-324, 1e-6, 1e300, 1.7e308, -1e300, 3.0000000000000004, 1e22]
ODD_NUMBERS = [".nan", ".inf", "-.inf", "1e400", "0x10", "0o17", "0b11", "1_000", "190:20:30", "+1", "1e3", "1.", ".5", "08", "9" * 5000]
TEXTS = [
    *(
        "",
        " ",
        "a",
        "auto",
        "null",
        "true",
        "0",
        "-1",
        "NaN",
        "~",
        "x" * 5_000,
        "=",
        ":",
        "%",
        "{}",
        "[red]",
        "[/]",
        "[link=file:///]a[/link]",
    ),
    *("\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x7f", "\r", "a\nb", "\t", "\x08\x08", "\x00", "\x85", "\u2028", "\ufeff"),
    *("\u202egnp.exe", "\u2066a\u2069", "é", "e\u0301", "日本語", "👩‍👩‍👧", "ﷺ" * 40, "\ud800", "İ", "ß", "\uffff", "\U0010ffff"),
    *("../../../etc/passwd", "/dev/zero", "/etc", "C:\\x", "a/b", ".", "..", "%s%n", "$(id)", "{0.__class__}", "'; --"),
    *("2026-11-29", "12:30:45", "<<", "__class__", "hyperdrive", "xnorbin", "tiny_conv", "resnet34", "block", "pixel", "channel"),
]
TAGS = [
    "!!python/object:os.system x",
    "!!binary AAAA",
    "!!set {a}",
    "!!omap [a: 1]",
    "!x 1",
    "!<tag:y> 1",
    "!!float 1",
    "!!int x",
    "!!str 1",
]
TAGGED = [
    *TAGS,
    "!!null ''",
    "!!bool maybe",
    "!!timestamp 2026-13-45",
    "!!merge a",
    "!!float abc",
    "!!int ''",
    "!!int 0x",
    "! 1",
    "!!seq {}",
]
BROKEN = [
    "[",
    "{",
    "]",
    "}",
    "'",
    '"',
    "&a",
    "*a",
    "*nobody",
    "&a [*a]",
    "&a {b: *a}",
    "|",
    ">",
    "- -",
    "? a",
    "@",
    "`",
    "%x",
    "a: b: c",
    "\t1",
]


def number(rng: Random) -> Any:
    return rng.choice([rng.choice(NUMBERS), rng.choice(FLOATS), Verbatim(rng.choice(ODD_NUMBERS))])


def value(rng: Random, depth: int = 0) -> Any:
    """A value of any kind, seldom a good one."""
    leaves = [lambda: number(rng), lambda: rng.choice(TEXTS), lambda: rng.choice([None, True, False])]
    odd = [lambda: Verbatim(rng.choice(TAGGED)), lambda: Verbatim(rng.choice(BROKEN)), lambda: nested(rng)]
    lists = [lambda: [value(rng, depth + 1) for _ in range(rng.randrange(4))], lambda: {key(rng): value(rng, depth + 1)}]
    return rng.choice([*leaves, *leaves, *odd, *(lists if depth < 3 else ())])()


def nested(rng: Random) -> Verbatim:
    """Brackets in brackets, closed or not."""
    depth = rng.choice([5, 49, 50, 51, 200, 5_000])
    opening, closing = rng.choice([("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")])
    return Verbatim(opening * depth + rng.choice(["1", ""]) + closing * rng.choice([depth, depth, 0, depth - 1]))


def key(rng: Random) -> str:
    return str(rng.choice([*TEXTS, "frames", "chip", "mesh", "0", "1.5", "a.b", "title", "extends", "voltage_v"]))


def flow(thing: Any) -> str:
    """A value in YAML's flow style."""
    match thing:
        case Verbatim(text):
            return text
        case dict():
            return "{" + ", ".join(f"{flow(name)}: {flow(item)}" for name, item in thing.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(flow, thing)) + "]"
        case _:
            return json.dumps(thing)
