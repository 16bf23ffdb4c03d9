"""Checks a scenario: executes its schedule in simulated time and compares every value with golden, proves its edges, cuts it finer."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Unpack

import numpy as np

from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.compiled import Compiled, Progress, silent
from hyperdrive_sim.engine.places import Instance
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.engine.simulate import Engine, preferred, preferring
from hyperdrive_sim.errors import Finding
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.golden import Computation, Exact, forward
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.experiment import Changes, Experiment
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.sources import Source, scenario_of
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.study.beside import Beside
from hyperdrive_sim.study.limits import Limit, affordable, check_length
from hyperdrive_sim.study.reference import Reference
from hyperdrive_sim.study.runs import compiled

WORTH_SAYING_S = 3
COARSE = 0.05
"""Share of the makespan by which a finer cut may move it without a warning."""
FINEST_PIXELS = 4_000_000
"""Of the largest map: a finer grain may mean a block for every pixel, before it is known how many tasks that makes."""


class Mismatch(NamedTuple):
    """The first value that a unit computed differently from golden."""

    unit: str
    layer: str
    channel: int
    row: int
    column: int
    golden: float
    replayed: float

    def __str__(self) -> str:
        at = f"channel {self.channel}, row {self.row}, column {self.column} of '{self.layer}'"
        return f"{self.unit} computes {self.replayed:g} for {at}, golden is {self.golden:g}"


class Function(NamedTuple):
    """The result of the replay: how many values it computed, the first that differs, and what stopped it.

    `outputs` are the network's outputs (rows, columns, channels) by name, for each frame; none where something stopped it.
    """

    values: int
    mismatch: Mismatch | None
    failure: str
    outputs: tuple[Mapping[str, Array], ...]


class Deviation(NamedTuple):
    """The last map on the chips against a float64 computation of the same chip input: largest difference, largest value there, and if it
    is a map of signs, the share of them that differ.
    """

    largest: float
    scale: float
    signs: float | None


class Timing(NamedTuple):
    """The makespan in cycles at every granularity, the coarsest first (None: too many tasks), and which one is the scenario's; that one's
    larger lower bound and what sets it, and what the proof of its ordering found (empty: nothing wrong, None: too large to prove).
    """

    grains: Mapping[str, int | None]
    granularity: str
    bound: int
    bound_by: str
    hazard: str | None


@dataclass(frozen=True)
class Verdict:
    """A check result. `kernel` is the variant of convolution that was used, `seconds` what each part of the check took: golden and float64
    are computed beside the replay where there are processors for it.

    `activation_rates` says, by layer that multiplies signs on the chips, how often what it reads is +1.
    """

    function: Function
    deviation: Deviation
    timing: Timing
    activation_rates: Mapping[str, float]
    frames: int
    kernel: str
    seconds: Mapping[str, float] = field(compare=False)

    @property
    def ok(self) -> bool:
        function, timing = self.function, self.timing
        return function.mismatch is None and not function.failure and not timing.hazard and timing.bound <= self.cycles

    @property
    def cycles(self) -> int:
        """The makespan of what a run simulates: the schedule at the scenario's granularity."""
        own = self.timing.grains[self.timing.granularity]
        assert own is not None
        return own

    @property
    def too_coarse(self) -> Mapping[str, float]:
        """Finer granularities that move the makespan by more than COARSE, each with the share of it: 0.1 if it gets a tenth longer."""
        grains = list(self.timing.grains)
        finer = grains[grains.index(self.timing.granularity) + 1 :]
        moved = {grain: cycles - self.cycles for grain in finer if (cycles := self.timing.grains[grain]) is not None}
        return {grain: by / self.cycles for grain, by in moved.items() if abs(by) > COARSE * self.cycles}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what is not wrong and yet not to be relied on: a schedule so coarse that a finer one lasts another time."""
        return tuple(itertools.starmap(self._coarse, self.too_coarse.items()))

    def _coarse(self, grain: str, share: float) -> str:
        cycles, way = self.timing.grains[grain], "more" if share > 0 else "less"
        lasts = f"cut by {grain}, the schedule lasts {cycles:,} cycles, {100 * abs(share):.1f} % {way} than the {self.cycles:,}"
        return f"{lasts} cut by {self.timing.granularity}; put `granularity: {grain}` into the scenario"

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form."""
        said = {"ok": self.ok, "warnings": list(self.warnings)}
        return said | {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items() if name != "outputs"}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def check(
    source: Source | None = None,
    changes: Changes | None = None,
    *,
    progress: Progress = silent,
    engine: Engine | None = None,
    **experiment: Unpack[Experiment],
) -> Verdict:
    """Execute a scenario's schedule on data, in simulated time, and compare every value with the reference, bit for bit.

        assert check("hyperdrive/tiny_2x2").ok

    Proves the order of all accesses as well, compares the makespan with its lower bounds, cuts tasks finer, and says how far the chip's
    arithmetic is from float64. What is wrong with a schedule is in the verdict. A finer cut that moves the makespan by more than COARSE
    is among its `warnings` and leaves it `ok`: the schedule can be carried out, but is too coarse to be timed by. *source*, *changes*,
    *engine* and *experiment* are as in `run`; raises InvalidInput as `run` does, and for more values than there is memory for.
    """
    with preferring(engine or preferred()):
        return _check(scenario_of(source, changes, experiment), progress)


