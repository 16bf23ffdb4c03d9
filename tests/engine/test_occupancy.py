"""How full memories are over time: by pencil, and the published worst case of Hyperdrive's."""

from __future__ import annotations

import simulated
from commands import TINY
from worlds import CLOCK, task

from hyperdrive_sim.engine.occupancy import Occupancy, occupancies
from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit
from hyperdrive_sim.schedule.placement import Allocation, Placement
from hyperdrive_sim.schedule.tasks import HOST, Compute, Copy, Load, OperandLocations, Patch, Region, Task
from hyperdrive_sim.schedule.writer import scheduled
from hyperdrive_sim.study.runs import run

MAP = Box(0, 2, 0, 1, 0, 5)
MACHINE = Machine(
    (Unit("link", "host"), Unit("array", "array")),
    (Memory("maps", 100), Memory("weights", 50, "fifo", 2), Memory("spare", 8)),
    CLOCK,
    peak_ops_per_cycle=2,
)


def placed(*allocations: Allocation) -> Placement:
    return Placement((), {"maps": allocations}, frozenset(), {"a": 4, "b": 4})


def allocation(tensor: str, address: int) -> Allocation:
    return Allocation(tensor, MAP, address, 40, 0, 1)


def steps(tasks: list[Task], *allocations: Allocation) -> dict[str, list[tuple[int, int]]]:
    found = occupancies(MACHINE, placed(*allocations), simulate(scheduled(tasks)))
    return {name: list(zip(times.tolist(), bits.tolist(), strict=True)) for name, (times, bits, _) in found.items()}


ENTER = task("input", "link", 10, effect=Copy("a", 0, 2, (MAP,), HOST, "maps"))
LOCATIONS = OperandLocations(("b",), (Region("maps", "a", MAP),), (), "weights", (Region("maps", "b", MAP),))


def compute(*after: int) -> Task:
    return task("compute", "array", 20, *after, effect=Compute(LOCATIONS, 0, 2, (Patch(MAP, MAP),)))


LEAVE = task("output", "link", 5, 1, effect=Copy("b", 0, 2, (MAP,), "maps", HOST))


def test_a_map_is_there_from_its_first_writer_to_its_last_reader() -> None:
    """a: 0 to 30, b: 10 to 35."""
    found = steps([ENTER, compute(0), LEAVE], allocation("a", 0), allocation("b", 40))
    assert found["maps"] == [(0, 40), (10, 80), (30, 40), (35, 0)]
    assert found["spare"] == [(0, 0)]


def test_what_is_written_over_another_takes_its_room() -> None:
    found = steps([ENTER, compute(0), LEAVE], allocation("a", 0), allocation("b", 0))
    assert found["maps"] == [(0, 40), (10, 40), (35, 0)]


def test_frames_are_apart() -> None:
    """The second input comes once the first is no longer needed."""
    again = [task("input", "link", 10, 1, effect=ENTER.effect, frame=1), compute(2, 3)._replace(frame=1)]
    found = steps([ENTER, compute(0), LEAVE, *again], allocation("a", 0), allocation("b", 40))
    assert found["maps"] == [(0, 40), (10, 80), (30, 40), (35, 40), (45, 80), (65, 0)]


def test_a_buffer_keeps_what_came_last() -> None:
    loads = [task("load", "link", 10, effect=Load("b", n, n + 1, bits, ("weights",))) for n, bits in enumerate((20, 25, 10, 50))]
    assert steps(loads)["weights"] == [(0, 0), (10, 20), (20, 45), (30, 35), (40, 50)]


def test_a_buffer_of_two_entries_keeps_two_even_where_three_would_fit() -> None:
    loads = [task("load", "link", 10, effect=Load("b", n, n + 1, bits, ("weights",))) for n, bits in enumerate((5, 6, 7))]
    assert steps(loads)["weights"] == [(0, 0), (10, 5), (20, 11), (30, 13)]


def test_what_comes_in_one_instant_comes_in_the_order_of_the_schedule() -> None:
    """30 and 10 bits at 10; 30 more at 20 push out the 30 that are older, not the 10."""
    loads = [
        task("load", unit, 10, *after, effect=Load("b", n, n + 1, bits, ("weights",)))
        for n, (unit, bits, after) in enumerate((("link", 30, ()), ("array", 10, ()), ("link", 30, (0, 1))))
    ]
    assert steps(loads)["weights"] == [(0, 0), (10, 40), (20, 40)]


def test_one_stream_into_buffers_of_two_sizes() -> None:
    small = Memory("small", 20, "fifo")
    machine = Machine(MACHINE.units, (*MACHINE.memories, small), CLOCK, peak_ops_per_cycle=2)
    loads = [task("load", "link", 10, effect=Load("b", n, n + 1, 15, ("weights", "small"))) for n in range(2)]
    found = occupancies(machine, placed(), simulate(scheduled(loads)))
    assert (found["weights"].bits.tolist(), found["small"].bits.tolist()) == ([0, 15, 30], [0, 15, 15])


def test_what_travels_has_its_room_until_it_has_arrived() -> None:
    """Written from 0 to 10 and once more from 10 to 20; what is sent at last has arrived 3 later."""
    first = ENTER._replace(effect=Copy("a", 0, 1, (MAP,), HOST, "maps"))
    second = ENTER._replace(unit="array", after=(0,), effect=Copy("a", 1, 2, (MAP,), "spare", "maps"), latency_ps=3)
    assert steps([first, second], allocation("a", 0))["maps"] == [(0, 40), (23, 0)]


def test_what_is_written_after_it_was_last_read_has_its_room_until_then() -> None:
    found = steps([ENTER, compute(0), task("again", "link", 10, 1, effect=ENTER.effect)], allocation("a", 0), allocation("b", 40))
    assert found["maps"] == [(0, 40), (10, 80), (30, 40), (40, 0)]


def test_what_is_sent_passes_its_buffer() -> None:
    """Values that a unit computes for a neighbour go to a buffer, as many as its part of the map has."""
    half = Box(0, 2, 0, 1, 3, 5)
    locations = LOCATIONS._replace(stores=(Region("weights", "b", half),))
    found = steps([ENTER, task("compute", "array", 20, 0, effect=Compute(locations, 0, 2, (Patch(MAP, MAP),)))], allocation("a", 0))
    assert found["weights"] == [(0, 0), (30, 4 * 2 * 2)]


def test_peak() -> None:
    found = occupancies(MACHINE, placed(allocation("a", 0), allocation("b", 40)), simulate(scheduled([ENTER, compute(0), LEAVE])))
    assert isinstance(found["maps"], Occupancy)
    assert (found["maps"].peak, found["maps"].capacity) == (80, 100)


def test_the_map_memory_of_hyperdrive_is_full_at_its_worst_layer() -> None:
    """6,422,528 bits: what the chip was built for, and what a chip of the mesh of 50 needs."""
    report = simulated.report("hyperdrive/resnet34_224")
    assert report.occupancy["chip[0,0].fmm"].peak == report.occupancy["chip[0,0].fmm"].capacity == 6_422_528


def test_a_report_works_it_out_when_asked() -> None:
    report = run(Scenario.read(TINY))
    assert set(report.occupancy) == set(report.machine.memory)
    assert report.occupancy["chip[0,0].fmm"] is report.occupancy["chip[0,0].fmm"]
    assert set(report.tiles_by_layer) == {row.name for row in report.layers if row.ops}
    assert "occupancy" not in report.to_dict()
