"""Why a task started when it did, by pencil: what made it ready, what its unit did meanwhile, what it releases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pencil import MACHINE, SCHEDULE
from simulated import report
from worlds import run, task

from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.reports.explanation import Cause, Duration, Explanation, Released, TaskName, described, explain, find
from hyperdrive_sim.schedule.tasks import Compute, Copy, Load, OperandLocations, Patch, Region

TINY = "hyperdrive/tiny_2x2"
INPUT, A, BORDER, B = (
    TaskName(0, "input", "input", "host", 0),
    TaskName(1, "compute", "a", "one", 0),
    TaskName(3, "border", "a", "link", 0),
    TaskName(4, "compute", "b", "two", 0),
)


def cycles(count: int) -> Duration:
    """Of the pencil's clock, which has a nanosecond."""
    return Duration(count, count / 1e9)


def pencil(wanted: str, trace: Trace | None = None) -> Explanation:
    """A task of the pencil's run, or of another one on its machine."""
    return explain(replace(report(TINY), machine=MACHINE, trace=trace or simulate(SCHEDULE)), wanted)


def refused(wanted: str) -> str:
    with pytest.raises(InvalidInput) as error:
        find(simulate(SCHEDULE), wanted)
    return str(error.value)


# --- why then ---


def test_what_made_it_ready() -> None:
    """`b` on `two` waits for the border, which takes 2 cycles and 1 to arrive; that for `a` on `one`, and `a` for the input."""
    found = pencil("4")
    assert (found.task, found.unit_kind) == (B, "array")
    assert found.actions == {"array.cycle": 5}
    assert (found.ready, found.start, found.end, found.waited) == (cycles(8), cycles(8), cycles(13), cycles(0))
    assert found.chain == (
        Cause(BORDER, cycles(3), cycles(0)),
        Cause(A, cycles(3), cycles(0)),
        Cause(INPUT, cycles(2), cycles(0)),
    )
    assert found.chain_by_kind == {"border": cycles(3), "array": cycles(3), "host": cycles(2)}
    assert (found.before, found.releases) == ((), ())


def test_what_it_releases() -> None:
    """`a` on `one` is the last that the border waits for, and the other `b`; the input releases both `a`."""
    assert pencil("1").releases == (
        Released(BORDER, last=True),
        Released(TaskName(5, "compute", "b", "one", 0), last=True),
    )
    assert [one.task.index for one in pencil("0").releases] == [1, 2]
    assert pencil("2").releases == (Released(B, last=False),), "the border is later"


def test_the_first_task_waits_for_nothing() -> None:
    found = pencil("0")
    assert (found.ready, found.chain, found.chain_by_kind) == (cycles(0), (), {})


QUEUE = (
    task("input", "host", 1000),
    task("one", "one", 4000),
    task("two", "one", 2000, 0),
    task("three", "one", 3000, 0),
)
"""
host |i........|      three is ready at 1, behind one and two
one  |1111223333|
"""


def test_what_its_unit_did_meanwhile() -> None:
    found = pencil("three", run(*QUEUE))
    assert (found.ready, found.start, found.waited) == (cycles(1), cycles(6), cycles(5))
    assert [one.name for one in found.before] == ["one", "two"]
    assert found.chain == (Cause(TaskName(0, "input", "L", "host", 0), cycles(1), cycles(0)),), "its own waiting is not in the chain"


def test_a_link_of_the_chain_says_how_long_it_waited_itself() -> None:
    found = pencil("last", run(*QUEUE, task("last", "link", 1000, 3)))
    assert found.chain[0] == Cause(TaskName(3, "three", "L", "one", 0), cycles(8), cycles(5))
    assert found.chain_by_kind == {"array": cycles(8), "host": cycles(1)}


