"""Checks of runs in which frames are dropped: what was carried out is compared, proven and bounded, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from commands import SCENARIOS

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.effects import values_computed
from hyperdrive_sim.network.golden import Computation
from hyperdrive_sim.schedule.admission import POLICIES, Admission, Policy
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.study import checks, runs
from hyperdrive_sim.study.reference import Reference


@pytest.mark.parametrize("policy", POLICIES)
def test_values_of_dropped_frames_are_neither_computed_nor_compared(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    def dropping(*arguments: object, **more: object) -> Compiled:
        made = runs.compiled(*arguments, **more)  # type: ignore[arg-type]
        found.append(Compiled(made.mapped, made.arrivals, made.grain, admission=Admission(policy, 1, 10**6)))
        return found[-1]

    def watched(computation: Computation, schedule: Schedule, *more: Any) -> Reference:
        expected.append(sum(values_computed(schedule).values()))
        return Reference(computation, schedule, *more)

    found: list[Compiled] = []
    expected: list[int] = []
    path = SCENARIOS / "xnorbin" / "full_array.yaml"
    one = checks.check(path, {"frames": 1})
    monkeypatch.setattr(checks, "compiled", dropping)
    monkeypatch.setattr(checks, "Reference", watched)
    verdict = checks.check(path, {"frames": 6, "frames_per_s": 2e5})
    dropped = found[0].trace.dropped
    assert 0 < len(dropped) < 6
    assert (verdict.ok, verdict.function.failure) == (True, "")
    assert verdict.function.values == (6 - len(dropped)) * one.function.values
    assert expected == [verdict.function.values], "so golden lets a map go once the last of its values has been compared"
    assert tuple(frame for frame, outputs in enumerate(verdict.function.outputs) if not outputs) == dropped
