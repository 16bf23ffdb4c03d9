"""A report's figures in words: what a terminal, a notebook or a page shows of it first, each with a name, a value and a remark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from typing import Any, NamedTuple

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.reports.helps import NOTHING, Help, lasting, time_goes_to
from hyperdrive_sim.reports.records import (
    DatasheetEntry,
    Efficiency,
    Energy,
    NetworkRecord,
    PartRecord,
    SystemRecord,
    Throughput,
    Time,
    UnitRow,
)
from hyperdrive_sim.reports.sums import by_key
from hyperdrive_sim.scenario.experiment import as_option
from hyperdrive_sim.scenario.published import Comparison
from hyperdrive_sim.schedule.goals import Goal, cost
from hyperdrive_sim.text.wording import counted

AREA = "mm2"
"""A unit with a prefix of its own, squared: other prefixes would mislead."""
ROUNDING = 1e-9
NOTHING_J = 1e-15
"""Joules that are rounding, not energy."""
PREFIXES = dict(zip(range(-18, 19, 3), ("a", "f", "p", "n", "u", "m", "", "k", "M", "G", "T", "P", "E"), strict=True))


class SummaryLine(NamedTuple):
    """One line of a summary; a long remark is broken where lines may end."""

    name: str
    value: str
    remark: str


def si(value: float, unit: str = "") -> str:
    """A number with up to four digits and its prefix: 0.0806 s is 80.6 ms.

    >>> si(0.0806, "s"), si(3.52e12, "Op/s/W"), si(999.96, "Hz"), si(0, "J")
    ('80.6 ms', '3.52 TOp/s/W', '1 kHz', '0 J')
    """
    if unit == "%":
        return f"{100 * value:.3g} %"
    if unit == AREA or (not unit and 0.001 <= abs(value) < 1):
        return f"{value:.4g} {unit}".strip()
    power = 0
    if value and math.isfinite(value):
        power = 3 * math.floor(math.log10(abs(value)) / 3)
        power += 3 * (float(f"{abs(value) / 10.0**power:.4g}") >= 1000)
    power = min(max(PREFIXES), max(min(PREFIXES), power))
    return f"{value / 10.0**power:.4g} {PREFIXES[power]}{unit}".strip()


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def per_s(rate: float) -> str:
    return f"{rate:,.0f} /s" if rate >= 1000 else f"{rate:.4g} /s"


def subject(network: NetworkRecord, system: SystemRecord, parts: Sequence[PartRecord] = ()) -> str:
    """The network and the system, or its parts, in one line."""
    shape = " x ".join(map(str, network.input_shape))
    options = "".join(f" of {value} {name}" for name, value in network.options.items())
    return f"{network.name}{options} at {shape} on {' + '.join(map(_chips, parts or (system,)))}"


def _chips(some: SystemRecord | PartRecord) -> str:
    """Chips of one kind, with their mesh and their clock."""
    mesh = f" (mesh {some.mesh[0]} x {some.mesh[1]})" if some.mesh and some.chips > 1 else ""
    return f"{counted(some.chips, f'{some.architecture} chip')}{mesh} at {some.clock_mhz:g} MHz"


def pace(time: Time, work: Throughput, system: SystemRecord) -> Iterator[SummaryLine]:
    which = "a frame" if time.frames == 1 else "the first frame"
    yield SummaryLine("latency", si(time.latency_s, "s"), f"of {which}, from its input to its last output")
    if time.frames > 1:
        least, high, worst = (si(latency, "s") for latency in (time.latency_min_s, time.latency_p99_s, time.latency_worst_s))
        remark = f"of {time.frames:,} frames; min {least},\n99th percentile {high}, worst {worst}"
        yield SummaryLine("median latency", si(time.latency_median_s, "s"), remark)
    if time.deadline_s is not None:
        yield SummaryLine("deadline", si(time.deadline_s, "s"), met(time.deadline_misses or 0, time.frames))
    if time.dropped:
        share = percent(time.dropped / (time.frames + time.dropped))
        yield SummaryLine(
            "dropped", counted(time.dropped, "frame"), f"{share} of all that arrived; the other figures are of those that were not"
        )
    yield SummaryLine("frame rate", per_s(time.frames_per_s), _rate(time))
    if remark := overload(time):
        yield SummaryLine("overload", f"{time.overload:.4g} times", remark)
    yield SummaryLine("throughput", si(work.ops_per_s, "Op/s"), f"of {si(system.peak_ops_per_s, 'Op/s')} peak, all tiles of all chips")
    per_cycle = f"{work.ops_per_cycle:,.0f} of {system.peak_ops_per_cycle:,.0f} Op per cycle, I/O included"
    yield SummaryLine("utilisation", percent(work.utilization), per_cycle)


def met(misses: int, frames: int) -> str:
    """How many frames are later than their deadline, as the end of a sentence.

    >>> met(3, 100), met(0, 100), met(1, 1)
    ('missed by 3 of 100 frames', 'met by all 100 frames', 'missed by the frame')
    """
    if misses:
        return "missed by the frame" if frames == 1 else f"missed by {misses:,} of {frames:,} frames"
    return "met by the frame" if frames == 1 else f"met by all {frames:,} frames"


def _rate(time: Time) -> str:
    """What the frame rate is taken from."""
    remark = f"{counted(time.frames, 'frame')} in {time.cycles:,} cycles"
    if time.arrivals_per_s is not None:
        remark += f", {per_s(time.arrivals_per_s)} arrive"
        if not time.dropped and time.overload is None and time.frames_per_s < time.arrivals_per_s * (1 - ROUNDING):
            return f"{remark};\nso few frames show no more, what is done once is spread over them:\ntake more frames to see what lasts"
    if time.frames <= 2:
        return remark
    return f"{remark};\nthe pace of the later ones, no faster than any unit allows,\nwhat is done once spread over all"


def overload(time: Time) -> str:
    """Sentence on frames that arrive faster than they can be worked through; empty if they do not."""
    if time.overload is None or time.arrivals_per_s is None:
        return ""
    arrive, done = per_s(time.arrivals_per_s), per_s(time.frames_per_s)
    return f"arrivals of {arrive} exceed the {done} that can be done;\nframes wait longer and longer, without end"


def help(helps: Sequence[Help], units: Sequence[UnitRow], trace: Trace) -> SummaryLine:
    """What would help most, tried; beside it what the time goes to, and who is busy."""
    best = next((one for one in helps if one.change <= -NOTHING), None)
    said = [
        f"{lasting(trace)} if twice as fast: " + ", ".join(f"{' and '.join(one.kinds)} {signed(one.change)}" for one in helps),
        "the time goes to " + ", ".join(f"{kind} {percent(part)}" for kind, part in time_goes_to(units, trace)[:3] if part > 0.01),
        "busy are " + ", ".join(f"{kind} {percent(part)}" for kind, part in busiest(units)[:3]),
    ]
    return SummaryLine("would help", " and ".join(best.kinds) if best else "nothing alone", ";\n".join(said if helps else said[1:]))


def signed(change: float) -> str:
    """A relative change with its sign: -41.3 %; what is not seen in the last digit is 0."""
    return f"{100 * change:+.1f} %" if abs(change) >= 0.0005 else "0 %"


def energies(energy: Energy, io_bits: Mapping[str, int | float], efficiency: Efficiency) -> Iterator[SummaryLine]:
    yield SummaryLine("energy", si(energy.total_j, "J"), f"per frame: core {si(energy.core_j, 'J')}, I/O {si(energy.io_j, 'J')}")
    crossing = sorted(io_bits.items(), key=lambda item: -item[1])
    yield SummaryLine("I/O", si(fsum(io_bits.values()), "bit"), _in_pairs([f"{what} {si(bits, 'bit')}" for what, bits in crossing if bits]))
    remark = f"including I/O; core alone {si(efficiency.core_ops_per_j, 'Op/s/W')}"
    yield SummaryLine("system efficiency", si(efficiency.system_ops_per_j, "Op/s/W"), remark)
    shares = trust(energy)
    known = percent(shares.pop("published", 0.0))
    yield SummaryLine("prices", f"{known} published", _in_pairs([f"{percent(share)} {how}" for how, share in shares.items()]))


GOALS: dict[Goal, str] = {
    "edp": "energy x delay worth its chips",
    "latency": "latency worth its chips",
    "energy": "energy worth its chips",
    "chips": "the fewest chips, then energy x delay",
}
"""What decides between systems, in words."""


def choice(system: SystemRecord, at: str) -> Iterator[SummaryLine]:
    """What the scenario left open *at* a key and what it became, with the runners-up: by how much they miss what was looked for."""
    if system.choice is None:
        return
    best, *others = system.choice.candidates
    least, *costs = (cost(system.choice.goal, one.latency_s, one.energy_j) for one in system.choice.candidates)
    change = [one / least - 1 for one in costs]
    said = [f"{_settings(one.settings, at)} {signed(by)}, {counted(one.chips, 'chip')}" for one, by in zip(others, change, strict=True)]
    mine = f"{_settings(best.settings, at)}, {counted(best.chips, 'chip')}:\n{GOALS[system.choice.goal]}; others have"
    remark = "\n".join((mine, *said))
    yield SummaryLine("chosen", counted(len(best.settings), "setting"), remark)


def _settings(values: Mapping[str, Any], at: str) -> str:
    return " ".join(as_option(f"{at}.{name}", value) for name, value in values.items())


def settings(system: SystemRecord | PartRecord, at: str) -> Iterator[SummaryLine]:
    """Settings of a chip, as keys that can be copied behind --set; they stand *at* a key of the scenario."""
    for what, values in (("changed", system.changed), ("assumed", system.assumed)):
        if values:
            said = [as_option(f"{at}.{name}", value) for name, value in values.items()]
            yield SummaryLine(what, counted(len(said), "setting"), "\n".join(said))
    together: dict[tuple[str, ...], list[str]] = {}
    for name, setting in system.fitted.items():
        together.setdefault(setting.fitted_to, []).append(as_option(f"{at}.{name}", setting.value))
    for fitted_to, said in together.items():
        figures = _in_pairs([figure.rpartition(" (")[0] for figure in fitted_to])
        yield SummaryLine("fitted", counted(len(said), "setting"), "\n".join((*said, f"selected for {figures}")))


def sensor(part: PartRecord) -> Iterator[SummaryLine]:
    """What a sensor on the chips saves."""
    if part.sensor is not None:
        saved = f"per frame from the sensor on {part.name}, which cross no edge and save {si(part.sensor.saved_j, 'J')}"
        yield SummaryLine("sensor", si(part.sensor.bits, "bit"), saved)


def granularity(system: SystemRecord) -> Iterator[SummaryLine]:
    coarsest = system.granularities[0]
    if system.granularity != coarsest:
        yield SummaryLine("granularity", system.granularity, f"tasks are cut finer than the usual {coarsest}")


def of_chip(datasheet: Mapping[str, DatasheetEntry]) -> Iterator[SummaryLine]:
    for name, quantity in datasheet.items():
        yield SummaryLine(name, si(quantity.value, quantity.unit), quantity.provenance)


def host(network: NetworkRecord) -> Iterator[SummaryLine]:
    if network.host_ops:
        yield SummaryLine("host", si(network.host_ops, "Op"), "per frame left to the host, in no time and not counted")


class Beside(NamedTuple):
    """A published figure and ours, in words: counted as the paper counts, as the system pays, and how far off the former is."""

    quantity: str
    published: str
    as_published: str
    as_system: str
    off_by: str
    known_as: str


BESIDE = Beside("published and simulated", "published", "counted so", "system pays", "off by", "known as")
"""The heads of a table of such rows."""


def beside(row: Comparison) -> Beside:
    """The row of a table: what cannot be counted as the paper does is a dash, and what comes back by construction says so."""
    counted, off = "-", "-"
    if row.as_published is not None and row.error is not None:
        counted, off = si(row.as_published, row.unit), f"{100 * row.error:+.2f} %"
    known = f"{row.provenance}, comes back" if row.comes_back else row.provenance
    return Beside(row.quantity, si(row.published, row.unit), counted, si(row.as_system, row.unit), off, known)


def remarks(rows: Sequence[Comparison]) -> Iterator[str]:
    """Sentences on published figures: why one is not counted, what the system pays besides, each list of that once, and notes."""
    told: set[tuple[tuple[str, float], ...]] = set()
    for row in rows:
        if row.reason:
            yield f"{row.quantity}: not counted as the paper does: {row.reason}"
        items = tuple((name, joules) for name, joules in row.between.items() if abs(joules) >= NOTHING_J)
        if items and items not in told:
            told.add(items)
            what = "the system pays besides" if row.as_published is not None else "the system pays"
            said = ", ".join(f"{name} {si(joules, 'J')}" for name, joules in items)
            yield f"{row.quantity}: {what} {said}"
        if row.note:
            yield f"{row.quantity}: {row.note}"


def further_off(rows: Sequence[Comparison]) -> Iterator[str]:
    """Sentence on the published figures, if any, that are not within their tolerance."""
    if beyond := [f"{row.quantity} ({100 * row.tolerance:.2g} %)" for row in rows if not row.within]:
        yield f"off by more than the printed digits leave open: {', '.join(dict.fromkeys(beyond))}"


def busiest(units: Sequence[UnitRow]) -> list[tuple[str, float]]:
    """Utilisation of the busiest unit of each kind, the busiest kind first: those that are close would both have to be faster."""
    most: dict[str, float] = {}
    for unit in units:
        most[unit.kind] = max(most.get(unit.kind, 0.0), unit.utilization)
    return sorted(most.items(), key=lambda item: -item[1])


def trust(energy: Energy) -> dict[str, float]:
    """Shares of the energy by how well its price is known, the largest first."""
    shares = by_key((action.provenance, action.energy_j / (energy.total_j or 1.0)) for action in energy.by_action.values())
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _in_pairs(words: Sequence[str]) -> str:
    return ",\n".join(", ".join(words[n : n + 2]) for n in range(0, len(words), 2))
