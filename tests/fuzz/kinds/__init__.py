"""Kinds of input, in the rotation in which they are drawn: number n is of kind n modulo their number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from random import Random

from kinds import arrivals, command_lines, pictures, run_directories, scenario_texts, weights
from kinds.given import Input

KINDS: Mapping[str, Callable[[Random], Input]] = {
    "scenario": scenario_texts.drawn,
    "command line": command_lines.drawn,
    "picture": pictures.drawn,
    "weights": weights.drawn,
    "run directory": run_directories.drawn,
    "arrivals": arrivals.drawn,
}


def kind(number: int) -> str:
    return list(KINDS)[number % len(KINDS)]


def drawn(seed: int, number: int) -> Input:
    """Input *number* of *seed*: always the same. Where two changes make each other impossible, others are drawn."""
    for attempt in count():
        with suppress(Exception):
            return KINDS[kind(number)](Random(f"{seed}/{number}{f'/{attempt}' if attempt else ''}"))
    raise AssertionError("some changes can be made")
