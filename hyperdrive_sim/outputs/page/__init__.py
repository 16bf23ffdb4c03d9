"""A run, or several side by side, as one HTML page that needs nothing else: no network, no other file, for its text no JavaScript either.

Reading order: run (what a page is made of), table, picture (what stands on it), glance (what is seen first), contents (the tables of a
run), pictures/, details (all of a run), comparison (several), inline (what comes from files), filling (the templates), page.html and its
parts, page.css, labels.js (names in pictures), folding.js (sections), page.js.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from hyperdrive_sim.errors import MissingExtra
from hyperdrive_sim.outputs.page.run import Run

NEEDED = ("jinja2", "plotly")


def available() -> None:
    """Raises MissingExtra, before long runs rather than after, if what pages are made with is not installed."""
    if not all(map(find_spec, NEEDED)):
        raise MissingExtra("an HTML page", "report")


def page(runs: Sequence[Run]) -> str:
    """The page of one run, or of two and more beside each other. Raises MissingExtra without jinja2 and plotly."""
    available()
    from hyperdrive_sim.outputs.page import filling

    return filling.page(runs)
