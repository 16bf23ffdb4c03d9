"""The parts of a system of several: what each does, costs and waits for, from the same run as the figures of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from math import fsum

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.ledger import Ledger, joules
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.records import PartRecord, SensorRecord, Time
from hyperdrive_sim.reports.settings import settings
from hyperdrive_sim.reports.spending import efficiency, energy, io_bits, per
from hyperdrive_sim.schedule.mapped import Composed, PartOfSystem
from hyperdrive_sim.schedule.prices import INPUT, SENSOR


def part_records(compiled: Compiled, time: Time) -> Iterator[PartRecord]:
    """A record of each part; none for a chip or a mesh that is alone."""
    if isinstance(compiled.mapped, Composed):
        for part in compiled.mapped.parts:
            yield _record(part, compiled, time)


def _record(part: PartOfSystem, compiled: Compiled, time: Time) -> PartRecord:
    machines, network = part.machines, compiled.network
    ledger, ops = _own(compiled.ledger, part), sum(compiled.placement.ops(network, layer) for layer in part.layers)
    spent, peak = energy(ledger, time.frames), fsum(machine.peak_ops_per_s for machine in machines)
    trace = compiled.trace
    busy, waiting = ({unit: ps for unit, ps in of.items() if unit in part.units} for of in (trace.busy_ps(), trace.waiting_ps()))
    busiest = max(busy, key=lambda unit: busy[unit])
    return PartRecord(
        part.name,
        part.architecture,
        sum(machine.chips for machine in machines),
        machines[0].mesh,
        part.every,
        machines[0].clock.mhz,
        peak,
        part.layers,
        ops,
        min(1.0, ops * time.frames_per_s / peak),
        busiest,
        time.frames * PS_PER_S / busy[busiest],
        sum(waiting.values()) / PS_PER_S,
        spent,
        io_bits(ledger, time.frames),
        efficiency(ops, spent),
        _sensor(ledger, compiled, time.frames),
        *settings(part.spec),
    )


def _sensor(ledger: Ledger, compiled: Compiled, frames: int) -> SensorRecord | None:
    """What a sensor on the chips saves: each of its bits the price of one that comes in over their edge."""
    seen = {action: entry.count for action, entry in ledger.by_action().items() if action.endswith(SENSOR)}
    if not seen:
        return None
    saved = joules((count, compiled.mapped.prices[f"{action.removesuffix(SENSOR)}{INPUT}"].pj) for action, count in seen.items())
    return SensorRecord(per(sum(seen.values()), frames), saved / frames)


def _own(ledger: Ledger, part: PartOfSystem) -> Ledger:
    """What a part's own actions cost."""
    return Ledger(tuple(entry for entry in ledger.entries if entry.price.action in part.actions))
