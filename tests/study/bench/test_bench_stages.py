"""Stages of a run: sums, rates and exponents by pencil; blocks as many as the schedule streams; the script in processes of its own."""

from __future__ import annotations

import programs
import pytest
from commands import SCENARIOS

from hyperdrive_sim.engine.compiled import silent
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import runs
from hyperdrive_sim.study.bench import engines, inside, staging
from hyperdrive_sim.study.bench.installation import Installation, NotMeasured
from hyperdrive_sim.study.bench.spread import Spread
from hyperdrive_sim.study.bench.staging import GROWTH, EngineCost, StageCost, Staged, _Both, _Sample
from hyperdrive_sim.study.bench.turns import Refused, Repeats

THIS, OTHER = Installation("this", None), Installation("other", None)
TINY = Staged("tiny", network="tiny_resnet", input_shape=(3, 48, 64), mesh=(2, 2))


def sample(lower: float, simulate: float, sum_up: float, tasks: int = 100) -> _Sample:
    return _Sample(tasks, {"place": 9.0, "lower": lower, "simulate": simulate, "sum_up": sum_up}, peak_bytes=1000 * int(lower))


def test_a_cost_by_pencil() -> None:
    """Totals are medians of sums, 6, 10 and 11, not sums of medians; placing is not in them."""
    found = StageCost.of([sample(1, 2, 3), sample(4, 5, 1), sample(2, 2, 7)])
    assert found.stages_s == {"place": 9.0, "lower": 2.0, "simulate": 2.0, "sum_up": 3.0}
    assert found.total_s == Spread(median=10.0, least=6.0, most=11.0)
    assert (found.times, found.tasks, found.tasks_per_s, found.peak_bytes) == (3, 100, 10.0, 4000)


def test_growth_by_pencil(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one's cost grows with the square of chips x blocks, ours with the number itself."""
    wanted = [Staged(str(chips), network="tiny_resnet", input_shape=(3, 12 * chips, 16), mesh=(chips, 1)) for chips in (1, 2, 4)]
    monkeypatch.setattr(staging, "blocks", lambda one: 10)

    def measured(where: Installation, keys: str) -> _Sample:
        chips = next(one.mesh[0] for one in wanted if f'"mesh": [{one.mesh[0]}, 1]' in keys)
        return sample(chips, 0, 0) if where == THIS else sample(chips**2, 0, 0)

    monkeypatch.setattr(staging, "_sample", measured)
    found = staging.growth(wanted, [THIS, OTHER], Repeats(3), silent)
    assert [(row.chips, row.blocks, row.run.ratio) for row in found.rows] == [(1, 10, 1.0), (2, 10, 2.0), (4, 10, 4.0)]
    assert found.exponent == pytest.approx(1, abs=1e-12)
    assert found.exponent_against == pytest.approx(2, abs=1e-12)


def test_without_one_of_its_sizes_growth_has_no_exponent(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(where: Installation, keys: str) -> _Sample:
        if where == OTHER and "[10, 10]" in keys:
            raise NotMeasured("too many tasks")
        return sample(1, 1, 1)

    monkeypatch.setattr(staging, "_sample", measured)
    found = staging.growth(GROWTH[:2], [THIS, OTHER], Repeats(1), silent)
    assert found.rows[1].run.against == Refused("too many tasks")
    assert (found.rows[1].run.ratio, found.exponent_against) == (None, None)
    assert found.exponent is not None


@pytest.mark.parametrize("one", [TINY, GROWTH[0]], ids=lambda one: one.name)
def test_blocks_are_those_that_the_schedule_streams(one: Staged) -> None:
    made = runs.compiled(Scenario.said(**one.keys()))  # type: ignore[arg-type]
    assert staging.blocks(one) == sum(task.name == "stream" for task in made.schedule)


def test_scenarios_that_are_measured_come_with_the_package() -> None:
    assert [one for one in staging.TASKS if one.scenario and not (SCENARIOS / one.scenario).is_file()] == []


def test_the_script_in_processes_of_its_own() -> None:
    ((row),) = staging.staged([TINY], [Installation.this(), Installation.this()], Repeats(2), silent)
    schedule = runs.compiled(Scenario.said(**TINY.keys())).schedule  # type: ignore[arg-type]
    for found in (row.this, row.against):
        assert isinstance(found, StageCost)
        assert list(found.stages_s) == ["place", *inside.STAGES]
        assert (found.times, found.tasks) == (2, len(schedule))
        assert 0 < min(found.stages_s.values()) <= max(found.stages_s.values()) < 10
    assert row.ratio is not None
    assert 0 < row.ratio < 100


def test_engines_by_pencil() -> None:
    """Medians of either, and their ratio; traces that differ once are not the same."""
    samples = [_Both(6.0, 2.0, True), _Both(9.0, 1.0, True), _Both(8.0, 4.0, True)]
    assert EngineCost.of(samples) == EngineCost(simpy_s=8.0, compiled_s=2.0, ratio=4.0, same=True)
    assert not EngineCost.of([*samples, _Both(8.0, 2.0, False)]).same


def test_traces_that_differ_in_one_time_are_not_the_same() -> None:
    trace = runs.compiled(Scenario.said(**TINY.keys())).trace  # type: ignore[arg-type]
    for name in ("ready", "start", "end"):
        columns = {one: getattr(trace, one).copy() for one in ("ready", "start", "end")}
        assert engines.same(trace, Trace(trace.tasks, **columns))
        columns[name][-1] += 1
        assert not engines.same(trace, Trace(trace.tasks, **columns))


def test_both_engines_in_a_process_of_their_own() -> None:
    programs.packages("numba")
    ((row),) = staging.tasks([TINY], [Installation.this()], Repeats(2), silent)
    assert isinstance(row.engines, EngineCost)
    assert row.engines.same
    assert 0 < row.engines.compiled_s < 10
    assert 0 < row.engines.simpy_s < 10


def test_each_engine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    programs.packages("numba")
    asked: list[str] = []
    monkeypatch.setattr("hyperdrive_sim.engine.simulate.chosen", lambda engine, tasks: asked.append(engine) or "simpy")
    engines.engines(runs.compiled(Scenario.said(**TINY.keys())))  # type: ignore[arg-type]
    assert asked == ["simpy", "compiled"]


def test_the_smallest_warm_up_runs_the_compiled_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise loading numba would count as simulation."""
    programs.packages("numba")
    asked: list[str] = []
    monkeypatch.setattr("hyperdrive_sim.engine.simulate.chosen", lambda engine, tasks: asked.append(engine) or "simpy")
    inside.warm_up()
    assert asked == ["auto", "compiled"]


def test_a_run_that_is_refused() -> None:
    one = Staged("too large", network="resnet34", input_shape=(3, 1024, 2048))
    (row,) = staging.staged([one], [Installation.this()], Repeats(2), silent)
    assert isinstance(row.this, Refused)
    assert "the smallest mesh that holds this network is [5, 10]" in row.this.refused
