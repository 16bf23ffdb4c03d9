"""Templates filled with what runs say. Whatever comes from a scenario is escaped: by jinja in text, as JSON in data."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hyperdrive_sim import __version__
from hyperdrive_sim.outputs.page.comparison import comparison
from hyperdrive_sim.outputs.page.details import details
from hyperdrive_sim.outputs.page.inline import FOLDER, inline
from hyperdrive_sim.outputs.page.run import Run


def page(runs: Sequence[Run]) -> str:
    shown = [details(run) for run in runs]
    several = comparison(shown) if len(shown) > 1 else None
    title = several.title if several else shown[0].run.report.scenario.title
    return _templates().get_template("page.html").render(title=title, shown=shown, several=several, inline=inline(), version=__version__)


def _templates() -> Environment:
    """The templates of a page, in which every value is escaped and an unknown name is an error."""
    loader = FileSystemLoader(FOLDER, encoding="utf-8")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return made
