"""`spans.npz`: the trace, a row per task, column by column as numpy arrays.

| column | arrays |
|---|---|
| of names | `x_codes`, a number for each row, into `x_names` |
| of lists | `x_values`, of row n those from `x_offsets[n]` to `x_offsets[n + 1]` |
| of numbers | `x` |

`pandas.DataFrame.to_parquet` writes what `Report.spans()` gives, for whoever wants another format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, BinaryIO, get_type_hints

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.reports.span_columns import ListColumn, NameColumn, SpanColumns

NAME = "spans.npz"

Arrays = Mapping[str, NDArray[Any]]


def write(columns: SpanColumns, file: BinaryIO) -> None:
    np.savez_compressed(file, **dict(_flat(columns)))


def _flat(columns: SpanColumns) -> Iterator[tuple[str, Any]]:
    for name, column in vars(columns).items():
        match column:
            case NameColumn(codes, names):
                yield from ((f"{name}_codes", codes), (f"{name}_names", np.array(names, np.str_)))
            case ListColumn(offsets, values):
                yield from ((f"{name}_offsets", offsets), (f"{name}_values", values))
            case _:
                yield name, column


def read(file: BinaryIO) -> SpanColumns:
    """The columns in a file. Raises ValueError for an array that is missing, that is too many, or that cannot be what it is called."""
    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)
    kinds = get_type_hints(SpanColumns)
    rows = len(_checked(arrays, "ready_ps", "i"))
    columns = SpanColumns(**{field.name: _column(kinds[field.name], field.name, arrays, rows=rows) for field in fields(SpanColumns)})
    if more := arrays.keys() - dict(_flat(columns)).keys():
        raise ValueError(f"{min(more)} is none of its arrays")
    return columns


def _column(kind: Any, name: str, arrays: Arrays, *, rows: int) -> Any:
    if kind is NameColumn:
        names = _checked(arrays, f"{name}_names", "U")
        codes = _checked(arrays, f"{name}_codes", "i", rows=rows)
        return NameColumn(_within(codes, len(names), f"{name}_codes"), tuple(names.tolist()))
    if kind is ListColumn:
        offsets, values = _checked(arrays, f"{name}_offsets", "i", rows=rows + 1), _checked(arrays, f"{name}_values", "i")
        if offsets[0] != 0 or offsets[-1] != len(values) or np.any(np.diff(offsets) < 0):
            raise ValueError(f"{name}_offsets do not cut up {name}_values")
        return ListColumn(offsets, _within(values, rows, f"{name}_values"))
    return _checked(arrays, name, "f" if kind == NDArray[np.float64] else "i", rows=rows)


def _checked(arrays: Arrays, name: str, kind: str, *, rows: int | None = None) -> NDArray[Any]:
    """An array that has one axis, a kind of value (numpy's letter for it) and so many rows."""
    found = arrays.get(name)
    if found is None:
        raise ValueError(f"there is no {name}")
    if found.ndim != 1 or found.dtype.kind != kind or rows not in (None, len(found)):
        wanted = "any number of" if rows is None else rows
        raise ValueError(f"{name} is {found.dtype} of shape {found.shape}, where {wanted} '{kind}' belong")
    return found


def _within(numbers: NDArray[Any], end: int, name: str) -> NDArray[Any]:
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < end:
        raise ValueError(f"{name} go beyond 0 to {end - 1}")
    return numbers
