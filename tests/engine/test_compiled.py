"""A run makes one of each record, and each when it is first asked for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from commands import SCENARIOS
from worlds import on

from hyperdrive_sim.archs.hyperdrive import architecture
from hyperdrive_sim.archs.hyperdrive.placement import MeshLayout
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.network import zoo
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.admission import Admission
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mesh import Mesh
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.schedule.writer import Writer, scheduled
from hyperdrive_sim.study import runs

FIFTY: Path = SCENARIOS / "hyperdrive" / "resnet34_2048x1024.yaml"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many of some records are made."""
    found: Counter[str] = Counter()
    for kind in (Machine, MeshLayout, Mesh):

        def counted(self: object, *arguments: object, whole: object = kind.__init__, name: str = kind.__name__, **more: object) -> None:
            found[name] += 1
            whole(self, *arguments, **more)  # type: ignore[operator]

        monkeypatch.setattr(kind, "__init__", counted)
    return found


def test_a_run_builds_one_machine_one_layout_one_mesh(made: Counter[str]) -> None:
    report = runs.run(Scenario.read(FIFTY, ["reproduces=null"]))
    assert len(report.tiles_by_layer["layer1.0.conv1"]) == 50
    assert made == {"Machine": 1, "MeshLayout": 1, "Mesh": 1}


def test_a_dry_run_writes_no_more_than_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    written = Writer.schedule
    monkeypatch.setattr(Writer, "schedule", lambda self: (sizes.append(self.size), written(self))[1])
    assert runs.estimate(Scenario.read(FIFTY)).tasks == 168_144
    assert 0 < max(sizes) < 50_000


def test_copies_drop_frames_by_the_same_rule() -> None:
    """And energy is asked for without a simulation where none can be dropped."""
    plain = on(architecture, zoo.build("tiny_conv", (16, 7, 9)), Arrivals.periodic(3, 1000))
    assert plain.executed is plain.schedule
    assert plain.ledger
    assert "trace" not in plain.__dict__
    rule = Admission("oldest", 1)
    made = Compiled(plain.mapped, plain.arrivals, plain.grain, admission=rule)
    assert made.executed is made.trace.tasks
    assert made.ledger.total_j < plain.ledger.total_j
    for copy in (made.cut(made.grain), made.of_frames(2), made.on(plain.mapped), made.beside(()), made.scheduled(made.schedule)):
        assert copy.admission is rule
    assert made.of_frames(1).trace.dropped == ()


def test_each_is_made_once_and_another_schedule_has_its_own() -> None:
    one = on(architecture, zoo.build("tiny_conv", (16, 7, 9)))
    assert one.schedule is one.schedule
    assert one.trace is one.trace
    slow = one.scheduled(scheduled(task._replace(ps=2 * task.ps) for task in one.schedule))
    assert slow.mapped is one.mapped
    assert slow.trace.makespan_ps > one.trace.makespan_ps
