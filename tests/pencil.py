"""A run small enough for a pencil: two layers on two arrays, a border link and a host."""

from __future__ import annotations

from collections.abc import Iterable

from worlds import CLOCK, compiled

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.schedule.machine import Machine, Unit
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.tasks import Compute, OperandLocations, Task
from hyperdrive_sim.schedule.writer import scheduled


def conv(name: str, source: str, channels: int) -> Conv:
    return Conv(name=name, inputs=(source,), out_channels=channels, window=Window.square(1), scale=False, bias=False)


NETWORK = Network("pencil", (1, 2, 2), [conv("a", "input", 2), conv("b", "a", 1)])
"""16 operations each: 8 values of 1 product and sum, 4 values of 2."""

MACHINE = Machine(
    units=(Unit("one", "array"), Unit("two", "array"), Unit("link", "border", latency_ps=1000), Unit("host", "host")),
    memories=(),
    clock=CLOCK,
    peak_ops_per_cycle=8,
)
PRICES = {"array.cycle": Price("array.cycle", 5.0, "pencil", "published"), "input_io.bit": Price("input_io.bit", 2.0, "pencil", "assumed")}


def compute(layer: str, unit: str, ps: int, *after: int, frame: int = 0) -> Task:
    effect = Compute(OperandLocations((layer,), (), (), "", ()), 0, 1, ())
    return Task("compute", layer, unit, ps, after, effect=effect, actions={"array.cycle": ps // 1000}, frame=frame)


SCHEDULE = scheduled(
    [
        Task("input", "input", "host", 2000, actions={"input_io.bit": 10}),
        compute("a", "one", 3000, 0),
        compute("a", "two", 4000, 0),
        Task("border", "a", "link", 2000, (1,), latency_ps=1000),
        compute("b", "two", 5000, 2, 3),
        compute("b", "one", 1000, 1),
    ]
)
"""
host |ii...........|      a cycle a character; the border has arrived at 8
one  |..aaab.......|
two  |..aaaa..bbbbb|
link |.....bb......|
"""


def ran(tasks: Iterable[Task] = SCHEDULE, machine: Machine = MACHINE) -> Compiled:
    """Tasks on a machine, at these prices; the network's placement says no more than that both layers are computed."""
    return compiled(NETWORK, machine, Placement((), {}, frozenset(), {}), tasks, prices=PRICES)
