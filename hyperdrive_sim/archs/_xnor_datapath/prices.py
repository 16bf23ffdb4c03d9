"""Operating points and prices of a core, read from the energy.yaml of its folder.

The papers give the energy of a fully used cycle. It is shared out by the published power split and divided by what happens in such a
cycle: all xnor-sum units at work, and three words moved, one read for the row banks, a partial sum read and written.
"""

from __future__ import annotations

from functools import cache

from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec
from hyperdrive_sim.archs.operating_points import OperatingPoint, by_voltage, energy_table, io_prices, origin, unknown
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.provenance import Basis, Provenance

IO = ("weight_io.bit", "input_io.bit", "output_io.bit")
WORDS_PER_CYCLE = 3
BUILT_UNITS, BUILT_BITS = 49, 16
"""Units of the array as built, and bits of a word and of a partial sum; other widths are priced in proportion, which nobody measured."""


@cache
def operating_points(package: str) -> tuple[OperatingPoint, ...]:
    return by_voltage(energy_table(package)["operating_points"])


def operating_point(spec: DatapathSpec, package: str) -> OperatingPoint:
    """Operating point at the spec's voltage, a row of the table.

    Raises InvalidInput for any other voltage: two corners of a chip do not say what lies between them.
    """
    points = operating_points(package)
    for point in points:
        if point.voltage_v == spec.voltage_v:
            return point
    raise unknown(spec.voltage_v, points, "is no operating point of this chip, and none is extrapolated", "take one of the table")


def prices(spec: DatapathSpec, package: str) -> dict[str, Price]:
    """Prices by action, at the spec's operating point."""
    point, table = operating_point(spec, package), energy_table(package)
    split = table["power_split"]
    source = f"{point.cycle_pj:g} pJ per full cycle ({point.source}), shared out: {split['source']}"
    rests_on = point.basis, Basis("the power split", *origin(split))

    def share(part: str, bits: int, built: float, stated: Provenance = "derived") -> tuple[float, str, Provenance, tuple[Basis, ...]]:
        width = "" if bits == BUILT_BITS else f", in proportion to {bits} bits instead of {BUILT_BITS},"
        pj = point.cycle_pj * split[part] / built * bits / BUILT_BITS
        return pj, f"{100 * split[part]:g} %{width} of {source}", "assumed" if width else stated, rests_on

    word, psum = spec.word_bits, spec.psum_word_bits
    core = {"bpu.unit_cycle": share("bpus", word, BUILT_UNITS), "dma.cycle": share("dma", word, 1)}
    core |= dict.fromkeys(("map_read.word", "map_write.word"), share("memory", word, WORDS_PER_CYCLE))
    core |= dict.fromkeys(("psum_read.word", "psum_write.word"), share("memory", psum, WORDS_PER_CYCLE))
    core |= dict.fromkeys(("parameter_read.word", "parameter_write.word"), share("memory", word, WORDS_PER_CYCLE, "assumed"))
    return {action: Price(action, *figure) for action, figure in core.items()} | io_prices(table["io"], spec.io_pj_per_bit, IO)