def test_a_frame_that_arrives() -> None:
    found = pencil("next", run(task("first", "host", 1000), task("next", "host", 1000, not_before_ps=7000, frame=1)))
    assert (found.ready, found.chain) == (cycles(7), (Cause(None, cycles(7), cycles(0)),))
    assert found.chain_by_kind == {"arrival": cycles(7)}


@pytest.mark.parametrize("index", range(112))
def test_the_chain_reaches_back_to_the_beginning(index: int) -> None:
    found = explain(report(TINY), str(index))
    assert sum(cause.took.s for cause in found.chain) == pytest.approx(found.ready.s)
    assert sum(span.s for span in found.chain_by_kind.values()) == pytest.approx(found.ready.s)
    assert found.waited.s == pytest.approx(found.start.s - found.ready.s)
    assert bool(found.before) == (found.waited.s > 0), "a unit that is free is not waited for"


# --- which task ---


@pytest.mark.parametrize(
    ("wanted", "index"),
    [("0", 0), ("5", 5), ("input", 0), ("border a", 3), ("compute b two", 4), ("* b t*", 4), ("compute b one 0", 5)],
)
def test_a_task_by_number_or_by_words(wanted: str, index: int) -> None:
    assert find(simulate(SCHEDULE), wanted) == index


def test_a_unit_is_no_pattern_but_for_its_star() -> None:
    """Brackets stand for themselves."""
    trace = run(task("a", "chip[0,0].array", 1000), task("a", "chip[0,1].array", 1000))
    assert find(trace, "a L chip[0,1].array") == 1
    assert find(trace, "a L chip[0,1]*") == 1


def test_words_that_fit_no_task_or_several() -> None:
    assert refused("6") == "TASK: there is no task 6; the schedule has tasks 0 to 5"
    assert refused("compte") == "TASK: no task has the name 'compte'; did you mean 'compute'?"
    assert refused("compute c") == "TASK: no task has the layer 'c'; there are input, a, b"
    assert refused("border b") == "TASK: no task is 'border b', though each of these words fits some; put a * in place of one of them"
    assert refused("compute") == (
        "TASK: 'compute' fits 4 tasks: 1: compute a one 0; 2: compute a two 0; 4: compute b two 0; 5: compute b one 0; "
        "say more of it, or its number"
    )
    assert refused("compute * one 0").startswith("TASK: 'compute * one 0' fits 2 tasks: 1: compute a one 0; 5: compute b one 0; ")
    assert refused("*").startswith("TASK: '*' fits 6 tasks: 0: input input host 0; ")
    assert refused("*").endswith("; and 1 more; say more of it, or its number")
    assert refused("") == "TASK: '' names no task; say its number, or its name, layer, unit, frame"
    assert refused("a b c d e") == "TASK: 'a b c d e' names no task; say its number, or its name, layer, unit, frame"


# --- effects in words ---


def test_effects_in_words() -> None:
    block, pixel = Box(0, 4, 0, 2, 0, 3), Box(0, 4, 0, 1, 0, 1)
    assert described(None) is None
    assert described(Load("a", 0, 16, 99, ("one", "two"))) == "brings the weights of channels 0:16 of 'a' into one, two"
    assert described(Copy("a", 0, 4, (pixel,), "here", "there")) == "copies 1 pixel of channels 0:4 of 'a' from here to there"
    locations = OperandLocations(
        ("a", "sum"), (Region("near", "x", block), Region("far", "x", block)), (Region("near", "y", block),), "", ()
    )
    stored = locations._replace(stores=(Region("near", "sum", block),))
    assert described(Compute(stored, 0, 4, (Patch(block, block), Patch(pixel, pixel)))) == (
        "computes 7 pixels of channels 0:4 of 'sum', in one go with 'a' from 'x' in near, 'x' in far, 'y' in near into near"
    )


def test_long_lists_are_cut() -> None:
    assert described(Load("a", 0, 1, 1, tuple("abcdefg"))) == "brings the weights of channels 0:1 of 'a' into a, b, c, d, e and 2 more"
