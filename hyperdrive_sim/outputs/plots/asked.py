"""Checks of what a plot was asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.text.wording import near

FEW = 12


def there(key: str, names: str | Iterable[str], known: Collection[str]) -> list[str]:
    """Names that were asked for, as a list; raises InvalidInput if there are none, and for the first that is not known."""
    asked = [names] if isinstance(names, str) else list(names)
    if not asked:
        raise InvalidInput.at(key, "this names none", "name at least one, or leave it out")
    for name in asked:
        if name not in known:
            choices = f"one of {', '.join(known)}" if len(known) <= FEW else ""
            raise InvalidInput.at(key, f"there is no '{name}' here", near(name, known) or choices)
    return asked


def window(report: Report, start_s: float | None, end_s: float | None) -> tuple[float, float]:
    """Start and end of the time to show, in seconds; the whole run unless told otherwise. Raises InvalidInput if that is nothing."""
    start = 0.0 if start_s is None else start_s
    end = report.trace.makespan_ps / PS_PER_S if end_s is None else end_s
    if not start < end:
        raise InvalidInput.at("end_s", f"{end:g} s is not after {start:g} s, where the plot begins", "give a later end or an earlier start")
    return start, end
