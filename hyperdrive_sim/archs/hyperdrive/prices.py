"""Operating points and prices, read from energy.yaml beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from hyperdrive_sim.archs.hyperdrive.spec import HyperdriveSpec, OperatingPoint
from hyperdrive_sim.document import Document
from hyperdrive_sim.energy import IO_ACTIONS, Price
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.rates import Clock

ARRAY_ACTIONS = ("array.conv_cycle", "array.scale_cycle", "array.bypass_cycle", "array.bias_cycle")


@cache
def _table() -> Mapping[str, Any]:
    return Document.parse(files(__package__).joinpath("energy.yaml").read_text("utf-8"), "hyperdrive/energy.yaml").data


@cache
def operating_points(kind: str) -> tuple[OperatingPoint, ...]:
    """One of the two tables, by rising voltage."""
    return tuple(sorted(OperatingPoint(**row) for row in _table()["operating_points"][kind]))


def operating_point(spec: HyperdriveSpec) -> OperatingPoint:
    """The table's row at the spec's voltage, or between two rows a straight line (`fitted`). InvalidInput outside the table."""
    points, voltage = operating_points(spec.operating_points), spec.voltage_v
    for point in points:
        if point.voltage_v == voltage:
            return point
    for low, high in pairwise(points):
        if low.voltage_v < voltage < high.voltage_v:
            share = (voltage - low.voltage_v) / (high.voltage_v - low.voltage_v)
            clock, energy = (a + share * (b - a) for a, b in ((low.clock_mhz, high.clock_mhz), (low.cycle_pj, high.cycle_pj)))
            source = f"straight line between the operating points at {low.voltage_v:g} V and {high.voltage_v:g} V"
            return OperatingPoint(voltage, clock, energy, "fitted", source)
    raise InvalidInput.at(
        "chip.voltage_v",
        f"{voltage:g} V lies outside the {spec.operating_points} table",
        f"take {points[0].voltage_v:g} to {points[-1].voltage_v:g} V: "
        + ", ".join(f"{point.voltage_v:g}" for point in points)
        + " are known",
    )


def core_clock(spec: HyperdriveSpec) -> Clock:
    """The clock of the operating point, or a slower one. Raises InvalidInput for one that the voltage does not allow."""
    most = operating_point(spec).clock_mhz
    if spec.clock_mhz is not None and spec.clock_mhz > most:
        problem = f"{spec.clock_mhz:g} MHz is more than the {most:g} MHz of {spec.voltage_v:g} V"
        raise InvalidInput.at("chip.clock_mhz", problem, "lower it or raise chip.voltage_v")
    return Clock.of_mhz(spec.clock_mhz or most)


def prices(spec: HyperdriveSpec) -> dict[str, Price]:
    point, io = _of_array(operating_point(spec), spec), _table()["io"]
    array = {action: Price(action, point.cycle_pj, point.source, point.provenance) for action in ARRAY_ACTIONS}
    if spec.io_pj_per_bit is None:
        return array | {action: Price(action, io["pj_per_bit"], io["source"], io["provenance"]) for action in IO_ACTIONS}
    return array | {action: Price(action, spec.io_pj_per_bit, "chip.io_pj_per_bit of the scenario", "assumed") for action in IO_ACTIONS}


def _of_array(point: OperatingPoint, spec: HyperdriveSpec) -> OperatingPoint:
    """The price of a cycle of an array of another size: in proportion to its tiles and lanes, which nobody has measured."""
    built = HyperdriveSpec()
    units, known = spec.tiles * spec.lanes, built.tiles * built.lanes
    if units == known:
        return point
    source = f"in proportion to {units} tile-PUs instead of {known}: {point.source}"
    return point._replace(cycle_pj=point.cycle_pj * units / known, provenance="assumed", source=source)
