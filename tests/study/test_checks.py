"""Checks of runs in which frames are dropped: what was carried out is compared, proven and bounded, and nothing else."""

from __future__ import annotations

import pytest
from commands import SCENARIOS

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.schedule.admission import POLICIES, Admission, Policy
from hyperdrive_sim.study import checks, runs


@pytest.mark.parametrize("policy", POLICIES)
def test_values_of_dropped_frames_are_neither_computed_nor_compared(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    def dropping(*arguments: object, **more: object) -> Compiled:
        made = runs.compiled(*arguments, **more)  # type: ignore[arg-type]
        found.append(Compiled(made.mapped, made.arrivals, made.grain, admission=Admission(policy, 1, 10**6)))
        return found[-1]

    found: list[Compiled] = []
    path = SCENARIOS / "xnorbin" / "full_array.yaml"
    one = checks.check(path, {"frames": 1})
    monkeypatch.setattr(checks, "compiled", dropping)
    verdict = checks.check(path, {"frames": 6, "frames_per_s": 2e5})
    dropped = found[0].trace.dropped
    assert 0 < len(dropped) < 6
    assert (verdict.ok, verdict.function.failure) == (True, "")
    assert verdict.function.values == (6 - len(dropped)) * one.function.values
    assert tuple(frame for frame, outputs in enumerate(verdict.function.outputs) if not outputs) == dropped
