"""`spans.parquet`, or `spans.npz` where there is no pyarrow: a trace, a row per task.

In the first, names are dictionaries, rows of others are lists, and what each column is stands in the metadata, from where pandas puts it
into a frame's `attrs`. In the second, a column `x` of names is `x_codes` into `x_names`, one of lists `x_values` from `x_offsets` on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs.atomic import Staging
from hyperdrive_sim.report.span_columns import ABOUT, Lists, Names, SpanColumns

PARQUET, NPZ = "spans.parquet", "spans.npz"

ROWS_AT_A_TIME = 2**17
"""Of a file of Parquet, so that writing millions takes 50 MiB and not twice that; the file gets no larger."""


def write(columns: SpanColumns, staging: Staging) -> None:
    if pyarrow := _pyarrow():
        with staging.file(PARQUET) as file:
            _write_parquet(pyarrow, columns, file)
    else:
        with staging.file(NPZ) as file:
            np.savez_compressed(file, **dict(_flat(columns)))


def read(path: Path) -> SpanColumns:
    """The columns in a file of either kind. Raises InvalidInput if it takes pyarrow to read it and there is none."""
    return _read_parquet(path) if path.name == PARQUET else _read_npz(path)


def _pyarrow() -> Any:
    """The package; None where it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError:
        return None
    return pyarrow


def _flat(columns: SpanColumns) -> Iterator[tuple[str, Any]]:
    for name, column in vars(columns).items():
        match column:
            case Names(codes, names):
                yield from ((f"{name}_codes", codes), (f"{name}_names", np.array(names)))
            case Lists(offsets, values):
                yield from ((f"{name}_offsets", offsets), (f"{name}_values", values))
            case _:
                yield name, column


def _read_npz(path: Path) -> SpanColumns:
    with np.load(path, allow_pickle=False) as stored:
        arrays = dict(stored)
    columns: dict[str, Any] = {}
    for name in (field.name for field in fields(SpanColumns)):
        if f"{name}_codes" in arrays:
            columns[name] = Names(arrays[f"{name}_codes"], tuple(arrays[f"{name}_names"].tolist()))
        elif f"{name}_offsets" in arrays:
            columns[name] = Lists(arrays[f"{name}_offsets"], arrays[f"{name}_values"])
        else:
            columns[name] = arrays[name]
    return SpanColumns(**columns)


def _write_parquet(pyarrow: Any, columns: SpanColumns, file: BinaryIO) -> None:
    """Integers as differences from row to row, which takes a fifth of the room that they take as they are; all else as dictionaries."""
    table = pyarrow.table({name: _to_arrow(pyarrow, column) for name, column in vars(columns).items()})
    lists = [name for name, column in vars(columns).items() if isinstance(column, Lists)]
    integers = [name for name, column in vars(columns).items() if isinstance(column, np.ndarray) and column.dtype.kind == "i"]
    differences = [*integers, *(f"{name}.list.element" for name in lists)]
    pyarrow.parquet.write_table(
        table.replace_schema_metadata({"PANDAS_ATTRS": json.dumps(ABOUT)}),
        file,
        compression="zstd",
        row_group_size=ROWS_AT_A_TIME,
        use_dictionary=[name for name in vars(columns) if name not in (*integers, *lists)],
        column_encoding=dict.fromkeys(differences, "DELTA_BINARY_PACKED"),
    )


def _to_arrow(pyarrow: Any, column: Any) -> Any:
    match column:
        case Names(codes, names):
            return pyarrow.DictionaryArray.from_arrays(pyarrow.array(codes), pyarrow.array(names))
        case Lists(offsets, values):
            return pyarrow.ListArray.from_arrays(pyarrow.array(offsets), pyarrow.array(values))
    return pyarrow.array(column)


def _read_parquet(path: Path) -> SpanColumns:
    pyarrow = _pyarrow()
    if pyarrow is None:
        raise InvalidInput.at("", f"'{path}' takes pyarrow to read it", "pip install 'hyperdrive-sim[results]'")
    table = pyarrow.parquet.read_table(path).unify_dictionaries().combine_chunks()
    return SpanColumns(**{field.name: _from_arrow(pyarrow, table[field.name].chunk(0)) for field in fields(SpanColumns)})


def _from_arrow(pyarrow: Any, array: Any) -> Any:
    if isinstance(array, pyarrow.DictionaryArray):
        return Names(array.indices.to_numpy(), tuple(array.dictionary.to_pylist()))
    if isinstance(array, pyarrow.ListArray):
        return Lists(array.offsets.to_numpy(), array.values.to_numpy())
    return array.to_numpy()
