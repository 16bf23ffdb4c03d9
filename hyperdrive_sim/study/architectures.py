"""What there is to know of an architecture: its settings, what its actions cost, and the scenarios that come along for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import zoo
from hyperdrive_sim.scenario.keys import unit
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.schedule.provenance import Basis, Provenance, chain
from hyperdrive_sim.schedule.spec import Spec, origins
from hyperdrive_sim.study.listing import about, chips, documents
from hyperdrive_sim.text.wording import allowed


class SettingSummary(NamedTuple):
    """A key under `chip:`: its default with its unit, what it takes in words, and where the default comes from."""

    key: str
    default: Any
    unit: str
    takes: str
    about: str
    provenance: Provenance
    source: str
    rests_on: tuple[str, ...]


class FigureSummary(NamedTuple):
    """A price of an action, or an entry of the datasheet: its value with its unit, and where it comes from."""

    name: str
    value: float
    unit: str
    provenance: Provenance
    source: str
    rests_on: tuple[str, ...]


@dataclass(frozen=True)
class ArchitectureSummary:
    """An architecture. Prices and datasheet are those of a chip with its defaults, looked up where the network *example* runs.

    *tolerance* is the largest difference to golden that the hardware makes, 0 for none; `granularities` begin with the coarsest;
    *scenarios* are titles by short name.
    """

    name: str
    about: str
    granularities: tuple[str, ...]
    tolerance: float
    settings: tuple[SettingSummary, ...]
    prices: tuple[FigureSummary, ...]
    datasheet: tuple[FigureSummary, ...]
    example: str
    scenarios: Mapping[str, str]
    readme: str

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form."""
        rows = ("settings", "prices", "datasheet")
        return {"kind": "architecture", **vars(self), **{what: [one._asdict() for one in getattr(self, what)] for what in rows}}


def summary(name: str) -> ArchitectureSummary:
    """What there is to know of the architecture of that name. Raises InvalidInput if there is none, or if it cannot be loaded."""
    arch = registry.load(name)
    mapped = _mapped(arch)
    readme = registry.folder(name) / "README.md"
    return ArchitectureSummary(
        name,
        about(arch.Spec),
        tuple(arch.grains),
        arch.tolerance,
        settings(arch.Spec),
        tuple(_figure(action, one.pj, "pJ", one) for action, one in mapped.prices.items()) if mapped else (),
        tuple(_figure(entry, one.value, one.unit, one) for entry, one in mapped.datasheet.items()) if mapped else (),
        mapped.network.name if mapped else "",
        {short: one.data["title"] for short, one in documents() if name in (one.data.get("architecture"), *chips(one.data))},
        str(readme) if readme.is_file() else "",
    )


def settings(spec: type[Spec]) -> tuple[SettingSummary, ...]:
    """The settings of a chip, in their order."""
    schema = spec.model_json_schema()
    defs, known = schema.get("$defs", {}), origins(spec)
    found = []
    for key, field in schema["properties"].items():
        origin = known[key]
        source = (origin.provenance, origin.source, origin.rests_on)
        found.append(SettingSummary(key, field.get("default"), unit(key), allowed(field, defs), field.get("description", ""), *source))
    return tuple(found)


def _mapped(arch: Architecture) -> Mapped | None:
    """A chip as published with the first network that it takes, those for tests before the others; None if it takes none."""
    for name in sorted(zoo.names(), key=lambda name: not name.startswith(zoo.FOR_TESTS)):
        network = zoo.build(name, zoo.usual_shape(name))
        try:
            return arch.map(network, next(iter(arch.candidates(network, arch.Spec()))))
        except InvalidInput:
            continue
    return None


class _Sourced(NamedTuple):
    """What prices and entries of a datasheet have in common, for whoever checks types."""

    provenance: Provenance
    source: str
    rests_on: tuple[Basis, ...]


def _figure(name: str, value: float, unit: str, known: Any) -> FigureSummary:
    of: _Sourced = known
    return FigureSummary(name, value, unit, of.provenance, of.source, chain(of.rests_on))
