"""Arrays of a run directory, each held against what it must be: a kind of value, so many axes of such lengths, a range."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


def array(arrays: Arrays, name: str, kind: str, *shape: int | None) -> NDArray[Any]:
    """An array of numbers, at least 0 and finite, or of texts ('U'); *kind* is numpy's letter, None in *shape* any length of an axis.

    Integers come as int64, numbers as float64. Raises ValueError for an array that is missing or is another one.
    """
    found = arrays.get(name)
    if found is None:
        raise ValueError(f"there is no {name}")
    alike = len(found.shape) == len(shape) and all(wanted in (None, length) for wanted, length in zip(shape, found.shape, strict=True))
    if found.dtype.kind != kind or not alike:
        wanted = " x ".join("any number of" if length is None else str(length) for length in shape)
        raise ValueError(f"{name} is {found.dtype} of shape {found.shape}, where {wanted} '{kind}' belong")
    if kind == "U":
        return _of_characters(found, name)
    numbers = found.astype(np.int64 if kind == "i" else np.float64)
    if not (np.isfinite(numbers) & (numbers >= 0)).all():
        raise ValueError(f"{name} has values that are no numbers from 0 on")
    return numbers


def _of_characters(texts: NDArray[np.str_], name: str) -> NDArray[np.str_]:
    """Texts, of which numpy keeps any 32 bits for a character. Raises ValueError if some are none, or half of a pair."""
    native = np.ascontiguousarray(texts, texts.dtype.newbyteorder("="))
    codes = native.view(np.uint32) if native.size and native.dtype.itemsize else np.zeros(0, np.uint32)
    if not ((codes < 0xD800) | ((codes > 0xDFFF) & (codes <= sys.maxunicode))).all():
        raise ValueError(f"{name} has texts with what is no character")
    return native


def within(numbers: NDArray[Any], end: int, name: str) -> NDArray[Any]:
    """Numbers that are below *end*. Raises ValueError for others."""
    if len(numbers) and numbers.max() >= end:
        raise ValueError(f"{name} go beyond 0 to {end - 1}")
    return numbers


def offsets(arrays: Arrays, name: str, parts: int, values: int, of: str) -> NDArray[Any]:
    """Offsets that cut *values* of something into *parts*. Raises ValueError for others."""
    found = array(arrays, name, "i", parts + 1)
    if found[0] != 0 or found[-1] != values or np.any(np.diff(found) < 0):
        raise ValueError(f"{name} do not cut up {of}")
    return found


def names(arrays: Arrays, name: str) -> list[str]:
    """Texts, each once. Raises ValueError for others."""
    found: list[str] = array(arrays, name, "U", None).tolist()
    if len(set(found)) < len(found):
        raise ValueError(f"{name} has a name twice")
    return found


def no_others(arrays: Arrays, known: Mapping[str, Any]) -> None:
    """Raises ValueError if there are arrays that are not known."""
    if more := arrays.keys() - known.keys():
        raise ValueError(f"{min(more)} is none of its arrays")
