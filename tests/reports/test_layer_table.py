"""The table of layers of runs small enough for a pencil: whose time is whose, and what no layer can exceed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import fsum
from typing import Any

import numpy as np
import pytest
from pencil import MACHINE, NETWORK, PRICES, compute, conv, ran
from simulated import mixed_system
from worlds import Hand, compiled

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import MaxPool
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.rates import Clock, Rate
from hyperdrive_sim.reports.layer_columns import layer_columns, mean_use
from hyperdrive_sim.reports.layer_table import LayerRow, layer_rows
from hyperdrive_sim.schedule.machine import Machine, Unit
from hyperdrive_sim.schedule.mapped import PartOfSystem
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.schedule.tasks import Arrivals, Compute, OperandLocations, Task
from hyperdrive_sim.schedule.writer import scheduled


def row(name: str, kind: str, ops: int, cycles: tuple[int, int], seconds: tuple[float, float], energy_j: float, **held: Any) -> LayerRow:
    """A row of 8 operations a cycle, held for its `computed_s` and its stalls; *cycles* and in total, *seconds* from start to end."""
    computed_s, stalls = held.pop("computed_s", 0.0), held
    used = ops / ((computed_s + sum(stalls.values())) * 8e9) if ops else 0.0
    return LayerRow(name, kind, ops, *cycles, *seconds, energy_j, computed_s, pytest.approx(used), stalls)


def test_the_table_of_layers() -> None:
    """Both arrays wait for the input, then `two` for a's border, from 6 to 8; and `one`, which has ended at 6, for the same border and for
    b on `two`, 5 cycles. Over two arrays these are 2 cycles for a and 2.5 for b, and all together the 13 of the run.
    """
    assert list(layer_rows(ran())) == [
        row("input", "input", 0, (0, 2), (0.0, 2e-9), 20e-12, host=2e-9),
        row("a", "conv1x1", 16, (4, 6), (2e-9, 7e-9), 35e-12, computed_s=3.5e-9, border=2e-9),
        row("b", "conv1x1", 16, (5, 8), (5e-9, 13e-9), 30e-12, computed_s=3e-9, array=2.5e-9),
    ]


def test_the_table_of_layers_as_columns() -> None:
    """The arrays work 3.5 and 3 cycles on average; b's part fits half of the tiles of one and three quarters of the other's."""
    run = ran()
    tiles = {"a": {"one": np.ones((1, 2)), "two": np.ones((1, 2))}, "b": {"one": np.array([[1, 0]]), "two": np.array([[1, 0.5]])}}
    found = layer_columns(list(layer_rows(run)), MACHINE, run.trace, tiles, {action: price.pj for action, price in PRICES.items()})
    assert found == {
        "layer_id": [0, 1, 2],
        "layer": ["input", "a", "b"],
        "kind": ["input", "conv1x1", "conv1x1"],
        "ops": [0, 16, 16],
        "cycles": [0, 4, 5],
        "stall_cycles": [2, 2, 3],
        "total_cycles": [2, 6, 8],
        "utilization": [0.0, pytest.approx(16 / (5.5 * 8)), pytest.approx(16 / (5.5 * 8))],
        "mapping_efficiency": [None, 1.0, 0.625],
        "compute_utilization": [None, pytest.approx(16 / (3.5 * 8)), pytest.approx(16 / (3 * 8))],
        "start_s": [0.0, 2e-9, 5e-9],
        "end_s": [2e-9, 7e-9, 13e-9],
        "energy_j": [20e-12, 35e-12, 30e-12],
        "io_energy_j": [20e-12, 0.0, 0.0],
        "stalled_by_array_s": [0.0, 0.0, 2.5e-9],
        "stalled_by_border_s": [0.0, 2e-9, 0.0],
        "stalled_by_host_s": [2e-9, 0.0, 0.0],
        "weights_io_bits": [0, 0, 0],
        "input_io_bits": [10, 0, 0],
        "output_io_bits": [0, 0, 0],
        "border_io_bits": [0, 0, 0],
        "links_io_bits": [0, 0, 0],
        "weights_io_bits_per_cycle": [0.0, 0.0, 0.0],
        "input_io_bits_per_cycle": [5.0, 0.0, 0.0],
        "output_io_bits_per_cycle": [0.0, 0.0, 0.0],
        "border_io_bits_per_cycle": [0.0, 0.0, 0.0],
        "links_io_bits_per_cycle": [0.0, 0.0, 0.0],
        "array_cycle_count": [0, 7, 6],
    }


def test_the_use_of_tiles_is_that_of_the_chips_that_run_a_layer() -> None:
    units = (Unit("x.one", "x array", part="x"), Unit("y.two", "y array", part="y"))
    machine = Machine(units, (), MACHINE.clock, 16, 2)
    some = {"x.one": np.array([[1.0, 0.5]]), "y.two": np.zeros((3, 3))}
    assert mean_use(some, machine) == 0.75
    assert mean_use(some, replace(machine, units=())) == 0.375, "in one mesh, a chip beyond the map's edge counts"
    assert mean_use({chip: 0 * use for chip, use in some.items()}, machine) == 0


def test_a_stall_by_several_causes() -> None:
    """The array waits for the link, which waited for the host: each is given its own share of the gap, and the layer that it worked for."""
    schedule = scheduled(
        [
            compute("a", "one", 1000),
            Task("input", "input", "host", 3000),
            Task("border", "a", "link", 2000, (1,)),
            compute("b", "one", 1000, 0, 2),
            Task("late", "c", "one", 1000, (3,), not_before_ps=9000),
        ]
    )
    rows = {row.name: row for row in layer_rows(ran(schedule))}
    assert {name: row.stalls for name, row in rows.items()} == {
        **{"a": {"border": 2e-9}, "input": {"host": 2e-9}, "b": {}},
        "c": {"arrival": 3e-9},  # nobody's but its own: it came so late
    }
    assert rows["c"].kind == "input"


def test_a_layer_takes_at_least_what_any_one_unit_does_for_it() -> None:
    """b's weights come while a is computed: 9 cycles on the host's link, of 10 bits a cycle, for 95 bits, which take 9.5 at that rate.

    The array waits for 3 of them. Held for 3 + 2 cycles, b would have moved 19 bits in each of them.
    """
    link = replace(MACHINE.unit["host"], rate=Rate.per_cycle(10, MACHINE.clock))
    machine = replace(MACHINE, units=(*MACHINE.units[:-1], link))
    tasks = [
        compute("a", "one", 6000),
        Task("weights", "b", "host", 9000, actions={"input_io.bit": 95}),
        compute("b", "one", 2000, 0, 1),
    ]
    a, b = layer_rows(ran(tasks, machine))
    assert (a.cycles, a.total_cycles, a.stalls) == (6, 6, {})
    assert (b.cycles, b.total_cycles, b.stalls, b.held_s) == (2, 10, {"host": 3e-9}, 5e-9)


def test_a_drain_is_of_the_layer_that_is_drained() -> None:
    """a's result leaves before b's weights come, over one port: the array does not wait for b while it leaves; b's own goes last."""
    tasks = [
        compute("a", "one", 2000),
        Task("results", "a", "host", 5000, (0,)),
        Task("weights", "b", "host", 1000, (1,)),
        compute("b", "one", 3000, 2),
        Task("results", "b", "host", 4000, (3,)),
    ]
    a, b = layer_rows(ran(tasks))
    assert (a.held_s, a.stalls, a.total_cycles) == (7e-9, {"host": 5e-9}, 7)
    assert (b.held_s, b.stalls, b.total_cycles) == (8e-9, {"host": 5e-9}, 8)


