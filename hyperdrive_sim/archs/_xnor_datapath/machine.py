"""Machine of one core: BPUs, a port to the feature-map memory that is read, one to that which is written, one for parameters; two links."""

from __future__ import annotations

from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec
from hyperdrive_sim.archs._xnor_datapath.timing import peak_ops_per_cycle
from hyperdrive_sim.archs.operating_points import OperatingPoint, core_clock
from hyperdrive_sim.rates import Rate
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit

CHIP = "chip"
BPUS = "chip.bpus"
SOURCE = "chip.source"
SINK = "chip.sink"
PARAMETERS = "chip.parameters"
FLASH = "host.flash"
HOST_LINK = "host.link"

MAPS = ("chip.maps0", "chip.maps1")
"""Feature-map memories. A layer reads one, its source, and writes the other, its sink; then they swap."""
SUMS = "chip.sums"
"""Partial sums on their way from one term to the next, or to the host: room in the sink, held for one block of channels at a time."""
BUFFER = "chip.parameter_buffer"


def build(spec: DatapathSpec, point: OperatingPoint) -> Machine:
    core = core_clock(point, spec.clock_mhz)
    source, sink = (words * spec.word_bits for words in (spec.source_words_per_cycle, spec.sink_words_per_cycle))
    return Machine(
        units=(
            Unit(FLASH, "flash", Rate(round(spec.flash_gbit_per_s * 1e9))),
            Unit(HOST_LINK, "host", Rate(round(spec.host_link_gbit_per_s * 1e9))),
            Unit(BPUS, "array"),
            Unit(SOURCE, "source", Rate.per_cycle(source, core)),
            Unit(SINK, "sink", Rate.per_cycle(sink, core)),
            Unit(PARAMETERS, "parameters", Rate.per_cycle(spec.parameter_port_bits_per_cycle, core)),
        ),
        memories=(
            *(Memory(name, bits) for name, bits in zip(MAPS, spec.feature_map_memory_bits, strict=True)),
            Memory(SUMS, max(spec.feature_map_memory_bits), "fifo", 1),
            Memory(BUFFER, spec.parameter_buffer_bits, "fifo"),
        ),
        clock=core,
        peak_ops_per_cycle=peak_ops_per_cycle(spec),
    )
