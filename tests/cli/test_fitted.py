"""Tables that fit: no number is cut off at any width, and what is left out is named."""

from __future__ import annotations

import io
import re

import pytest
from click.testing import CliRunner
from commands import ABOUT_THE_TERMINAL, SCENARIOS, TINY
from rich.console import Console

from hyperdrive_sim.cli.commands import cli
from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn

TABLE = FittedTable(
    "runs",
    TerminalColumn("name", ["one long name", "b"], right=False, wraps=" "),
    TerminalColumn("latency", ["130.7 ms", "1.044 s"]),
    TerminalColumn("frame\nrate", ["7.654 /s", ""], spare=2),
    TerminalColumn("use", ["10.7 %", "99 %"], spare=1),
)


def shown(width: int, *arguments: object) -> str:
    """What a command prints on a terminal of that width."""
    told = dict.fromkeys(ABOUT_THE_TERMINAL) | {"COLUMNS": str(width)}
    result = CliRunner(env=told).invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def drawn(table: FittedTable, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_where_all_has_room_nothing_is_said() -> None:
    assert drawn(TABLE, 60) == (
        "runs\n"
        "                            frame\n"
        "name            latency      rate     use\n"
        "one long name  130.7 ms  7.654 /s  10.7 %\n"
        "b               1.044 s              99 %"
    )


def test_what_is_left_out_is_named_and_how_to_see_it() -> None:
    assert drawn(TABLE, 31) == (
        "runs\n"
        "name            latency     use\n"
        "one long name  130.7 ms  10.7 %\n"
        "b               1.044 s    99 %\n"
        "left out for want of room:\n"
        "frame rate; shown by a terminal\n"
        "of 32 columns or COLUMNS=32,\n"
        "and in --json"
    )
    assert "left out" not in drawn(TABLE, 32)


def test_a_name_wraps_before_a_column_is_left_out() -> None:
    assert drawn(TABLE, 32).splitlines()[3:5] == ["one   130.7 ms  7.654 /s  10.7 %", "long"]


def test_where_not_even_needed_columns_have_room_each_row_is_a_block() -> None:
    assert drawn(TABLE, 13) == (
        "runs\none long name\n  latency:\n  130.7 ms\n  frame rate:\n  7.654 /s\n  use: 10.7 %\nb\n  latency:\n  1.044 s\n  use: 99 %"
    )


NAMES = {
    "network": "binary_resnet18",
    "chip": "chewbaccann",
    "rate": "7.654 /s",
    "core Op/s/W": "31.66 T",
    "use": "10.7 %",
    "latency": "130.7 ms",
}


@pytest.mark.parametrize("width", [40, 47, 55, 63, 72, 80, 91, 100, 132, 140])
def test_a_comparison_shows_or_names_every_column(width: int) -> None:
    text = shown(width, "compare", SCENARIOS / "compare" / "binary_resnet18" / "chewbaccann.yaml")
    assert max(map(len, text.splitlines())) <= width
    left = re.search(r"left out for want of room: ([^;]+);", " ".join(text.split()))
    named = left[1].split(", ") if left else []
    for name, value in NAMES.items():
        assert (value in text) is (name not in named), name


def test_a_sweep_names_what_it_leaves_out() -> None:
    keys = "sweep={chip.border_link_bits_per_cycle: [2, 4], frames: [1, 2]}"
    text = " ".join(shown(50, "sweep", TINY, "--set", keys).split())
    assert "left out for want of room: rate, use, most time; shown by a terminal of " in text


EVERY = [
    *(
        ["run", TINY],
        ["check", TINY],
        ["compare", TINY, TINY],
        ["diagram", TINY],
        ["explain", TINY, "compute layer1.0.conv1 chip[0,0].array"],
    ),
    *(
        ["weights", TINY],
        ["list"],
        ["describe", "hyperdrive"],
        ["describe", TINY],
        ["describe", "resnet18"],
        ["sensitivity", TINY],
        ["validate", "xnorbin", "--quantity", "efficiency"],
    ),
    ["import", SCENARIOS / "trained" / "networks" / "digits_mlp"],
]


@pytest.mark.parametrize("arguments", EVERY, ids=lambda arguments: " ".join(map(str, arguments[:2])))
def test_no_command_cuts_anything_off_a_terminal_of_40_columns(arguments: list[object]) -> None:
    narrow, wide = (shown(width, *arguments) for width in (40, 200))
    assert max(map(len, narrow.splitlines())) <= 40
    assert "\N{HORIZONTAL ELLIPSIS}" not in narrow
    if arguments[0] not in ("diagram", "check", "list", "sensitivity"):  # another picture, how long it took, columns named as left out
        pieces, words = "".join(narrow.split()), set(re.findall(r"[\w.,%]+", wide))
        assert {word for word in words if len(word) > 1 and word not in pieces} <= UNSAID


UNSAID = {"scenario", "quantity", "name", "167"}
"""Titles of the first column, which blocks of lines do without, and a cell of a column that is named as left out."""