def _check(scenario: Scenario, progress: Progress) -> Verdict:
    made, laps = compiled(scenario, progress), _Laps()
    affordable(scenario, made)
    check_length(scenario, made)
    cycles = made.machine.clock.cycles(made.trace.makespan_ps)
    laps.lap("timing")
    times = affordable(scenario, made)  # again: the trace has taken some of the memory
    hazard = _hazard(made)
    laps.lap("ordering")
    computation = computed_by(scenario, made)
    with Beside(alone=times < 2) as beside:  # all at once takes less than twice what one after the other takes
        function, deviation, rates = _executed(made, computation, beside, laps)
    cuts = scenario.architecture.grains
    grains = {grain: cycles if grain == made.grain else _makespan(scenario, made.cut(grain)) for grain in cuts}
    laps.lap("grains")
    bound_by, bound_ps = made.executed.bound
    timing = Timing(grains, made.grain, made.machine.clock.cycles(bound_ps), bound_by, hazard)
    return Verdict(function, deviation, timing, rates, scenario.arrivals.frames, computation.arithmetic.name, laps.seconds)


def slowness(scenario: Scenario) -> str:
    """A warning for a check that will be slow for want of compiled kernels; empty where it will not be."""
    mapped = compiled(scenario).mapped
    network, rate = mapped.network, mapped.arithmetic.slow_macs_per_s
    seconds = 2 * scenario.arrivals.frames * sum(network.macs(layer.name) for layer in network) / rate if rate else 0.0
    if seconds < WORTH_SAYING_S:
        return ""
    return f"without numba the values take about {seconds:.0f} s; pip install 'hyperdrive-sim[fast]' makes that a small part of it"


class _Laps:
    def __init__(self) -> None:
        self.last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, name: str, *, without: float = 0.0) -> None:
        """The time since the last lap, *without* some seconds of it that belong to another part."""
        now = time.perf_counter()
        self.seconds[name], self.last = now - self.last - without, now

    def took(self, name: str, seconds: float) -> None:
        """What a part took beside others."""
        self.seconds[name] = seconds

    def restart(self) -> None:
        """Begin a lap: what has passed since the last one is another part's."""
        self.last = time.perf_counter()


def _hazard(made: Compiled) -> str | None:
    if not hazards.affordable(made.schedule):
        return None
    made.progress("proving the order", 0, 0)
    try:
        hazards.check(made)
    except Finding as finding:
        return str(finding)
    return ""


def _makespan(scenario: Scenario, made: Compiled) -> int | None:
    """In cycles; None where the tasks would be too many."""
    network, host = made.network, made.placement.host
    pixels = max(shape.rows * shape.columns for layer in network if layer.name not in host for shape in [network.shape(layer.name)])
    if pixels > FINEST_PIXELS or not Limit(scenario).allows(made, made.size):
        return None
    check_length(scenario, made)
    return made.machine.clock.cycles(made.trace.makespan_ps)


def computed_by(scenario: Scenario, made: Compiled) -> Computation:
    """What a scenario's chip computes: its network with its constants, on its picture, in the chip's arithmetic."""
    files = inputs.opened(scenario, made.network)
    return Computation(made.network, files.parameters(), files.maps(), made.mapped.arithmetic)


