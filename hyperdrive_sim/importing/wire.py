"""Bounds of a model file before it is parsed: protobuf turns two bytes into an object of two hundred.

The file is walked through as far as its messages go; the values of tensors are stepped over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

MOST_BYTES = 256 * 2**20
"""Of memory for a model's structure: all but the values of its tensors. Models of a hundred layers take one or two megabytes."""

OBJECT_BYTES = 128
"""Of memory for a message or a text, beside its content."""

PACKED_BYTES = 16
"""Of memory for a byte of packed integers, each of which takes eight, while their list grows."""


class Unreadable(ValueError):
    """A file that is no model, or one with too many parts; the message goes on where the file's name ends."""


class _Message(NamedTuple):
    """A kind of message: which of its fields are messages themselves, which hold packed integers, and which the values of a tensor."""

    inner: Mapping[int, str] = {}
    packed: frozenset[int] = frozenset()
    values: frozenset[int] = frozenset()


_LEAF = "leaf"
_SCHEMA = {
    "model": _Message({7: "graph", 8: _LEAF, 14: _LEAF, 20: "training", 25: "function"}),
    "training": _Message({1: "graph", 2: "graph", 3: _LEAF, 4: _LEAF}),
    "function": _Message({7: "node", 9: _LEAF, 11: "attribute", 12: "value"}),
    "graph": _Message({1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value", 14: "annotation", 15: "sparse", 16: _LEAF}),
    "node": _Message({5: "attribute", 9: _LEAF, 10: _LEAF}),
    "attribute": _Message(
        {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 14: "type", 15: "type", 22: "sparse", 23: "sparse"}, frozenset({7, 8})
    ),
    "tensor": _Message({3: _LEAF, 13: _LEAF, 16: _LEAF}, frozenset({1, 5, 7, 11}), frozenset({4, 9, 10})),
    "sparse": _Message({1: "tensor", 2: "tensor"}, frozenset({3})),
    "value": _Message({2: "type", 4: _LEAF}),
    "type": _Message({1: "shaped", 4: "wrapped", 5: "wrapped", 8: "shaped", 9: "wrapped"}),
    "shaped": _Message({2: "shape"}),
    "wrapped": _Message({1: "type", 2: "type"}),
    "shape": _Message({1: _LEAF}),
    "annotation": _Message({2: _LEAF}),
    _LEAF: _Message(),
}
"""Fields of onnx.proto that other messages hang on, by their numbers there."""

_VARINT, _EIGHT, _COUNTED, _FOUR = 0, 1, 2, 5


def check(data: bytes) -> None:
    """Raises Unreadable for data that is no protobuf message, and for a model whose structure would take more than MOST_BYTES."""
    cost, todo = 0, [(0, len(data), _SCHEMA["model"])]
    while todo:
        at, end, message = todo.pop()
        while at < end:
            key, at = _number(data, at, end)
            kind, field = key & 7, key >> 3
            if kind == _COUNTED:
                size, at = _number(data, at, end)
                if size > end - at:
                    raise Unreadable("ends too early or is no ONNX model")
                if field in message.inner:
                    todo.append((at, at + size, _SCHEMA[message.inner[field]]))
                    cost += OBJECT_BYTES
                elif field not in message.values:
                    cost += OBJECT_BYTES + size * (PACKED_BYTES if field in message.packed else 1)
                at += size
            elif kind == _VARINT:
                _, at = _number(data, at, end)
                cost += PACKED_BYTES
            elif kind in (_EIGHT, _FOUR):
                at += 8 if kind == _EIGHT else 4
                cost += PACKED_BYTES
            else:
                raise Unreadable("is no ONNX model")
        if cost > MOST_BYTES:
            raise Unreadable(f"has a structure of more than {MOST_BYTES // 2**20} MiB")
        if at > end:
            raise Unreadable("ends too early or is no ONNX model")


def _number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The integer of seven bits a byte that begins at *at*, and where it ends."""
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise Unreadable("ends too early or is no ONNX model")
