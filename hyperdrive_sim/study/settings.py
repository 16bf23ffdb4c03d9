"""What a scenario says, key by key: each value, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from hyperdrive_sim.errors import visible
from hyperdrive_sim.scenario.keys import unit
from hyperdrive_sim.scenario.scenario import Scenario, Settings
from hyperdrive_sim.text.wording import ABSENT, KeyPath, dotted, lookup

Origin = Literal["file", "set", "default"]

SPECS = ("chip", "system")
"""Keys whose own keys an architecture has, and not every scenario."""


class KeySummary(NamedTuple):
    """A key of a scenario: its value, None where there is none, its unit, and whether a file says so, a setting or a default.

    *file* and *line* are where it stands, empty and 0 if in no file.
    """

    key: str
    value: Any
    unit: str
    origin: Origin
    file: str
    line: int


@dataclass(frozen=True)
class ScenarioSummary:
    """A scenario: the files that say something of it, its own first, and all its keys, those of the chip last."""

    title: str
    architecture: str
    files: tuple[str, ...]
    keys: tuple[KeySummary, ...]

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form."""
        return {"kind": "scenario", **vars(self), "keys": [one._asdict() for one in self.keys]}


def summary(scenario: Scenario) -> ScenarioSummary:
    """What a scenario says, and where."""
    decided = scenario.settings.model_dump(mode="json") | {"granularity": scenario.granularity, "frames": scenario.arrivals.frames}
    keys = [row for field in Settings.model_fields if field not in SPECS for row in _rows(scenario, (field,), decided[field])]
    for field, value in scenario.spec.model_dump(mode="json").items():
        keys += _rows(scenario, (scenario.at_spec, field), value)
    files = dict.fromkeys((scenario.file, *(one.file for one in keys if one.file)))
    return ScenarioSummary(scenario.settings.title, scenario.architecture.name, tuple(files), tuple(keys))


def _rows(scenario: Scenario, key: KeyPath, value: Any) -> Iterator[KeySummary]:
    """A row for a key; of a mapping that the scenario has, one for each key in it."""
    said = lookup(scenario.document.data, key)
    if isinstance(value, Mapping) and isinstance(said, Mapping) and said:
        for inner in said:
            yield from _rows(scenario, (*key, inner), value[inner])
        return
    value = None if value == {} else value
    yield KeySummary(dotted(key), value, unit(str(key[-1])), *(("default", "", 0) if said is ABSENT else _origin(scenario, key)))


def _origin(scenario: Scenario, key: KeyPath) -> tuple[Origin, str, int]:
    place = scenario.document.places[key]
    return ("set", "", 0) if place.file.startswith("--set ") else ("file", visible(place.file), place.line)
