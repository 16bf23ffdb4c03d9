"""A Hyperdrive system: per chip an array, its border links and its memories; beside them the weight stream and the host link."""

from __future__ import annotations

from collections.abc import Iterator

from hyperdrive_sim.archs.hyperdrive.prices import operating_point
from hyperdrive_sim.archs.hyperdrive.spec import HyperdriveSpec
from hyperdrive_sim.archs.hyperdrive.timing import peak_ops_per_cycle
from hyperdrive_sim.archs.operating_points import core_clock
from hyperdrive_sim.rates import Clock, Rate
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit
from hyperdrive_sim.schedule.mesh import Chip, Mesh, Side

WEIGHTS = "host.weights"
HOST_LINK = "host.link"


def array(chip: Chip) -> str:
    return f"{chip}.array"


def send_buffer(chip: Chip, side: Side) -> str:
    return f"{chip}.send.{side}"


def build(spec: HyperdriveSpec, mesh: Mesh) -> Machine:
    core = core_clock(operating_point(spec), spec.clock_mhz)
    host = (
        Unit(WEIGHTS, "weights", Rate.per_cycle(spec.weight_stream_bits_per_cycle, core)),
        Unit(HOST_LINK, "host", Rate(round(spec.host_link_gbit_per_s * 1e9))),
    )
    return Machine(
        units=(*host, *(unit for chip in mesh.chips for unit in _units(chip, mesh, spec, core))),
        memories=tuple(memory for chip in mesh.chips for memory in _memories(chip, mesh, spec)),
        clock=core,
        peak_ops_per_cycle=peak_ops_per_cycle(spec) * len(mesh.chips),
        chips=len(mesh.chips),
        mesh=(mesh.rows, mesh.columns),
    )


def _units(chip: Chip, mesh: Mesh, spec: HyperdriveSpec, core: Clock) -> Iterator[Unit]:
    yield Unit(array(chip), "array")
    link = Rate.per_cycle(spec.border_link_bits_per_cycle, core)
    for side in mesh.neighbours[chip]:
        yield Unit(f"{chip}.{side}", "border", link, core.ps(spec.border_link_latency_cycles))


def _memories(chip: Chip, mesh: Mesh, spec: HyperdriveSpec) -> Iterator[Memory]:
    yield Memory(f"{chip}.fmm", spec.feature_map_memory_bits)
    yield Memory(f"{chip}.border", spec.border_memory_bits)
    yield Memory(f"{chip}.corner", spec.corner_memory_bits)
    yield Memory(f"{chip}.wbuf", spec.weight_buffer_bits, "fifo", spec.weight_buffer_blocks)
    for side in mesh.neighbours[chip]:
        yield Memory(send_buffer(chip, side), spec.send_buffer_bits, "fifo")
