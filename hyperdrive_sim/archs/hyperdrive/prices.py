"""Operating points and prices of Hyperdrive, read from energy.yaml beside this file."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from hyperdrive_sim.archs.hyperdrive.spec import HyperdriveSpec
from hyperdrive_sim.archs.operating_points import OperatingPoint, by_voltage, energy_table, io_prices, unknown
from hyperdrive_sim.schedule.prices import Price

PACKAGE = "hyperdrive_sim.archs.hyperdrive"
ARRAY_ACTIONS = ("array.conv_cycle", "array.scale_cycle", "array.bypass_cycle", "array.bias_cycle")


@cache
def operating_points(kind: str) -> tuple[OperatingPoint, ...]:
    """Operating points of one table, `silicon` or `post_layout`, by rising voltage."""
    return by_voltage(energy_table(PACKAGE)["operating_points"][kind])


def operating_point(spec: HyperdriveSpec) -> OperatingPoint:
    """Operating point at the spec's voltage: a row of the table, or a straight line between two rows (`fitted`).

    Raises InvalidInput outside the table.
    """
    points, voltage = operating_points(spec.operating_points), spec.voltage_v
    for point in points:
        if point.voltage_v == voltage:
            return point
    for low, high in pairwise(points):
        if low.voltage_v < voltage < high.voltage_v:
            share = (voltage - low.voltage_v) / (high.voltage_v - low.voltage_v)
            clock, energy = (a + share * (b - a) for a, b in ((low.clock_mhz, high.clock_mhz), (low.cycle_pj, high.cycle_pj)))
            source = f"straight line between the operating points at {low.voltage_v:g} V and {high.voltage_v:g} V"
            return OperatingPoint(voltage, clock, energy, source, "fitted", (low.basis, high.basis))
    cure = f"take {points[0].voltage_v:g} to {points[-1].voltage_v:g} V"
    raise unknown(voltage, points, f"lies outside the {spec.operating_points} table", cure)


def prices(spec: HyperdriveSpec) -> dict[str, Price]:
    point = _of_array(operating_point(spec), spec)
    array = {action: Price(action, point.cycle_pj, point.source, point.stated, point.rests_on) for action in ARRAY_ACTIONS}
    for action, row in energy_table(PACKAGE)["other_cycles"].items():
        array[action] = Price(action, point.cycle_pj, row["source"], row["provenance"], (point.basis,))
    return array | io_prices(energy_table(PACKAGE)["io"], spec.io_pj_per_bit)


def _of_array(point: OperatingPoint, spec: HyperdriveSpec) -> OperatingPoint:
    """Operating point with the price of a cycle scaled to the array's tiles and lanes, a proportion that nobody has measured."""
    built = HyperdriveSpec()
    units, known = spec.tiles * spec.lanes, built.tiles * built.lanes
    if units == known:
        return point
    source = f"in proportion to {units} tile-PUs instead of {known}: {point.source}"
    return point._replace(cycle_pj=point.cycle_pj * units / known, source=source, stated="assumed", rests_on=(point.basis,))
