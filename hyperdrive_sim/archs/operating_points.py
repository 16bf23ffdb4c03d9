"""Operating points: the clock and the energy per cycle at each supply voltage, from the tables of the chips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.schedule.prices import EDGE_ACTIONS, Price
from hyperdrive_sim.schedule.provenance import Basis, Provenance, bases
from hyperdrive_sim.text.document import Document


class OperatingPoint(NamedTuple):
    """A supply voltage (V) with the highest clock that it allows (MHz) and the energy of a cycle of the whole array, all busy (pJ)."""

    voltage_v: float
    clock_mhz: float
    cycle_pj: float
    source: str
    stated: Provenance
    rests_on: tuple[Basis, ...] = ()

    @property
    def basis(self) -> Basis:
        """Its cycle's energy, for a price that rests on it."""
        return Basis(f"{self.cycle_pj:g} pJ per cycle at {self.voltage_v:g} V", self.source, self.stated, self.rests_on)


def energy_table(package: str) -> Mapping[str, Any]:
    """The energy.yaml of an architecture, given the name of its package."""
    return table_of(package, "energy.yaml")


@cache
def table_of(package: str, file: str) -> Mapping[str, Any]:
    """A YAML table of an architecture, given the name of its package and the file."""
    name = package.rpartition(".")[2]
    return Document.parse(files(package).joinpath(file).read_text("utf-8"), f"{name}/{file}").data


def by_voltage(rows: Iterable[Mapping[str, Any]]) -> tuple[OperatingPoint, ...]:
    """Rows of a table as operating points, by rising voltage."""
    points = (OperatingPoint(row["voltage_v"], row["clock_mhz"], row["cycle_pj"], *origin(row)) for row in rows)
    return tuple(sorted(points, key=lambda point: point.voltage_v))


def origin(row: Mapping[str, Any]) -> tuple[str, Provenance, tuple[Basis, ...]]:
    """The source of a table's row, how well it is known by itself, and what it rests on: the last three fields of a price."""
    return row["source"], row["provenance"], bases(row.get("rests_on", ()))


def unknown(voltage_v: float, points: Sequence[OperatingPoint], where: str, cure: str) -> InvalidInput:
    """The error for a voltage that a table does not have."""
    known = ", ".join(f"{point.voltage_v:g}" for point in points)
    return InvalidInput.at("chip.voltage_v", f"{voltage_v:g} V {where}", f"{cure}: {known} are known")


def core_clock(point: OperatingPoint, wanted_mhz: float | None) -> Clock:
    """The clock of an operating point, or a slower one that is wanted. Raises InvalidInput for one that the voltage does not allow."""
    if wanted_mhz is not None and wanted_mhz > point.clock_mhz:
        problem = f"{wanted_mhz:g} MHz is more than the {point.clock_mhz:g} MHz of {point.voltage_v:g} V"
        raise InvalidInput.at("chip.clock_mhz", problem, "lower it or raise chip.voltage_v")
    return Clock.of_mhz(wanted_mhz or point.clock_mhz)


def io_prices(io: Mapping[str, Any], pj_per_bit: float | None, actions: Iterable[str] = EDGE_ACTIONS) -> dict[str, Price]:
    """Prices of I/O by action, all the same per bit: the table's or, where given, the scenario's *pj_per_bit*."""
    if pj_per_bit is None:
        return {action: Price(action, io["pj_per_bit"], *origin(io)) for action in actions}
    return {action: Price(action, pj_per_bit, "chip.io_pj_per_bit of the scenario", "assumed") for action in actions}
