"""The README's table of operators is that of the code."""

from __future__ import annotations

import re
from pathlib import Path

from hyperdrive_sim.importing import elementwise, folding, functions, pads, products, reading, views, windows

README = Path(__file__).parents[2] / "README.md"
HEAD = "| operators that are understood | |"


def rows() -> list[set[str]]:
    """The operators of each row."""
    _, table = README.read_text("utf-8").split(f"{HEAD}\n| --- | --- |\n")
    lines = [line.split(" | ") for line in table.split("\n\n")[0].splitlines()]
    return [set(re.findall(r"`(\w+)`", operators)) for _, operators in lines]


def test_it_has_all_operators_by_kind() -> None:
    moves, values = views.ACTS.keys() | {views.SPLIT_TO_LIST, views.PICK}, elementwise.ELEMENTWISE.keys() - elementwise.QONNX
    around = windows.ACTS.keys() | pads.ACTS.keys()
    constants = (folding.MOVES.keys() | reading.SIZES) - moves - around
    found = [
        products.ACTS.keys(),
        functions.ACTS.keys(),
        around,
        moves,
        values,
        elementwise.QONNX,
        constants,
        reading.LEFT_OUT,
    ]
    assert rows() == [set(one) for one in found]
