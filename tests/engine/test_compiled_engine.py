"""The compiled engine gives SimPy's trace, span for span, and the second simulator's on any schedule at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import packages
from test_simulate import reference, schedules
from worlds import task, times

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import simulate as engines
from hyperdrive_sim.engine.simulate import chosen, simulate
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import InvalidInput, MissingExtra, Stuck
from hyperdrive_sim.kernels import loops
from hyperdrive_sim.schedule import critical_path
from hyperdrive_sim.schedule.tasks import Task
from hyperdrive_sim.schedule.writer import scheduled
from hyperdrive_sim.testing.worlds import worlds

pytestmark = pytest.mark.usefixtures("_numba")


@pytest.fixture
def _numba() -> None:
    packages("numba")


def assert_same(one: Trace, other: Trace) -> None:
    for column in ("ready", "start", "end"):
        assert np.array_equal(getattr(one, column), getattr(other, column)), column


@given(schedules())
@settings(max_examples=500, deadline=None)
def test_any_schedule_at_all(tasks: list[Task]) -> None:
    """Few units and short durations: much happens in one instant, with starts that ready others, arrivals, priorities and frames."""
    assert times(simulate(scheduled(tasks), engine="compiled")) == reference(tasks)


@pytest.mark.parametrize("name", registry.names())
def test_every_architecture(name: str) -> None:
    for built in worlds(name):
        schedule = built.compiled.schedule
        assert_same(simulate(schedule, engine="simpy"), simulate(schedule, engine="compiled"))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_thousands_of_tasks_on_many_units(seed: int) -> None:
    """Drawn at random, with queues that are long and instants that are full; an engine's heaps are more than a few entries deep."""
    rng = np.random.default_rng(seed)
    tasks = []
    for number in range(3000):
        after, after_start = (
            tuple(sorted({int(n) for n in rng.integers(max(0, number - 60), number, k)})) if number else () for k in (2, 1)
        )
        tasks.append(
            Task(
                "t",
                "L",
                f"u{rng.integers(40)}",
                int(rng.integers(1, 5)),
                after if rng.random() < 0.8 else (),
                after_start if rng.random() < 0.2 else (),
                latency_ps=int(rng.choice((0, 0, 3))),
                not_before_ps=int(rng.choice((0, 0, 0, rng.integers(1, 500)))),
                frame=int(rng.integers(3)),
                priority=int(rng.integers(2)),
            )
        )
    schedule = scheduled(tasks)
    assert_same(simulate(schedule, engine="simpy"), simulate(schedule, engine="compiled"))


@given(schedules())
@settings(deadline=None)
def test_the_compiled_critical_path_is_that_of_the_loop_in_python(tasks: list[Task]) -> None:
    schedule = scheduled(tasks)
    columns = schedule.ps, schedule.latency_ps, schedule.not_before_ps
    edges = ((one.offsets, one.others) for one in (schedule.after, schedule.after_start))
    assert loops.event_loop().critical_path(*columns, *edges) == critical_path.longest_path_ps(
        *columns, schedule.after, schedule.after_start
    )


def test_columns_that_cannot_be_written_to_or_are_strided_are_taken() -> None:
    """As arrays are that are read back from files, mapped into memory, or views of wider ones."""
    schedule = scheduled([task("load", "link", 4), Task("late", "L", "link", 2, not_before_ps=9), task("conv", "array", 6, 0)])
    columns = [schedule.unit.codes, schedule.ps, schedule.latency_ps, schedule.not_before_ps, schedule.priority, schedule.frame]
    edges = [schedule.after.offsets, schedule.after.others, schedule.after_start.offsets, schedule.after_start.others]

    def read_only(column: np.ndarray) -> np.ndarray:
        return np.broadcast_to(column, column.shape)

    def strided(column: np.ndarray) -> np.ndarray:
        return np.repeat(column, 2)[::2]

    for kind in (read_only, strided):
        unit, ps, latency, *others = map(kind, columns)
        after, after_start = tuple(map(kind, edges[:2])), tuple(map(kind, edges[2:]))
        loop = loops.event_loop().EventLoop((unit, ps, latency, *others), 2, after, after_start)
        assert not loop.goes_on()
        assert (loop.start.tolist(), loop.end.tolist()) == ([0, 9, 4], [4, 11, 10])
        assert loops.event_loop().critical_path(ps, latency, others[0], after, after_start) == 11


def test_it_stops_now_and_then_so_that_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every million tasks: those that end in the instant in which that is reached are counted, too."""
    told: list[int] = []
    schedule = scheduled(task("step", f"unit{number % 7}", 1) for number in range(7 * 160_000))
    simulate(schedule, told.append, engine="compiled")
    assert told == [1_000_006]


def test_who_is_stuck_is_told() -> None:
    with pytest.raises(Stuck, match=r"^1 tasks never started; the first is egg of L on array, which waits for egg of L$"):
        simulate(scheduled([task("fine", "link", 4), task("egg", "array", 1, after_start=(1,))]), engine="compiled")


def test_nothing_to_do() -> None:
    assert len(simulate(scheduled([]), engine="compiled")) == 0


def test_auto_is_simpy_for_few_tasks_and_where_there_is_no_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [chosen("auto", tasks) for tasks in (1, loops.MANY - 1, loops.MANY)] == ["simpy", "simpy", "compiled"]
    assert (chosen("simpy", loops.MANY), chosen("compiled", 1)) == ("simpy", "compiled")
    monkeypatch.setattr(engines.loops, "there", lambda: False)
    assert chosen("auto", loops.MANY) == "simpy"
    with pytest.raises(MissingExtra, match=r"hyperdrive-sim\[fast\]"):
        chosen("compiled", 1)


def test_there_is_no_other_engine() -> None:
    with pytest.raises(InvalidInput, match=r"^engine: there is no 'fast'; use auto, simpy, compiled$"):
        chosen("fast", 1)  # type: ignore[arg-type]
