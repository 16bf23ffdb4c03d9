"""Operating points and prices of a core, read from the energy.yaml of its folder.

The papers give the energy of a fully used cycle. It is shared out by the published power split and divided by what happens in such a
cycle: all xnor-sum units at work, and three words moved, one read for the row banks, a partial sum read and written.
"""

from __future__ import annotations

from functools import cache

from hyperdrive_sim.energy import Price
from hyperdrive_sim.operating_points import OperatingPoint, by_voltage, energy_table, io_prices, unknown
from hyperdrive_sim.xnor_datapath.spec import DatapathSpec

MAP_ACTIONS = ("map_read.word", "map_write.word", "psum_read.word", "psum_write.word")
PARAMETER_ACTIONS = ("parameter_read.word", "parameter_write.word")
IO = ("weight_io.bit", "input_io.bit", "output_io.bit")
WORDS_PER_CYCLE = 3
BUILT_UNITS, BUILT_WORD_BITS = 49, 16


@cache
def operating_points(package: str) -> tuple[OperatingPoint, ...]:
    return by_voltage(energy_table(package)["operating_points"])


def operating_point(spec: DatapathSpec, package: str) -> OperatingPoint:
    """The table's row at the spec's voltage. InvalidInput elsewhere: two corners of a chip do not say what lies between them."""
    points = operating_points(package)
    for point in points:
        if point.voltage_v == spec.voltage_v:
            return point
    raise unknown(spec.voltage_v, points, "is no operating point of this chip, and none is extrapolated", "take one of the table")


def prices(spec: DatapathSpec, package: str) -> dict[str, Price]:
    """By action, at the spec's operating point."""
    point, table = operating_point(spec, package), energy_table(package)
    split = table["power_split"]
    source = f"{point.cycle_pj:g} pJ per full cycle ({point.source}), shared out: {split['source']}"

    def share(part: str, times: float, known: str = split["provenance"]) -> tuple[float, str, str]:
        return point.cycle_pj * split[part] / times, f"{100 * split[part]:g} % of {source}", known

    unit, dma, word = share("bpus", BUILT_UNITS), share("dma", 1), share("memory", WORDS_PER_CYCLE)
    buffer = share("memory", WORDS_PER_CYCLE, "assumed")
    core = {"bpu.unit_cycle": unit, "dma.cycle": dma} | dict.fromkeys(MAP_ACTIONS, word) | dict.fromkeys(PARAMETER_ACTIONS, buffer)
    return {action: Price(action, *figure) for action, figure in core.items()} | io_prices(table["io"], spec.io_pj_per_bit, IO)  # type: ignore[arg-type]
