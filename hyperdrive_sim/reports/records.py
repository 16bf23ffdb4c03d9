"""Records of a report: the experiment, the system and what was found. All are plain, and part of the public JSON form."""

# Fields stand in the order of the JSON form. Some records look alike; each is an object of that form, and none is another's kind.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator

from hyperdrive_sim.schedule.goals import Goal


def _frozen(value: Any) -> Any:
    """JSON's lists as the tuples that settings have."""
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return {key: _frozen(item) for key, item in value.items()} if isinstance(value, dict) else value


Setting = Annotated[object, AfterValidator(_frozen)]
"""The value of a chip's setting: whatever its `Spec` allows, of numbers, texts, tuples and mappings."""


@dataclass(frozen=True)
class ScenarioRecord:
    """The scenario of a run; `hash` is of all that it says."""

    title: str
    file: str
    hash: str


@dataclass(frozen=True)
class NetworkRecord:
    """The network, with the options that were chosen.

    MACs and weight bits are those of the accelerator's layers. `ops` are what its arrays do, of the kind that their peak counts: two for
    a MAC, and scales, offsets and residual adds where arrays do them in cycles of their own. `other_ops` are what else it does beside
    its arrays, such as pooling, which no peak counts; `host_ops` are the host's, of every kind.
    `input_shape` is that of the network's first input. `worst_layer_bits` is the most bits of feature maps alive at any one step, input
    and output together, over all chips, without copies of a neighbour's pixels and without the padding of the memories.
    """

    name: str
    options: Mapping[str, int]
    input_shape: tuple[int, int, int]
    layers: int
    macs: int
    ops: int
    weight_bits: int
    worst_layer_bits: int
    other_ops: int
    host_ops: int


@dataclass(frozen=True)
class FittedSetting:
    """A setting whose default was selected because published figures come out with it; `fitted_to` names these."""

    value: Setting
    fitted_to: tuple[str, ...]


@dataclass(frozen=True)
class CandidateRow:
    """A system that was simulated for a frame, to choose among several: the settings in which they differ, and what came out."""

    settings: Mapping[str, Setting]
    chips: int
    latency_s: float
    energy_j: float


@dataclass(frozen=True)
class Choice:
    """What a scenario left open, such as `mesh: auto`: by which `goal` it was chosen, and the candidates, the chosen one first."""

    goal: Goal
    candidates: tuple[CandidateRow, ...]


@dataclass(frozen=True)
class SystemRecord:
    """The system; peaks count every tile of every chip.

    `assumed` are the settings that no source gives, as they were here; `fitted` those that are what published figures selected;
    `changed` those that are not what the architecture has by default.
    `granularity` is how finely the tasks of its schedule were cut, one of `granularities`, which the architecture offers, coarsest first.
    `choice` is what was chosen because the scenario left it open, by simulations; null if it did not, or if nothing was simulated for it.
    """

    architecture: str
    chips: int
    mesh: tuple[int, int] | None
    clock_mhz: float
    peak_ops_per_cycle: int | float
    peak_ops_per_s: int | float
    assumed: Mapping[str, Setting]
    fitted: Mapping[str, FittedSetting]
    changed: Mapping[str, Setting]
    granularity: str
    granularities: tuple[str, ...]
    choice: Choice | None


@dataclass(frozen=True)
class Histogram:
    """The number of frames by what they took: `counts[n]` from `edges_s[n]` on, and less than `edges_s[n + 1]`. Edges are one more."""

    edges_s: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Time:
    """Latency, rate and length of a run.

    `latency_s` is the first frame's: from its arrival, or from its first task where frames have no times of arrival, to its last output.
    The others are over all frames: the least, the median, the 99th percentile (that of a frame: the nearest rank) and the worst, and
    `latency_histogram` has all of them. Without times of arrival a frame comes in as soon as there is room and may wait in memory, which
    is part of its latency. `deadline_misses` are the frames whose latency is longer than `deadline_s`; both are null without a deadline.
    `cycles` is the makespan of all frames.

    `frames_per_s` is what can go on for ever: the pace at which the later half of the frames end, without the last one, which no other
    holds up; for one or two frames, how many there are in the makespan if that is slower. No unit has more to do per frame than this
    leaves it: what is done once, such as loading weights that stay, is spread over the frames, as its energy is.

    `arrivals_per_s` is the mean rate at which frames arrive: of even and of Poisson arrivals the rate that was asked for, whatever came of
    it in these few frames; of times from a file, their number without the first, over the time from the first to the last of the file.
    `frames_per_s` is the same if arrivals can be kept up with, less only where so few frames do not show it. Null if the next frame is
    there whenever there is room, or if all times are one. `overload` is `arrivals_per_s` over `frames_per_s` if these frames end more
    slowly than the mean of arrivals, also had they all been there from the beginning, or if a unit has more to do for each than the mean
    leaves it: latencies then grow with the number of frames. Else null: frames that come in crowds wait for each other, and are caught up
    with.

    `bound_s` is the larger lower bound of the makespan, `bound_by` what sets it: a unit or the critical path.
    """

    latency_s: float
    latency_min_s: float
    latency_median_s: float
    latency_p99_s: float
    latency_worst_s: float
    latency_histogram: Histogram
    deadline_s: float | None
    deadline_misses: int | None
    cycles: int
    frames: int
    frames_per_s: float
    arrivals_per_s: float | None
    overload: float | None
    bound_by: str
    bound_s: float


@dataclass(frozen=True)
class Throughput:
    """Operations of the arrays at the sustained frame rate, input and output included; `utilization` is against all tiles of all chips."""

    ops_per_s: float
    ops_per_cycle: float
    utilization: float


@dataclass(frozen=True)
class Action:
    """One kind of paid action, per frame. Its price is known as well as the weakest of the figures that it `rests_on`."""

    count: int | float
    energy_j: float
    pj: int | float
    provenance: str
    source: str
    rests_on: tuple[str, ...]


@dataclass(frozen=True)
class DatasheetEntry:
    """A figure that no schedule says: area, time of one operation. It is known as well as the weakest that it `rests_on`."""

    value: int | float
    unit: str
    provenance: str
    source: str
    rests_on: tuple[str, ...]


@dataclass(frozen=True)
class Energy:
    """Energy per frame. `assumed_share` is the part whose price is not published, nor derived from nothing but published figures."""

    total_j: float
    core_j: float
    io_j: float
    by_action: Mapping[str, Action]
    assumed_share: float

    @property
    def prices_pj(self) -> dict[str, float]:
        """The price of every action that was paid for."""
        return {name: action.pj for name, action in self.by_action.items()}


@dataclass(frozen=True)
class Efficiency:
    system_ops_per_j: float
    core_ops_per_j: float


@dataclass(frozen=True)
class UnitRow:
    """A unit's work over the whole run; `waiting_s` is how long tasks that could have run waited for it."""

    name: str
    kind: str
    busy_s: float
    waiting_s: float
    utilization: float
