"""A control stream as text, and back: a line for each record, its weights and thresholds on lines below it, indented.

    xnorbin control stream, version 1
    machine bpus=7 xnor_sums=7 word_bits=16 ... memory_bits=131072,262144 ...
    input map="sign0" memory=0 address=0 shape=64,30,30
    pass layer="conv1" memory=0 address=0 ... channels=0,16 ... end=signs
      weights
        1f3a 00ff 0123                  words of one part of a kernel: a line for each output channel and word of input channels
      thresholds 3 -1 0
      flipped 0 0 1
    output map="sign1" ...

Words are hexadecimal, the first channel in their lowest bit. What stands behind a # is nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hyperdrive_sim.archs.xnorbin.control_stream.binary import VERSION
from hyperdrive_sim.archs.xnorbin.control_stream.records import (
    KINDS,
    Field,
    Machine,
    Pass,
    Record,
    Stream,
    fields_of,
    runs_of_weights,
    word_bytes,
)
from hyperdrive_sim.errors import InvalidInput

TITLE = f"xnorbin control stream, version {VERSION}"
NAMES: dict[str, type[Machine | Record]] = {"machine": Machine, **KINDS}
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')
COMMENT = re.compile(r'^((?:[^"#]|"(?:[^"\\]|\\.)*")*)#.*')
"""What stands behind a # that is in no text."""

MOST_BYTES = 2**30


def disassembled(stream: Stream) -> str:
    """A stream as text."""
    return "\n".join([TITLE, *_lines(stream)]) + "\n"


def _lines(stream: Stream) -> Iterator[str]:
    for one in (stream.machine, *stream.records):
        name = next(name for name, kind in NAMES.items() if type(one) is kind)
        of = list(fields_of(type(one)))
        yield " ".join([name, *(f"{each.name}={_said(each, getattr(one, each.name))}" for each in of if not _below(each))])
        for each in filter(_below, of):
            value = getattr(one, each.name)
            if each.kind == "words":
                assert isinstance(one, Pass)
                yield f"  {each.name}"
                yield from _words(one, stream.machine)
            elif value:
                yield f"  {each.name} " + " ".join(map(str, value))


def _below(of: Field) -> bool:
    """True for a field that has lines of its own."""
    return of.kind == "words" or (of.kind == "integers" and not of.number)


def _said(of: Field, value: Any) -> str:
    match of.kind:
        case "text":
            return json.dumps(value)
        case "integers":
            return ",".join(map(str, value))
        case _:
            return str(value)


def _words(record: Pass, machine: Machine) -> Iterator[str]:
    each, at = word_bytes(machine), 0
    for low, high, part, _ in runs_of_weights(record, machine):
        for _ in range(low, high):
            words = [record.weights[place : place + each] for place in range(at, at + part.taps * each, each)]
            at += part.taps * each
            yield "    " + " ".join(f"{int.from_bytes(word, 'little'):0{digits(machine)}x}" for word in words)


def digits(machine: Machine) -> int:
    """Hexadecimal digits of a word."""
    return -(-machine.word_bits // 4)


def assembled(text: str) -> Stream:
    """A stream from text. Raises InvalidInput that names the line."""
    lines = [(number, COMMENT.sub(r"\1", line)) for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1)]
    (_, title), *said_lines = [(number, line) for number, line in lines if line.strip()] or [(0, "")]
    if title.strip() != TITLE:
        raise InvalidInput.at("stream", f"must begin with the line '{TITLE}'", "`hyperdrive-sim stream FILE --text` writes one")
    found: list[Machine | Record] = []
    block: list[tuple[int, str]] = []
    for number, said in said_lines:
        if not said[0].isspace() and block:
            found.append(_record(block, found))
            block = []
        block.append((number, said))
    if block:
        found.append(_record(block, found))
    machine, records = (found[0], found[1:]) if found else (None, [])
    if not isinstance(machine, Machine):
        raise InvalidInput.at("stream", "has no machine in its second line", "begin with one")
    return Stream(machine, tuple(records))  # type: ignore[arg-type] # a second machine is refused


