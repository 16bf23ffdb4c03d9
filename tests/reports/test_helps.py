"""What would help, by pencil: who is on the longest chain is tried, alone or together, and the summary says what came of it."""

from __future__ import annotations

import pytest

from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.reports import helps, summary
from hyperdrive_sim.reports.helps import Help
from hyperdrive_sim.reports.records import UnitRow
from hyperdrive_sim.schedule.machine import Machine, Unit
from hyperdrive_sim.schedule.tasks import Task
from hyperdrive_sim.schedule.writer import scheduled

NAMES = ("array", "port", "link", "sink", "flash")
MACHINE = Machine(tuple(Unit(name, name) for name in NAMES), (), Clock(10**12), peak_ops_per_cycle=1, chips=1, mesh=None)


def run(*tasks: Task) -> Trace:
    return simulate(scheduled(tasks))


def changes(found: tuple[Help, ...]) -> dict[str, float]:
    return {"+".join(one.kinds): one.change for one in found}


def test_the_kinds_of_the_longest_chain_are_tried_the_best_first() -> None:
    """100 on the array and then 60 over the link: 50 less of 160, or 30 less. The sink is busy beside them and never waited for."""
    trace = run(Task("a", "l", "array", 100), Task("b", "l", "link", 60, (0,)), Task("c", "l", "sink", 90))
    found = helps.most(MACHINE, trace)
    assert changes(found) == pytest.approx({"array": -50 / 160, "link": -30 / 160})
    assert [one.time_s for one in found] == [110e-12, 130e-12]


def test_what_little_of_the_time_goes_to_is_not_tried() -> None:
    trace = run(Task("a", "l", "array", 960), Task("b", "l", "link", 40, (0,)))
    assert changes(helps.most(MACHINE, trace)) == pytest.approx({"array": -0.48})


def test_where_none_helps_alone_all_are_tried_together() -> None:
    """Two that work side by side, the array 100 after 101 of the port and the other way round: either alone leaves the other."""
    tasks, after = [], ()
    for step in range(4):
        both = Task("a", "l", "array", 1000 + step % 2, after), Task("b", "l", "port", 1001 - step % 2, after)
        after = len(tasks), len(tasks) + 1
        tasks += both
    found = helps.most(MACHINE, run(*tasks))
    assert changes(found) == pytest.approx({"array+port": -0.5, "array": -2 / 4004, "port": -2 / 4004}, abs=1e-3)
    assert found[0].kinds == ("array", "port")


def test_where_frames_arrive_it_is_their_latency_that_counts() -> None:
    trace = run(Task("a", "l", "array", 10, not_before_ps=990))
    assert changes(helps.most(MACHINE, trace)) == {"array": -0.5}, "of its latency, which does not begin before it arrives"
    assert (helps.lasts_ps(trace), helps.lasting(trace)) == (10, "mean latency")
    assert helps.time_goes_to(MACHINE.units, trace) == [("arrival", 0.99), ("array", 0.01)]


def line(found: tuple[Help, ...], trace: Trace) -> summary.SummaryLine:
    rows = [UnitRow(unit.name, unit.kind, 0.0, 0.0, trace.busy_ps().get(unit.name, 0) / trace.makespan_ps) for unit in MACHINE.units[:3]]
    return summary.help(found, rows, trace)


def test_the_summary_says_what_would_help_and_where_the_time_goes() -> None:
    trace = run(Task("a", "l", "array", 100), Task("b", "l", "link", 60, (0,)))
    remark = (
        "makespan if twice as fast: array -31.2 %, link -18.8 %;\n"
        "the time goes to array 62.5 %, link 37.5 %;\n"
        "busy are array 62.5 %, link 37.5 %, port 0.0 %"
    )
    assert line(helps.most(MACHINE, trace), trace) == ("would help", "array", remark)
    alone = (Help(("array",), 1.0, -0.0004), Help(("link",), 1.0, 0.012))
    assert line(alone, trace)[1:] == ("nothing alone", remark.replace("array -31.2 %, link -18.8 %", "array 0 %, link +1.2 %"))
    both = (Help(("array", "link"), 0.5, -0.5), *alone)
    assert line(both, trace)[1:] == (
        "array and link",
        remark.replace("array -31.2 %, link -18.8 %", "array and link -50.0 %, array 0 %, link +1.2 %"),
    )
    assert line((), trace)[1:] == ("nothing alone", remark.partition("\n")[2])
