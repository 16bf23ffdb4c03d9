"""Mutants of a schedule of six tasks, and which of them may survive."""

from __future__ import annotations

from dataclasses import replace

from worlds import task

from hyperdrive_sim.network.box import Box
from hyperdrive_sim.schedule.admission import Stream
from hyperdrive_sim.schedule.tasks import HOST, Compute, Copy, Load, OperandLocations, Patch, Task
from hyperdrive_sim.schedule.writer import scheduled
from hyperdrive_sim.testing.mutants import excused, idle, idles, late, paces, queues, reloads, repeated, unbound

BOX = Box(0, 1, 0, 1, 0, 1)
BRING = Copy("x", 0, 1, (BOX,), HOST, "maps")
WEIGHTS = Load("L", 0, 1, 1, ("buffer",))
WORK = Compute(OperandLocations(("L",), (), (), "buffer", ()), 0, 1, (Patch(BOX, BOX),))

SCHEDULE = scheduled(
    [
        task("input", "link", 2, effect=BRING),
        task("weights", "link", 3, effect=WEIGHTS),
        task("compute", "array", 5, 0, 1, effect=WORK),
        task("weights", "link", 3, 2, effect=WEIGHTS, frame=1),
        task("compute", "array", 5, 0, 2, 3, effect=WORK, frame=1),
        task("tick", "port", 1, after_start=(2,)),
    ]
)
"""Two frames on one input; weights come twice, and the second computation waits for the first one through them as well."""


def test_each_effect_that_moves_data_and_each_edge_is_taken_away_once() -> None:
    assert [mutant.what for mutant in idle(SCHEDULE)] == [
        "task 0 (input of L) does nothing",
        "task 1 (weights of L) does nothing",
        "task 3 (weights of L) does nothing",
    ]
    assert [mutant.what for mutant in unbound(SCHEDULE)] == [
        "task 2 (compute of L) does not wait for task 0 (input of L)",
        "task 2 (compute of L) does not wait for task 1 (weights of L)",
        "task 3 (weights of L) does not wait for task 2 (compute of L)",
        "task 4 (compute of L) does not wait for task 0 (input of L)",
        "task 4 (compute of L) does not wait for task 2 (compute of L)",
        "task 4 (compute of L) does not wait for task 3 (weights of L)",
        "task 5 (tick of L) does not start with task 2 (compute of L)",
    ]


def test_one_task_of_a_mutant_is_another() -> None:
    lost, *_, paced = unbound(SCHEDULE)
    assert lost.of(SCHEDULE)[2] == task("compute", "array", 5, 1, effect=WORK)
    assert list(paced.of(SCHEDULE)) == [*SCHEDULE[:5], task("tick", "port", 1)]


def test_mutants_may_lose_the_same_frames() -> None:
    streams = (Stream((0, 1), (0, 9), "newest"),)
    lost, *_ = unbound(SCHEDULE)
    assert lost.of(replace(SCHEDULE, streams=streams)).streams == streams
    assert {one.streams for one in late(lost, replace(SCHEDULE, streams=streams))} == {streams}


def test_which_may_survive() -> None:
    assert [(mutant.position, mutant.edge) for mutant in unbound(SCHEDULE) if repeated(mutant, SCHEDULE)] == [(4, 0), (4, 2)]
    assert [(mutant.position, mutant.edge) for mutant in unbound(SCHEDULE) if paces(mutant, SCHEDULE)] == [(4, 0), (4, 2), (5, 2)]
    assert [(mutant.position, mutant.edge) for mutant in unbound(SCHEDULE) if queues(mutant, SCHEDULE)] == [(4, 2)]
    both = [*idle(SCHEDULE), *unbound(SCHEDULE)]
    assert [(mutant.position, mutant.edge) for mutant in both if idles(mutant, SCHEDULE)] == [(3, None)]
    assert [index for index in range(len(SCHEDULE)) if reloads(index, SCHEDULE)] == [3]
    needed = [(mutant.position, mutant.edge) for mutant in both if not excused(mutant, SCHEDULE)]
    assert needed == [(0, None), (1, None), (2, 0), (2, 1), (3, 2), (4, 3)]


def test_what_is_no_longer_waited_for_is_late() -> None:
    """The second load, no longer sure to come after the first computation: in one schedule that takes 13 ps more, all of the rest."""
    (mutant,) = (mutant for mutant in unbound(SCHEDULE) if (mutant.position, mutant.edge) == (3, 2))
    first, *_ = late(mutant, SCHEDULE)
    assert SCHEDULE.critical_path_ps == 3 + 5 + 3 + 5

    def of(number: int, changed: Task) -> Task:
        return changed._replace(unit=str(number))

    assert first[2] == of(2, SCHEDULE[2]._replace(ps=5, not_before_ps=16)), "it begins only when all could be over"
    assert first[3] == of(3, SCHEDULE[3]._replace(after=()))