def _record(block: list[tuple[int, str]], before: list[Machine | Record]) -> Machine | Record:
    """The record of a line and of those that are indented below it."""
    number, line = block[0]
    name, _, rest = line.strip().partition(" ")
    if line[0].isspace() or name not in NAMES or (name == "machine") == bool(before):
        raise _wrong(number, f"'{name[:40]}' cannot stand here", f"a stream is a machine, then records: {', '.join(KINDS)}")
    kind = NAMES[name]
    of = {each.name: each for each in fields_of(kind)}
    given: dict[str, tuple[int, str]] = {}
    for key, value in _pairs(number, rest):
        if key in given:
            raise _wrong(number, f"'{key}' stands here a second time", "keep one")
        given[key] = number, value
    given |= _fields_below(block[1:], of)
    if unknown := given.keys() - of.keys():
        raise _wrong(number, f"a {name} has no '{min(unknown)}'", f"it has {', '.join(of)}")
    missing = [key for key, each in of.items() if key not in given and not _below(each)]
    if missing:
        raise _wrong(number, f"'{missing[0]}' is missing", f"a {name} has {', '.join(of)}")
    machine = before[0] if before else None
    return kind(*(_value(each, *given.get(key, (number, "")), machine) for key, each in of.items()))


def _pairs(number: int, rest: str) -> Iterator[tuple[str, str]]:
    at = len(rest) - len(rest.lstrip())
    while at < len(rest):
        found = PAIR.match(rest, at)
        if found is None:
            raise _wrong(number, f"'{rest[at : at + 40]}' is no key=value", "texts stand in quotation marks")
        yield found[1], found[2]
        at = found.end()


def _fields_below(block: list[tuple[int, str]], of: dict[str, Field]) -> dict[str, tuple[int, str]]:
    """Fields of a record's own lines, by name: the line that each begins in, and all of its values."""
    given: dict[str, tuple[int, list[str]]] = {}
    name = ""
    for number, line in block:
        first, *values = line.split()
        if first in of and _below(of[first]):
            name = first
            if name in given:
                raise _wrong(number, f"'{name}' stands here a second time", "keep one")
            given[name] = number, values
        elif name:
            given[name][1].extend([first, *values])
        else:
            raise _wrong(number, f"'{first[:40]}' cannot stand here", f"lines below are {', '.join(key for key in of if _below(of[key]))}")
    return {name: (number, " ".join(values)) for name, (number, values) in given.items()}


def _value(of: Field, number: int, said: str, machine: Machine | Record | None) -> Any:
    try:
        return _parsed(of, said, machine)
    except (ValueError, OverflowError):
        wanted = {"integers": f"{of.number or 'any number of'} whole numbers", "integer": "a whole number", "text": 'a text, "like this"'}
        of_words = f"words of {digits(machine)} digits in hexadecimal" if isinstance(machine, Machine) else ""
        what = f"one of {', '.join(of.choices)}" if of.kind == "choice" else wanted.get(of.kind, of_words)
        raise _wrong(number, f"'{of.name}' cannot be '{said[:40]}'", f"it is {what}") from None


def _parsed(of: Field, said: str, machine: Machine | Record | None) -> Any:
    match of.kind:
        case "text":
            if not said.startswith('"'):
                raise ValueError
            value = json.loads(said)
            value.encode()  # half of a pair of surrogates is no character
            return value
        case "choice":
            return of.choices[of.choices.index(said)]
        case "integer":
            return _whole(said, 63)
        case "integers":
            values = tuple(_whole(one, 63 if of.number else 31) for one in (said.split(",") if of.number else said.split()))
            if of.number not in (0, len(values)):
                raise ValueError
            return values
        case _:
            assert isinstance(machine, Machine)
            words = said.split()
            if not all(re.fullmatch(f"[0-9a-fA-F]{{{digits(machine)}}}", word) for word in words):
                raise ValueError
            return b"".join(int(word, 16).to_bytes(word_bytes(machine), "little") for word in words)


def _whole(said: str, bits: int) -> int:
    """A whole number of so many bits beside its sign."""
    if not re.fullmatch("-?[0-9]{1,19}", said):
        raise ValueError
    value = int(said)
    if not -(2**bits) <= value < 2**bits:
        raise ValueError
    return value


def _wrong(number: int, problem: str, cure: str) -> InvalidInput:
    return InvalidInput.at("stream", f"line {number}: {problem}", cure)
