"""A report in a notebook: a small page to look at, and data frames of layers and spans to compute with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from hyperdrive_sim.errors import MissingExtra
from hyperdrive_sim.reports.layer_columns import LayerColumns
from hyperdrive_sim.reports.span_columns import ABOUT, ListColumn, NameColumn, SpanColumns
from hyperdrive_sim.reports.summary import BESIDE, SummaryLine, beside, further_off, remarks
from hyperdrive_sim.scenario.published import Comparison

if TYPE_CHECKING:
    from pandas import DataFrame


def page(title: str, subject: str, figures: Iterable[SummaryLine], published: Sequence[Comparison]) -> str:
    """A report as HTML, in the colours and the type of the notebook that it stands in."""
    parts = [
        f"<p><strong>{escape(title, quote=False)}</strong><br>{escape(subject, quote=False)}</p>",
        _table([_row(*figure) for figure in figures]),
    ]
    if published:
        head = _row(*BESIDE, tag="th")
        parts += [_table([head, *(_row(*beside(row)) for row in published)]), *_remarks(published)]
    return f"<div>{''.join(parts)}</div>"


def _table(rows: Sequence[str]) -> str:
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _row(name: str, *values: str, tag: str = "td") -> str:
    """A row of an HTML table, left-aligned, as a notebook's tables otherwise are not."""
    cells = [("th", name), *((tag, value) for value in values)]
    return (
        "<tr>"
        + "".join(f'<{tag} style="text-align: left">{escape(" ".join(text.split()), quote=False)}</{tag}>' for tag, text in cells)
        + "</tr>"
    )


def _remarks(published: Sequence[Comparison]) -> Iterator[str]:
    for remark in (*remarks(published), *further_off(published)):
        yield f"<p>{escape(remark, quote=False)}</p>"


def layers_frame(columns: LayerColumns) -> DataFrame:
    frame: DataFrame = _pandas().DataFrame(columns)
    return frame


def spans_frame(columns: SpanColumns) -> DataFrame:
    """A data frame with a row per task; names are categories, and `attrs` says what each column is. Raises MissingExtra."""
    pandas = _pandas()
    frame: DataFrame = pandas.DataFrame({name: _series(pandas, column) for name, column in vars(columns).items()})
    frame.attrs = dict(ABOUT)
    return frame


def _series(pandas: Any, column: Any) -> Any:
    match column:
        case NameColumn(codes, names):
            return pandas.Categorical.from_codes(codes, names)
        case ListColumn():
            return pandas.Series(list(column.rows()), dtype=object)
    return column


def _pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise MissingExtra("a data frame", "notebook") from None
    return pandas