def test_no_share_is_more_than_one() -> None:
    """A third of a nanosecond is 333 ps, a little too short for what a unit at its peak does in it."""
    machine = Machine((Unit("one", "array"),), (), Clock(3 * 10**9), peak_ops_per_cycle=16)
    (a,) = layer_rows(ran([compute("a", "one", 333)], machine))
    assert 16 / (a.held_s * machine.peak_ops_per_s) == pytest.approx(1.001001)
    assert (a.ops, a.total_cycles, a.utilization) == (16, 1, 1.0)


def test_operations_of_the_kind_that_the_peak_counts() -> None:
    """Pooling is none of the arrays' work; a bias is, where the placement says that they do it."""
    layers = [conv("a", "input", 2), MaxPool(name="pool", inputs=("a",), window=Window.square(2, stride=2))]
    network = Network("pooled", (1, 2, 2), layers)
    locations = OperandLocations(("a", "pool"), (), (), "", ())
    tasks = [Task("compute", "a", "one", 3000, effect=Compute(locations, 0, 2, ()))]
    alone = Placement((), {}, frozenset(), {})
    offset = replace(alone, extra_ops={"a": 8})
    plain, biased = (next(layer_rows(compiled(network, MACHINE, placement, tasks))) for placement in (alone, offset))
    assert (plain.kind, plain.ops, biased.ops) == ("conv1x1+maxpool2x2/2", 16, 24)
    assert network.ops("pool") == 8, "which are somebody's, only not the arrays'"
    assert offset.ops(network, "pool") == 0


