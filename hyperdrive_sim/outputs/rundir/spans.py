"""`spans.npz`: the trace, a row per task, column by column as numpy arrays.

| column | arrays |
|---|---|
| of names | `x_codes`, a number for each row, into `x_names` |
| of lists | `x_values`, of row n those from `x_offsets[n]` to `x_offsets[n + 1]` |
| of numbers | `x` |

`pandas.DataFrame.to_parquet` writes what `Report.spans()` gives, for whoever wants another format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, BinaryIO, get_type_hints

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.files import arrays
from hyperdrive_sim.outputs.rundir.checked import Arrays, array, names, no_others, offsets, within
from hyperdrive_sim.reports.span_columns import ListColumn, NameColumn, SpanColumns

NAME = "spans.npz"


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


def read(file: BinaryIO, most_bytes: int) -> SpanColumns:
    """The columns in a file. Raises ValueError for an array that is missing, that is too many, or that cannot be what it is called.

    Nothing is unpacked that takes more than *most_bytes* of memory.
    """
    stored = arrays.arrays(file, most_bytes)
    kinds = get_type_hints(SpanColumns)
    rows = len(array(stored, "ready_ps", "i", None))
    columns = SpanColumns(**{field.name: _column(kinds[field.name], field.name, stored, rows=rows) for field in fields(SpanColumns)})
    no_others(stored, dict(_flat(columns)))
    return columns


def _column(kind: Any, name: str, stored: Arrays, *, rows: int) -> Any:
    if kind is NameColumn:
        named = names(stored, f"{name}_names")
        codes = within(array(stored, f"{name}_codes", "i", rows), len(named), f"{name}_codes")
        return NameColumn(codes.astype(np.int32), tuple(named))
    if kind is ListColumn:
        values = within(array(stored, f"{name}_values", "i", None), rows, f"{name}_values")
        cuts = offsets(stored, f"{name}_offsets", rows, len(values), f"{name}_values")
        return ListColumn(cuts.astype(np.int32), values.astype(np.int32))
    return array(stored, name, "f" if kind == NDArray[np.float64] else "i", rows)
