"""A control stream as bytes: a mark, the version, the machine, a record after the other, and a checksum.

    8 bytes   XNORBIN, 26
    2         version, little-endian as all numbers are
              records: kind (1), length of what follows (4), the fields in their order
    last      kind 255, length 4, CRC-32 of all bytes before this record

A text is its length (2) and UTF-8, an integer 8 bytes, as many integers as any record may have their number (4) and 4 bytes each, a choice
its number (1), words their number of bytes (4) and each word in as many bytes as hold its bits.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, TypeVar

from hyperdrive_sim.archs.xnorbin.control_stream.records import KINDS, Field, Machine, Record, Stream, fields_of
from hyperdrive_sim.errors import InvalidInput

T = TypeVar("T", bound="Machine | Record")

MARK, VERSION = b"XNORBIN\x1a", 1
END = 255
CODES: dict[int, type[Machine | Record]] = {0: Machine, **dict(enumerate(KINDS.values(), start=1))}
KIND_OF = {kind: code for code, kind in CODES.items()}

MOST_BYTES = 2**29
CURE = "export it again"


def encoded(stream: Stream) -> bytes:
    """A stream as bytes."""
    records = b"".join(_record(KIND_OF[type(one)], _payload(one)) for one in (stream.machine, *stream.records))
    data = MARK + struct.pack("<H", VERSION) + records
    return data + _record(END, struct.pack("<I", zlib.crc32(data)))


def _record(kind: int, payload: bytes) -> bytes:
    return struct.pack("<BI", kind, len(payload)) + payload


def _payload(one: Machine | Record) -> bytes:
    return b"".join(_written(of, getattr(one, of.name)) for of in fields_of(type(one)))


def _written(of: Field, value: Any) -> bytes:
    match of.kind:
        case "text":
            data: bytes = value.encode()[: 2**16 - 1]
            return struct.pack("<H", len(data)) + data
        case "integer":
            return struct.pack("<q", value)
        case "integers" if of.number:
            return struct.pack(f"<{of.number}q", *value)
        case "integers":
            return struct.pack(f"<I{len(value)}i", len(value), *value)
        case "choice":
            return struct.pack("<B", of.choices.index(value))
        case _:
            return struct.pack("<I", len(value)) + bytes(value)


def decoded(data: bytes) -> Stream:
    """A stream from bytes. Raises InvalidInput for what is none, is of another version, or was changed."""
    if not data.startswith(MARK):
        raise InvalidInput.at("stream", "is no control stream of XNORBIN", "`hyperdrive-sim export` writes one")
    reader = _Reader(data, len(MARK))
    (version,) = reader.numbers("<H")
    if version != VERSION:
        raise InvalidInput.at("stream", f"is of version {version}, this is read: {VERSION}", CURE)
    found: list[Machine | Record] = []
    while True:
        begin = reader.at
        code, length = reader.numbers("<BI")
        if code == END:
            break
        found.append(_read(reader.part(length), code, len(found)))
    if reader.part(length).numbers("<I") != (zlib.crc32(data[:begin]),) or reader.at != len(data):
        raise InvalidInput.at("stream", "has another checksum than its bytes, or bytes behind its end", CURE)
    return _stream(found)


def _stream(found: list[Machine | Record]) -> Stream:
    machine, records = (found[0], found[1:]) if found else (None, [])
    if not isinstance(machine, Machine) or any(isinstance(one, Machine) for one in records):
        raise InvalidInput.at("stream", "does not begin with its machine, or has two", CURE)
    return Stream(machine, tuple(records))  # type: ignore[arg-type] # no machine among them


def _read(reader: _Reader, code: int, number: int) -> Machine | Record:
    kind = CODES.get(code)
    if kind is None:
        raise InvalidInput.at("stream", f"has a record {number} of the unknown kind {code}", CURE)
    values = [reader.field(of) for of in fields_of(kind)]
    if reader.at != reader.stop:
        raise InvalidInput.at("stream", f"has a record {number} that is longer than its fields", CURE)
    return kind(*values)


class _Reader:
    """Bytes that are read one after the other. Raises InvalidInput where they end too early."""

    def __init__(self, data: bytes, at: int, stop: int | None = None) -> None:
        self.data, self.at, self.stop = data, at, len(data) if stop is None else stop

    def bytes(self, count: int) -> bytes:
        if count > self.stop - self.at:
            raise InvalidInput.at("stream", "ends too early", CURE)
        self.at += count
        return self.data[self.at - count : self.at]

    def numbers(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack(layout, self.bytes(struct.calcsize(layout)))

    def part(self, length: int) -> _Reader:
        """The next bytes, by themselves."""
        begin = self.at
        self.bytes(length)
        return _Reader(self.data, begin, self.at)

    def field(self, of: Field) -> Any:
        match of.kind:
            case "text":
                (length,) = self.numbers("<H")
                return self.bytes(length).decode(errors="replace")
            case "integer":
                return self.numbers("<q")[0]
            case "integers" if of.number:
                return self.numbers(f"<{of.number}q")
            case "integers":
                (count,) = self.numbers("<I")
                return struct.unpack(f"<{count}i", self.bytes(4 * count))
            case "choice":
                (number,) = self.numbers("<B")
                if number >= len(of.choices):
                    raise InvalidInput.at("stream", f"has a choice {number} where there are {len(of.choices)}", CURE)
                return of.choices[number]
            case _:
                (length,) = self.numbers("<I")
                return self.bytes(length)
