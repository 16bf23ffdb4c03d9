"""Pages as tests read them: made once, parsed as a browser would, their tables and data by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import html5lib
from commands import SCENARIOS

from hyperdrive_sim.outputs.page import page
from hyperdrive_sim.outputs.page.run import Run, simulated
from hyperdrive_sim.scenario.scenario import Scenario

TINY = "hyperdrive/tiny_2x2"
FIFTY = "hyperdrive/resnet34_2048x1024"
FOUR = tuple(f"compare/cifar10_bnn/{name}" for name in ("chewbaccann", "nandnet_dram", "xnorbin", "xnorbin_1v2"))


@cache
def simulation(name: str, *changes: str) -> Run:
    return simulated(Scenario.read(SCENARIOS / f"{name}.yaml", changes), changes)


@cache
def text(*names: str) -> str:
    return page([simulation(*name.split(" ")) for name in names])


@cache
def parsed(*names: str) -> Element:
    return tree(text(*names))


def tree(html: str) -> Element:
    """Raises if a browser would have to guess what is meant."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)  # type: ignore[no-any-return]


def words(element: Element) -> str:
    """Its text as it is read."""
    return " ".join("".join(element.itertext()).split())


def by_id(page: Element, name: str) -> Element:
    (found,) = (element for element in page.iter() if element.get("id") == name)
    return found


class Cell(NamedTuple):
    text: str
    value: float | None


def table(page: Element, name: str) -> dict[str, dict[str, Cell]]:
    """The cells of a table by row and column."""
    found = by_id(page, name)
    heads = [words(head) for head in found.iterfind("thead/tr/th")]
    rows: dict[str, dict[str, Cell]] = {}
    for row in found.iterfind("tbody/tr"):
        cells = [Cell(words(cell), None if cell.get("data-value") is None else float(cell.get("data-value", ""))) for cell in row]
        assert len(cells) == len(heads)
        rows[cells[0].text] = dict(zip(heads, cells, strict=True))
    assert len(rows) == len(found.findall("tbody/tr")), "rows of one name"
    return rows


def column(rows: dict[str, dict[str, Cell]], head: str) -> list[Cell]:
    """The cells of the one column whose head begins so."""
    return [next(cell for name, cell in row.items() if name == head or name.startswith(f"{head}, ")) for row in rows.values()]


def data(page: Element) -> Iterator[tuple[str, Any]]:
    """What pictures are drawn from, by name."""
    for script in page.iter("script"):
        if script.get("type") == "application/json":
            yield script.get("id", "").removesuffix("-picture-data"), json.loads(script.text or "")