def test_several_frames_are_added_up() -> None:
    tasks = [compute("a", "one", 3000), compute("b", "one", 1000, 0)]
    again = [compute("a", "one", 3000, 1, frame=1), compute("b", "one", 1000, 2, frame=1)]
    a, b = layer_rows(ran([*tasks, *again]))
    assert (a.ops, a.cycles, a.start_s, a.end_s, a.utilization) == (32, 6, 0.0, 7e-9, pytest.approx(32 / (6 * 8)))
    assert (b.ops, b.cycles, b.start_s, b.end_s) == (32, 2, 3e-9, 8e-9)
    assert a.energy_j == 2 * 15e-12


def test_work_is_summed_to_the_picosecond() -> None:
    """A picosecond less than half a cycle beyond a whole number of them; float64 rounds that up to the half, and to a cycle more."""
    long = 9_007_200_000_000_499
    assert int(float(long)) == long + 1
    (row,) = layer_rows(ran([compute("a", "one", long)]))
    assert row.cycles == 9_007_200_000_000


@dataclass(frozen=True)
class HandOfParts(Hand):
    """A network put on the machines of some parts by hand."""

    parts: tuple[PartOfSystem, ...] = ()


def part(name: str, unit: str, peak: int) -> PartOfSystem:
    machine = Machine((Unit(unit, f"{name} array", part=name),), (), MACHINE.clock, peak)
    return PartOfSystem(name, "pencil", Spec(), (machine,), frozenset({unit}), frozenset(), (), 1)


def test_arrays_of_several_peaks_count_as_much_as_these() -> None:
    """One array does 4 operations a cycle, the other 12: of what both could do a quarter and three quarters.

        one |aaaa..|      a: of 16 operations in 4 cycles of its own array; the other waits for it
        two |....bb|      b: of 24 possible 16; its array is done at once, and the first one waits for the end

    A cycle of the first is a quarter of one of both, of the second three quarters.
    """
    parts = part("x", "x.one", 4), part("y", "y.two", 12)
    machine = Machine(tuple(unit for one in parts for unit in one.machines[0].units), (), MACHINE.clock, 16, 2)
    hand = HandOfParts(NETWORK, machine, Placement((), {}, frozenset(), {}), prices=PRICES, parts=parts)
    tasks = scheduled([compute("a", "x.one", 4000), compute("b", "y.two", 2000, 0)])
    a, b = layer_rows(Compiled(hand, Arrivals(), "whole").scheduled(tasks.checked(machine)))
    assert (a.computed_s, a.stalls, a.held_s) == (1e-9, {"x array": 3e-9}, 4e-9)
    assert (b.computed_s, b.stalls, b.held_s) == (1.5e-9, {"y array": 0.5e-9}, 2e-9)
    assert (a.utilization, b.utilization) == (1.0, pytest.approx(16 / 24)), "of the chip that runs it, while that works on it"
    assert (a.cycles, a.total_cycles, b.cycles, b.total_cycles) == (4, 4, 2, 2), "the other's waiting is none of it"


def test_the_layers_of_a_system_hold_its_arrays_for_the_whole_run() -> None:
    report = mixed_system()[1]
    assert fsum(row.held_s for row in report.layers) == pytest.approx(report.trace.makespan_ps * 1e-12, rel=1e-12)
    front = report.parts[0].peak_ops_per_s
    c2 = next(row for row in report.layers if row.name == "c2")
    assert c2.utilization > c2.ops / (c2.total_cycles / report.machine.clock.hz * report.machine.peak_ops_per_s)
    assert c2.utilization <= c2.ops / (c2.cycles / report.machine.clock.hz * front)