def _executed(made: Compiled, computation: Computation, beside: Beside, laps: _Laps) -> tuple[Function, Deviation, dict[str, float]]:
    """The replay against golden, golden against float64, and what signs are like."""
    network, host = made.network, made.placement.host
    signs, last = binary_inputs(network, made.placement), [layer.name for layer in network if layer.name not in host][-1]
    given = {name for layer in network if layer.name not in host for name in layer.inputs if name in host or name in network.inputs}
    ideal = _Ideal(computation._replace(arithmetic=Exact()), given, last, beside)
    reference = Reference(computation, made.executed, {*network.outputs, last}, {*signs.values()}, beside, ideal.take)
    watch = _Watch(reference, made.progress)
    outputs: tuple[Mapping[str, Array], ...] = ()
    failure = ""
    try:
        outputs = tuple(replay(made, computation, watch, beside.threads()))
    except Finding as finding:
        failure = str(finding)
    golden = reference.finish()
    if wrong := [name for frame in outputs for name, values in frame.items() if not same(values, golden[name])]:
        failure = f"the network's output '{wrong[0]}' differs from golden"
    laps.took("golden", reference.seconds)
    laps.lap("replay", without=reference.seconds if beside.alone else 0.0)
    made.progress("computing in float64", 0, 0)
    deviation = _deviation(golden[last], ideal.values(), signs=network.is_signs(last))
    laps.took("float64", ideal.seconds)
    laps.restart()
    rates = {layer: reference.rates[name] for layer, name in signs.items()}
    return Function(watch.values, watch.mismatch, failure, outputs), deviation, rates


class _Ideal:
    """The *last* map on the chips in float64, from the maps that the host hands to them on, so that only their own rounding counts.

    It is computed *beside* the replay from when golden has seen all of *given*; `seconds` says how long that took.
    """

    def __init__(self, computation: Computation, given: Collection[str], last: str, beside: Beside) -> None:
        self.computation, self.given, self.last, self.beside = computation, given, last, beside
        self.seconds = 0.0
        self._known: dict[str, Array] = {}
        self._coming: Callable[[], Array] | None = None

    def take(self, name: str, values: Array) -> None:
        """Take a map of golden's."""
        if name in self.given:
            self._known[name] = values
            if len(self._known) == len(self.given):
                self._coming = self.beside.last(self._steps())

    def values(self) -> Array:
        """The map, to be asked for once, after golden."""
        assert self._coming is not None
        return self._coming()

    def _steps(self) -> Iterator[Array]:
        """Maps in float64, up to the last one."""
        steps = forward(self.computation, self._known, self.beside.threads)
        name = ""
        while name != self.last:
            begun = time.perf_counter()
            name, values = next(steps)
            self.seconds += time.perf_counter() - begun
            yield values


def binary_inputs(network: Network, placement: Placement) -> dict[str, str]:
    """The map that each layer reads which multiplies signs on the chips."""
    ours = (layer for layer in network if isinstance(layer, Conv) and layer.maps == "binary" and layer.name not in placement.host)
    return {layer.name: layer.inputs[0] for layer in ours}


def same(a: Array, b: Array) -> bool:
    """True if all bits are equal; any NaN equals any other."""
    return bool((a.view(bits := f"u{a.dtype.itemsize}") == b.view(bits)).all()) or bool(alike(a, b).all())


def alike(a: Array, b: Array) -> Array:
    """Elementwise equality of bits; any NaN equals any other."""
    bits = f"u{a.dtype.itemsize}"
    equal: Array = (a.view(bits) == b.view(bits)) | (np.isnan(a) & np.isnan(b))
    return equal


class _Watch:
    """Compares every block that a unit computes with golden, and keeps the first value that differs."""

    def __init__(self, reference: Reference, progress: Progress) -> None:
        self.reference, self.progress = reference, progress
        self.values = 0
        self.mismatch: Mismatch | None = None

    def __call__(self, instance: Instance, layer: str, box: Box, values: Array) -> None:
        self.values += values.size
        self.progress("replaying", self.values, 0)
        expected = self.reference.block(layer, box)
        if self.mismatch is None and not same(values, expected):
            row, column, channel = (int(i) for i in np.argwhere(~alike(values, expected))[0])
            where = channel + box.c0, row + box.r0, column + box.w0
            self.mismatch = Mismatch(
                instance.unit, layer, *where, float(expected[row, column, channel]), float(values[row, column, channel])
            )


def _deviation(ours: Array, ideal: Array, *, signs: bool) -> Deviation:
    """Deviation of a map, of signs or not, from the same in float64."""
    with np.errstate(invalid="ignore"):
        difference = np.abs(ours.astype(np.float64) - ideal)
    return Deviation(float(difference.max()), float(np.abs(ideal).max()), float((difference > 0).mean()) if signs else None)
